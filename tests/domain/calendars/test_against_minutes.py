"""Working time is that of a clerk who looks at the clock every minute, and keeps its laws."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.domain.calendars.business_calendar import BusinessCalendar
from tests.domain.calendars.reference import MINUTE, TOLD, TURNS, Told

FULL = os.environ.get("CRMKIT_FULL") == "1"
CASES = 120 if FULL else 6
LAWS = 400 if FULL else 25
MOST_MINUTES = 10_000 if FULL else 4_000
EVERY_CALENDAR = pytest.mark.parametrize("told", TOLD, ids=lambda told: told.name)
CALENDARS = {told.name: told.calendar() for told in TOLD}

near_a_turn = st.builds(
    lambda day, minutes: day + minutes * MINUTE, st.sampled_from(TURNS), st.integers(0, 5_760)
)
instants = st.datetimes(datetime(2025, 12, 1), datetime(2027, 2, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
durations = st.integers(1, 400 * 3_600_000).map(lambda count: timedelta(milliseconds=count))


@EVERY_CALENDAR
@settings(max_examples=CASES)
@given(start=near_a_turn, minutes=st.integers(0, MOST_MINUTES))
def test_elapsed_is_what_the_clerk_counts(told: Told, start: datetime, minutes: int) -> None:
    """Every worked minute counts once, across nights, holidays and changes of the clock."""
    end = start + minutes * MINUTE
    assert CALENDARS[told.name].elapsed(start, end) == told.elapsed(start, end)


@EVERY_CALENDAR
@settings(max_examples=CASES)
@given(start=near_a_turn, minutes=st.integers(1, 1_200))
def test_a_deadline_is_where_the_clerk_arrives(told: Told, start: datetime, minutes: int) -> None:
    """It is the end of the last minute that was needed, never the opening after it."""
    due = CALENDARS[told.name].add(start, minutes * MINUTE)
    assert due.at == told.add(start, minutes)
    assert not due.provisional


@EVERY_CALENDAR
@settings(max_examples=LAWS)
@given(moments=st.tuples(instants, instants, instants))
def test_elapsed_adds_up(told: Told, moments: tuple[datetime, datetime, datetime]) -> None:
    """From one to another by way of a third is the same, in whatever order they come."""
    calendar = CALENDARS[told.name]
    one, third, other = moments
    whole = calendar.elapsed(one, other)
    assert calendar.elapsed(one, third) + calendar.elapsed(third, other) == whole
    assert calendar.elapsed(other, one) == -whole


@EVERY_CALENDAR
@settings(max_examples=LAWS)
@given(start=instants, duration=durations)
def test_what_is_added_has_elapsed(told: Told, start: datetime, duration: timedelta) -> None:
    """A deadline is as far away as was asked, and no earlier moment is."""
    calendar = CALENDARS[told.name]
    due = calendar.add(start, duration).at
    tick = timedelta(milliseconds=1)
    assert calendar.elapsed(start, due) == duration
    assert calendar.elapsed(start, due - tick) == duration - tick


@EVERY_CALENDAR
@settings(max_examples=LAWS)
@given(end=instants, duration=durations)
def test_what_is_subtracted_has_elapsed(told: Told, end: datetime, duration: timedelta) -> None:
    """The way back is as long, and no later moment is so far from the end."""
    calendar = CALENDARS[told.name]
    start = calendar.subtract(end, duration)
    tick = timedelta(milliseconds=1)
    assert calendar.elapsed(start, end) == duration
    assert calendar.elapsed(start + tick, end) == duration - tick


@EVERY_CALENDAR
@settings(max_examples=LAWS)
@given(ends=st.tuples(instants, instants).map(sorted))
def test_the_spans_are_the_elapsed_time(told: Told, ends: list[datetime]) -> None:
    """Pieces of work follow each other and add up to what elapsed."""
    calendar: BusinessCalendar = CALENDARS[told.name]
    spans = calendar.spans(*ends)
    moments = [moment for span in spans for moment in span]
    assert moments == sorted(moments)
    total = sum((stop - start for start, stop in spans), timedelta())
    assert total == calendar.elapsed(*ends)


@EVERY_CALENDAR
@settings(max_examples=LAWS)
@given(
    on=st.dates(datetime(2025, 6, 1).date(), datetime(2027, 6, 1).date()),
    count=st.integers(-40, 40),
)
def test_workdays_are_counted_one_by_one(told: Told, on: object, count: int) -> None:
    """The n-th workday is found by walking, and counting the days on the way gives n."""
    calendar = CALENDARS[told.name]
    walked, left, step = on, abs(count), timedelta(days=1 if count > 0 else -1)
    while left:
        walked += step
        left -= calendar.is_workday(walked)
    found = calendar.add_workdays(on, count)
    assert found == walked
    if count > 0:
        one = timedelta(days=1)
        assert calendar.count_workdays(on + one, found + one) == count
    assert calendar.count_workdays(found, on) == -calendar.count_workdays(on, found)
