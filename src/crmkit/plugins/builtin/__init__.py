"""What crmkit itself does through its own hooks; each can be replaced or disabled by its name."""

from crmkit.plugins.builtin.base_currency import BaseCurrency
from crmkit.plugins.builtin.change_words import ChangeWords
from crmkit.plugins.builtin.china_business import ChinaBusiness
from crmkit.plugins.builtin.estimates import SecurityReviews, StandardEstimates
from crmkit.plugins.builtin.follow_up import FollowUps
from crmkit.plugins.builtin.numbering import YearlyNumbers
from crmkit.plugins.builtin.sla_alarms import SlaAlarms

BUILTIN: tuple[type[object], ...] = (YearlyNumbers, ChangeWords, StandardEstimates)
"""Those that every CRM has; the others are given to `CRM.open(plugins=[...])`."""

__all__ = [
    "BUILTIN",
    "BaseCurrency",
    "ChangeWords",
    "ChinaBusiness",
    "FollowUps",
    "SecurityReviews",
    "SlaAlarms",
    "StandardEstimates",
    "YearlyNumbers",
]
