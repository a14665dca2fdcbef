"""Who works on a ticket: fair turns under many workers, skills, load, shifts, absence, holds."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from crmkit.domain.aggregate import UserId
from crmkit.domain.support.desk import Strategy
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.refusals import NobodyToAssign, TicketFinished, TicketHeld
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import TicketAssigned
from crmkit.errors import InvalidValue, VersionConflict
from crmkit.services import parties
from crmkit.services.calendars import absences, keeping
from crmkit.services.support import assigning, setting_up, tickets
from tests.services.support.conftest import HOUR, Desk, moment


def opened(desk: Desk, count: int = 1, **fields) -> list[Ticket]:
    """Open tickets in the queue."""
    with desk.work() as unit:
        return [
            tickets.open_ticket(unit, f"ticket {at}", queue=desk.queue.id, **fields)
            for at in range(count)
        ]


def given(desk: Desk, one: Ticket) -> UserId:
    """Assign a ticket to whose turn it is."""
    return desk.run(assigning.assign_next, one.id).assignee_id


def test_turns_go_round(desk: Desk) -> None:
    """Each agent gets the next ticket in turn, and the reason is told."""
    agents = desk.agents("Li", "Wang", "Zhao")
    taken = [given(desk, one) for one in opened(desk, 6)]
    assert taken[:3] == taken[3:]
    assert set(taken) == set(agents)
    (one,) = opened(desk)
    with desk.work() as unit:
        assigned = assigning.assign_next(unit, one.id)
        (told,) = [event for event in unit.events if isinstance(event, TicketAssigned)]
    assert told.reason == "round robin: last turn 4"
    assert (assigned.owner_id, told.assignee_id) == (taken[0], taken[0])


def test_eight_workers_are_fair_and_never_assign_twice(desk: Desk) -> None:
    """Tickets handed out at once are spread evenly, and each is handed out once."""
    agents = desk.agents("Li", "Wang", "Zhao", "Chen")
    waiting = opened(desk, 16)
    with ThreadPoolExecutor(8) as workers:
        taken = list(workers.map(lambda one: given(desk, one), waiting))
    assert sorted(taken.count(agent) for agent in agents) == [4, 4, 4, 4]
    with desk.work() as unit:
        stored = [unit.tickets.get(one.id) for one in waiting]
        assert [one.assignee_id for one in stored] == taken
        assert unit.queues.get(desk.queue.id).turns == 16


def test_skills_and_languages_are_needed(near_desk: Desk) -> None:
    """Who lacks one is passed over with the reason; when all are, nobody is assigned."""
    (li,) = near_desk.agents("Li", skills=("press", "plc"), languages=("zh",))
    (wang,) = near_desk.agents("Wang", skills=("press",), languages=("zh", "en"))
    (plc,) = opened(near_desk, skills=("plc",))
    (english,) = opened(near_desk, language="en")
    with near_desk.work() as unit:
        choice = assigning.explain_assignment(unit, plc.id)
    assert (choice.user_id, choice.passed_over) == (li, ((wang, "lacks plc"),))
    assert (given(near_desk, plc), given(near_desk, english)) == (li, wang)
    (both,) = opened(near_desk, skills=("plc",), language="en")
    with pytest.raises(NobodyToAssign) as caught:
        given(near_desk, both)
    assert f"{li} does not speak en; {wang} lacks plc" in str(caught.value)


def test_load_counts_priorities_not_tickets(near_desk: Desk) -> None:
    """One critical ticket weighs more than three normal ones; a full agent gets none."""
    with near_desk.work() as unit:
        queue = unit.queues.get(near_desk.queue.id)
        unit.queues.save(queue.evolve(strategy=Strategy.LEAST_LOAD))
    li, wang = near_desk.agents("Li", "Wang", capacity=10)
    (critical,) = opened(near_desk, priority=Priority.CRITICAL)
    near_desk.run(assigning.assign_ticket, critical.id, li)
    assert [given(near_desk, one) for one in opened(near_desk, 4)] == [wang] * 4
    with near_desk.work() as unit:
        (next_one,) = opened(near_desk)
        choice = assigning.explain_assignment(unit, next_one.id)
    assert choice.reason == "load: 8 of 10 points in hand"
    (heavy,) = opened(near_desk, priority=Priority.HIGH)
    with pytest.raises(NobodyToAssign):
        given(near_desk, heavy)


def test_a_customer_comes_back_to_who_helped(near_desk: Desk) -> None:
    """Affinity goes before load."""
    with near_desk.work() as unit:
        queue = unit.queues.get(near_desk.queue.id)
        unit.queues.save(queue.evolve(strategy=Strategy.AFFINITY))
        luxi = parties.register_customer(unit, "鲁西科技")
    _, wang = near_desk.agents("Li", "Wang")
    (first,) = opened(near_desk, customer_id=luxi.id)
    near_desk.run(assigning.assign_ticket, first.id, wang)
    (again,) = opened(near_desk, customer_id=luxi.id)
    assert given(near_desk, again) == wang


def test_who_is_off_shift_or_away_gets_nothing(near_desk: Desk) -> None:
    """A night agent takes the night; an absent one and one that takes no tickets take none."""
    with near_desk.work() as unit:
        nights = keeping.define_calendar(unit, "nights", "Asia/Shanghai", "mon-sun 22:00-06:00")
    (night,) = near_desk.agents("Night", calendar_id=nights.id)
    (away,) = near_desk.agents("Away")
    (off,) = near_desk.agents("Off")
    near_desk.run(absences.note_absence, away, moment(1, 9), moment(9, 9))
    near_desk.run(setting_up.update_agent, off, is_available=False)
    (one,) = opened(near_desk)
    with pytest.raises(NobodyToAssign) as caught:
        given(near_desk, one)
    for reason in (f"{night} is off shift", f"{away} is absent", f"{off} takes no tickets"):
        assert reason in str(caught.value)
    near_desk.at(2, 23)
    assert given(near_desk, one) == night


def test_a_deputy_stands_in_however_long_the_chain(near_desk: Desk) -> None:
    """Deputies of deputies are asked; a circle of absent ones changes nothing."""
    li, wang, zhao = near_desk.agents("Li", "Wang", "Zhao")
    held = opened(near_desk, 2)
    for one in held:
        near_desk.run(assigning.assign_ticket, one.id, li)
    near_desk.run(absences.note_absence, li, moment(2, 12), moment(6, 12), deputy=wang)
    near_desk.run(absences.note_absence, wang, moment(3, 9), moment(5, 9), deputy=zhao)
    assert near_desk.run(assigning.hand_over, li) == []
    near_desk.at(2, 13)
    (new,) = opened(near_desk)
    assert near_desk.run(assigning.assign_ticket, new.id, li).assignee_id == wang
    near_desk.at(3, 10)
    moved = near_desk.run(assigning.hand_over, li)
    assert [(one.id, one.assignee_id) for one in moved] == [(one.id, zhao) for one in held]
    near_desk.run(absences.note_absence, zhao, moment(3, 9), moment(5, 9), deputy=li)
    (last,) = opened(near_desk)
    assert near_desk.run(assigning.assign_ticket, last.id, li).assignee_id == li


def test_a_finished_ticket_is_not_assigned(near_desk: Desk) -> None:
    """Nobody's turn is used up for it."""
    near_desk.agents("Li")
    (one,) = opened(near_desk)
    near_desk.run(tickets.resolve_ticket, one.id)
    with pytest.raises(TicketFinished):
        given(near_desk, one)
    with near_desk.work() as unit:
        assert unit.queues.get(near_desk.queue.id).turns == 0


