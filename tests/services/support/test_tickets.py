"""Tickets on every store: opened, answered, moved, prioritised, reopened, with their clocks."""

from uuid import uuid4

import pytest

from crmkit.domain.access.team import Team, TeamId
from crmkit.domain.filters.where import where
from crmkit.domain.parties.customer import Customer
from crmkit.domain.support.clock_rules import resolution, targets, team_time
from crmkit.domain.support.clocks import ClockState
from crmkit.domain.support.moments import Author, Happening
from crmkit.domain.support.priorities import (
    USUAL_MATRIX,
    Level,
    MatrixCell,
    Priority,
    PriorityCause,
    PriorityMatrix,
)
from crmkit.domain.support.refusals import NoSuchMove, TicketFinished, TicketNotFinished
from crmkit.domain.support.statuses import StatusCategory
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import (
    SlaAlarmRang,
    TicketMoved,
    TicketOpened,
    TicketPrioritised,
    TicketQueued,
    TicketReopened,
    TicketReplied,
)
from crmkit.domain.support.ticket_record import LinkKind
from crmkit.errors import CrmkitError, InvalidFilter, InvalidValue, NotFound
from crmkit.services import merging, parties
from crmkit.services.support import setting_up, sla, tickets, ties
from tests.services.support.conftest import ANSWER, HOUR, SOLVE, Desk, moment

C = StatusCategory


def opened(desk: Desk, subject: str = "机器停了", **fields) -> Ticket:
    """Open a ticket in the queue."""
    return desk.run(tickets.open_ticket, subject, queue=desk.queue.id, **fields)


def test_a_ticket_opens_with_its_priority_its_level_and_its_clocks(desk: Desk) -> None:
    """All of it comes back from the store as it was, and an event is told."""
    with desk.work() as unit:
        luxi = parties.register_customer(unit, "鲁西科技")
        ticket = tickets.open_ticket(
            unit,
            "机器停了",
            queue=desk.queue.id,
            customer_id=luxi.id,
            impact=Level.HIGH,
            urgency=Level.MEDIUM,
        )
        assert TicketOpened(ticket_id=ticket.id) in unit.events
    with desk.work() as unit:
        assert unit.tickets.get(ticket.id) == ticket
        (first,) = sla.moments_of(unit, ticket.id)
    assert (ticket.priority, ticket.priority_cause) == (Priority.HIGH, PriorityCause.MATRIX)
    assert (ticket.category, ticket.team_id, ticket.cycle) == (C.NEW, desk.team, 1)
    assert ticket.sla_reason == "standard fits, with precedence 0"
    assert [run.due_at for run in ticket.clocks] == [moment(2, 11), moment(2, 18)]
    assert (ticket.due_at, ticket.alarm_at) == (moment(2, 11), moment(2, 10))
    assert (first.happening, first.moment) == (
        Happening.OPENED,
        ticket.moment(desk.clock.at, Happening.OPENED),
    )


def test_a_ticket_is_answered_paused_and_solved(desk: Desk) -> None:
    """The reply ends the first clock; the second rests while the customer is asked."""
    ticket = opened(desk)
    desk.at(2, 10)
    with desk.work() as unit:
        answered = tickets.reply_to_ticket(unit, ticket.id)
        told = TicketReplied(ticket_id=ticket.id, author=Author.AGENT, public=True)
        assert told in unit.events
    assert answered.replied_at == moment(2, 10)
    assert answered.due_at == moment(3, 18)
    waiting = desk.run(tickets.move_ticket, ticket.id, "pending_customer")
    assert (waiting.due_at, waiting.alarm_at) == (None, None)
    desk.at(4, 9)
    assert desk.run(tickets.move_ticket, ticket.id, "open").due_at == moment(5, 17)
    desk.at(4, 11)
    solved = desk.run(
        tickets.resolve_ticket, ticket.id, resolution="replaced", root_cause="bearing"
    )
    assert (solved.category, solved.resolved_at) == (C.RESOLVED, moment(4, 11))
    assert [run.state for run in solved.clocks] == [ClockState.MET, ClockState.MET]
    assert (solved.due_at, solved.is_breached) == (None, False)
    with desk.work() as unit:
        assert unit.tickets.get(ticket.id) == solved
        assert len(sla.moments_of(unit, ticket.id)) == 5


