"""Delegating: who is away lets another decide, from one day to another (委托)."""

from datetime import datetime

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.delegation import Delegation, DelegationId
from crmkit.ports import Action
from crmkit.services.approvals.people import acting_user
from crmkit.work import UnitOfWork

DELEGATE = Action(
    "delegation:give", "Let another approve in one's place", zh="委托审批", right=Right.CREATE
)
END_DELEGATION = Action("delegation:end", "End a delegation", zh="终止委托", right=Right.EDIT)


def delegate_approvals(
    work: UnitOfWork,
    to: UserId,
    *,
    until: datetime,
    since: datetime | None = None,
    flow: str | None = None,
) -> Delegation:
    """Let another decide in one's place, for the flows of one code or for all."""
    work.permit(DELEGATE)
    work.users.get(to)
    delegation = Delegation(
        id=DelegationId(work.new_id()),
        from_id=acting_user(work).id,
        to_id=to,
        from_at=work.now if since is None else since,
        until_at=until,
        flow=flow,
    )
    return work.delegations.add(delegation)


def end_delegation(work: UnitOfWork, delegation_id: DelegationId) -> Delegation:
    """End a delegation before its time; one that has not begun never does."""
    delegation = work.delegations.get(delegation_id)
    work.permit(END_DELEGATION, on=delegation)
    if work.now <= delegation.from_at:
        return work.delegations.remove(delegation)
    return work.delegations.save(delegation.end(at=work.now))
