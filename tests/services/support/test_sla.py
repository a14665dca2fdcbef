"""Service levels over many tickets: lists, alarms, published days, what if, explanations."""

from collections.abc import Callable
from datetime import date

import attrs
import pytest

from crmkit.domain.calendars.sources import Source, day_off
from crmkit.domain.filters.where import where
from crmkit.domain.support.clock_rules import resolution, targets
from crmkit.domain.support.clocks import ClockState
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import DeadlineMoved, SlaAlarmRang
from crmkit.errors import IdempotencyMismatch
from crmkit.services.calendars import keeping
from crmkit.services.support import setting_up, sla, tickets
from tests.services.support.conftest import DAYS, HOUR, Desk, moment


def opened(desk: Desk, **fields) -> Ticket:
    """Open a ticket in the queue."""
    return desk.run(tickets.open_ticket, "机器停了", queue=desk.queue.id, **fields)


def alarms(desk: Desk) -> list[tuple[str, str]]:
    """Let the alarms go off, and return clock and name of each."""
    with desk.work() as unit:
        sla.ring_alarms(unit)
        return [(one.clock, one.alarm) for one in unit.events if isinstance(one, SlaAlarmRang)]


def test_alarms_go_off_once_each(desk: Desk) -> None:
    """Half the time, an hour left, the breach, and an hour after it, for each clock in its turn."""
    ticket = opened(desk)
    desk.at(2, 9, 59)
    assert alarms(desk) == []
    desk.at(2, 13, 30)
    assert alarms(desk) == [("first_response", "half"), ("first_response", "hour left")]
    assert alarms(desk) == []
    desk.at(2, 15)
    with desk.work() as unit:
        assert sla.about_to_breach(unit, desk.team, HOUR * 0) == [unit.tickets.get(ticket.id)]
    assert sorted(alarms(desk)) == [("first_response", "breach"), ("first_response", "escalated")]
    assert alarms(desk) == []
    with desk.work() as unit:
        late = unit.tickets.get(ticket.id)
    assert (late.is_breached, late.alarm_at) == (True, moment(2, 18))


def test_a_team_sees_what_is_about_to_breach(desk: Desk) -> None:
    """The next due comes first; resting, finished and merged tickets are not due."""
    first = opened(desk, priority=Priority.CRITICAL)
    second = opened(desk, priority=Priority.HIGH)
    waiting, done = opened(desk, priority=Priority.CRITICAL), opened(desk)
    desk.run(tickets.move_ticket, waiting.id, "pending_customer")
    desk.run(tickets.resolve_ticket, done.id)
    with desk.work() as unit:
        found = sla.about_to_breach(unit, desk.team, 2 * HOUR)
        assert [one.id for one in found] == [first.id, second.id]
        soonest = sla.about_to_breach(unit, desk.team, 1 * HOUR)
        assert [one.id for one in soonest] == [first.id]
        assert sla.about_to_breach(unit, desk.team, 2 * HOUR, limit=1) == soonest


def test_due_times_move_when_days_are_published(desk: Desk) -> None:
    """Provisional ones are worked out anew and told; others are not written."""
    sure = opened(desk)
    desk.at(31, 17, month=12)
    unsure = opened(desk)
    assert (sure.is_provisional, unsure.is_provisional) == (False, True)
    assert unsure.clocks[1].due_at == moment(31, 17, month=12).replace(year=2027, month=1, day=4)
    new = attrs.evolve(
        DAYS, days=(*DAYS.days, day_off(date(2027, 1, 1), "元旦")), known_until=date(2027, 12, 31)
    )
    desk.run(keeping.publish_days, new)
    with desk.work() as unit:
        (moved,) = sla.redate_tickets(unit, sla.provisional_tickets())
        told = [event for event in unit.events if isinstance(event, DeadlineMoved)]
    assert (moved.id, moved.is_provisional) == (unsure.id, False)
    assert {(one.clock, one.provisional) for one in told} == {
        ("first_response", False),
        ("resolution", False),
    }
    assert moved.clocks[1].due_at == unsure.clocks[1].due_at + 24 * HOUR
    assert desk.run(sla.redate_tickets) == []


def test_due_times_move_page_by_page(desk: Desk) -> None:
    """Each page is a work of its own; together they move what one work would, and again nothing."""
    with desk.work() as unit:
        made = [tickets.open_ticket(unit, f"machine {at}") for at in range(7)]
    off = attrs.evolve(DAYS, days=(*DAYS.days, day_off(date(2026, 3, 3), "founding day")))
    desk.run(keeping.publish_days, off)
    for expected in (sorted(one.id for one in made), []):
        moved, cursors, after = [], 0, None
        while (page := desk.run(sla.redate_page, size=3, after=after)).next is not None:
            moved, cursors, after = [*moved, *page.items], cursors + 1, page.next
        moved += page.items
        assert cursors == 2
        assert sorted(one.id for one in moved) == expected
    with desk.work() as unit:
        after_it = moment(4, 18)
        assert {run.due_at for one in unit.tickets.find() for run in one.clocks[1:]} == {after_it}


