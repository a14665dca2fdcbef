"""The gatekeeper: says of one step of a record which content must have been approved for it."""

from datetime import datetime, timedelta
from typing import Any

import attrs

from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.case import ApprovalStatus
from crmkit.domain.approvals.content import content_hash
from crmkit.domain.approvals.flow import ApprovalFlow, Gate
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.tree import Filter


@attrs.frozen(kw_only=True)
class Gatekeeper:
    """One flow in force, with its filters read."""

    flow: ApprovalFlow
    spec: EntitySpec
    exit: Filter
    when: Filter

    def content_to_approve(self, before: Any, after: Any) -> str | None:
        """Return the hash that must be approved for this step, None when it is free.

        A record that had taken the step before stays free until it says something else.
        """
        known = before if before is not None and before.deleted_at is None else None
        if self.flow.gate is Gate.REMOVE:
            leaves = known is not None and after.deleted_at is not None
            return self.flow.hash_of(self.spec, after) if leaves and self.is_about(known) else None
        if after.deleted_at is not None or not self.concerns(after):
            return None
        hashed = self.flow.hash_of(self.spec, after)
        was_out = known is not None and matches(self.exit, known)
        if was_out and self.flow.hash_of(self.spec, known) == hashed:
            return None
        return hashed

    def concerns(self, record: Any) -> bool:
        """Say whether a record as it is needs the approval."""
        return matches(self.exit, record) and self.is_about(record)

    def is_about(self, record: Any) -> bool:
        """Say whether the flow is about such a record, wherever it stands."""
        return matches(self.when, record)

    def is_passed_by(self, approval: Approval, hashed: str, *, at: datetime) -> bool:
        """Say whether an approval stands for this content at this time."""
        days = self.flow.valid_days
        granted = approval.closed_at
        return (
            approval.status is ApprovalStatus.APPROVED
            and approval.deleted_at is None
            and approval.flow == self.flow.code
            and approval.content_hash == hashed
            and approval.removes is (self.flow.gate is Gate.REMOVE)
            and granted is not None
            and (days is None or at < granted + timedelta(days=days))
        )

    def hash_of(self, record: Any) -> str:
        """Return the hash of what a record says."""
        return content_hash(self.flow.content_of(self.spec, record))
