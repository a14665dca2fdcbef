"""The win model: regularised logistic regression, calibrated on later deals, tested on the latest.

Sources: logistic regression with an L2 penalty by gradient descent with momentum (Nesterov 1983);
calibration after Platt (1999), "Probabilistic outputs for support vector machines"; the score is
that of Brier (1950), the mean of (chance - outcome)^2, so lower is better.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, log, sqrt
from typing import Final

import attrs

from crmkit.domain.chances.example import Example, Value, check_leaks, check_sample

_TURNS: Final = 150
_TRAINED: Final = 0.6
_CALIBRATED: Final = 0.8
_NEWTON: Final = 25
_EDGE: Final = 1e-9


@attrs.frozen(kw_only=True)
class Reason:
    """How much a feature moves the chance, in log odds; above zero it speaks for winning."""

    feature: str
    weight: float


@attrs.frozen(kw_only=True)
class WinModel:
    """Weights of features in log odds, and the line that makes chances of their sum."""

    weights: Mapping[str, float]
    scales: Mapping[str, tuple[float, float]]
    slope: float = 1.0
    shift: float = 0.0

    def chance(self, features: Mapping[str, Value]) -> float:
        """Return the chance of winning, from 0 to 1; kinds never seen count nothing."""
        return _odds(self.slope * self.score(features) + self.shift)

    def percent(self, features: Mapping[str, Value]) -> int:
        """Return the chance in whole percent, as deals keep it."""
        return round(100 * self.chance(features))

    def reasons(self, features: Mapping[str, Value], *, limit: int = 5) -> tuple[Reason, ...]:
        """Return what moves the chance most, the strongest first."""
        found = [
            Reason(feature=name, weight=self.slope * self.weights[name] * size)
            for name, size in _terms(features, self.scales)
            if self.weights.get(name)
        ]
        return tuple(sorted(found, key=lambda one: (-abs(one.weight), one.feature))[:limit])

    def score(self, features: Mapping[str, Value]) -> float:
        """Return the sum of weights before calibration."""
        terms = _terms(features, self.scales)
        return self.weights[""] + sum(self.weights.get(name, 0.0) * size for name, size in terms)


@attrs.frozen(kw_only=True)
class Verdict:
    """What became of training: the model, and Brier scores on the latest deals, lower is better.

    `stage` is the score of the stage's chance, `rate` that of the share won so far. Use the model
    only when it `is_better`; else the stage's chance stands.
    """

    model: WinModel
    trained: int
    calibrated: int
    tested: int
    brier: float
    stage: float
    rate: float

    @property
    def is_better(self) -> bool:
        """Say whether the model beats the chance of the stage and the share won so far."""
        return self.brier < min(self.stage, self.rate)


def train(examples: Sequence[Example], *, stage_chance: float, penalty: float = 0.003) -> Verdict:
    """Learn from the first 60 percent in time, calibrate on the next 20, test on the last 20.

    `stage_chance` is what the stage says, from 0 to 1, of examples that do not tell it. Same
    examples, same model. Raises `SampleTooSmall` and `FeatureLeaks`.
    """
    check_sample(examples)
    check_leaks(examples)
    ordered = sorted(examples, key=lambda one: one.asked_at)
    first, second = int(len(ordered) * _TRAINED), int(len(ordered) * _CALIBRATED)
    learned, held, latest = ordered[:first], ordered[first:second], ordered[second:]
    model = _calibrated(_fitted(learned, penalty), held)
    rate = sum(one.won for one in ordered[:second]) / second
    return Verdict(
        model=model,
        trained=len(learned),
        calibrated=len(held),
        tested=len(latest),
        brier=brier((model.chance(plain(one)), one.won) for one in latest),
        stage=brier((_stage_of(one, stage_chance), one.won) for one in latest),
        rate=brier((rate, one.won) for one in latest),
    )


def brier(pairs: Iterable[tuple[float, bool]]) -> float:
    """Return the mean of (chance - outcome)^2."""
    squares = [(chance - won) ** 2 for chance, won in pairs]
    return sum(squares) / len(squares)


def plain(example: Example) -> dict[str, Value]:
    """Return the features of an example by their names."""
    return {name: known.value for name, known in example.features.items()}


def _stage_of(example: Example, default: float) -> float:
    return default if example.stage_chance is None else example.stage_chance


def _fitted(examples: Sequence[Example], penalty: float) -> WinModel:
    scales = _scales(examples)
    rows = [([("", 1.0), *_terms(plain(one), scales)], float(one.won)) for one in examples]
    weights = dict.fromkeys((name for row, _won in rows for name, _size in row), 0.0)
    ahead, before = dict(weights), dict(weights)
    step = 4.0 / max(sum(size * size for _name, size in row) for row, _won in rows)
    for turn in range(_TURNS):
        slope = {name: 0.0 if name == "" else penalty * ahead[name] for name in ahead}
        for row, won in rows:
            miss = (_odds(sum(ahead[name] * size for name, size in row)) - won) / len(rows)
            for name, size in row:
                slope[name] += miss * size
        weights = {name: ahead[name] - step * slope[name] for name in ahead}
        pace = turn / (turn + 3)
        ahead = {name: weights[name] + pace * (weights[name] - before[name]) for name in weights}
        before = weights
    return WinModel(weights=weights, scales=scales)


def _calibrated(model: WinModel, held: Sequence[Example]) -> WinModel:
    """Fit the slope and shift of Platt by Newton's method, with his targets short of 0 and 1."""
    won = sum(one.won for one in held)
    high, low = (won + 1) / (won + 2), 1 / (len(held) - won + 2)
    points = [(model.score(plain(one)), high if one.won else low) for one in held]
    slope, shift = 0.0, log(_odds_of(won, len(held)))
    for _turn in range(_NEWTON):
        sums = [0.0] * 5
        for score, target in points:
            chance = _odds(slope * score + shift)
            miss, spread = chance - target, chance * (1 - chance)
            parts = (miss * score, miss, spread * score * score, spread * score, spread)
            sums = [old + new for old, new in zip(sums, parts, strict=True)]
        by_slope, by_shift, aa, ab, bb = sums
        aa, bb = aa + _EDGE, bb + _EDGE
        whole = aa * bb - ab * ab
        slope -= (bb * by_slope - ab * by_shift) / whole
        shift -= (aa * by_shift - ab * by_slope) / whole
    return attrs.evolve(model, slope=slope, shift=shift)


def _odds_of(won: int, number: int) -> float:
    return (won + 1) / (number - won + 1)


def _terms(
    features: Mapping[str, Value], scales: Mapping[str, tuple[float, float]]
) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for name, value in features.items():
        if isinstance(value, str):
            found.append((f"{name}={value}", 1.0))
        elif name in scales:
            mean, spread = scales[name]
            found.append((name, (value - mean) / spread))
    return found


def _scales(examples: Sequence[Example]) -> dict[str, tuple[float, float]]:
    numbers: dict[str, list[float]] = {}
    for one in examples:
        for name, value in plain(one).items():
            if not isinstance(value, str):
                numbers.setdefault(name, []).append(value)
    return {name: _scale(values) for name, values in numbers.items()}


def _scale(values: list[float]) -> tuple[float, float]:
    mean = sum(values) / len(values)
    return mean, sqrt(sum((one - mean) ** 2 for one in values) / len(values)) or 1.0


def _odds(score: float) -> float:
    if score < 0:
        small = exp(max(score, -700.0))
        return small / (1 + small)
    return 1 / (1 + exp(-min(score, 700.0)))