def test_a_hold_warns_and_the_version_protects(desk: Desk) -> None:
    """Another one is told while it lasts; a stale save is refused even so."""
    li, wang = desk.agents("Li", "Wang")
    (one,) = opened(desk)
    desk.run(assigning.hold_ticket, one.id, li, span=timedelta(minutes=5))
    with pytest.raises(TicketHeld):
        desk.run(assigning.hold_ticket, one.id, wang)
    desk.run(tickets.reply_to_ticket, one.id)
    with pytest.raises(VersionConflict), desk.work() as unit:
        unit.tickets.save(one.evolve(subject="stale"))
    desk.run(assigning.release_ticket, one.id)
    assert desk.run(assigning.hold_ticket, one.id, wang).held_by_id == wang
    desk.clock.at += HOUR
    assert desk.run(assigning.hold_ticket, one.id, li).held_by_id == li


def test_watchers_come_and_go(near_desk: Desk) -> None:
    """Each watches once."""
    li, wang = near_desk.users("Li", "Wang")
    (one,) = opened(near_desk)
    for user in (li, wang, li):
        near_desk.run(assigning.watch_ticket, one.id, user)
    assert near_desk.run(assigning.unwatch_ticket, one.id, wang).watcher_ids == (li,)


def test_an_agent_needs_a_capacity(near_desk: Desk) -> None:
    """Nothing in hand at all is said otherwise."""
    with pytest.raises(InvalidValue):
        near_desk.agents("Li", capacity=0)
    with pytest.raises(InvalidValue):
        near_desk.run(setting_up.define_queue, "x", reopen_days=-1)
