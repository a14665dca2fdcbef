"""The collections of approvals."""

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.delegation import Delegation
from crmkit.domain.approvals.flow import ApprovalFlow
from crmkit.work.collection import Collection
from crmkit.work.departments.reaching import Reaching

ENTITIES: tuple[type[Aggregate], ...] = (ApprovalFlow, Approval, Delegation)


class ApprovalRecords(Reaching):
    """The collections of approvals."""

    @property
    def approval_flows(self) -> Collection[ApprovalFlow]:
        """Return the approval flows, an edition each."""
        return self.of(ApprovalFlow)

    @property
    def approvals(self) -> Collection[Approval]:
        """Return the approvals."""
        return self.of(Approval)

    @property
    def delegations(self) -> Collection[Delegation]:
        """Return the delegations."""
        return self.of(Delegation)
