"""Approvals: flows are published, records submitted, decisions made, and kept moving."""

from crmkit.services.approvals.batches import Decided, decide_many
from crmkit.services.approvals.deciding import (
    add_signer,
    approvals_waiting_for,
    approve,
    reject,
    send_back,
)
from crmkit.services.approvals.delegating import delegate_approvals, end_delegation
from crmkit.services.approvals.flows import (
    check_flow,
    flows_of,
    publish_flow,
    retire_flow,
    revise_flow,
)
from crmkit.services.approvals.keeping_up import (
    escalate_late_approvals,
    migrate_approval,
    void_approval,
)
from crmkit.services.approvals.soundness import look_through_flow
from crmkit.services.approvals.submitting import (
    preview_route,
    propose_change,
    propose_record,
    resubmit,
    submit_for_approval,
    submit_removal,
    withdraw_approval,
)

__all__ = [
    "Decided",
    "add_signer",
    "approvals_waiting_for",
    "approve",
    "check_flow",
    "decide_many",
    "delegate_approvals",
    "end_delegation",
    "escalate_late_approvals",
    "flows_of",
    "look_through_flow",
    "migrate_approval",
    "preview_route",
    "propose_change",
    "propose_record",
    "publish_flow",
    "reject",
    "resubmit",
    "retire_flow",
    "revise_flow",
    "send_back",
    "submit_for_approval",
    "submit_removal",
    "void_approval",
    "withdraw_approval",
]
