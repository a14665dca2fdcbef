"""Access: what people do about roles, rules, shares, owners and users."""

from crmkit.services.access.explaining import explain, preview_policy_change, who_can
from crmkit.services.access.owning import assign
from crmkit.services.access.policies import apply_policy, current_rules, look_through, tell_apart
from crmkit.services.access.sharing import end_share, share_record, shares_of

__all__ = [
    "apply_policy",
    "assign",
    "current_rules",
    "end_share",
    "explain",
    "look_through",
    "preview_policy_change",
    "share_record",
    "shares_of",
    "tell_apart",
    "who_can",
]
