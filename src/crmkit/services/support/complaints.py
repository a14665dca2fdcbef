"""Complaints: from the first call to the end, step by step, and their deadline."""

from typing import Any, Final

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import UserId
from crmkit.domain.calendars.calendar import CalendarId
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.where import where
from crmkit.domain.support.complaint import Complaint
from crmkit.domain.support.complaint_events import ComplaintId
from crmkit.domain.support.complaint_parts import (
    Complexity,
    Decision,
    ReceivedVia,
    Severity,
)
from crmkit.domain.support.complaint_rule import ComplaintRule, ComplaintRuleId
from crmkit.domain.support.complaint_stages import OPEN_STAGES, Closing
from crmkit.domain.support.remedies import Remedy
from crmkit.errors import InvalidValue, NotFound
from crmkit.ports import Action
from crmkit.services.calendars.keeping import business_calendar
from crmkit.services.drafting import changed, draft
from crmkit.services.parties import find_contact, find_customer
from crmkit.services.support.tickets import find_ticket
from crmkit.work import UnitOfWork

DEFINE_COMPLAINT_RULE = Action(
    "complaint_rule:define",
    "Define a deadline for complaints",
    zh="定义投诉时限",
    right=Right.CREATE,
)
RECEIVE_COMPLAINT = Action(
    "complaint:receive", "Take in a complaint", zh="接收投诉", right=Right.CREATE
)
UPDATE_COMPLAINT = Action("complaint:update", "Change a complaint", zh="修改投诉", right=Right.EDIT)
ACCUSE_IN_COMPLAINT = Action(
    "complaint:accuse", "Name whom a complaint is about", zh="登记被投诉人"
)
REGISTER_COMPLAINT = Action("complaint:register", "Register a complaint", zh="登记投诉")
ACKNOWLEDGE_COMPLAINT = Action(
    "complaint:acknowledge", "Acknowledge a complaint", zh="确认收到投诉"
)
ASSESS_COMPLAINT = Action("complaint:assess", "Assess a complaint", zh="评估投诉")
INVESTIGATE_COMPLAINT = Action(
    "complaint:investigate", "Let a complaint be investigated", zh="调查投诉"
)
PROPOSE_RESPONSE = Action("complaint:propose", "Propose the answer to a complaint", zh="拟定答复")
COMMUNICATE_DECISION = Action("complaint:communicate", "Tell the decision", zh="告知处理决定")
REVIEW_COMPLAINT = Action("complaint:review", "Let a decision be reviewed", zh="复核投诉")
ESCALATE_COMPLAINT = Action("complaint:escalate", "Take a complaint outside", zh="转外部处理")
CLOSE_COMPLAINT = Action("complaint:close", "Close a complaint", zh="关闭投诉")
RATE_COMPLAINT = Action("complaint:rate", "Keep how content a complainant is", zh="登记投诉满意度")
REDATE_COMPLAINTS = Action("complaint:redate", "Work out deadlines anew", zh="重新计算投诉时限")

_TOLD: Final = frozenset(
    {"subject", "via", "description", "complainant_id", "customer_id", "product_id", "ticket_id"}
    | {"sought", "vulnerability", "owner_id", "tags", "custom"}
)
_BY_DEEDS: Final = frozenset(spec_of(Complaint).parts) - _TOLD
"""Fields of a complaint that follow from what is done with it."""


def define_complaint_rule(
    work: UnitOfWork, name: str, calendar: CalendarId, *, days: int, **fields: Any
) -> ComplaintRule:
    """Define until when complaints are answered; `fields` are any others of `ComplaintRule`."""
    work.permit(DEFINE_COMPLAINT_RULE)
    work.calendars.get(calendar)
    rule_id = ComplaintRuleId(work.new_id())
    return work.complaint_rules.add(
        draft(ComplaintRule, rule_id, name=name, calendar_id=calendar, days=days, **fields)
    )