def test_a_missed_answer_is_told_once_and_stays(desk: Desk) -> None:
    """A late reply tells the breach; nothing that follows tells it again or takes it away."""
    ticket = opened(desk)
    desk.at(2, 15)
    with desk.work() as unit:
        late = tickets.reply_to_ticket(unit, ticket.id)
        breaches = [event for event in unit.events if isinstance(event, SlaAlarmRang)]
    assert [(one.clock, one.alarm, one.rang_at) for one in breaches] == [
        ("first_response", "breach", moment(2, 14))
    ]
    assert (late.is_breached, late.clocks[0].state) == (True, ClockState.LATE)
    with desk.work() as unit:
        solved = tickets.resolve_ticket(unit, ticket.id)
        assert not [event for event in unit.events if isinstance(event, SlaAlarmRang)]
    assert solved.is_breached


def test_another_priority_changes_the_targets(desk: Desk) -> None:
    """Why it changed is kept; used time counts on."""
    ticket = opened(desk)
    desk.at(2, 11)
    with desk.work() as unit:
        raised = tickets.prioritise_ticket(
            unit, ticket.id, Priority.CRITICAL, cause=PriorityCause.VIP
        )
        told = TicketPrioritised(
            ticket_id=ticket.id, priority=Priority.CRITICAL, cause=PriorityCause.VIP
        )
        assert told in unit.events
    assert raised.priority_cause is PriorityCause.VIP
    assert raised.due_at == moment(2, 11)
    assert raised.clocks[1].due_at == moment(2, 14)
    assert desk.run(tickets.prioritise_ticket, ticket.id, Priority.CRITICAL).version == 3


def test_another_queue_brings_another_team_and_its_clock(desk: Desk) -> None:
    """It is told and kept as a moment; the second line's own time runs from there."""
    with desk.work() as unit:
        second = unit.teams.add(Team(id=TeamId(unit.new_id()), name="second line")).id
        hydraulics = setting_up.define_queue(unit, "hydraulics", team=second)
        limits = targets({Priority.NORMAL: 4 * HOUR})
        ola = team_time(second, limits)
        policy = setting_up.define_policy(unit, "two lines", desk.calendar.id, ola, precedence=5)
    ticket = opened(desk)
    desk.at(2, 10)
    with desk.work() as unit:
        queued = tickets.queue_ticket(unit, ticket.id, hydraulics.id)
        told = TicketQueued(ticket_id=ticket.id, queue_id=hydraulics.id, team_id=second)
        assert told in unit.events
        assert tickets.queue_ticket(unit, ticket.id, hydraulics.id) == queued
    (run,) = queued.clocks
    assert (queued.team_id, queued.sla_policy_id, queued.version) == (second, policy.id, 2)
    assert (run.used, run.due_at) == (0, moment(2, 15))
    with desk.work() as unit:
        assert [one.team_id for one in sla.moments_of(unit, ticket.id)] == [desk.team, second]


def test_statuses_in_the_words_of_the_client(desk: Desk) -> None:
    """Clocks go by the category that a status is mapped to."""
    with desk.work() as unit:
        setting_up.define_status(unit, "等配件", C.PENDING_THIRD_PARTY, labels={"zh": "等配件"})
        setting_up.define_status(unit, "处理中", C.OPEN)
        setting_up.define_status(unit, "已解决", C.RESOLVED)
    ticket = opened(desk)
    with desk.work() as unit:
        waiting = tickets.move_ticket(unit, ticket.id, "等配件")
        told = TicketMoved(
            ticket_id=ticket.id,
            from_status="new",
            to_status="等配件",
            category=C.PENDING_THIRD_PARTY,
        )
        assert told in unit.events
    assert (waiting.status, waiting.category) == ("等配件", C.PENDING_THIRD_PARTY)
    assert waiting.clocks[1].state is ClockState.PAUSED
    assert desk.run(tickets.move_ticket, ticket.id, "等配件").version == waiting.version
    assert desk.run(tickets.resolve_ticket, ticket.id).status == "已解决"
    assert desk.run(tickets.reopen_ticket, ticket.id).status == "处理中"


