"""Flows: defined as data, checked, published in editions, retired."""

from typing import Any

from crmkit.domain.access.acting import Right
from crmkit.domain.approvals.content import content_fields
from crmkit.domain.approvals.flow import ApprovalFlow, ApprovalFlowId
from crmkit.domain.approvals.node import ALWAYS
from crmkit.domain.approvals.people import ApproverKind
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.as_json import FilterReader
from crmkit.domain.filters.tree import Exists, Filter
from crmkit.domain.filters.where import where
from crmkit.domain.named_kinds import Identity
from crmkit.errors import InvalidFilter, InvalidSettings, NotFound
from crmkit.ports import Action
from crmkit.services.approvals.soundness import look_at_conditions
from crmkit.services.conditions import Condition, plain_condition
from crmkit.services.drafting import draft
from crmkit.work import UnitOfWork

PUBLISH_FLOW = Action(
    "approval_flow:publish", "Publish an approval flow", zh="发布审批流程", right=Right.CREATE
)
RETIRE_FLOW = Action(
    "approval_flow:retire", "Retire an approval flow", zh="停用审批流程", right=Right.EDIT
)


def publish_flow(
    work: UnitOfWork,
    code: str,
    entity: str,
    *,
    exit: Condition = ALWAYS,  # noqa: A002 - the word of the trade for a way out
    when: Condition = ALWAYS,
    **parts: Any,
) -> ApprovalFlow:
    """Publish the first edition of a flow; `parts` are any others of `ApprovalFlow`.

    Raises what `check_flow` raises, and `Duplicate` when the code is taken.
    """
    work.permit(PUBLISH_FLOW)
    flow = draft(
        ApprovalFlow,
        ApprovalFlowId(work.new_id()),
        code=code,
        entity=work.registry[entity].name,
        exit=plain_condition(work, entity, exit),
        when=plain_condition(work, entity, when),
        **parts,
    )
    check_flow(work, flow)
    return work.approval_flows.add(flow.publish(at=work.now))


def revise_flow(work: UnitOfWork, code: str, **changes: Any) -> ApprovalFlow:
    """Publish another edition; cases that run stay with theirs until somebody migrates them."""
    current = flow_of(work, code)
    work.permit(PUBLISH_FLOW, on=current)
    for name in changes.keys() & {"exit", "when"}:
        changes[name] = plain_condition(work, current.entity, changes[name])
    kept = {name: getattr(current, name) for name in _EDITABLE if name not in changes}
    revised = ApprovalFlow(
        id=ApprovalFlowId(work.new_id()),
        code=code,
        number=current.number + 1,
        entity=current.entity,
        **kept,
        **changes,
    )
    check_flow(work, revised)
    work.approval_flows.save(current.retire(at=work.now))
    return work.approval_flows.add(revised.publish(at=work.now))


def retire_flow(work: UnitOfWork, code: str) -> ApprovalFlow:
    """Let nothing need the approval any more; cases that run can still be decided."""
    flow = flow_of(work, code)
    work.permit(RETIRE_FLOW, on=flow)
    return work.approval_flows.save(flow.retire(at=work.now))


def flow_of(work: UnitOfWork, code: str) -> ApprovalFlow:
    """Return the edition of a code that is in force, or raise `NotFound`."""
    flow = where(ApprovalFlow)
    found = work.behind(ApprovalFlow).first(flow.code.eq(code) & flow.retired_at.is_none())
    if found is None or not found.is_in_force:
        raise NotFound(f"no flow {code!r} is in force", path="approval_flow.code")
    work.guard(found)
    return found


def flows_of(work: UnitOfWork, entity: str) -> list[ApprovalFlow]:
    """Return the flows in force for an entity, by code."""
    flow = where(ApprovalFlow)
    found = work.approval_flows.find(
        flow.entity.eq(work.registry[entity].name) & flow.retired_at.is_none(),
        order=[flow.code.asc()],
    )
    return [one for one in found if one.is_in_force]


def check_flow(work: UnitOfWork, flow: ApprovalFlow) -> None:
    """Raise what is wrong with a flow: unknown fields, conditions that cannot be meant, no content.

    A condition of a flow looks at the record alone, since the step of the record is judged by it.
    """
    spec = work.registry[flow.entity]
    reader = FilterReader(work.registry, work.custom_parts)
    conditions = {"exit": flow.exit, "when": flow.when}
    conditions |= {f"nodes.{node.name}.when": node.when for node in flow.nodes}
    for path, written in conditions.items():
        _look_at_the_record_alone(reader.read(spec, dict(written)), path)
    for name in (*flow.moves, *flow.content):
        spec.part(name)
    for node in flow.nodes:
        for rule in (*node.approvers, *node.copies):
            if rule.kind is ApproverKind.FIELD:
                _must_name_a_user(spec, rule.field or "", f"nodes.{node.name}.approvers")
    if not content_fields(spec, only=flow.content, but=flow.moves):
        raise InvalidSettings("nothing is left to approve", path="approval_flow.moves")
    for finding in look_at_conditions(work, flow):
        if finding.is_fault:
            raise InvalidSettings(finding.message, path=finding.path, fix=finding.fix)


def _look_at_the_record_alone(filter_: Filter, path: str) -> None:
    if isinstance(filter_, Exists):
        raise InvalidFilter("looks at other records", path=path, fix="ask of the record alone")
    inner = getattr(filter_, "part", None)
    for part in (inner,) if inner is not None else getattr(filter_, "parts", ()):
        _look_at_the_record_alone(part, path)


def _must_name_a_user(spec: EntitySpec, field: str, path: str) -> None:
    kind = spec.part(field).kind
    if not isinstance(kind, Identity) or kind.target != "user":
        raise InvalidSettings(f"{field} names no user", path=path, fix="choose another field")


_EDITABLE = (
    "labels",
    "gate",
    "exit",
    "when",
    "moves",
    "content",
    "nodes",
    "withdrawal",
    "repeats",
    "adds_signers",
    "asks_why",
    "valid_days",
    "owner_id",
    "tags",
)
