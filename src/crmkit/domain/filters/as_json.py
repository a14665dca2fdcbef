"""Filters as JSON: for saved views, segments, policies and the wire.

A value is written as people write it (`"12.50 CNY"`, `"2026-11-24"`), numbers and truth values as
JSON has them. Reading checks everything again, against the entity and the tenant's own fields.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from crmkit.domain.composite_kinds import Many, Part
from crmkit.domain.entity import EntitySpec, Registry
from crmkit.domain.filters.order import Order
from crmkit.domain.filters.paths import Path, path_to
from crmkit.domain.filters.tree import (
    MAX_NODES,
    And,
    Comparison,
    Exists,
    Filter,
    Not,
    Op,
    Or,
    PathComparison,
)
from crmkit.domain.filters.where import Field
from crmkit.domain.kinds import Boolean, Integer, Json, Kind
from crmkit.errors import InvalidFilter

CustomFields = Callable[[EntitySpec], Mapping[str, Part]]
MAX_JSON_DEPTH: Final = MAX_NODES + 1
_OF_TWO_FIELDS: Final = frozenset({Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE})


def filter_to_json(filter_: Filter) -> Json:
    """Write a filter as JSON."""
    match filter_:
        case And(parts):
            return {"all": [filter_to_json(part) for part in parts]}
        case Or(parts):
            return {"any": [filter_to_json(part) for part in parts]}
        case Not(part):
            return {"not": filter_to_json(part)}
        case Comparison(path, op, value):
            return {"field": path.name, "op": str(op), "value": _write(path, op, value)}
        case PathComparison(path, op, other):
            return {"field": path.name, "op": str(op), "other": other.name}
        case Exists(local, target, remote, inner):
            return {
                "exists": target.name,
                "field": local.name,
                "remote": remote.name,
                "where": filter_to_json(inner),
            }
        case _:
            raise InvalidFilter(f"{type(filter_).__name__} is not a filter", path="filter")


def order_to_json(order: Sequence[Order]) -> Json:
    """Write an order as JSON: field names, downwards with a leading minus."""
    return [f"-{key.path.name}" if key.descending else key.path.name for key in order]


class FilterReader:
    """Reads filters of a registry's entities from JSON, or says what is wrong and where."""

    def __init__(self, registry: Registry, custom: CustomFields = lambda _spec: {}) -> None:
        """Take the entities and the source of the tenant's own fields."""
        self._registry = registry
        self._custom = custom

    def read(self, spec: EntitySpec, written: Json) -> Filter:
        """Read a filter on the records of `spec`."""
        return self._node(spec, written, "filter", MAX_JSON_DEPTH)

    def read_order(self, spec: EntitySpec, written: Json) -> tuple[Order, ...]:
        """Read an order."""
        if not isinstance(written, list) or not all(isinstance(name, str) for name in written):
            raise InvalidFilter("expected a list of field names", path="order")
        return tuple(
            Order(self._path(spec, name.removeprefix("-")), name.startswith("-"))
            for name in written
        )

    def _node(self, spec: EntitySpec, written: Json, place: str, depth: int) -> Filter:
        if depth == 0:
            raise InvalidFilter("nested too deep", path=place)
        match written:
            case {"all": [*parts], **rest} if not rest:
                return And(self._nodes(spec, parts, f"{place}.all", depth))
            case {"any": [*parts], **rest} if not rest:
                return Or(self._nodes(spec, parts, f"{place}.any", depth))
            case {"not": part, **rest} if not rest:
                return Not(self._node(spec, part, f"{place}.not", depth - 1))
            case {"field": str(name), "op": str(op), "value": value, **rest} if not rest:
                return self._comparison(self._field(spec, name), _op(op, place), value, place)
            case {"field": str(name), "op": str(op), "other": str(other), **rest} if not rest:
                return self._between_fields(spec, name, _op(op, place), other, place)
            case {"exists": str(target), "field": str(), "remote": str(), "where": inner, **rest}:
                return self._exists(spec, written, self._registry[target], inner, depth, rest)
            case _:
                raise InvalidFilter(
                    "is not a condition",
                    path=place,
                    fix='write {"field": ..., "op": ..., "value": ...}, or all, any, not, exists',
                )

    def _nodes(
        self, spec: EntitySpec, parts: list[Json], place: str, depth: int
    ) -> tuple[Filter, ...]:
        return tuple(
            self._node(spec, part, f"{place}[{at}]", depth - 1) for at, part in enumerate(parts)
        )

    def _exists(
        self, spec: EntitySpec, node: Json, target: EntitySpec, inner: Json, depth: int, rest: Json
    ) -> Filter:
        if set(rest) - {"exists", "field", "remote", "where"}:
            raise InvalidFilter(f"unknown keys {sorted(rest)}", path="filter.exists")
        where = self._node(target, inner, "filter.where", depth - 1)
        if node["field"] == "id":
            fields = Field(self._path(target, node["remote"]), self._custom(target))
            fields.exists(spec.cls)
            return Exists(self._path(spec, "id"), target, fields.path, where)
        if node["remote"] != "id":
            raise InvalidFilter("a relation leads from or to an id", path="filter.exists")
        return self._field(spec, node["field"]).exists(target.cls, where)

    def _comparison(self, field: Field, op: Op, written: Json, place: str) -> Filter:
        if op in (Op.IN, Op.NOT_IN, Op.HAS_ANY, Op.HAS_ALL, Op.BETWEEN):
            if not isinstance(written, list):
                raise InvalidFilter("expected a list", path=f"{place}.value")
            kind = field.path.kind
            item = kind.item if isinstance(kind, Many) else kind
            values = [_read(item, value, place) for value in written]
            if op is not Op.BETWEEN:
                return _call(field, op, values)
            if len(values) != 2:
                raise InvalidFilter("expected the lowest and the highest", path=f"{place}.value")
            return field.between(*values)
        if op is Op.IS_NONE:
            _refuse_value(written, place)
            return field.is_none()
        if op in (Op.CONTAINS, Op.STARTS_WITH, Op.ENDS_WITH):
            return _call(field, op, written)
        return _call(field, op, _read(field.path.kind, written, place))

    def _between_fields(
        self, spec: EntitySpec, name: str, op: Op, other: str, place: str
    ) -> Filter:
        if op not in _OF_TWO_FIELDS:
            raise InvalidFilter(
                f"{op} does not compare two fields",
                path=f"{place}.op",
                fix=f"one of {', '.join(sorted(_OF_TWO_FIELDS))}",
            )
        return _call(self._field(spec, name), op, self._field(spec, other))

    def _field(self, spec: EntitySpec, name: str) -> Field:
        return Field(self._path(spec, name), self._custom(spec))

    def _path(self, spec: EntitySpec, name: str) -> Path:
        return path_to(spec, name, self._custom(spec))


