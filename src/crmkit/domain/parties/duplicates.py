"""Duplicates: which records may be one party, by blocking keys and a weighted comparison.

The comparison follows Fellegi and Sunter (1969): each agreeing field adds the logarithm of how much
likelier the agreement is for one party than for two, each disagreeing one takes some away.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Final

import attrs

from crmkit.domain.text import search_key

Features = Mapping[str, str]
MAX_BLOCK: Final = 200


@attrs.frozen(kw_only=True)
class Weight:
    """How a field speaks: agreement among the same party, and by chance among two."""

    same: float = 0.9
    chance: float = 0.01
    near: float = 0.88
    """From this similarity on (Jaro-Winkler, 0 to 1) two texts agree in part."""

    @property
    def agreement(self) -> float:
        """Return what full agreement adds."""
        return math.log2(self.same / self.chance)

    @property
    def disagreement(self) -> float:
        """Return what disagreement takes away."""
        return math.log2((1 - self.same) / (1 - self.chance))


@attrs.frozen
class Match:
    """How much two records speak for one party, and which fields agree."""

    score: float
    agreeing: tuple[str, ...]


def compare(left: Features, right: Features, weights: Mapping[str, Weight]) -> Match:
    """Weigh two records; a field that either lacks says nothing."""
    score, agreeing = 0.0, []
    for name, weight in weights.items():
        ours, theirs = left.get(name, ""), right.get(name, "")
        if not ours or not theirs:
            continue
        likeness = 1.0 if ours == theirs else jaro_winkler(ours, theirs)
        if likeness >= weight.near:
            share = (likeness - weight.near) / (1 - weight.near) if likeness < 1 else 1.0
            score += weight.agreement * (0.5 + share / 2)
            agreeing.append(name)
        else:
            score += weight.disagreement
    return Match(score, tuple(agreeing))


def candidates(
    records: Iterable[tuple[str, Features]], blocks: Iterable[tuple[str, ...]]
) -> Iterator[tuple[str, str]]:
    """Bring each pair of record names that share a blocking key, once.

    A block is a tuple of field names; `name:3` takes the first three signs. Blocks with more than
    200 records say too little and are passed over.
    """
    listed, chosen = list(records), [tuple(block) for block in blocks]
    seen: set[tuple[str, str]] = set()
    for block in chosen:
        shelves: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for name, features in listed:
            key = tuple(_part(features, part) for part in block)
            if all(key):
                shelves[key].append(name)
        for names in shelves.values():
            if len(names) <= MAX_BLOCK:
                for pair in combinations(sorted(names), 2):
                    if pair not in seen:
                        seen.add(pair)
                        yield pair


def find_duplicates(
    records: Mapping[str, Features],
    *,
    blocks: Iterable[tuple[str, ...]],
    weights: Mapping[str, Weight],
    threshold: float,
) -> Iterator[tuple[str, str, Match]]:
    """Bring the pairs whose score reaches the threshold."""
    folded = {
        name: {field: search_key(text).strip() for field, text in features.items()}
        for name, features in records.items()
    }
    for left, right in candidates(folded.items(), blocks):
        match = compare(folded[left], folded[right], weights)
        if match.score >= threshold:
            yield left, right, match


def jaro_winkler(left: str, right: str) -> float:
    """Return the likeness of two texts, 0 to 1 (Winkler 1990: common beginnings count more)."""
    likeness = _jaro(left, right)
    prefix = 0
    for ours, theirs in zip(left[:4], right[:4], strict=False):
        if ours != theirs:
            break
        prefix += 1
    return likeness + prefix * 0.1 * (1 - likeness) if likeness > 0.7 else likeness


def _jaro(left: str, right: str) -> float:
    if left == right:
        return 1.0
    reach = max(0, max(len(left), len(right)) // 2 - 1)
    taken = [False] * len(right)
    ours: list[str] = []
    for at, sign in enumerate(left):
        for there in range(max(0, at - reach), min(len(right), at + reach + 1)):
            if not taken[there] and right[there] == sign:
                taken[there] = True
                ours.append(sign)
                break
    if not ours:
        return 0.0
    theirs = [sign for sign, used in zip(right, taken, strict=True) if used]
    swapped = sum(a != b for a, b in zip(ours, theirs, strict=True)) / 2
    found = len(ours)
    return (found / len(left) + found / len(right) + (found - swapped) / found) / 3


def _part(features: Features, part: str) -> str:
    name, _, length = part.partition(":")
    text = features.get(name, "")
    return text[: int(length)] if length else text
