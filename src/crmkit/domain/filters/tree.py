"""The filter itself: a small tree of frozen nodes, checked when it is built."""

from enum import StrEnum
from typing import Any, Final

import attrs

from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.paths import Path
from crmkit.errors import InvalidFilter

MAX_NODES: Final = 100
MAX_LISTED: Final = 10_000


class Op(StrEnum):
    """How a value is compared; a comparison with a missing value is false, never unknown."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    BETWEEN = "between"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    IS_NONE = "is_none"
    HAS_ANY = "has_any"
    HAS_ALL = "has_all"


@attrs.frozen
class Filter:
    """A condition on the records of one entity; combine with `&`, `|` and `~`."""

    def __and__(self, other: "Filter") -> "Filter":
        """Both hold."""
        return And((*_flat(self, And), *_flat(other, And)))

    def __or__(self, other: "Filter") -> "Filter":
        """At least one holds."""
        return Or((*_flat(self, Or), *_flat(other, Or)))

    def __invert__(self) -> "Filter":
        """It does not hold; a true complement, also where values are missing."""
        return Not(self)

    @property
    def nodes(self) -> int:
        """Count the nodes of the tree."""
        return 1

    def __bool__(self) -> bool:
        """Refuse `and`, `or` and `not`, which would silently drop a condition."""
        raise InvalidFilter(
            "a filter has no truth of its own", path="filter", fix="combine with &, | and ~"
        )


@attrs.frozen
class Comparison(Filter):
    """A field compared with a value that fits it."""

    path: Path
    op: Op
    value: Any


@attrs.frozen
class Sieve(Comparison):
    """One of many values that many records have: better tested record by record than looked up."""


@attrs.frozen
class PathComparison(Filter):
    """Two fields of one record compared; a None never equals a None."""

    path: Path
    op: Op
    other: Path


@attrs.frozen
class Exists(Filter):
    """A live record of `target` exists whose `remote` field equals our `local` field."""

    local: Path
    target: EntitySpec
    remote: Path
    where: Filter = attrs.field(validator=lambda node, _field, _value: _bound(node))

    @property
    def nodes(self) -> int:
        """Count the nodes of the tree."""
        return 1 + self.where.nodes


@attrs.frozen
class And(Filter):
    """All parts hold; none at all is true."""

    parts: tuple[Filter, ...] = attrs.field(validator=lambda node, _field, _value: _bound(node))

    @property
    def nodes(self) -> int:
        """Count the nodes of the tree."""
        return 1 + sum(part.nodes for part in self.parts)


@attrs.frozen
class Or(Filter):
    """At least one part holds; none at all is false."""

    parts: tuple[Filter, ...] = attrs.field(validator=lambda node, _field, _value: _bound(node))

    @property
    def nodes(self) -> int:
        """Count the nodes of the tree."""
        return 1 + sum(part.nodes for part in self.parts)


@attrs.frozen
class Not(Filter):
    """The part does not hold."""

    part: Filter = attrs.field(validator=lambda node, _field, _value: _bound(node))

    @property
    def nodes(self) -> int:
        """Count the nodes of the tree."""
        return 1 + self.part.nodes


def _flat(node: Filter, kind: type[And] | type[Or]) -> tuple[Filter, ...]:
    return node.parts if isinstance(node, kind) else (node,)


def _bound(node: Filter) -> None:
    if node.nodes > MAX_NODES:
        raise InvalidFilter(
            f"{node.nodes} conditions, at most {MAX_NODES} are allowed",
            path="filter",
            fix="use in_ for long lists, or split the work",
        )


EVERYTHING: Final = And(())
NOTHING: Final = Or(())
