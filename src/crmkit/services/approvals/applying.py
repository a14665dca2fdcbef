"""Applying: what was held aside takes effect in the work that approves it."""

from typing import Any

from crmkit.domain.access.veils import Level
from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.case import ApprovalStatus
from crmkit.domain.approvals.content import content_hash, content_of
from crmkit.domain.approvals.flow import ApprovalFlow
from crmkit.domain.approvals.telling import ApprovalId, ContentHasChanged
from crmkit.domain.filters.paths import path_to
from crmkit.errors import NotPermitted
from crmkit.ports import Action
from crmkit.services.approvals.routing import record_of
from crmkit.work import UnitOfWork


def case_for(work: UnitOfWork, approval_id: ApprovalId, action: Action) -> Approval:
    """Return a case with which the actor may do something; who may not, and sees none, finds none.

    Raises `NotPermitted` for a case that the actor sees, else `NotFound`.
    """
    approval = work.behind(Approval).get(approval_id)
    try:
        work.permit(action, on=approval)
    except NotPermitted:
        work.approvals.get(approval_id)
        raise
    return approval


def apply_granted(work: UnitOfWork, approval: Approval) -> Approval:
    """Keep an approval; when it was granted, let the changes that it holds take effect.

    Being asked is the right to decide, and the last yes the right to what was asked for.
    """
    cases = work.behind(Approval)
    kept = cases.save(approval) if approval.version else cases.add(approval)
    if kept.status is not ApprovalStatus.APPROVED or kept.changes is None:
        return shown(work, kept)
    record = record_of(work, kept)
    records = work.behind(type(record))
    if kept.is_new:
        records.add(record)
    else:
        records.save(record)
    return shown(work, cases.save(kept.apply(at=work.now)))


def shown(work: UnitOfWork, approval: Approval) -> Approval:
    """Return an approval as the actor sees it, with the content that they see of such a record."""
    spec = work.registry[approval.entity]
    sight = work.sight(spec.cls)
    if sight is None:
        return approval
    seen = {name for name in spec.parts if sight.level_of(path_to(spec, name, {})) >= Level.READ}
    parts = {
        part: {name: value for name, value in written.items() if name in seen}
        for part in ("content", "changes", "base")
        if (written := getattr(approval, part)) is not None
    }
    return work.shown(approval).replaced(**parts)


def must_say_the_same(work: UnitOfWork, flow: ApprovalFlow, approval: Approval) -> Any:
    """Return the record of an approval, or raise `ContentHasChanged` naming the fields."""
    record = record_of(work, approval)
    spec = work.registry[approval.entity]
    now = flow.content_of(spec, record)
    moved = {name for name, value in now.items() if value != approval.content.get(name)}
    if approval.base:
        stored = work.known(spec, approval.record_id)
        is_now = content_of(spec, stored, approval.base)
        moved |= {name for name, was in approval.base.items() if is_now[name] != was}
    if moved or content_hash(now) != approval.content_hash:
        raise ContentHasChanged(
            f"{', '.join(sorted(moved)) or 'the flow'} changed since it was submitted",
            path=f"{approval.entity}.{min(moved, default='')}".rstrip("."),
            fix="send it back, or withdraw and submit again",
        )
    return record
