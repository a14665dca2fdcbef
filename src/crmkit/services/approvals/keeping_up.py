"""Keeping up: late approvals escalate, running ones move to another edition, granted ones end."""

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.case import ApprovalStatus, Route
from crmkit.domain.approvals.flow import ApprovalFlow
from crmkit.domain.approvals.node import WhenLate
from crmkit.domain.approvals.telling import ApprovalId
from crmkit.domain.filters.where import where
from crmkit.domain.working_time import AROUND_THE_CLOCK, WorkingTime
from crmkit.errors import NotFound, RuleBroken
from crmkit.ports import Action
from crmkit.services.approvals.applying import apply_granted, case_for, must_say_the_same
from crmkit.services.approvals.flows import flow_of
from crmkit.services.approvals.people import UserDirectory, acting_user
from crmkit.services.approvals.routing import route_for
from crmkit.work import UnitOfWork

ESCALATE = Action(
    "approval:escalate", "Escalate late approvals", zh="升级超时审批", right=Right.APPROVE
)
MIGRATE = Action(
    "approval:migrate", "Move an approval to another edition", zh="迁移审批", right=Right.EDIT
)
VOID = Action("approval:void", "Let an approval count no more", zh="作废审批", right=Right.EDIT)


def escalate_late_approvals(
    work: UnitOfWork, *, limit: int = 100, calendar: WorkingTime = AROUND_THE_CLOCK
) -> list[Approval]:
    """Do with approvals that are late what their flow says; returns them, the latest first.

    One that would pass, of a record that is gone or says something else by now, goes back to its
    submitter, with the reason.
    """
    work.permit(ESCALATE)
    one = where(Approval)
    late = one.status.eq(ApprovalStatus.PENDING) & one.due_at.le(work.now)
    found = work.behind(Approval).find(late, order=[one.due_at.asc()], limit=limit)
    return [_escalate(work, approval, calendar) for approval in found]


def migrate_approval(
    work: UnitOfWork,
    approval_id: ApprovalId,
    *,
    node: str | None = None,
    calendar: WorkingTime = AROUND_THE_CLOCK,
) -> Approval:
    """Let a running approval go by the edition in force, asking anew at the node it stands at.

    `node` names another one to go on at, where the new edition has no node of the same name.
    """
    approval = case_for(work, approval_id, MIGRATE)
    flow = flow_of(work, approval.flow)
    record = must_say_the_same(work, flow, approval)
    route = route_for(work, flow, approval.submitter_id, record, calendar=calendar)
    target = approval.step.node if node is None else node
    moved = approval.migrate(flow, route, node=target, by=acting_user(work).id, at=work.now)
    return apply_granted(work, moved)


def void_approval(
    work: UnitOfWork, approval_id: ApprovalId, *, comment: str | None = None
) -> Approval:
    """Let what was approved count no more; steps that were taken by it stay taken."""
    approval = case_for(work, approval_id, VOID)
    voided = approval.void(by=acting_user(work).id, at=work.now, comment=comment)
    return apply_granted(work, voided)


def _escalate(work: UnitOfWork, approval: Approval, calendar: WorkingTime) -> Approval:
    flow = work.behind(ApprovalFlow).get(approval.flow_id)
    route: Route = ()
    if flow.node(approval.step.node).late is WhenLate.PASS:
        try:
            record = must_say_the_same(work, flow, approval)
            route = route_for(work, flow, approval.submitter_id, record, calendar=calendar)
        except (RuleBroken, NotFound) as obstacle:
            return apply_granted(work, approval.give_back(at=work.now, comment=str(obstacle)))
    superiors = _superiors(work, approval.step.waiting_for)
    return apply_granted(work, approval.escalate(flow, route, superiors, at=work.now))


def _superiors(work: UnitOfWork, users: tuple[UserId, ...]) -> dict[UserId, UserId]:
    people = UserDirectory(work)
    above = {user: people.manager_of(user) for user in users}
    return {
        user: superior
        for user, superior in above.items()
        if superior is not None and people.is_there(superior)
    }