def receive_complaint(
    work: UnitOfWork,
    subject: str,
    via: ReceivedVia,
    *,
    rule: ComplaintRuleId | None = None,
    **fields: Any,
) -> Complaint:
    """Take in a complaint; `fields` are what else was told. A rule says until when to answer."""
    work.permit(RECEIVE_COMPLAINT)
    told = _told(work, fields)
    new = draft(Complaint, ComplaintId(work.new_id()), subject=subject, via=via, **told)
    received = new.evolve(rule_id=rule).receive(at=work.now)
    return work.complaints.add(_dated(work, received))


def update_complaint(work: UnitOfWork, complaint_id: ComplaintId, **fields: Any) -> Complaint:
    """Change what was told with a complaint."""
    complaint = work.complaints.get(complaint_id)
    work.permit(UPDATE_COMPLAINT, on=complaint)
    return work.complaints.save(changed(complaint, **_told(work, fields)))


def name_accused(work: UnitOfWork, complaint_id: ComplaintId, accused: UserId) -> Complaint:
    """Name the colleague whom a complaint is about; such a one neither investigates nor reviews."""
    complaint = work.complaints.get(complaint_id)
    work.permit(ACCUSE_IN_COMPLAINT, on=complaint)
    return work.complaints.save(complaint.accuse(accused))


def register_complaint(
    work: UnitOfWork, complaint_id: ComplaintId, number: str | None = None
) -> Complaint:
    """Give a complaint its number and a place in the register."""
    complaint = work.complaints.get(complaint_id)
    work.permit(REGISTER_COMPLAINT, on=complaint)
    return work.complaints.save(complaint.register(number or complaint.number))


def acknowledge_complaint(work: UnitOfWork, complaint_id: ComplaintId) -> Complaint:
    """Note that the complainant was told that it has arrived."""
    complaint = work.complaints.get(complaint_id)
    work.permit(ACKNOWLEDGE_COMPLAINT, on=complaint)
    return work.complaints.save(complaint.acknowledge(at=work.now))


def assess_complaint(
    work: UnitOfWork,
    complaint_id: ComplaintId,
    severity: Severity,
    *,
    complexity: Complexity = Complexity.SIMPLE,
    is_safety_matter: bool = False,
) -> Complaint:
    """Say how grave and how hard a complaint is, and whether somebody may come to harm."""
    complaint = work.complaints.get(complaint_id)
    work.permit(ASSESS_COMPLAINT, on=complaint)
    return work.complaints.save(
        complaint.assess(severity, complexity, is_safety_matter=is_safety_matter)
    )


def investigate_complaint(
    work: UnitOfWork, complaint_id: ComplaintId, investigator: UserId
) -> Complaint:
    """Let somebody look into a complaint; `NotIndependent` when it is about them."""
    complaint = work.complaints.get(complaint_id)
    work.permit(INVESTIGATE_COMPLAINT, on=complaint)
    return work.complaints.save(complaint.investigate(investigator))


def note_findings(
    work: UnitOfWork, complaint_id: ComplaintId, findings: str, *, root_cause: str | None = None
) -> Complaint:
    """Keep what was found, and what lies behind it."""
    complaint = work.complaints.get(complaint_id)
    work.permit(INVESTIGATE_COMPLAINT, on=complaint)
    return work.complaints.save(complaint.note_findings(findings, root_cause))


def propose_response(
    work: UnitOfWork, complaint_id: ComplaintId, decision: Decision, *remedies: Remedy
) -> Complaint:
    """Have an answer ready, with its remedies; what the investigator or the reviewer found."""
    complaint = work.complaints.get(complaint_id)
    work.permit(PROPOSE_RESPONSE, on=complaint)
    return work.complaints.save(complaint.propose(decision, remedies))


def communicate_decision(work: UnitOfWork, complaint_id: ComplaintId) -> Complaint:
    """Note that the complainant was told the decision; this is what the deadline asks for."""
    complaint = work.complaints.get(complaint_id)
    work.permit(COMMUNICATE_DECISION, on=complaint)
    return work.complaints.save(complaint.communicate(at=work.now))


