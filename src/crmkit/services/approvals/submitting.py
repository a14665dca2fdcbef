"""Submitting: records, changes held aside, new records and removals, on their way or back."""

from collections.abc import Mapping
from typing import Any, TypeVar

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.case import ApprovalStatus, Route
from crmkit.domain.approvals.content import content_hash, content_of
from crmkit.domain.approvals.flow import ApprovalFlow, Gate
from crmkit.domain.approvals.telling import AlreadySubmitted, ApprovalId
from crmkit.domain.filters.paths import path_to
from crmkit.domain.filters.where import where
from crmkit.domain.working_time import AROUND_THE_CLOCK, WorkingTime
from crmkit.errors import InvalidValue
from crmkit.ports import Action
from crmkit.services.approvals.applying import apply_granted, case_for
from crmkit.services.approvals.flows import flow_of
from crmkit.services.approvals.people import acting_user
from crmkit.services.approvals.routing import record_of, route_for
from crmkit.services.drafting import changed, draft
from crmkit.work import UnitOfWork

A = TypeVar("A", bound=Aggregate)
SUBMIT = Action("approval:submit", "Submit something for approval", zh="提交审批", right=Right.EDIT)
WITHDRAW = Action(
    "approval:withdraw", "Take back what was submitted", zh="撤回审批", right=Right.EDIT
)


def preview_route(work: UnitOfWork, record: Aggregate, flow: str) -> Route:
    """Return whom each node would ask about a record, were it submitted now."""
    return route_for(work, flow_of(work, flow), acting_user(work).id, record)


def submit_for_approval(
    work: UnitOfWork,
    record: Aggregate,
    flow: str,
    *,
    calendar: WorkingTime = AROUND_THE_CLOCK,
) -> Approval:
    """Submit what a record says; what is approved is this content and no other."""
    known = _stored(work, record)
    return _begin(work, flow_of(work, flow), known, calendar=calendar)


def propose_change(
    work: UnitOfWork,
    record: Aggregate,
    flow: str,
    *,
    calendar: WorkingTime = AROUND_THE_CLOCK,
    **changes: Any,
) -> Approval:
    """Hold changes aside; they take effect when they are approved, unless the fields have moved.

    A field that the actor does not see is refused as in a filter.
    """
    known = _stored(work, record)
    spec = work.registry[type(record)]
    for name in changes:
        work.check_asked(path_to(spec, name, work.custom_parts(spec)))
    wanted = changed(known, **changes)
    plain = content_of(spec, wanted, changes)
    base = content_of(spec, known, changes)
    return _begin(work, flow_of(work, flow), wanted, calendar=calendar, changes=plain, base=base)


def propose_record(
    work: UnitOfWork,
    cls: type[Aggregate],
    flow: str,
    *,
    calendar: WorkingTime = AROUND_THE_CLOCK,
    **fields: Any,
) -> Approval:
    """Hold a whole new record aside; it is made when it is approved."""
    work.permit(SUBMIT)
    spec = work.registry[cls]
    wanted = draft(cls, work.new_id(), **fields)
    plain = content_of(spec, wanted, fields)
    return _begin(work, flow_of(work, flow), wanted, calendar=calendar, changes=plain, is_new=True)


def submit_removal(
    work: UnitOfWork,
    record: Aggregate,
    flow: str,
    *,
    calendar: WorkingTime = AROUND_THE_CLOCK,
) -> Approval:
    """Ask for leave to remove a record."""
    known = _stored(work, record)
    found = flow_of(work, flow)
    if found.gate is not Gate.REMOVE:
        raise InvalidValue(f"{flow} is not about removing", path="approval.flow")
    return _begin(work, found, known, calendar=calendar)


def resubmit(
    work: UnitOfWork,
    approval_id: ApprovalId,
    *,
    calendar: WorkingTime = AROUND_THE_CLOCK,
) -> Approval:
    """Submit again what came back, as the record is now."""
    approval = case_for(work, approval_id, SUBMIT)
    flow = work.behind(ApprovalFlow).get(approval.flow_id)
    user = acting_user(work)
    record = record_of(work, approval)
    said = _as_now(work, flow, approval, record)
    route = route_for(work, flow, user.id, record, calendar=calendar)
    return apply_granted(work, said.resubmit(flow, route, by=user.id, at=work.now))


def withdraw_approval(work: UnitOfWork, approval_id: ApprovalId) -> Approval:
    """Take back what was submitted, as far as the flow lets it."""
    approval = case_for(work, approval_id, WITHDRAW)
    flow = work.behind(ApprovalFlow).get(approval.flow_id)
    user = acting_user(work)
    return apply_granted(work, approval.withdraw(flow, by=user.id, at=work.now))


def _as_now(
    work: UnitOfWork, flow: ApprovalFlow, approval: Approval, record: Aggregate
) -> Approval:
    """Return an approval of what the record says by now, over the values that it has by now."""
    spec = work.registry[approval.entity]
    content = flow.content_of(spec, record)
    now = approval.evolve(content=content, content_hash=content_hash(content))
    if approval.base is None:
        return now
    stored = work.known(spec, approval.record_id)
    return now.evolve(base=content_of(spec, stored, approval.base))


def _stored(work: UnitOfWork, record: A) -> A:
    """Return a record that the actor sees, whole, whatever is veiled for them."""
    seen = work.of(type(record)).get(record.id)
    work.permit(SUBMIT, on=seen)
    return work.behind(type(record)).get(record.id)


def _begin(
    work: UnitOfWork,
    flow: ApprovalFlow,
    record: Any,
    *,
    calendar: WorkingTime,
    changes: Mapping[str, Any] | None = None,
    base: Mapping[str, Any] | None = None,
    is_new: bool = False,
) -> Approval:
    spec = work.registry[type(record)]
    user = acting_user(work)
    _check(work, flow, record)
    if not is_new:
        work.hold(record)
    content = flow.content_of(spec, record)
    approval = Approval(
        id=ApprovalId(work.new_id()),
        flow_id=flow.id,
        flow=flow.code,
        entity=spec.name,
        record_id=record.id,
        submitter_id=user.id,
        submitted_at=work.now,
        content=content,
        content_hash=content_hash(content),
        changes=changes,
        base=base,
        is_new=is_new,
        removes=flow.gate is Gate.REMOVE,
        owner_id=user.id,
    )
    route = route_for(work, flow, user.id, record, calendar=calendar)
    return apply_granted(work, approval.submit(flow, route))


def _check(work: UnitOfWork, flow: ApprovalFlow, record: Aggregate) -> None:
    """Refuse a record of another entity, and one that is under way already."""
    if work.registry[type(record)].name != flow.entity:
        raise InvalidValue(f"{flow.code} is about {flow.entity}", path="approval.flow")
    approval = where(Approval)
    under_way = approval.status.in_([ApprovalStatus.PENDING, ApprovalStatus.RETURNED])
    same = approval.record_id.eq(record.id) & approval.flow.eq(flow.code)
    if work.behind(Approval).exists(same & under_way):
        raise AlreadySubmitted(
            f"is under way through {flow.code}",
            path="approval.record_id",
            fix="withdraw that approval first",
        )
