"""The reasons of an estimate as a tree: total, groups, lines, factors, each with its source."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from crmkit.domain.estimates.figures import ASSUMED, GIVEN, Factor, plain
from crmkit.domain.estimates.lines import GROUPS, EstimateLine, LineGroup
from crmkit.domain.estimates.words import Label
from crmkit.domain.money import Money

if TYPE_CHECKING:
    from crmkit.domain.estimates.estimate import Estimate

_ASSUMED = Label("assumption", "假设")
_GIVEN = Label("scope", "需求范围")
_TOTAL = Label("Total", "合计")


@attrs.frozen(kw_only=True)
class Reason:
    """One node: what it is, its value in words, where it comes from, and what it is made of."""

    label: str
    value: str
    source: str = ""
    assumed: bool = False
    parts: tuple["Reason", ...] = ()

    def __str__(self) -> str:
        """Draw the tree."""
        return "\n".join(_drawn(self, "", ""))


def _drawn(reason: Reason, first: str, rest: str) -> Iterator[str]:
    source = f"  [{reason.source}]" if reason.source else ""
    yield f"{first}{reason.label}: {reason.value}{source}"
    for at, part in enumerate(reason.parts):
        last = at == len(reason.parts) - 1
        corner, edge = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _drawn(part, rest + corner, rest + edge)


def explain(estimate: "Estimate", language: str) -> Reason:
    """Tell how the total comes about."""
    groups = tuple(
        _group(estimate, group, language)
        for group in LineGroup
        if any(line.group is group for line in estimate.lines)
    )
    return Reason(label=_TOTAL.said(language), value=str(estimate.total), parts=groups)


def _group(estimate: "Estimate", group: LineGroup, language: str) -> Reason:
    lines = tuple(_line(line, language) for line in estimate.lines if line.group is group)
    value = str(estimate.subtotal(group))
    return Reason(label=GROUPS[group].said(language), value=value, parts=lines)


def _line(line: EstimateLine, language: str) -> Reason:
    unit = line.unit.said(language)
    made = f"{plain(line.quantity, 2)} {unit} x {line.unit_price.amount:,} = {line.amount}"
    factors = tuple(_factor(factor, language) for factor in line.factors)
    return Reason(label=line.label.said(language), value=made, parts=factors)


def _factor(factor: Factor, language: str) -> Reason:
    source = {ASSUMED: _ASSUMED.said(language), GIVEN: _GIVEN.said(language)}
    return Reason(
        label=factor.label.said(language),
        value=plain(factor.value),
        source=source.get(factor.source, factor.cited()),
        assumed=factor.assumed,
    )


def in_wan(money: Money) -> str:
    """Write yuan in units of ten thousand: 9.85 万元."""
    return f"{money.amount / Decimal(10_000):,.2f} 万元"
