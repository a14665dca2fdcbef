"""The plan of an estimate: what of it is uncertain, compiled once, evaluated thousandfold.

All lines of software share one draw of the productivity, and upkeep shares it too; independent
lines would understate the risk of the whole. Each line of labour has a noise of its own, and each
input that is a range its own draw.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

import attrs

from crmkit.domain.estimates.inputs import RangedInput, ranged_inputs
from crmkit.domain.estimates.lines import EstimateLine, LineGroup
from crmkit.domain.estimates.quasi_random import Column
from crmkit.domain.estimates.spreads import Lognormal, Spread
from crmkit.domain.estimates.words import Label

if TYPE_CHECKING:
    from crmkit.domain.estimates.estimate import Estimate

LINE_NOISE: Final = Lognormal(0.285)
"""Of actual over estimated on single pieces of work: ln(1.35 / 0.65) / 2.563, from P10 and P90 of
145 projects (Kitchenham et al. 2002)."""

PRODUCTIVITY: Final = "productivity"
_CERTAIN: Final = Lognormal(0.0)
_CELLS: Final = 1024
_STILL: Final = (1.0, 1.0, 1.0)
Ends = tuple[float, float, float]


@attrs.frozen
class UncertainInput:
    """One dimension of a plan: the productivity, a range of the scope, or the noise of a line."""

    name: str
    label: Label


@attrs.frozen(kw_only=True)
class PlannedLine:
    """One line: amount in yuan, the spread that it shares, its noise, its answers to ranges."""

    amount: float
    spread: Spread
    noise: int | None
    answers: tuple[Ends, ...]


@attrs.frozen(kw_only=True)
class Plan:
    """What is uncertain about an estimate, and its total as a function of that."""

    inputs: tuple[UncertainInput, ...]
    ranges: tuple[RangedInput, ...]
    lines: tuple[PlannedLine, ...]

    def totals(self, columns: Sequence[Column], *, turns: int = 1) -> list[float]:
        """Return the total in yuan for each row of probabilities, one column for each input.

        With more turns, the draws of everything else meet as many draws of the productivity each:
        its column is turned against theirs, and all totals come one after the other.
        """
        count = len(columns[0])
        parts = self._sums(columns)
        drawn = {key: list(map(spread.at, columns[0])) for key, (spread, _) in parts.items()}
        totals: list[float] = []
        for turn in range(turns):
            cut = turn * count // turns
            sums = [0.0] * count
            for key, (_, part) in parts.items():
                sums = _added(sums, 1.0, [drawn[key][cut:] + drawn[key][:cut], part])
            totals += sums
        return totals

    def _sums(self, columns: Sequence[Column]) -> dict[int, tuple[Spread, list[float]]]:
        """Add up the lines that share a spread, before it is applied."""
        ranged = [
            list(map(ranged.range.at, column))
            for ranged, column in zip(self.ranges, columns[1:], strict=False)
        ]
        parts: dict[int, tuple[Spread, list[float]]] = {}
        for line in self.lines:
            factors = [
                self._answer(at, ends, ranged[at])
                for at, ends in enumerate(line.answers)
                if ends != _STILL
            ]
            if line.noise is not None:
                factors.append(_noise(columns[line.noise]))
            key = id(line.spread)
            _, sums = parts.get(key, (line.spread, [0.0] * len(columns[0])))
            parts[key] = (line.spread, _added(sums, line.amount, factors))
        return parts

    def _answer(self, at: int, ends: Ends, values: Iterable[float]) -> list[float]:
        """Go in straight lines from the factor at low to that at likely to that at high."""
        span = self.ranges[at].range
        low, likely, high = float(span.low), float(span.likely), float(span.high)
        down = (ends[1] - ends[0]) / (likely - low) if likely > low else 0.0
        up = (ends[2] - ends[1]) / (high - likely) if high > likely else 0.0
        return [ends[1] + (x - likely) * (down if x < likely else up) for x in values]


def plan_of(estimate: "Estimate") -> Plan:
    """Compile an estimate: it is priced again at both ends of every range."""
    ranges = tuple(ranged_inputs(estimate.scope))
    corners = [
        (_by_key(estimate, each.at(each.range.low)), _by_key(estimate, each.at(each.range.high)))
        for each in ranges
    ]
    inputs = [UncertainInput(PRODUCTIVITY, Label("productivity", "生产率"))]
    inputs += [UncertainInput(each.path, Label(each.path, each.path)) for each in ranges]
    spreads = _spreads(estimate)
    planned = []
    for line, amount, answers in _answers(estimate, corners):
        noisy = line.group is not LineGroup.BOUGHT
        planned.append(
            PlannedLine(
                amount=amount,
                spread=spreads.get(line.group, _CERTAIN),
                noise=len(inputs) if noisy else None,
                answers=answers,
            )
        )
        if noisy:
            inputs.append(UncertainInput(line.key, line.label))
    return Plan(inputs=tuple(inputs), ranges=ranges, lines=tuple(planned))


def _spreads(estimate: "Estimate") -> Mapping[LineGroup, Spread]:
    return {
        LineGroup.SOFTWARE: estimate.profile.spread(estimate.scope.industry),
        LineGroup.UPKEEP: estimate.profile.upkeep_spread(),
    }


def _by_key(estimate: "Estimate", scope: object) -> Mapping[str, EstimateLine]:
    made = estimate.priced_again(scope)  # type: ignore[arg-type]
    return {line.key: line for line in made.lines}


def _answers(
    estimate: "Estimate", corners: Sequence[tuple[Mapping[str, EstimateLine], ...]]
) -> Iterable[tuple[EstimateLine, float, tuple[Ends, ...]]]:
    """Give each line with its amount and its factors at low, likely and high of every range.

    A line that the likeliest values do not need has the amount 1, and its yuan as factors.
    """
    known = {line.key: line for line in estimate.lines}
    for line in known.values():
        amount = float(line.exact)
        yield (
            line,
            amount,
            tuple(
                (_exact(low, line.key) / amount, 1.0, _exact(high, line.key) / amount)
                for low, high in corners
            ),
        )
    for at, (low, high) in enumerate(corners):
        for key in sorted({*low, *high} - set(known)):
            line = high.get(key) or low[key]
            ends = (_exact(low, key), 0.0, _exact(high, key))
            yield line, 1.0, tuple(ends if at == to else _STILL for to in range(len(corners)))


def _exact(lines: Mapping[str, EstimateLine], key: str) -> float:
    return float(lines[key].exact) if key in lines else 0.0


def _noise(column: Column) -> list[float]:
    """Look the noise up in cells of equal chance: a thousand are finer than it is known."""
    table = _noise_table()
    return [table[int(chance * _CELLS)] for chance in column]


@cache
def _noise_table() -> tuple[float, ...]:
    return tuple(LINE_NOISE.at((cell + 0.5) / _CELLS) for cell in range(_CELLS))


def _added(sums: list[float], amount: float, factors: Sequence[Sequence[float]]) -> list[float]:
    if not factors:
        return [whole + amount for whole in sums]
    merged, *others = factors
    for other in others:
        merged = [a * b for a, b in zip(merged, other, strict=True)]
    return [whole + amount * a for whole, a in zip(sums, merged, strict=True)]
