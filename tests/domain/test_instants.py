"""Instants are aware, in UTC, to the millisecond, and have a date in every time zone."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.instants import (
    FIRST_INSTANT,
    LAST_INSTANT,
    as_instant,
    from_milliseconds,
    to_milliseconds,
)
from crmkit.errors import InvalidValue, OutOfRange, WrongType

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = st.sampled_from(
    [UTC, SHANGHAI, ZoneInfo("America/New_York"), timezone(-timedelta(hours=9))]
)
WITHIN = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES)


class Moment(datetime):
    """A datetime of another class, as some libraries have."""


class Nowhere(tzinfo):
    """A zone that knows no offset."""

    def utcoffset(self, moment):
        """Tell nothing."""
        return


@given(moment=WITHIN)
def test_instant_is_the_same_moment_in_utc(moment: datetime) -> None:
    """Less than a millisecond is cut off, downwards, and nothing else changes."""
    instant = as_instant(moment)
    assert instant.tzinfo is UTC
    assert instant.microsecond % 1000 == 0
    assert timedelta() <= moment - instant < timedelta(milliseconds=1)
    assert as_instant(instant) is instant


@given(moment=WITHIN)
def test_milliseconds_make_the_instant_again(moment: datetime) -> None:
    """Counting and counting back is the identity."""
    instant = as_instant(moment)
    assert from_milliseconds(to_milliseconds(instant)) == instant


def test_known_milliseconds() -> None:
    """The epoch is zero; before it counts are negative."""
    assert to_milliseconds(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert to_milliseconds(datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)) == -1
    assert to_milliseconds(datetime(2026, 11, 24, 8, tzinfo=SHANGHAI)) == 1_795_478_400_000


@pytest.mark.parametrize("value", [None, "2026-11-24", 5, date(2026, 11, 24)])
def test_other_types_are_refused(value: object) -> None:
    """A date is not an instant, nor is text."""
    with pytest.raises(WrongType) as caught:
        as_instant(value, path="due_at")
    assert caught.value.path == "due_at"


@pytest.mark.parametrize("zone", [None, Nowhere()])
def test_naive_moments_are_refused(zone: tzinfo | None) -> None:
    """Without an offset nobody knows when it is; the error says what to do."""
    with pytest.raises(InvalidValue, match="no time zone") as caught:
        as_instant(datetime(2026, 11, 24, tzinfo=zone), path="due_at")
    assert caught.value.path == "due_at"
    assert "tzinfo=UTC" in caught.value.fix


@pytest.mark.parametrize(
    "moment",
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=SHANGHAI),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=23))),
        FIRST_INSTANT - timedelta(milliseconds=1),
        LAST_INSTANT + timedelta(milliseconds=1),
    ],
)
def test_ends_of_the_calendar_are_refused(moment: datetime) -> None:
    """A moment that some zone has no date for is refused, wherever it comes from."""
    with pytest.raises(OutOfRange) as caught:
        as_instant(moment, path="due_at")
    assert caught.value.path == "due_at"
    assert "9999-12-30" in caught.value.fix


@pytest.mark.parametrize("instant", [FIRST_INSTANT, LAST_INSTANT])
def test_every_zone_has_a_date_for_every_instant(instant: datetime) -> None:
    """First and last instant are kept, and no time zone leads out of the calendar."""
    assert as_instant(instant) is instant
    for name in available_timezones():
        assert abs((instant.astimezone(ZoneInfo(name)).date() - instant.date()).days) <= 1


def test_moment_of_another_class_becomes_plain() -> None:
    """What derives from datetime is kept as a datetime."""
    kept = as_instant(Moment(2026, 11, 24, 9, 30, 1, 500_000, tzinfo=UTC))
    assert kept == datetime(2026, 11, 24, 9, 30, 1, 500_000, tzinfo=UTC)
    assert type(kept) is datetime
