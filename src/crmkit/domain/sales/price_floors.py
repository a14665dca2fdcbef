"""Floors and discounts beyond authority: who must approve the prices of a document, and why."""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Final

from crmkit.domain.sales.approval_requirement import ApprovalRequirement, ApprovalRule
from crmkit.domain.sales.millionths import (
    WHOLE,
    decimal_of,
    half_up,
    millionths,
    minor_of,
    unit_price_of,
)
from crmkit.domain.sales.pricing import Priced
from crmkit.domain.sales.pricing_policy import FloorBasis, PriceFloor, PricingPolicy
from crmkit.domain.sales.quote_line import QuoteLine, StepKind

_BASE: Final = (StepKind.LIST, StepKind.BOOK, StepKind.TIER, StepKind.OPTIONS)
"""Steps to the price that discounts and manual prices are measured against."""


def lowest_price(priced: Priced, policy: PricingPolicy | None) -> int | None:
    """Return the highest of all floors of a line, without tax, None when it has none."""
    found = [] if priced.floor is None else [priced.floor]
    category = None if priced.product is None else priced.product.category
    for floor in () if policy is None else policy.floors:
        if floor.category in (None, category):
            lowest = _lowest(floor, priced)
            found += [] if lowest is None else [lowest]
    return max(found, default=None)


def requirements(
    lines: Iterable[QuoteLine], policy: PricingPolicy, roles: Collection[str]
) -> tuple[ApprovalRequirement, ...]:
    """Return what must be approved when people of these roles offer these prices."""
    counted = [line for line in lines if line.counts]
    limit = policy.authority_of(roles)
    over = [(percent_off(line), line.key) for line in counted if _is_beyond(line, limit)]
    found: list[ApprovalRequirement] = []
    if over:
        worst, keys = _ranked(over)
        found.append(
            ApprovalRequirement(
                rule=ApprovalRule.DISCOUNT,
                role=policy.role_for(worst),
                limit=limit,
                actual=worst,
                lines=keys,
            )
        )
    return (*found, *_below_floors(counted, policy))


def percent_off(line: QuoteLine) -> Decimal:
    """Return how much a line lies below its list or book price, all discounts taken together.

    What has neither list nor book price is measured against its own.
    """
    base, off = _off(line)
    return decimal_of(half_up(off * WHOLE, base)) if base else Decimal(0)


def _off(line: QuoteLine) -> tuple[int, int]:
    """Return what a line would cost, and how much less it does, in minor units."""
    base = next((step.amount for step in reversed(line.steps) if step.kind in _BASE), line.amount)
    if base is None or line.amount is None or line.discount is None:
        return 0, 0
    return base.minor, max(base.minor - line.amount.minor + line.discount.minor, 0)


def _is_beyond(line: QuoteLine, limit: Decimal) -> bool:
    """Say whether more is off than the limit, and than a minor unit that rounding costs."""
    base, off = _off(line)
    return off > half_up(base * millionths(limit), WHOLE) + 1


def _below_floors(lines: Sequence[QuoteLine], policy: PricingPolicy) -> list[ApprovalRequirement]:
    below: list[tuple[Decimal, Decimal, str]] = []
    for line in lines:
        if line.floor is None or line.net is None:
            continue
        quantity = millionths(line.draft.quantity)
        unit = decimal_of(unit_price_of(line.net.minor, quantity, line.net.currency))
        if _costs_less(line, quantity):
            below.append((line.floor - unit, line.floor, line.key))
    if not below:
        return []
    ordered = sorted(below, key=lambda one: (-one[0], one[2]))
    short, floor, _key = ordered[0]
    return [
        ApprovalRequirement(
            rule=ApprovalRule.FLOOR,
            role=policy.approver,
            limit=floor,
            actual=max(floor - short, Decimal(0)),
            lines=tuple(key for _short, _floor, key in ordered),
        )
    ]


def _costs_less(line: QuoteLine, quantity: int) -> bool:
    """Say whether a line is below its floor, to the minor unit: no rounding makes it so."""
    if line.net is None or line.floor is None:
        return False
    from_floor = minor_of(quantity, millionths(line.floor), line.net.currency)
    return line.net.minor < from_floor


def _lowest(floor: PriceFloor, priced: Priced) -> int | None:
    percent = millionths(floor.percent)
    match floor.basis:
        case FloorBasis.COST if priced.unit_cost is not None:
            return half_up(priced.unit_cost * percent, WHOLE)
        case FloorBasis.LIST if priced.list_price is not None:
            return half_up(priced.list_price * percent, WHOLE)
        case FloorBasis.MARGIN if priced.unit_cost is not None:
            return half_up(priced.unit_cost * WHOLE, WHOLE - percent)
        case _:
            return None


def _ranked(over: Sequence[tuple[Decimal, str]]) -> tuple[Decimal, tuple[str, ...]]:
    ordered = sorted(over, key=lambda one: (-one[0], one[1]))
    return ordered[0][0], tuple(key for _percent, key in ordered)
