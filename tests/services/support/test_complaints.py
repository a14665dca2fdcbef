"""Complaints on every store: from the first call to the corrective action, and their deadlines."""

from collections.abc import Callable
from datetime import date, timedelta

import attrs
import pytest

from crmkit.domain.aggregate import Event
from crmkit.domain.calendars.sources import day_off
from crmkit.domain.money import Money
from crmkit.domain.support.complaint import Complaint
from crmkit.domain.support.complaint_events import (
    ComplaintAdvanced,
    ComplaintClosed,
    ComplaintDeadlineMoved,
    ComplaintDecided,
    ComplaintRated,
    ComplaintReceived,
    CorrectionChecked,
    RemedyDelivered,
)
from crmkit.domain.support.complaint_parts import (
    Complexity,
    Decision,
    ReceivedVia,
    Severity,
)
from crmkit.domain.support.complaint_rule import ComplaintRule
from crmkit.domain.support.complaint_stages import Closing, ComplaintStage
from crmkit.domain.support.refusals import NoSuchStep, NotIndependent, RemedyNotDelivered
from crmkit.domain.support.remedies import Remedy, RemedyKind
from crmkit.errors import CrmkitError, InvalidValue, NotFound, UnknownField
from crmkit.services import merging, parties
from crmkit.services.calendars import keeping
from crmkit.services.support import complaints, correcting, tickets
from crmkit.work import UnitOfWork
from crmkit.work.telling import RecordChanged
from tests.services.support.conftest import DAYS, Desk

REFUND = Remedy(kind=RemedyKind.REFUND, amount=Money("1280.50", "CNY"))
SORRY = Remedy(kind=RemedyKind.APOLOGY)
DAYS_OF_2027 = attrs.evolve(
    DAYS,
    days=(*DAYS.days, day_off(date(2027, 1, 1), "元旦")),
    known_until=date(2027, 12, 31),
)


def told(unit: UnitOfWork) -> list[Event]:
    """Return what was told of complaints, without the log of changes."""
    return [event for event in unit.events if not isinstance(event, RecordChanged)]


def a_rule(desk: Desk, days: int = 7) -> ComplaintRule:
    """Define a deadline of so many workdays."""
    return desk.run(complaints.define_complaint_rule, "12315", desk.calendar.id, days=days)


def received(desk: Desk, **fields: object) -> Complaint:
    """Take in a complaint by phone."""
    return desk.run(complaints.receive_complaint, "阀门漏油", ReceivedVia.PHONE, **fields)


def decided(desk: Desk, *remedies: Remedy, **fields: object) -> Complaint:
    """Bring a complaint to its decision."""
    accused, investigator = desk.users("Zhao", "Qian")
    one = received(desk, **fields).id
    desk.run(complaints.name_accused, one, accused)
    desk.run(complaints.register_complaint, one, "C-1")
    desk.run(complaints.acknowledge_complaint, one)
    desk.run(complaints.assess_complaint, one, Severity.MAJOR)
    desk.run(complaints.investigate_complaint, one, investigator)
    desk.run(complaints.note_findings, one, "密封圈老化", root_cause="no date of change")
    desk.run(complaints.propose_response, one, Decision.UPHELD, *remedies)
    return desk.run(complaints.communicate_decision, one)


def test_a_complaint_comes_back_as_it_was(desk: Desk) -> None:
    """All of its parts survive the store: remedies with money, containments, actions, people."""
    one = decided(desk, REFUND, SORRY, sought=(RemedyKind.REFUND,), vulnerability="elderly")
    desk.run(correcting.contain_complaint, one.id, "停止发货", taken_by=one.investigator_id)
    kept = desk.run(
        correcting.plan_correction,
        one.id,
        "换密封圈",
        owner=one.accused_id,
        due_on=date(2026, 4, 1),
    )
    with desk.work() as unit:
        assert unit.complaints.get(one.id) == kept
    assert kept.remedies == (REFUND, SORRY)
    assert [(c.action, c.taken_at) for c in kept.containments] == [("停止发货", desk.clock.at)]


