"""Discounts: a percentage, or an amount of money."""

from decimal import Decimal
from typing import Self

import attrs

from crmkit.domain.kinds import Number
from crmkit.domain.money import Money
from crmkit.domain.sales.millionths import WHOLE, half_up, millionths, short
from crmkit.errors import InvalidValue, MixedCurrencies, RuleBroken


class DiscountTooLarge(RuleBroken):
    """More would be taken off than there is."""


@attrs.frozen(kw_only=True)
class Discount:
    """What is taken off: `percent` or `amount`, one of them, and why."""

    percent: Decimal | None = None
    amount: Money | None = None
    reason: str = ""

    def __attrs_post_init__(self) -> None:
        """Refuse both, neither, and what adds instead of taking off."""
        if (self.percent is None) == (self.amount is None):
            raise InvalidValue("a percentage or an amount, one of them", path="discount")
        if self.percent is not None:
            percent = Number().check(self.percent, "discount.percent")
            object.__setattr__(self, "percent", percent)
        if self.percent is not None and not 0 <= self.percent <= 100:
            raise InvalidValue("lies between 0 and 100", path="discount.percent", fix="5 for 5 %")
        if self.amount is not None and self.amount.minor < 0:
            raise InvalidValue("is below zero", path="discount.amount", fix="0 or more")

    @classmethod
    def of(cls, given: "Discount | Decimal | int | Money | None") -> Self | None:
        """Return a discount of a percentage or an amount, as it is when it is one."""
        if given is None or isinstance(given, cls):
            return given
        if isinstance(given, Money):
            return cls(amount=given)
        return cls(percent=Number().check(given, "discount"))

    @property
    def told(self) -> str:
        """Say what is taken off, and why."""
        taken = str(self.amount) if self.percent is None else f"{short(self.percent)} %"
        return f"{taken}: {self.reason}" if self.reason else taken

    def minor_of(self, minor: int, currency: str, path: str) -> int:
        """Return how many minor units are taken off `minor`, rounded half up."""
        if self.amount is None:
            percent = self.percent if self.percent is not None else Decimal(0)
            return half_up(minor * millionths(percent), WHOLE)
        if self.amount.currency != currency:
            raise MixedCurrencies(
                f"a discount in {self.amount.currency} off {currency}",
                path=f"{path}.amount",
                fix=f"give it in {currency}",
            )
        if self.amount.minor > minor:
            raise DiscountTooLarge(
                f"{self.amount} off {Money.from_minor(minor, currency)}",
                path=f"{path}.amount",
                fix="take off at most what there is",
            )
        return self.amount.minor
