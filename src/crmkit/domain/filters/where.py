"""Build filters: `where(Customer).name.contains("acme")`, checked against the entity as you go."""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from crmkit.domain.composite_kinds import Amount, Many, Part
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.filters.order import Order
from crmkit.domain.filters.paths import Path, path_to
from crmkit.domain.filters.tree import (
    EVERYTHING,
    MAX_LISTED,
    Comparison,
    Exists,
    Filter,
    Op,
    Or,
    PathComparison,
)
from crmkit.domain.named_kinds import Identity
from crmkit.domain.text import MAX_NEEDLE, check_text
from crmkit.errors import InvalidFilter, OutOfRange

NO_CUSTOM: Mapping[str, Part] = {}


class Fields:
    """The fields of an entity, reached by attribute or by dotted name in brackets."""

    __slots__ = ("_custom", "_spec")

    def __init__(self, spec: EntitySpec, custom: Mapping[str, Part]) -> None:
        """Name the entity and the tenant's own fields of it."""
        self._spec = spec
        self._custom = custom

    def __getattr__(self, name: str) -> "Field":
        """Return the field called `name`, or raise `UnknownField`."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> "Field":
        """Return the field at a dotted name, such as `address.city`, or raise `UnknownField`."""
        return Field(path_to(self._spec, name, self._custom), self._custom)

    def referred_by(self, cls: type[Any], reference: str, filter_: Filter | None = None) -> Filter:
        """Hold where a live `cls` refers here by its field `reference` (and fits `filter_`)."""
        remote = path_to(spec_of(cls), reference, NO_CUSTOM)
        _refuse_unless(isinstance(remote.kind, Identity), remote, "is not a reference")
        return Exists(self["id"].path, spec_of(cls), remote, _of(filter_, spec_of(cls)))


def where(cls: type[Any], custom: Mapping[str, Part] | None = None) -> Fields:
    """Start a filter on the records of `cls`; `custom` brings the tenant's own fields."""
    return Fields(spec_of(cls), custom or NO_CUSTOM)


