"""Metrics over moments: what each counts, that pieces add up, and that nothing open is dropped."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.support.facts import Duration, Facts, Wait, in_step
from crmkit.domain.support.metrics import (
    METRICS,
    Period,
    Population,
    figure,
    metric_named,
    reopening,
)
from crmkit.domain.support.moments import Author, Happening, Moment
from crmkit.domain.support.statuses import StatusCategory
from crmkit.errors import InvalidValue

BEGIN = datetime(2026, 3, 2, 1, tzinfo=UTC)
MINUTE = 60_000
OFFICE = BusinessCalendar.of("office", "Asia/Shanghai", "mon-fri 09:00-12:00 13:00-18:00")
ALWAYS = BusinessCalendar.of("always", "UTC", "mon-sun 00:00-24:00")
_C = StatusCategory


def at(minutes: int) -> datetime:
    """Return so many minutes after Monday at nine in Shanghai."""
    return BEGIN + timedelta(minutes=minutes)


def facts(*steps: tuple[int, Happening, StatusCategory, Author, bool], until: int = 600) -> Facts:
    """Return a ticket that was opened at nine, with what happened then."""
    moments = [Moment(at=BEGIN, happening=Happening.OPENED, category=_C.NEW)]
    for minute, happening, category, author, public in steps:
        moments.append(
            Moment(
                at=at(minute), happening=happening, category=category, author=author, public=public
            )
        )
    return Facts(moments=moments, calendar=ALWAYS, until=at(until))


def reply(minute: int, author: Author = Author.AGENT, *, public: bool = True):
    """Somebody writes."""
    return (minute, Happening.REPLIED, _C.OPEN, author, public)


def move(minute: int, category: StatusCategory, happening: Happening = Happening.MOVED):
    """The ticket stands otherwise."""
    return (minute, happening, category, Author.SYSTEM, False)


def test_only_a_public_reply_of_a_person_is_a_first_reply() -> None:
    """A bot, a note and a move to pending are none; the bot has a metric of its own."""
    bot = reply(1, Author.BOT)
    note = reply(2, public=False)
    one = facts(bot, note, move(3, _C.PENDING_CUSTOMER), reply(30))
    assert one.first_reply() == Duration(30 * MINUTE)
    assert one.first_reply(Author.BOT) == Duration(1 * MINUTE)


def test_finishing_without_an_answer_is_no_first_reply() -> None:
    """It is censored at the finish, not at the end of the period."""
    assert facts(move(20, _C.RESOLVED)).first_reply() == Duration(20 * MINUTE, censored=True)


def test_each_unanswered_message_begins_one_wait() -> None:
    """Two messages in a row are one question; the last one is censored while nobody answers."""
    ask = [reply(minute, Author.CUSTOMER) for minute in (10, 20, 100)]
    one = facts(ask[0], ask[1], reply(40), ask[2])
    assert one.next_replies() == (Duration(30 * MINUTE), Duration(500 * MINUTE, censored=True))


def test_a_ticket_opened_again_is_not_fully_resolved() -> None:
    """The first solution stays; the full one is open until it is solved again."""
    solved, again = move(60, _C.RESOLVED), move(90, _C.OPEN, Happening.REOPENED)
    one = facts(solved, again)
    assert one.first_resolution() == Duration(60 * MINUTE)
    assert one.full_resolution() == Duration(600 * MINUTE, censored=True)
    done = facts(solved, again, move(200, _C.RESOLVED), move(300, _C.CLOSED))
    assert done.full_resolution() == Duration(200 * MINUTE)
    day = Period(begins_at=BEGIN, ends_at=at(600))
    assert reopening([one, done, facts(solved), facts()], day).rate == 2 / 3


STEPS = st.lists(
    st.tuples(
        st.integers(0, 5000),
        st.sampled_from([Happening.MOVED, Happening.REPLIED, Happening.REOPENED]),
        st.sampled_from(list(StatusCategory)),
        st.sampled_from(list(Author)),
        st.booleans(),
    ),
    max_size=12,
).map(lambda steps: sorted(steps, key=lambda step: step[0]))
TICKETS = st.builds(
    lambda steps, hours: attrs.evolve(facts(*steps, until=5001), calendar=hours),
    STEPS,
    st.sampled_from([OFFICE, ALWAYS]),
)


@given(TICKETS)
def test_the_waits_add_up_to_the_age(one: Facts) -> None:
    """Whatever happened, and whichever calendar counts."""
    assert sum(one.wait(wait).length for wait in Wait) == one.age()
    assert one.wait(*Wait).length == one.age()


@given(TICKETS)
def test_nothing_takes_less_than_no_time_or_more_than_the_age(one: Facts) -> None:
    """No difference is negative, as it is where the ends are measured by different calendars."""
    for metric in METRICS.values():
        assert all(0 <= span.length <= one.age() for span in metric.read(one))


@given(st.lists(TICKETS, max_size=8), st.integers(0, 8), st.sampled_from(sorted(METRICS)))
def test_groups_add_up_to_the_whole(tickets: list[Facts], cut: int, name: str) -> None:
    """Tickets, ended and censored durations, and the total."""
    parts = [figure(METRICS[name], some) for some in (tickets[:cut], tickets[cut:], tickets)]
    for field in ("tickets", "ended", "censored", "total"):
        one, other, whole = (getattr(part, field) for part in parts)
        assert one + other == whole


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=50), st.integers(1, 100))
def test_without_open_tickets_a_percentile_is_the_nearest_rank(lengths: list[int], p: int) -> None:
    """The least length within which so many of 100 lie."""
    all_done = figure(METRICS["first_reply"], [])
    done = attrs.evolve(all_done, durations=tuple(Duration(length) for length in lengths))
    rank = -(-p * len(lengths) // 100)
    assert done.percentile(p) == sorted(lengths)[rank - 1]


def test_open_tickets_count_as_lasting_longer() -> None:
    """The example of Kaplan and Meier: deaths at 0.8, 3.1, 5.4, 9.2; losses at 1.0, 2.7, 7.0, 12.1.

    The shares that go on are 0.875, 0.7, 0.525 and 0.2625, so that half have ended by 9.2.
    """
    ended, lost = (8, 31, 54, 92), (10, 27, 70, 121)
    durations = (*(Duration(one) for one in ended), *(Duration(one, censored=True) for one in lost))
    known = attrs.evolve(figure(METRICS["first_reply"], []), durations=durations)
    assert [known.percentile(p) for p in (12, 30, 47, 50, 73)] == [8, 31, 54, 92, 92]
    assert known.percentile(74) is None


def test_clocks_of_machines_that_differ_take_no_time_back() -> None:
    """A moment that says it was before the last one counts as at the same instant."""
    moments = facts(reply(30), move(20, _C.RESOLVED)).moments
    assert [one.at for one in in_step(moments)] == [at(0), at(30), at(30)]


def test_a_population_is_named() -> None:
    """A ticket is created, resolved, or open in a period; one does not stand for the other."""
    early, late = facts(move(60, _C.RESOLVED)), facts()
    first = Period(begins_at=at(-1), ends_at=at(30))
    second = Period(begins_at=at(30), ends_at=at(90))
    assert first.has(early, Population.CREATED_IN)
    assert not second.has(early, Population.CREATED_IN)
    assert second.has(early, Population.RESOLVED_IN)
    assert not first.has(early, Population.RESOLVED_IN)
    assert second.has(late, Population.OPEN_AT)
    assert not second.has(early, Population.OPEN_AT)


def test_bad_questions_are_refused() -> None:
    """An unknown metric, an empty period, a percentile beyond all."""
    with pytest.raises(InvalidValue, match="no metric"):
        metric_named("happiness")
    with pytest.raises(InvalidValue, match="no time"):
        Period(begins_at=BEGIN, ends_at=BEGIN)
    with pytest.raises(InvalidValue, match="percentile"):
        figure(METRICS["on_hold"], []).percentile(0)
