"""Deciding: those who are asked say yes or no, send back, or ask one more."""

from collections.abc import Iterable

from crmkit.domain.access.acting import Right
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.case import Decision
from crmkit.domain.approvals.delegation import Delegation
from crmkit.domain.approvals.flow import ApprovalFlow
from crmkit.domain.approvals.step import Place
from crmkit.domain.approvals.telling import ApprovalId
from crmkit.domain.filters.where import where
from crmkit.domain.working_time import AROUND_THE_CLOCK, WorkingTime
from crmkit.ports import Action
from crmkit.services.approvals.applying import apply_granted, case_for, must_say_the_same, shown
from crmkit.services.approvals.people import acting_user, delegations_to, may_decide_for
from crmkit.services.approvals.routing import record_of, route_for
from crmkit.work import UnitOfWork

DECIDE = Action("approval:decide", "Decide on what was submitted", zh="审批", right=Right.APPROVE)


def approve(
    work: UnitOfWork,
    approval_id: ApprovalId,
    *,
    comment: str | None = None,
    calendar: WorkingTime = AROUND_THE_CLOCK,
) -> Approval:
    """Say yes, for oneself or for who has delegated; the last yes lets held changes take effect.

    Refused when the record says something else than what was submitted.
    """
    approval, flow, said = _before(work, approval_id, comment)
    approval.my_task(flow, said)
    record = must_say_the_same(work, flow, approval)
    route = route_for(work, flow, approval.submitter_id, record, calendar=calendar)
    return apply_granted(work, approval.approve(flow, said, route))


def reject(work: UnitOfWork, approval_id: ApprovalId, *, comment: str | None = None) -> Approval:
    """Say no."""
    approval, flow, said = _before(work, approval_id, comment)
    return apply_granted(work, approval.reject(flow, said))


def send_back(
    work: UnitOfWork,
    approval_id: ApprovalId,
    *,
    to: str | None = None,
    comment: str | None = None,
    calendar: WorkingTime = AROUND_THE_CLOCK,
) -> Approval:
    """Send back to an earlier node, or to the submitter, who may submit again (退回)."""
    approval, flow, said = _before(work, approval_id, comment)
    record = record_of(work, approval)
    route = route_for(work, flow, approval.submitter_id, record, calendar=calendar)
    return apply_granted(work, approval.send_back(flow, said, route, node=to))


def add_signer(
    work: UnitOfWork,
    approval_id: ApprovalId,
    user_id: UserId,
    *,
    place: Place = Place.BEFORE,
    comment: str | None = None,
) -> Approval:
    """Ask one more, who decides before oneself or after (加签)."""
    approval, flow, said = _before(work, approval_id, comment)
    work.behind(User).get(user_id)
    return apply_granted(work, approval.add_signer(flow, said, user_id, place=place))


def approvals_waiting_for(work: UnitOfWork, user_id: UserId | None = None) -> list[Approval]:
    """Return what waits for a user, or for who has delegated to them; oldest first.

    Who is asked sees it; of what waits for others one sees the approvals that one sees anyway.
    """
    user = acting_user(work).id if user_id is None else user_id
    running = delegations_to(work, user)
    people = {str(user), *(str(one.from_id) for one in running)}
    asked = where(Approval)
    cases = work.behind(Approval) if user_id is None else work.of(Approval)
    found = cases.find(asked.waiting_for.has_any(people), order=[asked.id.asc()])
    return [shown(work, one) for one in found if _is_for(one, user, running)]


def _is_for(approval: Approval, user: UserId, running: Iterable[Delegation]) -> bool:
    people = {user, *(one.from_id for one in running if one.flow in (None, approval.flow))}
    return not people.isdisjoint(approval.step.waiting_for)


def _before(
    work: UnitOfWork, approval_id: ApprovalId, comment: str | None
) -> tuple[Approval, ApprovalFlow, Decision]:
    approval = case_for(work, approval_id, DECIDE)
    flow = work.behind(ApprovalFlow).get(approval.flow_id)
    user = acting_user(work).id
    users = may_decide_for(work, user, flow.code)
    return approval, flow, Decision(by=user, users=users, at=work.now, comment=comment)