@attrs.frozen
class Field:
    """One field in a filter; its methods make conditions and orders."""

    path: Path
    _custom: Mapping[str, Part] = attrs.field(repr=False)

    def __getattr__(self, name: str) -> "Field":
        """Step into a nested value: `where(Customer).address.city`."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> "Field":
        """Step into a nested value whose name is taken by a method."""
        full = f"{self.path.name}.{name}"
        return Field(path_to(self.path.spec, full, self._custom), self._custom)

    def eq(self, value: Any) -> Filter:
        """Equal; None asks for a missing value."""
        return self.is_none() if value is None else self._compare(Op.EQ, value)

    def ne(self, value: Any) -> Filter:
        """Different; keeps records whose value is missing."""
        return ~self.is_none() if value is None else self._compare(Op.NE, value)

    def lt(self, value: Any) -> Filter:
        """Less."""
        return self._compare(Op.LT, value)

    def le(self, value: Any) -> Filter:
        """Less or equal."""
        return self._compare(Op.LE, value)

    def gt(self, value: Any) -> Filter:
        """Greater."""
        return self._compare(Op.GT, value)

    def ge(self, value: Any) -> Filter:
        """Greater or equal."""
        return self._compare(Op.GE, value)

    def between(self, low: Any, high: Any) -> Filter:
        """From `low` to `high`, both included."""
        return self._compare(Op.GE, low) & self._compare(Op.LE, high)

    def in_(self, values: Iterable[Any]) -> Filter:
        """One of `values`; None among them also takes missing ones; no values match nothing."""
        return self._listed(Op.IN, values)

    def not_in(self, values: Iterable[Any]) -> Filter:
        """The complement of `in_`: keeps missing values unless None is listed."""
        return ~self._listed(Op.IN, values)

    def is_none(self) -> Filter:
        """The value is missing."""
        return Comparison(self.path, Op.IS_NONE, None)

    def contains(self, text: str) -> Filter:
        """Hold the text somewhere, whatever its case and width."""
        return self._search(Op.CONTAINS, text)

    def starts_with(self, text: str) -> Filter:
        """Begin with the text, whatever its case and width."""
        return self._search(Op.STARTS_WITH, text)

    def ends_with(self, text: str) -> Filter:
        """End with the text, whatever its case and width."""
        return self._search(Op.ENDS_WITH, text)

    def has_any(self, values: Iterable[Any]) -> Filter:
        """The list holds at least one of `values`; no values match nothing."""
        return Comparison(self.path, Op.HAS_ANY, self._items(values))

    def has_all(self, values: Iterable[Any]) -> Filter:
        """The list holds all of `values`; no values match every list that is not missing."""
        return Comparison(self.path, Op.HAS_ALL, self._items(values))

    def exists(self, cls: type[Any], filter_: Filter | None = None) -> Filter:
        """The reference leads to a live `cls` (that fits `filter_`)."""
        target = spec_of(cls)
        kind = self.path.kind
        fits = isinstance(kind, Identity) and kind.target in ("", target.name)
        _refuse_unless(fits, self.path, f"does not refer to {target.name}")
        remote = path_to(target, "id", NO_CUSTOM)
        return Exists(self.path, target, remote, _of(filter_, target))

    def asc(self) -> Order:
        """Order by this field, missing values first, text by code point."""
        return Order(self.path)

    def desc(self) -> Order:
        """Order by this field downwards, missing values last."""
        return Order(self.path, descending=True)

    def _compare(self, op: Op, value: Any) -> Filter:
        if isinstance(value, Field):
            return self._compare_fields(op, value.path)
        _refuse_unless(self.path.kind.ordered, self.path, "is not a single value")
        if value is None:
            raise InvalidFilter("None has no order", path=self.path.name, fix="use is_none()")
        return Comparison(self.path, op, self.path.kind.check(value, self.path.name))

    def _compare_fields(self, op: Op, other: Path) -> Filter:
        same = (
            self.path.kind.form is other.kind.form
            and self.path.kind.ordered
            and type(self.path.kind) is type(other.kind)
            and not isinstance(self.path.kind, Amount)
            and getattr(self.path.kind, "scale", 0) == getattr(other.kind, "scale", 0)
        )
        _refuse_unless(same, self.path, f"cannot be compared with {other.name}")
        return PathComparison(self.path, op, other)

    def _listed(self, op: Op, values: Iterable[Any]) -> Filter:
        _refuse_unless(not isinstance(values, str | bytes), self.path, "needs a list of values")
        single = self.path.kind.ordered and not isinstance(self.path.kind, Amount)
        _refuse_unless(single, self.path, "cannot be listed; lists have has_any()")
        listed = list(values)
        if len(listed) > MAX_LISTED:
            raise OutOfRange(f"{len(listed)} values, at most {MAX_LISTED}", path=self.path.name)
        kept = [value for value in listed if value is not None]
        checked = tuple(self.path.kind.check(value, self.path.name) for value in kept)
        found: Filter = Comparison(self.path, op, checked)
        return found if len(kept) == len(listed) else Or((found, self.is_none()))

    def _search(self, op: Op, text: str) -> Filter:
        _refuse_unless(self.path.searchable, self.path, "is not searchable text")
        needle = check_text(text, path=self.path.name, max_length=MAX_NEEDLE)
        return Comparison(self.path, op, needle)

    def _items(self, values: Iterable[Any]) -> tuple[Any, ...]:
        kind = self.path.kind
        if not isinstance(kind, Many):
            raise InvalidFilter("is not a list", path=self.path.name, fix="use in_()")
        _refuse_unless(not isinstance(values, str | bytes), self.path, "needs a list of values")
        checked: tuple[Any, ...] = kind.check(tuple(values), self.path.name)
        return checked


def _of(filter_: Filter | None, spec: EntitySpec) -> Filter:
    if filter_ is None:
        return EVERYTHING
    check_entity(filter_, spec)
    return filter_


def check_entity(filter_: Filter, spec: EntitySpec) -> None:
    """Refuse a filter that was built for another entity."""
    for part in _parts(filter_):
        check_entity(part, spec)
    for name in ("path", "other", "local"):
        path = getattr(filter_, name, None)
        if path is not None and path.spec is not spec:
            raise InvalidFilter(
                f"was built for {path.spec.name}, not for {spec.name}", path=path.name
            )


def _parts(filter_: Filter) -> tuple[Filter, ...]:
    inner = getattr(filter_, "part", None)
    return (inner,) if inner is not None else getattr(filter_, "parts", ())


def _refuse_unless(condition: object, path: Path, reason: str) -> None:
    if not condition:
        raise InvalidFilter(reason, path=f"{path.spec.name}.{path.name}")