def test_a_complaint_is_answered_put_right_and_closed(desk: Desk) -> None:
    """What was promised is delivered before the end; each step is told; the end is rated."""
    one = decided(desk, REFUND)
    with pytest.raises(RemedyNotDelivered), desk.work() as unit:
        complaints.close_complaint(unit, one.id, Closing.ACCEPTED)
    with desk.work() as unit:
        correcting.deliver_remedy(unit, one.id, RemedyKind.REFUND)
        complaints.close_complaint(unit, one.id, Closing.ACCEPTED)
        complaints.rate_complaint(unit, one.id, 4, comment="很快")
        events = told(unit)
    paid = RemedyDelivered(complaint_id=one.id, kind=RemedyKind.REFUND, amount=REFUND.amount)
    to_end = ComplaintAdvanced(
        complaint_id=one.id,
        from_stage=ComplaintStage.DECISION_COMMUNICATED,
        to_stage=ComplaintStage.CLOSED,
    )
    closed = ComplaintClosed(complaint_id=one.id, closing=Closing.ACCEPTED)
    rated = ComplaintRated(complaint_id=one.id, satisfaction=4)
    assert events == [paid, to_end, closed, rated]
    with desk.work() as unit:
        kept = unit.complaints.get(one.id)
    assert (kept.stage, kept.closing) == (ComplaintStage.CLOSED, Closing.ACCEPTED)
    assert (kept.satisfaction, kept.closed_at) == (4, desk.clock.at)


def test_a_rejected_answer_is_reviewed_by_another_and_then_ruled_on(desk: Desk) -> None:
    """Neither investigator nor accused reviews; a ruling is needed to close, and once is enough."""
    one = decided(desk, SORRY)
    (reviewer,) = desk.users("Sun")
    for person in (one.accused_id, one.investigator_id):
        with pytest.raises(NotIndependent), desk.work() as unit:
            complaints.reject_decision(unit, one.id, "太少", reviewer=person)
    desk.run(complaints.reject_decision, one.id, "太少", reviewer=reviewer)
    desk.run(complaints.propose_response, one.id, Decision.UPHELD, REFUND)
    answered = one.answered_at
    desk.at(9, 9)
    assert desk.run(complaints.communicate_decision, one.id).answered_at == answered
    with pytest.raises(NoSuchStep), desk.work() as unit:
        complaints.reject_decision(unit, one.id, "still", reviewer=reviewer)
    outside = desk.run(complaints.escalate_complaint, one.id, "12315", reference="2026-7")
    assert (outside.external_body, outside.external_reference) == ("12315", "2026-7")
    with pytest.raises(NoSuchStep) as caught, desk.work() as unit:
        complaints.close_complaint(unit, one.id, Closing.RULED)
    assert caught.value.path == "complaint.ruling"
    ruled = desk.run(complaints.note_ruling, one.id, "赔偿", SORRY)
    assert (ruled.ruling, ruled.remedies) == ("赔偿", (SORRY,))
    desk.run(correcting.deliver_remedy, one.id, RemedyKind.APOLOGY)
    assert desk.run(complaints.close_complaint, one.id, Closing.RULED).closing == "ruled"


def test_an_action_that_did_not_work_is_told(desk: Desk) -> None:
    """It is checked by somebody else than its owner, with evidence, also after the end."""
    one = decided(desk)
    desk.run(complaints.close_complaint, one.id, Closing.UNANSWERED)
    owner, checker = one.accused_id, one.investigator_id
    desk.run(correcting.plan_correction, one.id, "培训", owner=owner, check_on=date(2026, 5, 1))
    desk.run(correcting.finish_correction, one.id, "培训")
    evidence = {"effective": False, "evidence": "two leaks in May"}
    with pytest.raises(NotIndependent), desk.work() as unit:
        correcting.check_correction(unit, one.id, "培训", checker=owner, **evidence)
    with desk.work() as unit:
        checked = correcting.check_correction(unit, one.id, "培训", checker=checker, **evidence)
        assert told(unit) == [
            CorrectionChecked(
                complaint_id=one.id, action="培训", is_effective=False, checked_by_id=checker
            )
        ]
    (action,) = checked.corrective_actions
    assert (action.is_effective, action.evidence) == (False, "two leaks in May")