def test_a_page_under_a_key_moves_once(desk: Desk) -> None:
    """A repeat gets the same page with its cursor; another page needs a key of its own."""
    with desk.work() as unit:
        made = [tickets.open_ticket(unit, f"machine {at}") for at in range(5)]
    off = attrs.evolve(DAYS, days=(*DAYS.days, day_off(date(2026, 3, 3), "founding day")))
    desk.run(keeping.publish_days, off)
    late = where(Ticket).due_at.gt(moment(1, 0))
    pages = [desk.run(sla.redate_page, late, size=3, idempotency_key="p1") for _turn in range(2)]
    assert pages[0] == pages[1]
    versions = {one.id: one.version for one in pages[0].items}
    with pytest.raises(IdempotencyMismatch):
        desk.run(sla.redate_page, late, size=3, after=pages[0].next, idempotency_key="p1")
    rest = [
        desk.run(sla.redate_page, late, size=3, after=pages[1].next, idempotency_key="p2")
        for _turn in range(2)
    ]
    assert (rest[0], rest[0].next) == (rest[1], None)
    assert sorted([*versions, *(one.id for one in rest[0].items)]) == sorted(one.id for one in made)
    with desk.work() as unit:
        assert {one.version for one in unit.tickets.find()} == set(versions.values()) == {2}


def test_what_was_late_stays_late_when_days_are_published(desk: Desk) -> None:
    """A day off that is told afterwards moves what is to come, not what was."""
    ticket = opened(desk)
    desk.at(2, 15)
    desk.run(tickets.reply_to_ticket, ticket.id)
    off = Source(
        name=DAYS.name,
        days=(*DAYS.days, day_off(date(2026, 3, 3), "late news")),
        known_until=DAYS.known_until,
    )
    desk.run(keeping.publish_days, off)
    (moved,) = desk.run(sla.redate_tickets, where(Ticket).id.eq(ticket.id))
    assert (moved.is_breached, moved.clocks[0].state) == (True, ClockState.LATE)
    assert moved.due_at == moment(4, 18)


def test_public_holidays_and_make_up_days_count_for_tickets(desk: Desk) -> None:
    """From the Friday before Spring Festival on a Saturday is worked, and nine days are not."""
    desk.at(13, 16, month=2)
    ticket = opened(desk)
    assert ticket.clocks[1].due_at == moment(24, 16, month=2)
    assert ticket.clocks[0].due_at == moment(14, 11, month=2)


def test_a_ticket_explains_its_clocks(desk: Desk) -> None:
    """Each segment has its time, its reason, its calendar and the working time it had."""
    ticket = opened(desk)
    steps: list[tuple[Callable, str, int]] = [
        (tickets.move_ticket, "pending_customer", 11),
        (tickets.move_ticket, "open", 14),
    ]
    for service, status, hour in steps:
        desk.at(2, hour)
        desk.run(service, ticket.id, status)
    with desk.work() as unit:
        lines = sla.explain_clocks(unit, ticket.id, zone="Asia/Shanghai")
    calendar = "office v1, known to 2026-12-31"
    assert lines[4:] == [
        "resolution, cycle 1: target 16:00 h, policy standard v1",
        f"2026-03-02 09:00 to 2026-03-02 11:00: running 2:00 h (opened; {calendar})",
        f"2026-03-02 11:00 to 2026-03-02 14:00: paused 2:00 h (pending_customer; {calendar})",
        "running since 2026-03-02 14:00, due 2026-03-04 11:00",
    ]


def test_what_if_another_policy_had_been_its_own(desk: Desk) -> None:
    """The kept moments are folded under it; the ticket itself stays as it is."""
    with desk.work() as unit:
        quick = setting_up.define_policy(
            unit,
            "quick",
            desk.calendar.id,
            resolution(targets({Priority.NORMAL: 1 * HOUR})),
            selector={"any": []},
        )
    ticket = opened(desk)
    desk.at(2, 11)
    solved = desk.run(tickets.resolve_ticket, ticket.id)
    with desk.work() as unit:
        (run,) = sla.what_if(unit, ticket.id, quick.id)
        assert (run.state, run.breached_at) == (ClockState.LATE, moment(2, 10))
        assert sla.what_if(unit, ticket.id, desk.policy.id) == solved.clocks
        assert unit.tickets.get(ticket.id) == solved
