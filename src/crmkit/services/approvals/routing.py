"""Routes: whom each node of a flow asks about one record, as things are now."""

from collections.abc import Mapping
from typing import Any

from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.case import Route
from crmkit.domain.approvals.flow import ApprovalFlow
from crmkit.domain.approvals.node import Stop
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.as_json import FilterReader
from crmkit.domain.filters.matching import matches
from crmkit.domain.working_time import AROUND_THE_CLOCK, WorkingTime
from crmkit.services.approvals.people import UserDirectory
from crmkit.work import UnitOfWork


def route_for(
    work: UnitOfWork,
    flow: ApprovalFlow,
    submitter: UserId,
    record: Any,
    *,
    calendar: WorkingTime = AROUND_THE_CLOCK,
) -> Route:
    """Return the stops of a record, or raise `NobodyCanApprove` naming the node."""
    spec = work.registry[flow.entity]
    reader = FilterReader(work.registry, work.custom_parts)
    people = UserDirectory(work)
    stops: list[Stop] = []
    for node in flow.nodes:
        if not matches(reader.read(spec, dict(node.when)), record):
            stops.append(Stop(node=node, applies=False))
            continue
        span = node.late_span
        due_at = None if span is None else calendar.add(work.now, span).at
        stops.append(node.ask(submitter, record, people, due_at=due_at))
    return stops


def record_of(work: UnitOfWork, approval: Approval) -> Any:
    """Return the record that an approval is about, with the changes that are held aside."""
    spec = work.registry[approval.entity]
    if approval.is_new:
        return spec.cls(id=approval.record_id, **revived(spec, approval.changes or {}))
    cls: type[Aggregate] = spec.cls
    record = work.behind(cls).get(approval.record_id)
    return with_changes(spec, record, approval.changes)


def with_changes(spec: EntitySpec, record: Any, changes: Mapping[str, Any] | None) -> Any:
    """Return a record with plain changes made."""
    return record.evolve(**revived(spec, changes)) if changes else record


def revived(spec: EntitySpec, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that plain JSON stands for, checked."""
    return {
        name: None if value is None else spec.part(name).kind.revive(value, name)
        for name, value in plain.items()
    }
