"""Approval requirements: who must say yes to prices, and why, in figures."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

import attrs

from crmkit.domain.kinds import Text
from crmkit.domain.sales.millionths import short
from crmkit.errors import RuleBroken


class ApprovalRule(StrEnum):
    """Which rule asks for an approval."""

    DISCOUNT = "discount"
    FLOOR = "floor"
    CREDIT = "credit"


RULE_LABELS: Final[Mapping[ApprovalRule, Mapping[str, str]]] = {
    ApprovalRule.DISCOUNT: {"en": "Discount beyond authority", "zh": "折扣超出权限"},
    ApprovalRule.FLOOR: {"en": "Price below the floor", "zh": "低于底价"},
    ApprovalRule.CREDIT: {"en": "Beyond the credit limit", "zh": "超出信用额度"},
}


class NotYetApproved(RuleBroken):
    """What the quote says needs an approval that it does not have."""


@attrs.frozen(kw_only=True)
class ApprovalRequirement:
    """One approval that is needed: by a role, under a rule, with the limit and the actual figure.

    `lines` are the keys of all lines at fault, the worst first; the figures are those of the worst.
    """

    rule: ApprovalRule
    role: Annotated[str, Text(max_length=100)]
    limit: Decimal
    actual: Decimal
    lines: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Say in one sentence why somebody must approve."""
        if self.rule is ApprovalRule.CREDIT:
            return f"beyond the credit limit of the customer: asks {self.role}"
        first, *others = self.lines
        line = f"line {first} and {len(others)} more" if others else f"line {first}"
        actual, limit = short(self.actual), short(self.limit)
        if self.rule is ApprovalRule.DISCOUNT:
            return f"{actual} % off on {line}, above {limit} %: asks {self.role}"
        return f"{actual} a unit on {line}, below {limit}: asks {self.role}"


@attrs.frozen(kw_only=True)
class Approved:
    """An approval that was given: by whom, when, for exactly which content."""

    by: Annotated[str, Text(max_length=200)]
    at: datetime
    content_hash: Annotated[str, Text(max_length=64)]
    note: Annotated[str, Text(max_length=2000)] = ""
