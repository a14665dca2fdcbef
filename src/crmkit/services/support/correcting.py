"""Putting things right after a complaint: at once, for the complainant, and for good."""

from datetime import date

from crmkit.domain.aggregate import UserId
from crmkit.domain.support.complaint import Complaint
from crmkit.domain.support.complaint_events import ComplaintId
from crmkit.domain.support.complaint_parts import Containment
from crmkit.domain.support.corrections import CorrectiveAction, EffectCheck
from crmkit.domain.support.remedies import RemedyKind
from crmkit.ports import Action
from crmkit.work import UnitOfWork

CONTAIN_COMPLAINT = Action("complaint:contain", "Stop the harm of a complaint", zh="采取临时措施")
DELIVER_REMEDY = Action("complaint:deliver", "Deliver a remedy", zh="兑现补救措施")
PLAN_CORRECTION = Action("complaint:correct", "Plan a corrective action", zh="制定纠正措施")
CHECK_CORRECTION = Action("complaint:check", "Check a corrective action", zh="验证纠正措施")


def contain_complaint(
    work: UnitOfWork, complaint_id: ComplaintId, action: str, *, taken_by: UserId | None = None
) -> Complaint:
    """Note what was done at once so that nothing more happens; in any stage."""
    complaint = work.complaints.get(complaint_id)
    work.permit(CONTAIN_COMPLAINT, on=complaint)
    taken = Containment(action=action, taken_at=work.now, taken_by_id=taken_by)
    return work.complaints.save(complaint.contain(taken))


def deliver_remedy(work: UnitOfWork, complaint_id: ComplaintId, kind: RemedyKind) -> Complaint:
    """Note that the complainant has a remedy that was promised."""
    complaint = work.complaints.get(complaint_id)
    work.permit(DELIVER_REMEDY, on=complaint)
    return work.complaints.save(complaint.deliver(kind, at=work.now))


def plan_correction(
    work: UnitOfWork,
    complaint_id: ComplaintId,
    name: str,
    *,
    owner: UserId | None = None,
    due_on: date | None = None,
    check_on: date | None = None,
) -> Complaint:
    """Plan an action against the root cause, and when to look whether it worked."""
    complaint = work.complaints.get(complaint_id)
    work.permit(PLAN_CORRECTION, on=complaint)
    action = CorrectiveAction(name=name, owner_id=owner, due_on=due_on, check_on=check_on)
    return work.complaints.save(complaint.correct(action))


def finish_correction(work: UnitOfWork, complaint_id: ComplaintId, name: str) -> Complaint:
    """Note that a corrective action is done."""
    complaint = work.complaints.get(complaint_id)
    work.permit(PLAN_CORRECTION, on=complaint)
    return work.complaints.save(complaint.finish_correction(name, at=work.now))


def check_correction(
    work: UnitOfWork,
    complaint_id: ComplaintId,
    name: str,
    *,
    checker: UserId,
    effective: bool,
    evidence: str,
) -> Complaint:
    """Keep whether an action took the cause away, on what evidence, judged by another person."""
    complaint = work.complaints.get(complaint_id)
    work.permit(CHECK_CORRECTION, on=complaint)
    found = EffectCheck(checker=checker, is_effective=effective, evidence=evidence)
    return work.complaints.save(complaint.check_correction(name, found, at=work.now))