def test_a_reopened_ticket_has_another_cycle(desk: Desk) -> None:
    """The customer who writes again opens it; its clocks begin anew, the old ones stay."""
    ticket = opened(desk)
    desk.at(2, 10)
    desk.run(tickets.resolve_ticket, ticket.id)
    desk.at(3, 9)
    with desk.work() as unit:
        again = tickets.reply_to_ticket(unit, ticket.id, Author.CUSTOMER)
        assert TicketReopened(ticket_id=ticket.id, cycle=2) in unit.events
    assert (again.id, again.cycle, again.category) == (ticket.id, 2, C.OPEN)
    assert [(run.clock, run.cycle, run.state.value) for run in again.clocks] == [
        ("first_response", 1, "cancelled"),
        ("resolution", 1, "met"),
        ("first_response", 2, "running"),
        ("resolution", 2, "running"),
    ]


def test_too_late_to_reopen_a_new_ticket_follows(desk: Desk) -> None:
    """Beyond the days of the queue, what the customer writes opens a ticket tied to the old one."""
    ticket = opened(desk)
    desk.run(tickets.resolve_ticket, ticket.id)
    desk.at(30, 9)
    new = desk.run(tickets.reply_to_ticket, ticket.id, Author.CUSTOMER)
    assert (new.id != ticket.id, new.subject, new.queue_id) == (True, "机器停了", desk.queue.id)
    with desk.work() as unit:
        (link,) = ties.links_of(unit, new.id)
        assert (link.kind, link.to_id) == (LinkKind.FOLLOW_UP_OF, ticket.id)
        assert unit.tickets.get(ticket.id).category is C.RESOLVED


def test_a_matrix_of_the_queue_decides(desk: Desk) -> None:
    """Nine cells, each once; a priority given by hand goes before."""
    cells = tuple(
        MatrixCell(impact=impact, urgency=urgency, priority=Priority.LOW)
        for impact in Level
        for urgency in Level
    )
    with desk.work() as unit:
        calm = setting_up.define_queue(unit, "calm", matrix=PriorityMatrix(cells))
        low = tickets.open_ticket(unit, "x", queue=calm.id, impact=Level.HIGH)
        by_hand = tickets.open_ticket(unit, "x", queue=calm.id, priority=Priority.HIGH)
    assert (low.priority, low.priority_cause) == (Priority.LOW, PriorityCause.MATRIX)
    assert (by_hand.priority, by_hand.priority_cause) == (Priority.HIGH, PriorityCause.MANUAL)
    assert USUAL_MATRIX.priority(Level.HIGH, Level.HIGH) is Priority.CRITICAL
    for wrong in (cells[:8], (*cells[:8], cells[0])):
        with pytest.raises(InvalidValue):
            PriorityMatrix(wrong)


def test_the_highest_precedence_that_fits_is_the_level(desk: Desk) -> None:
    """A filter over the customer decides, in the language of all lists; the reason is kept."""
    gold_customers = where(Ticket).customer_id.exists(
        Customer, where(Customer).tags.has_any(["gold"])
    )
    with desk.work() as unit:
        gold = setting_up.define_policy(
            unit,
            "gold",
            desk.calendar.id,
            resolution(ANSWER),
            selector=gold_customers,
            precedence=20,
        )
        ended = setting_up.define_policy(
            unit, "ended", desk.calendar.id, resolution(ANSWER), precedence=90, until_at=unit.now
        )
        rich = parties.register_customer(unit, "金", tags=("gold",))
        plain = parties.register_customer(unit, "银")
    tickets_of = [opened(desk, customer_id=customer.id) for customer in (rich, plain)]
    assert [ticket.sla_policy_id for ticket in tickets_of] == [gold.id, desk.policy.id]
    with desk.work() as unit:
        verdicts = sla.explain_policy(unit, tickets_of[0].id).verdicts
    assert [(one.policy, one.chosen, one.reason) for one in verdicts] == [
        (ended.name, False, "is not in force"),
        ("gold", True, "fits, with precedence 20"),
        ("standard", False, "fits, but gold goes before"),
    ]


