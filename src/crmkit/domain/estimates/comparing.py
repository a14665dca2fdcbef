"""Why one estimate is dearer than another: every fen of the difference has its cause.

Logarithmic mean Divisia index (Ang 2005): of a product that goes from y0 to y1, the factor f has
the part (y1 - y0) / ln(y1 / y0) x ln(f1 / f0). The parts add up exactly, whatever their order.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

import attrs

from crmkit.domain.estimates.figures import EXACT, Factor
from crmkit.domain.estimates.lines import EstimateLine
from crmkit.domain.estimates.words import Label
from crmkit.domain.money import Money

if TYPE_CHECKING:
    from crmkit.domain.estimates.estimate import Estimate

_ONE = Decimal(1)
ADDED = Label("only in the second", "仅后者有")
DROPPED = Label("only in the first", "仅前者有")


@attrs.frozen(kw_only=True)
class Effect:
    """What one factor of one line adds to the difference."""

    line: str
    line_label: Label
    factor: str
    label: Label
    amount: Money


@attrs.frozen(kw_only=True)
class Comparison:
    """The difference of two totals and its effects, which add up to it to the fen."""

    difference: Money
    effects: tuple[Effect, ...]

    def by_factor(self) -> dict[str, Money]:
        """Add up the effects of each factor over all lines, the largest first."""
        return _summed((effect.factor, effect.amount) for effect in self.effects)

    def by_line(self) -> dict[str, Money]:
        """Add up the effects of each line over all factors, the largest first."""
        return _summed((effect.line, effect.amount) for effect in self.effects)


def compare(one: "Estimate", other: "Estimate") -> Comparison:
    """Tell what makes `other` dearer than `one`, line by line and factor by factor."""
    found = [effect for effect in _effects(one, other) if effect[1]]
    difference = other.total - one.total
    fen = _to_fen([amount for _, amount in found], difference.minor)
    effects = (
        attrs.evolve(effect, amount=Money.from_minor(minor, "CNY"))
        for (effect, _), minor in zip(found, fen, strict=True)
    )
    return Comparison(difference=difference, effects=tuple(effects))


def divisia(before: Mapping[str, Decimal], after: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Share the change of a product among its factors; a factor that is missing counts as 1."""
    start, end = _whole(before.values()), _whole(after.values())
    weight = start if start == end else EXACT.divide(end - start, _ln(EXACT.divide(end, start)))
    names = {**before, **after}
    return {
        name: EXACT.multiply(
            weight, _ln(EXACT.divide(after.get(name, _ONE), before.get(name, _ONE)))
        )
        for name in names
    }


def _effects(one: "Estimate", other: "Estimate") -> Iterator[tuple[Effect, Decimal]]:
    before = {line.key: line for line in one.lines}
    after = {line.key: line for line in other.lines}
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if old and new:
            yield from _within(old, new)
        elif new:
            yield _effect(new, "added", ADDED), new.exact
        elif old:
            yield _effect(old, "dropped", DROPPED), -old.exact


def _within(old: EstimateLine, new: EstimateLine) -> Iterator[tuple[Effect, Decimal]]:
    before, after = _values(old.factors), _values(new.factors)
    labels = {factor.name: factor.label for factor in (*old.factors, *new.factors)}
    for name, amount in divisia(before, after).items():
        yield _effect(new, name, labels[name]), amount


def _values(factors: Iterable[Factor]) -> dict[str, Decimal]:
    return {factor.name: factor.value for factor in factors}


def _effect(line: EstimateLine, factor: str, label: Label) -> Effect:
    return Effect(
        line=line.key, line_label=line.label, factor=factor, label=label, amount=Money(0, "CNY")
    )


def _whole(values: Iterable[Decimal]) -> Decimal:
    whole = _ONE
    for value in values:
        whole = EXACT.multiply(whole, value)
    return whole


def _ln(value: Decimal) -> Decimal:
    return Decimal(0) if value == 1 else EXACT.ln(value)


def _to_fen(exact: list[Decimal], total: int) -> list[int]:
    """Round to the fen so that the sum is `total`, each as near as it can be."""
    scaled = [EXACT.scaleb(amount, 2) for amount in exact]
    cut = [int(amount.to_integral_value(ROUND_FLOOR)) for amount in scaled]
    order = sorted(range(len(cut)), key=lambda at: cut[at] - scaled[at])
    for at in order[: total - sum(cut)]:
        cut[at] += 1
    return cut


def _summed(pairs: Iterable[tuple[str, Money]]) -> dict[str, Money]:
    sums: dict[str, Money] = {}
    for name, amount in pairs:
        sums[name] = sums.get(name, Money(0, "CNY")) + amount
    return dict(sorted(sums.items(), key=lambda pair: (-abs(pair[1].minor), pair[0])))
