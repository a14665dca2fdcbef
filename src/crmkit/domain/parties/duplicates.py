"""Duplicates: which records may be one party, by blocking keys and a weighted comparison.

Only records that share a blocking key are compared, by the weights of `duplicate_rules`; spellings
that are nearly alike count in part (Winkler 1990). A block with too many records is sorted, and
only neighbours in it are compared (Hernández and Stolfo 1995).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations, islice, product
from typing import Final

import attrs

from crmkit.domain.parties.duplicate_rules import PEOPLE, Likeness, Rules, Weight
from crmkit.domain.parties.likeness import MAX_COMPARED, likeness
from crmkit.domain.text import check_text, search_key
from crmkit.errors import InvalidInput, WrongType

Features = Mapping[str, str | tuple[str, ...]]
"""What is known of a record, by name: one text, or several of which the likest pair counts."""

MAX_BLOCK: Final = 200
WINDOW: Final = 10
MAX_VALUES: Final = 20
_NUMERALS: Final = re.compile("[0-9一二三四五六七八九十百]+")
Folded = dict[str, tuple[str, ...]]


@attrs.frozen(kw_only=True)
class Reason:
    """What one feature said; `weight` in bits, below zero when it speaks against."""

    feature: str
    weight: Decimal


@attrs.frozen(kw_only=True)
class Match:
    """How much two records speak for one party, in bits, and why, the strongest reason first."""

    score: Decimal
    reasons: tuple[Reason, ...]


@attrs.frozen(kw_only=True)
class Pair:
    """Two records that may be one party."""

    left: str
    right: str
    match: Match


def blocking_keys(features: Features, rules: Rules = PEOPLE) -> frozenset[str]:
    """Return the short texts of which duplicates are likely to share one."""
    return _keys(fold(features), rules)


def compare(left: Features, right: Features, rules: Rules = PEOPLE) -> Match:
    """Weigh two records; a feature that either lacks says nothing."""
    return compare_folded(fold(left), fold(right), rules)


def compare_folded(left: Folded, right: Folded, rules: Rules = PEOPLE) -> Match:
    """Weigh two records whose features were folded before."""
    spoken = _weigh(left, right, rules)
    strongest_first = sorted(spoken, key=lambda said: -abs(said[1]))
    return Match(
        score=_bits(sum(weight for _, weight in spoken)),
        reasons=tuple(Reason(feature=name, weight=_bits(said)) for name, said in strongest_first),
    )


def find_duplicates(
    records: Iterable[tuple[str, Features]],
    *,
    rules: Rules = PEOPLE,
    threshold: float | None = None,
) -> list[Pair]:
    """Return the pairs whose score reaches the threshold, the likest first.

    `records` gives each record's id, once, and features; those of all are kept in memory. Blocks
    are worked through one after the other. In a block of more than 200 records each is compared
    with its ten next neighbours only, so a duplicate that shares no smaller block may be missed.
    """
    known = {name: fold(features) for name, features in _unique(records)}
    least = rules.threshold if threshold is None else threshold
    found = [
        Pair(left=left, right=right, match=compare_folded(known[left], known[right], rules))
        for left, right in _candidates(known, rules)
        if score(known[left], known[right], rules) >= least
    ]
    return sorted(found, key=lambda pair: (-pair.match.score, pair.left, pair.right))


def fold(features: Features) -> Folded:
    """Return the features as they are compared: folded, cut, each value once."""
    folded: Folded = {}
    for name, given in features.items():
        values = (given,) if isinstance(given, str) else given
        if not isinstance(values, tuple):
            raise WrongType("expected a text or a tuple of texts", path=f"features.{name}")
        if values:
            cleaned = [_clean(value, f"features.{name}") for value in values[:MAX_VALUES]]
            folded[name] = tuple(dict.fromkeys(filter(None, cleaned)))
    return folded


def score(left: Folded, right: Folded, rules: Rules) -> float:
    """Return how much two records speak for one party, in bits, without the reasons."""
    return sum(said for _, said in _weigh(left, right, rules))


def _unique(records: Iterable[tuple[str, Features]]) -> Iterator[tuple[str, Features]]:
    seen: set[str] = set()
    for name, features in records:
        if check_text(name, path="records") in seen:
            raise InvalidInput(f"record {name!r} comes twice", path="records", fix="give it once")
        seen.add(name)
        yield name, features


def _clean(value: str, path: str) -> str:
    return search_key(check_text(value, path=path)[:MAX_COMPARED])[:MAX_COMPARED].strip()


def _keys(folded: Folded, rules: Rules) -> frozenset[str]:
    keys: set[str] = set()
    for label, parts in rules.cuts:
        name, length = parts[0]
        if not folded.get(name):
            continue
        if len(parts) == 1:
            keys.update([f"{label}={value[:length]}" for value in folded[name][:MAX_VALUES]])
            continue
        lists = ([value[:cut] for value in folded.get(part, ())] for part, cut in parts)
        several = islice(product(*lists), MAX_VALUES)
        keys.update([f"{label}={'+'.join(values)}" for values in several])
    return frozenset(keys)


def _candidates(known: Mapping[str, Folded], rules: Rules) -> Iterator[tuple[str, str]]:
    """Bring each pair that shares a block, once, from the first block that it shares."""
    blocks: defaultdict[str, list[str]] = defaultdict(list)
    for name, folded in known.items():
        for key in _keys(folded, rules):
            blocks[key].append(name)
    small = {key: names for key, names in blocks.items() if 1 < len(names) <= MAX_BLOCK}
    shared: defaultdict[str, set[str]] = defaultdict(set)
    for key, names in small.items():
        for name in names:
            shared[name].add(key)
    for key, names in small.items():
        for left, right in combinations(sorted(names), 2):
            if key == min(shared[left] & shared[right]):
                yield left, right
    large = (names for names in blocks.values() if len(names) > MAX_BLOCK)
    met = {pair for names in large for pair in _neighbours(names, known)}
    yield from (pair for pair in met if not shared[pair[0]] & shared[pair[1]])


def _neighbours(names: Sequence[str], known: Mapping[str, Folded]) -> Iterator[tuple[str, str]]:
    ordered = sorted(names, key=lambda name: (sorted(known[name].items()), name))
    for at, name in enumerate(ordered):
        for other in ordered[at + 1 : at + 1 + WINDOW]:
            yield (name, other) if name < other else (other, name)


def _weigh(left: Folded, right: Folded, rules: Rules) -> list[tuple[str, float]]:
    spoken: list[tuple[str, float]] = []
    for name, weight in rules.weights.items():
        ours, theirs = left.get(name), right.get(name)
        if ours and theirs:
            spoken.append((name, max(_say(a, b, weight) for a in ours for b in theirs)))
    return spoken


def _say(left: str, right: str, weight: Weight) -> float:
    if left == right:
        return weight.agreement
    match weight.likeness:
        case Likeness.EXACT:
            return weight.disagreement
        case Likeness.CONTAINED:
            contained = left.startswith(right) or right.startswith(left)
            return weight.agreement / 2 if contained else weight.disagreement
        case Likeness.NAME if _NUMERALS.findall(left) != _NUMERALS.findall(right):
            return weight.disagreement
        case _:
            return _near(likeness(left, right), weight)


def _near(alike: float, weight: Weight) -> float:
    if alike < weight.near:
        return weight.disagreement
    return weight.agreement * (0.5 + (alike - weight.near) / (1 - weight.near) / 2)


def _bits(score: float) -> Decimal:
    return Decimal(score).quantize(Decimal("0.01"))