def _op(name: str, place: str) -> Op:
    try:
        return Op(name)
    except ValueError:
        raise InvalidFilter(
            f"{name!r} is not an operator", path=f"{place}.op", fix=f"one of {', '.join(Op)}"
        ) from None


def _call(field: Field, op: Op, value: Any) -> Filter:
    made: Filter = getattr(field, "in_" if op is Op.IN else str(op))(value)
    return made


def _refuse_value(written: Json, place: str) -> None:
    if written is not None:
        raise InvalidFilter(
            "is_none takes no value", path=f"{place}.value", fix='write null, or wrap it in "not"'
        )


def _write(path: Path, op: Op, value: Any) -> Json:
    kind = path.kind
    if op in (Op.IN, Op.HAS_ANY, Op.HAS_ALL):
        item = kind.item if isinstance(kind, Many) else kind
        return [_written(item, each) for each in value]
    if value is None or op in (Op.CONTAINS, Op.STARTS_WITH, Op.ENDS_WITH):
        return value
    return _written(kind, value)


def _written(kind: Kind, value: Any) -> Json:
    return value if isinstance(kind, Integer | Boolean) else kind.text(value)


def _read(kind: Kind, written: Json, place: str) -> Any:
    if written is None:
        return None
    if isinstance(kind, Integer | Boolean):
        return kind.check(written, f"{place}.value")
    if not isinstance(written, str):
        raise InvalidFilter(
            f"expected text, got {type(written).__name__}",
            path=f"{place}.value",
            fix="write values as text, numbers and truth as JSON has them",
        )
    return kind.read(written, f"{place}.value")
