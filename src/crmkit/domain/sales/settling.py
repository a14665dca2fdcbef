"""Settling a document: discounts and taxes of all lines, so that they add up to the last unit.

Each line is rounded half up to the minor unit. A discount on the document is shared out by what the
lines cost, tax by document is worked out per rate and shared out in the same way; what cannot be
divided goes to the largest remainders, among equals by rate and cost, so that no total depends on
the order of the lines.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Final

import attrs

from crmkit.domain.minor_units import share_whole
from crmkit.domain.money import Money
from crmkit.domain.sales.discount import Discount
from crmkit.domain.sales.millionths import WHOLE, decimal_of, half_up

NOTHING: Final = Discount(percent=Decimal(0))


class TaxRounding(StrEnum):
    """Whether tax is rounded on each line, or once per rate on the document."""

    LINE = "line"
    DOCUMENT = "document"


@attrs.frozen(kw_only=True)
class Terms:
    """How a document is added up: its currency, whether prices hold the tax, what is taken off.

    `tax_kind` is for lines that have none.
    """

    currency: str
    tax_included: bool = False
    rounding: TaxRounding = TaxRounding.LINE
    discount: Discount | None = None
    tax_kind: str | None = None


@attrs.frozen
class Charge:
    """What goes in for one line: its cost in minor units, its discount, its tax in millionths."""

    minor: int
    percent: int
    discount: Discount | None = None
    key: str = ""


@attrs.frozen
class Settled:
    """What comes out for one line, in minor units.

    `line_tax` is the tax rounded on the line alone; `tax` is what it pays of the document's.
    """

    minor: int
    discount: int
    share: int
    tax: int
    line_tax: int
    net: int

    @property
    def gross(self) -> int:
        """Return what is paid."""
        return self.net + self.tax


@attrs.frozen(kw_only=True)
class TaxLine:
    """All that is taxed at one rate."""

    percent: Decimal
    net: Money
    tax: Money


@attrs.frozen(kw_only=True)
class Totals:
    """What a document comes to: before discounts, what is taken off, net, tax by rate, gross."""

    amount: Money
    discount: Money
    net: Money
    tax: Money
    gross: Money
    taxes: tuple[TaxLine, ...] = ()


def settle(charges: Sequence[Charge], terms: Terms) -> list[Settled]:
    """Take discounts off and work the taxes out, or raise `DiscountTooLarge`."""
    off = [_discount(charge, terms.currency) for charge in charges]
    bases = [charge.minor - taken for charge, taken in zip(charges, off, strict=True)]
    order = sorted(range(len(charges)), key=lambda at: (-charges[at].percent, -bases[at], off[at]))
    whole = sum(bases)
    wanted = (terms.discount or NOTHING).minor_of(whole, terms.currency, "discount")
    shares = _shared(wanted, bases, order)
    bases = [base - share for base, share in zip(bases, shares, strict=True)]
    alone = [_tax(base, charge.percent, terms) for base, charge in zip(bases, charges, strict=True)]
    taxes = alone if terms.rounding is TaxRounding.LINE else _by_rate(charges, bases, order, terms)
    nets = [base - tax * terms.tax_included for base, tax in zip(bases, taxes, strict=True)]
    minors = [charge.minor for charge in charges]
    return list(map(Settled, minors, off, shares, taxes, alone, nets))


def totals(charges: Sequence[Charge], settled: Sequence[Settled], currency: str) -> Totals:
    """Add up what came out."""
    rates: dict[int, list[int]] = {}
    for charge, line in zip(charges, settled, strict=True):
        sums = rates.setdefault(charge.percent, [0, 0])
        sums[0] += line.net
        sums[1] += line.tax

    def money(minor: int) -> Money:
        return Money.from_minor(minor, currency)

    net, tax = (sum(sums[at] for sums in rates.values()) for at in (0, 1))
    return Totals(
        amount=money(sum(line.minor for line in settled)),
        discount=money(sum(line.discount + line.share for line in settled)),
        net=money(net),
        tax=money(tax),
        gross=money(net + tax),
        taxes=tuple(
            TaxLine(percent=decimal_of(percent), net=money(sums[0]), tax=money(sums[1]))
            for percent, sums in sorted(rates.items(), reverse=True)
        ),
    )


def _discount(charge: Charge, currency: str) -> int:
    if charge.discount is None:
        return 0
    return charge.discount.minor_of(charge.minor, currency, f"lines.{charge.key}.discount")


def _tax(base: int, percent: int, terms: Terms) -> int:
    return half_up(base * percent, WHOLE + percent if terms.tax_included else WHOLE)


def _by_rate(
    charges: Sequence[Charge], bases: Sequence[int], order: Sequence[int], terms: Terms
) -> list[int]:
    """Work the tax out once per rate, and share it out among the lines of that rate."""
    taxes = [0] * len(charges)
    for percent in {charge.percent for charge in charges}:
        mine = [at for at in order if charges[at].percent == percent]
        whole = _tax(sum(bases[at] for at in mine), percent, terms)
        shared = _shared(whole, [bases[at] for at in mine], range(len(mine)))
        for at, tax in zip(mine, shared, strict=True):
            taxes[at] = tax
    return taxes


def _shared(whole: int, weights: Sequence[int], order: Sequence[int]) -> list[int]:
    """Share out by weights, asking the lines in an order that follows from what they cost."""
    shares = [0] * len(weights)
    if whole:
        parts = share_whole(whole, [weights[at] for at in order])
        for at, part in zip(order, parts, strict=True):
            shares[at] = part
    return shares