def reject_decision(
    work: UnitOfWork, complaint_id: ComplaintId, reason: str, *, reviewer: UserId
) -> Complaint:
    """Let somebody else review a decision that the complainant does not accept; once."""
    complaint = work.complaints.get(complaint_id)
    work.permit(REVIEW_COMPLAINT, on=complaint)
    return work.complaints.save(complaint.reject(reason, reviewer))


def escalate_complaint(
    work: UnitOfWork, complaint_id: ComplaintId, body: str, *, reference: str | None = None
) -> Complaint:
    """Note that a complaint went to a body outside, under its reference there."""
    complaint = work.complaints.get(complaint_id)
    work.permit(ESCALATE_COMPLAINT, on=complaint)
    return work.complaints.save(complaint.escalate(body, reference))


def note_ruling(
    work: UnitOfWork, complaint_id: ComplaintId, ruling: str, *remedies: Remedy
) -> Complaint:
    """Keep what the body outside ruled; the remedies are those that it orders."""
    complaint = work.complaints.get(complaint_id)
    work.permit(ESCALATE_COMPLAINT, on=complaint)
    return work.complaints.save(complaint.take_ruling(ruling, remedies))


def close_complaint(work: UnitOfWork, complaint_id: ComplaintId, closing: Closing) -> Complaint:
    """Close a complaint; `RemedyNotDelivered` while something is owed."""
    complaint = work.complaints.get(complaint_id)
    work.permit(CLOSE_COMPLAINT, on=complaint)
    return work.complaints.save(complaint.close(closing, at=work.now))


def rate_complaint(
    work: UnitOfWork, complaint_id: ComplaintId, satisfaction: int, *, comment: str | None = None
) -> Complaint:
    """Keep how content the complainant is with how it was handled: 1 to 5, once, after the end."""
    complaint = work.complaints.get(complaint_id)
    work.permit(RATE_COMPLAINT, on=complaint)
    return work.complaints.save(complaint.rate(satisfaction, comment))


def overdue_complaints(work: UnitOfWork, *, limit: int = 100) -> list[Complaint]:
    """Return the open complaints whose answer is late, the oldest deadline first."""
    complaint = where(Complaint)
    late = complaint.due_at.le(work.now) & complaint.answered_at.is_none()
    unanswered = complaint.stage.in_(OPEN_STAGES) & late
    return work.complaints.find(unanswered, order=[complaint.due_at.asc()], limit=limit)


def redate_complaints(work: UnitOfWork) -> list[Complaint]:
    """Work out the provisional deadlines anew, as after days were published; return those moved."""
    work.permit(REDATE_COMPLAINTS)
    complaint = where(Complaint)
    unsure = complaint.is_provisional.eq(True)  # noqa: FBT003 - the value compared with
    open_ones = work.complaints.find(unsure & complaint.answered_at.is_none())
    pairs = [(one, _dated(work, one)) for one in open_ones if one.stage.is_open]
    return work.complaints.save_many(new for old, new in pairs if new is not old)


def _dated(work: UnitOfWork, complaint: Complaint) -> Complaint:
    if complaint.rule_id is None or complaint.received_at is None:
        return complaint
    rule = work.complaint_rules.first(where(ComplaintRule).id.eq(complaint.rule_id))
    if rule is None:
        raise NotFound(f"there is no rule {complaint.rule_id}", path="complaint.rule_id")
    calendar = business_calendar(work, rule.calendar_id)
    return complaint.fall_due(rule.answer_by(complaint.received_at, calendar))


def _told(work: UnitOfWork, fields: dict[str, Any]) -> dict[str, Any]:
    """Return what was told, with people whose records were merged by the ids that live on."""
    for name in sorted(fields.keys() & _BY_DEEDS):
        raise InvalidValue(
            "follows from what is done with the complaint",
            path=f"complaint.{name}",
            fix="use the service for it, such as assess_complaint",
        )
    if fields.get("customer_id") is not None:
        fields["customer_id"] = find_customer(work, fields["customer_id"]).id
    if fields.get("complainant_id") is not None:
        fields["complainant_id"] = find_contact(work, fields["complainant_id"]).id
    if fields.get("ticket_id") is not None:
        fields["ticket_id"] = find_ticket(work, fields["ticket_id"]).id
    return fields