def test_a_ticket_may_get_another_level(desk: Desk) -> None:
    """Reviewed after a change, its clocks go on under the policy that fits now."""
    urgent = where(Ticket).topic.eq("line down")
    with desk.work() as unit:
        setting_up.define_policy(
            unit, "line", desk.calendar.id, resolution(ANSWER), selector=urgent, precedence=1
        )
    ticket = opened(desk)
    desk.at(2, 11)
    desk.run(tickets.update_ticket, ticket.id, topic="line down")
    after = desk.run(sla.review_level, ticket.id)
    assert after.clocks[0].state is ClockState.CANCELLED
    assert (after.clocks[1].due_at, after.clocks[1].policy) == (moment(2, 14), "line v1")
    assert desk.run(sla.review_level, ticket.id).version == after.version
    desk.run(tickets.update_ticket, ticket.id, topic="other")
    back = desk.run(sla.review_level, ticket.id)
    assert back.sla_policy_id == desk.policy.id


def test_a_ticket_without_a_level_gets_what_it_would_have_had(desk: Desk) -> None:
    """A policy defined later counts from the opening."""
    with desk.work() as unit:
        unit.sla_policies.remove(unit.sla_policies.get(desk.policy.id))
    ticket = opened(desk)
    assert (ticket.clocks, ticket.sla_reason) == ((), "no policy fits")
    with desk.work() as unit:
        setting_up.define_policy(unit, "late", desk.calendar.id, resolution(SOLVE))
    desk.at(2, 15)
    assert desk.run(sla.review_level, ticket.id).due_at == moment(3, 18)


def test_what_cannot_be_done_is_refused_by_name(desk: Desk) -> None:
    """Each refusal names the place; nothing is written."""
    ticket = opened(desk)
    done = opened(desk)
    desk.run(tickets.move_ticket, done.id, "closed")
    calls = [
        ((tickets.move_ticket, ticket.id, "nowhere"), InvalidValue, "ticket.status"),
        ((tickets.move_ticket, ticket.id, "merged"), InvalidValue, "ticket.status"),
        ((tickets.move_ticket, ticket.id, "new"), NoSuchMove, "ticket.status"),
        ((tickets.move_ticket, done.id, "open"), NoSuchMove, "ticket.status"),
        ((tickets.prioritise_ticket, done.id, Priority.LOW), TicketFinished, "ticket.status"),
        ((tickets.reopen_ticket, ticket.id), TicketNotFinished, "ticket.category"),
        ((tickets.open_ticket, "x" * 501), InvalidValue, "subject"),
        ((tickets.reply_to_ticket, uuid4()), NotFound, "ticket.id"),
    ]
    for (service, *args), error, path in calls:
        with pytest.raises(CrmkitError) as caught:
            desk.run(service, *args)
        assert (type(caught.value), caught.value.path)[1] == path
        assert isinstance(caught.value, error)
    with pytest.raises(InvalidValue) as caught:
        desk.run(tickets.update_ticket, ticket.id, status="closed")
    assert caught.value.path == "ticket.status"
    with pytest.raises(NotFound):
        desk.run(tickets.open_ticket, "x", queue=uuid4())
    with pytest.raises(InvalidFilter), desk.work() as unit:
        setting_up.define_policy(
            unit, "x", desk.calendar.id, resolution(SOLVE), selector=where(Customer).name.eq("x")
        )
    with desk.work() as unit:
        assert unit.tickets.get(ticket.id) == ticket


def test_a_ticket_of_a_merged_customer_goes_to_the_one_that_lives_on(desk: Desk) -> None:
    """An old id of a customer opens the ticket with its survivor; an unknown one is refused."""
    with desk.work() as unit:
        keep, double = (parties.register_customer(unit, "鲁西科技") for _ in range(2))
        merging.merge_customers(unit, keep.id, double.id)
    assert opened(desk, customer_id=double.id).customer_id == keep.id
    with pytest.raises(NotFound):
        opened(desk, customer_id=uuid4())
