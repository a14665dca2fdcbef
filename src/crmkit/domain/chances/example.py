"""Examples: closed deals as they were known when one would have asked, and what must not be."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import attrs

from crmkit.errors import RuleBroken

Value = str | float
LEAST: Final = 200
LEAST_OF_EACH: Final = 50
_PURE: Final = 0.995
_SHARE: Final = 20


class SampleTooSmall(RuleBroken):
    """So few deals closed that their chances cannot be learned; use those of the stages."""


class FeatureLeaks(RuleBroken):
    """A feature was not known at the time, or tells the outcome itself."""


@attrs.frozen(kw_only=True)
class Known:
    """The value of a feature, and since when it was known; text is a kind, a number an amount."""

    value: Value
    at: datetime


@attrs.frozen(kw_only=True)
class Example:
    """One closed deal: what was known of it when it was `asked_at`, and how it ended.

    `stage_chance` is what its stage said then, from 0 to 1.
    """

    features: Mapping[str, Known]
    asked_at: datetime
    closed_at: datetime
    won: bool
    stage_chance: float | None = None


def check_sample(examples: Sequence[Example]) -> None:
    """Refuse fewer than 200 examples, or fewer than 50 of one outcome: `SampleTooSmall`."""
    won = sum(one.won for one in examples)
    fewest = min(won, len(examples) - won)
    if len(examples) < LEAST or fewest < LEAST_OF_EACH:
        raise SampleTooSmall(
            f"{len(examples)} closed deals, {fewest} of the rarer outcome",
            path="examples",
            fix=f"wait for {LEAST} with {LEAST_OF_EACH} of each; use the chances of stages",
        )


def check_leaks(examples: Sequence[Example]) -> None:
    """Refuse features known later than one asks, or that alone tell how deals ended.

    A feature tells the outcome when its values (kinds, or amounts in twenty slices) part the
    examples so that each part ends one way in 99.5 percent. Raises `FeatureLeaks`.
    """
    for name in sorted({name for one in examples for name in one.features}):
        known = [(one.features[name], one) for one in examples if name in one.features]
        late = sum(found.at > one.asked_at for found, one in known)
        if late:
            raise FeatureLeaks(
                f"was known after one would have asked, in {late} of {len(known)} examples",
                path=f"features.{name}",
                fix="leave it out, or take it as it was then",
            )
        if _purity(examples, name) >= _PURE:
            raise FeatureLeaks(
                "tells by itself how the deals ended", path=f"features.{name}", fix="leave it out"
            )


def _purity(examples: Sequence[Example], name: str) -> float:
    """Return the share of examples that the commonest outcome of their part foretells."""
    parts: defaultdict[object, list[int]] = defaultdict(lambda: [0, 0])
    cuts = _cuts(examples, name)
    for one in examples:
        found = one.features.get(name)
        value = None if found is None else found.value
        part = sum(value > cut for cut in cuts) if isinstance(value, float) else value
        parts[part][one.won] += 1
    large = [part for part in parts.values() if sum(part) >= LEAST // _SHARE]
    total = sum(sum(part) for part in large)
    return sum(max(part) for part in large) / total if total * 2 > len(examples) else 0.0


def _cuts(examples: Sequence[Example], name: str) -> list[float]:
    found = (one.features[name].value for one in examples if name in one.features)
    numbers = sorted(value for value in found if isinstance(value, float))
    return sorted({numbers[len(numbers) * at // _SHARE] for at in range(_SHARE)}) if numbers else []
