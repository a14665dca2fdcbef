"""Shapes: two questions of one shape differ only in values and share one compiled statement."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, Final

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
    SortKey,
    Test,
    after,
)
from crmkit.domain.kinds import Form
from crmkit.ports import Ask
from crmkit.storage.codec.json_text import to_json
from crmkit.storage.codec.kept import Kept
from crmkit.storage.sql.dialects import CUT, MYSQL, POSTGRES, SQLITE, is_cut

Encode = Callable[[EntitySpec, Leaf, Any], Any]
LISTED_ONE_BY_ONE: Final = 32
"""Longer lists are given to SQLite as one JSON text."""


class Shapes:
    """Tells the shapes of conditions for one kind of database, and collects their values.

    The values come in the order in which `Conditions` writes their parameters.
    """

    def __init__(self, kind: str, encode: Encode) -> None:
        """Turn values into the database's own by `encode`."""
        self._kind = kind
        self._encode = encode
        self._lists: Kept[Any] = Kept()

    def of(self, spec: EntitySpec, lowered: Lowered, values: list[Any]) -> Hashable:
        """Return the shape of a condition and append its values."""
        match lowered:
            case Check():
                return self._check(spec, lowered, values)
            case All(parts):
                return ("all", *[self.of(spec, part, values) for part in parts])
            case Any_(parts):
                return ("any", *[self.of(spec, part, values) for part in parts])
            case Opposite(part):
                return ("not", self.of(spec, part, values))
            case Pair(leaf, test, other):
                return ("pair", place_of(leaf), test, place_of(other))
            case Linked(local, target, remote, where):
                inner = self.of(target, where, values)
                return ("linked", place_of(local), target.name, place_of(remote), inner)

    def after(self, spec: EntitySpec, ask: Ask, values: list[Any]) -> Hashable:
        """Return the shape of where a page begins, and append its values."""
        if ask.after is None:
            return None
        if not is_row(self._kind, spec, ask.order, ask.after):
            return self.of(spec, after(ask.order, ask.after), values)
        for key, value in zip(ask.order, ask.after, strict=True):
            values.append(self._encode(spec, key.leaf, value))
        return "row"

    def encoded(self, spec: EntitySpec, leaf: Leaf, value: Any) -> Any:
        """Return a value as the database has it."""
        return self._encode(spec, leaf, value)

    def _check(self, spec: EntitySpec, check: Check, values: list[Any]) -> Hashable:
        leaf, test = check.leaf, check.test
        place = place_of(leaf)
        match test:
            case Test.NONE:
                return (place, test)
            case Test.IN:
                return (place, test, check.wide, self._list(spec, check, values))
            case Test.HAS_ANY | Test.HAS_ALL:
                return (place, test, self._items(test, check.value, values))
            case Test.ENDS:
                values += [len(check.value) * (-1 if self._kind == SQLITE else 1), check.value]
                return (place, test)
            case Test.CONTAINS:
                values.append(check.value)
                return (place, test)
            case _:
                self._scalar(spec, leaf, check.value, values)
                return (place, test)

    def _scalar(self, spec: EntitySpec, leaf: Leaf, value: Any, values: list[Any]) -> None:
        encoded = self._encode(spec, leaf, value)
        if is_cut(self._kind, spec, leaf):
            values.append(encoded[:CUT])
        values.append(encoded)

    def _list(self, spec: EntitySpec, check: Check, values: list[Any]) -> Hashable:
        if self._kind == POSTGRES and is_cut(self._kind, spec, check.leaf):
            encoded = self._encoded(spec, check)
            values += [[value[:CUT] for value in encoded], encoded]
            return 0
        if self._kind == POSTGRES or (
            self._kind == SQLITE and len(check.value) > LISTED_ONE_BY_ONE
        ):
            values.append(self._lists.get(check, partial(self._as_one, spec)))
            return 0
        encoded = self._encoded(spec, check)
        size = padded(len(encoded))
        values += encoded + encoded[-1:] * (size - len(encoded))
        return size

    def _encoded(self, spec: EntitySpec, check: Check) -> list[Any]:
        return [self._encode(spec, check.leaf, value) for value in check.value]

    def _as_one(self, spec: EntitySpec, check: Check) -> Any:
        """Return a list as one value."""
        one = self._encoded(spec, check)
        if self._kind == SQLITE:
            return to_json(one)
        is_id = check.leaf.form is Form.ID and not check.leaf.keys
        return f"{{{','.join(map(str, one))}}}" if is_id else one

    def _items(self, test: Test, given: Sequence[Any], values: list[Any]) -> Hashable:
        """Return how the items of a list are given: their number, or what they are."""
        if self._kind == POSTGRES:
            texts = all(isinstance(item, str) for item in given)
            values.append(list(given) if texts else [to_json(item) for item in given])
            return "texts" if texts else "json"
        if self._kind == MYSQL and test is Test.HAS_ANY:
            size = padded(len(given))
            items = [to_json(item) for item in given]
            values += items + items[-1:] * (size - len(items))
            return size
        values.append(to_json(list(given)))
        return 0


def is_row(kind: str, spec: EntitySpec, order: Sequence[SortKey], values: Sequence[Any]) -> bool:
    """Say whether the keys may be compared as one row, for which an index knows the very place.

    They go one way, no value is missing, and missing values need not be told apart.
    """
    downward = order[0].descending
    return (
        kind in (SQLITE, POSTGRES)
        and all(key.descending is downward for key in order)
        and not any(is_cut(kind, spec, key.leaf) for key in order)
        and not any(value is None for value in values)
        and not (downward and any(key.leaf.optional for key in order))
    )


def place_of(leaf: Leaf) -> Hashable:
    """Return what tells one leaf of an entity from another."""
    return (leaf.column, leaf.keys) if leaf.keys else leaf.column


def order_shape(order: Sequence[SortKey]) -> Hashable:
    """Return the shape of an order."""
    return tuple([(place_of(key.leaf), key.descending) for key in order])


def padded(count: int) -> int:
    """Round a list's length up to a power of two, so that shapes stay few."""
    return 1 << (count - 1).bit_length() if count else 0