def test_the_last_day_is_counted_in_workdays_and_late_answers_are_found(desk: Desk) -> None:
    """Seven workdays around the Spring Festival, make-up Saturdays included; then it is late."""
    desk.at(12, 10, month=2)
    rule = a_rule(desk)
    with desk.work() as unit:
        one = complaints.receive_complaint(unit, "阀门漏油", ReceivedVia.WEB, rule=rule.id)
        assert told(unit) == [ComplaintReceived(complaint_id=one.id)]
    assert (one.due_on, one.is_provisional) == (date(2026, 2, 28), False)
    received(desk)
    for when, late in [
        (one.due_at - timedelta(milliseconds=1), []),
        (one.due_at, [one.id]),
    ]:
        desk.clock.at = when
        found = desk.run(complaints.overdue_complaints)
        assert [complaint.id for complaint in found] == late
        assert one.is_late(when) == bool(late)
    desk.run(complaints.close_complaint, one.id, Closing.WITHDRAWN)
    assert desk.run(complaints.overdue_complaints) == []


def test_a_decision_is_told_and_stops_the_deadline(desk: Desk) -> None:
    """An answer in time is never late afterwards."""
    one = decided(desk, rule=a_rule(desk).id)
    assert not one.is_late(one.due_at + timedelta(days=90))
    desk.clock.at = one.due_at
    assert desk.run(complaints.overdue_complaints) == []
    desk.run(complaints.reject_decision, one.id, "no", reviewer=desk.users("Sun")[0])
    with desk.work() as unit:
        complaints.propose_response(unit, one.id, Decision.NOT_UPHELD)
        complaints.communicate_decision(unit, one.id)
        decision = ComplaintDecided(complaint_id=one.id, decision=Decision.NOT_UPHELD)
        assert unit.events[-1] == decision


def test_a_provisional_deadline_moves_when_days_are_published(desk: Desk) -> None:
    """It is marked until the days are known, then worked out anew, with an event."""
    desk.at(28, 10, month=12)
    one = received(desk, rule=a_rule(desk).id)
    assert (one.due_on, one.is_provisional) == (date(2027, 1, 6), True)
    with desk.work() as unit:
        assert complaints.redate_complaints(unit) == []
    desk.run(keeping.publish_days, DAYS_OF_2027)
    with desk.work() as unit:
        (moved,) = complaints.redate_complaints(unit)
        assert told(unit) == [
            ComplaintDeadlineMoved(
                complaint_id=one.id,
                from_on=date(2027, 1, 6),
                to_on=date(2027, 1, 7),
                provisional=False,
            )
        ]
    assert (moved.due_on, moved.is_provisional) == (date(2027, 1, 7), False)
    assert desk.run(complaints.redate_complaints) == []


def test_a_complaint_is_tied_to_those_who_live_on(desk: Desk) -> None:
    """Merged customers are followed, and the ticket that it came from is kept."""
    ticket = desk.run(tickets.open_ticket, "漏油", queue=desk.queue.id)
    with desk.work() as unit:
        keep, double = (parties.register_customer(unit, "鲁西科技") for _ in range(2))
        caller = parties.add_contact(unit, "王芳")
        merging.merge_customers(unit, keep.id, double.id)
    one = received(desk, ticket_id=ticket.id)
    tied = desk.run(
        complaints.update_complaint, one.id, customer_id=double.id, complainant_id=caller.id
    )
    assert (tied.customer_id, tied.complainant_id) == (keep.id, caller.id)
    assert tied.ticket_id == ticket.id


def test_wrong_calls_name_the_field(near_desk: Desk) -> None:
    """What follows from steps is not written by hand; unknown rules and fields are named."""
    desk = near_desk
    one = received(desk)
    cases: list[tuple[Callable[[], object], type[CrmkitError], str]] = [
        (lambda: received(desk, stage="closed"), InvalidValue, "complaint.stage"),
        (
            lambda: desk.run(complaints.update_complaint, one.id, decision=Decision.UPHELD),
            InvalidValue,
            "complaint.decision",
        ),
        (lambda: received(desk, colour="red"), UnknownField, "complaint.colour"),
        (lambda: received(desk, rule=one.id), NotFound, "complaint.rule_id"),
        (
            lambda: desk.run(complaints.propose_response, one.id, Decision.UPHELD),
            NoSuchStep,
            "complaint.stage",
        ),
        (
            lambda: desk.run(
                complaints.assess_complaint,
                one.id,
                Severity.MINOR,
                complexity=Complexity.COMPLEX,
                is_safety_matter=True,
            ),
            NoSuchStep,
            "complaint.stage",
        ),
    ]
    for call, error, path in cases:
        with pytest.raises(error) as caught:
            call()
        assert caught.value.path == path
