"""What a store is asked: filters and orders brought down to a dozen operations on leaves.

The public tree has fifteen operators over typed paths; stores see only these nodes, with values
already in the form that the leaf holds. Every node is two-valued: never unknown, on any store.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, TypeAlias

import attrs

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec


class Test(StrEnum):
    """What is asked of one leaf; every test of a missing value is false but NONE."""

    EQ = "eq"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    IN = "in"
    NONE = "none"
    CONTAINS = "contains"
    ENDS = "ends"
    HAS_ANY = "has_any"
    HAS_ALL = "has_all"


@attrs.frozen
class Check:
    """A leaf tested against a value: a scalar, or a tuple for IN, HAS_ANY and HAS_ALL.

    Of a `wide` one many records are expected; a page is found sooner in its order than by it.
    """

    leaf: Leaf
    test: Test
    value: Any = None
    wide: bool = False


@attrs.frozen
class Pair:
    """Two leaves of one record compared by EQ, LT, LE, GT or GE; false when one is missing."""

    leaf: Leaf
    test: Test
    other: Leaf


@attrs.frozen
class All:
    """Every part holds; true without parts."""

    parts: tuple["Lowered", ...] = ()


@attrs.frozen
class Any_:  # noqa: N801 - typing.Any is too common a word here
    """Some part holds; false without parts."""

    parts: tuple["Lowered", ...] = ()


@attrs.frozen
class Opposite:
    """The part does not hold: the true complement."""

    part: "Lowered"


@attrs.frozen
class Linked:
    """A record of `target`, same tenant, fits `where` and its `remote` leaf equals our `local`."""

    local: Leaf
    target: EntitySpec
    remote: Leaf
    where: "Lowered"


Lowered: TypeAlias = Check | Pair | All | Any_ | Opposite | Linked


@attrs.frozen
class SortKey:
    """One leaf to sort by; missing values are lowest."""

    leaf: Leaf
    descending: bool = False


def after(order: Sequence[SortKey], values: Sequence[Any]) -> Lowered:
    """Return the condition for records that sort after `values`; a keyset page starts there.

    It begins with a redundant bound on the first key, so that an index range can be walked.
    """
    steps: list[Lowered] = []
    same: tuple[Lowered, ...] = ()
    for key, value in zip(order, values, strict=True):
        beyond = _beyond(key, value)
        if beyond is not None:
            steps.append(All((*same, beyond)) if same else beyond)
        same = (*same, _equal(key.leaf, value))
    bound = _bound(order[0], values[0])
    return All((bound, Any_(tuple(steps)))) if bound is not None else Any_(tuple(steps))


def _equal(leaf: Leaf, value: Any) -> Lowered:
    return Check(leaf, Test.NONE) if value is None else Check(leaf, Test.EQ, value)


def _beyond(key: SortKey, value: Any) -> Lowered | None:
    none = Check(key.leaf, Test.NONE)
    if not key.descending:
        return Opposite(none) if value is None else Check(key.leaf, Test.GT, value)
    if value is None:
        return None
    below = Check(key.leaf, Test.LT, value)
    return Any_((below, none)) if key.leaf.optional else below


def _bound(key: SortKey, value: Any) -> Lowered | None:
    if value is None:
        return Check(key.leaf, Test.NONE) if key.descending else None
    if not key.descending:
        return Check(key.leaf, Test.GE, value)
    at_most = Check(key.leaf, Test.LE, value)
    return Any_((at_most, Check(key.leaf, Test.NONE))) if key.leaf.optional else at_most
