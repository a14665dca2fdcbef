"""Shapes: two questions of one shape differ only in values and share one compiled statement."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import (
    All,
    Any_,
    Check,
    Linked,
    Lowered,
    Opposite,
    Pair,
    Test,
)
from crmkit.domain.kinds import Form

Encode = Callable[[EntitySpec, Leaf, Any], Any]
_LISTED = (Test.IN, Test.HAS_ANY, Test.HAS_ALL)


def shape_of(spec: EntitySpec, lowered: Lowered, encode: Encode, values: list[Any]) -> Hashable:
    """Return the shape of a condition and append its values in the order of their parameters."""
    match lowered:
        case All(parts) | Any_(parts):
            return (type(lowered), *(shape_of(spec, part, encode, values) for part in parts))
        case Opposite(part):
            return (Opposite, shape_of(spec, part, encode, values))
        case Pair(leaf, test, other):
            return (Pair, leaf, test, other)
        case Linked(local, target, remote, where):
            return (Linked, local, target.name, remote, shape_of(target, where, encode, values))
        case Check(leaf, test, value):
            return _check(spec, leaf, test, value, encode, values)


def padded(count: int) -> int:
    """Round a list's length up to a power of two, so that shapes stay few."""
    return 1 << (count - 1).bit_length() if count else 0


def _check(
    spec: EntitySpec, leaf: Leaf, test: Test, value: Any, encode: Encode, values: list[Any]
) -> Hashable:
    if test is Test.NONE:
        return (Check, leaf, test)
    if test in _LISTED:
        listed = _listed(spec, leaf, value, encode)
        values += listed
        return (Check, leaf, test, len(listed))
    values.append(encode(spec, leaf, value))
    return (Check, leaf, test, len(value)) if test is Test.ENDS else (Check, leaf, test)


def _listed(spec: EntitySpec, leaf: Leaf, value: Sequence[Any], encode: Encode) -> list[Any]:
    if leaf.form is Form.TEXTS:
        return list(value)
    listed = [encode(spec, leaf, item) for item in value]
    return listed + listed[-1:] * (padded(len(listed)) - len(listed))
