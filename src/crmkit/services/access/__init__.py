"""Access: what people do about roles, rules, shares, owners and users."""

from crmkit.services.access.explaining import explain, preview_policy_change, who_can
from crmkit.services.access.owning import assign
from crmkit.services.access.policies import apply_policy, current_rules, look_through, tell_apart
from crmkit.services.access.sharing import end_share, share_record, shares_of
from crmkit.services.access.users import (
    activate_user,
    add_user,
    change_roles,
    deactivate_user,
    move_unit,
    seats_taken,
)

__all__ = [
    "activate_user",
    "add_user",
    "apply_policy",
    "assign",
    "change_roles",
    "current_rules",
    "deactivate_user",
    "end_share",
    "explain",
    "look_through",
    "move_unit",
    "preview_policy_change",
    "seats_taken",
    "share_record",
    "shares_of",
    "tell_apart",
    "who_can",
]
