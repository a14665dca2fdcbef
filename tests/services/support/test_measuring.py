"""Metrics on every store: by group and calendar, as of an instant, and never of what is hidden."""

from datetime import datetime, timedelta

import pytest

from crmkit.domain.filters.where import where
from crmkit.domain.support.metrics import Figure, Period, Population
from crmkit.domain.support.moments import Author
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.ticket import Ticket
from crmkit.errors import InvalidValue
from crmkit.services.support import measuring, tickets
from crmkit.services.support.measuring import Per
from tests.services.support.conftest import HOUR, Desk, moment

HOURS = HOUR // timedelta(milliseconds=1)
ALL = Population.CREATED_IN


def week() -> Period:
    """Return the first week of March."""
    return Period(begins_at=moment(2, 0), ends_at=moment(9, 0))


def fill(desk: Desk) -> list[Ticket]:
    """Open three tickets: one answered and solved, one solved and opened again, one untouched."""
    made = [
        desk.run(tickets.open_ticket, "停机", queue=desk.queue.id, priority=one, channel=channel)
        for one, channel in ((Priority.HIGH, "phone"), (Priority.HIGH, "web"), (None, "web"))
    ]
    desk.at(2, 11)
    desk.run(tickets.reply_to_ticket, made[1].id, Author.BOT)
    desk.run(tickets.reply_to_ticket, made[0].id)
    desk.at(2, 14)
    for one in made[:2]:
        desk.run(tickets.resolve_ticket, one.id)
    desk.at(3, 9)
    desk.run(tickets.reopen_ticket, made[1].id)
    return made


def measure(desk: Desk, metric: str, **asked) -> dict[object, Figure]:
    """Return the figures of the week."""
    with desk.work() as unit:
        return measuring.measure_tickets(unit, metric, ALL, week(), **asked)


def test_figures_add_up_over_the_groups(desk: Desk) -> None:
    """By priority, channel, team and person, in the hours of the office."""
    fill(desk)
    hours = desk.calendar.id
    (whole,) = measure(desk, "first_resolution", calendar=hours).values()
    assert (whole.tickets, whole.ended, whole.censored) == (3, 2, 1)
    assert (whole.median, whole.total) == (4 * HOURS, (4 + 4 + 40) * HOURS)
    for per in Per:
        parts = measure(desk, "first_resolution", per=per, calendar=hours).values()
        assert sum(part.total for part in parts) == whole.total
        assert sum(part.tickets for part in parts) == whole.tickets
    by_priority = measure(desk, "first_reply", per=Per.PRIORITY, calendar=hours)
    assert by_priority[Priority.HIGH].median == 2 * HOURS
    assert by_priority[Priority.NORMAL].median is None


def test_without_a_calendar_every_hour_counts(desk: Desk) -> None:
    """Nights are part of the time then."""
    fill(desk)
    (figure,) = measure(desk, "first_resolution").values()
    assert figure.median == 5 * HOURS
    phone = where(Ticket).channel.eq("phone")
    (one,) = measure(desk, "first_bot_reply", which=phone).values()
    assert (one.tickets, one.ended, one.total) == (1, 0, 5 * HOURS)


def test_the_past_is_told_as_it_stood_then(desk: Desk) -> None:
    """Backlog and reopenings by an instant do not change with what happens later."""
    fill(desk)
    asked = [moment(2, 8), moment(2, 12), moment(2, 15), moment(4, 9)]
    with desk.work() as unit:
        assert [measuring.backlog(unit, at) for at in asked] == [0, 3, 1, 2]
        first, later = _until(moment(2, 18)), _until(moment(4, 9))
        assert measuring.reopen_rate(unit, first).rate == 0
        assert measuring.reopen_rate(unit, later).rate == 0.5
        assert measuring.reopen_rate(unit, _until(moment(2, 10))).rate is None
        solved = measuring.measure_tickets(unit, "on_hold", Population.RESOLVED_IN, later)
        still = measuring.measure_tickets(unit, "on_hold", Population.OPEN_AT, later)
    assert (solved[None].tickets, still[None].tickets) == (2, 2)


def test_an_unknown_metric_is_refused_with_those_there_are(near_desk: Desk) -> None:
    """The fix names them."""
    with pytest.raises(InvalidValue, match="first_reply"):
        measure(near_desk, "happiness")


def _until(end: datetime) -> Period:
    return Period(begins_at=moment(1, 0), ends_at=end)
