"""From a class to its fields: the annotations of an attrs class, read once as kinds."""

import types
import typing
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, NewType, Union
from uuid import UUID

import attrs

from crmkit.domain.composite_kinds import (
    Amount,
    AnyJson,
    Document,
    Documents,
    Labels,
    Many,
    Part,
)
from crmkit.domain.kinds import Boolean, Day, Instant, Integer, Kind, Number, Text
from crmkit.domain.money import Money
from crmkit.domain.named_kinds import Choice, Identity
from crmkit.errors import InvalidSettings

_SCALARS: Mapping[Any, Kind] = {
    str: Text(),
    int: Integer(),
    bool: Boolean(),
    Decimal: Number(),
    Money: Amount(),
    date: Day(),
    datetime: Instant(),
    UUID: Identity(),
    Any: AnyJson(),
}
_NOT_STORED = frozenset({"events"})
_PARTS: dict[type[Any], Mapping[str, Part]] = {}


def parts_of(cls: type[Any]) -> Mapping[str, Part]:
    """Return the stored fields of an attrs class by name, in the order they are declared."""
    known = _PARTS.get(cls)
    if known is None:
        known = _PARTS[cls] = _derived(cls)
    return known


def _derived(cls: type[Any]) -> Mapping[str, Part]:
    if not attrs.has(cls):
        raise InvalidSettings(
            "is not an attrs class", path=cls.__name__, fix="decorate it with @attrs.frozen"
        )
    try:
        attrs.resolve_types(cls, include_extras=True)
    except NameError as unknown:
        raise InvalidSettings(
            f"an annotation cannot be read: {unknown}",
            path=cls.__name__,
            fix="import the name where the class is defined, or declare it above",
        ) from None
    return {
        field.name: _part(field, cls)
        for field in attrs.fields(cls)
        if field.name not in _NOT_STORED and field.init
    }


def _part(field: "attrs.Attribute[Any]", cls: type[Any]) -> Part:
    annotation, optional = _without_none(field.type)
    kind = _kind(annotation)
    if kind is None:
        raise InvalidSettings(
            f"crmkit cannot store {annotation!r}",
            path=f"{cls.__name__}.{field.name}",
            fix="use text, numbers, Money, dates, text enums, ids, attrs values or tuple[X, ...]",
        )
    return Part(name=field.name, kind=kind, optional=optional, default=_default(field))


def _default(field: "attrs.Attribute[Any]") -> Any:
    if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]
        return field.default.factory()  # type: ignore[union-attr]
    return None if field.default is attrs.NOTHING else field.default


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if typing.get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in typing.get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return members[0], True
    return annotation, False


def _kind(annotation: Any) -> Kind | None:
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        marks = [mark for mark in annotation.__metadata__ if isinstance(mark, Kind)]
        return marks[0] if marks else _kind(annotation.__origin__)
    if isinstance(annotation, NewType):
        return _new_type(annotation)
    if origin in (tuple, frozenset):
        return _several(typing.get_args(annotation), fixed=origin is tuple)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Labels() if typing.get_args(annotation) == (str, str) else AnyJson()
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        has_texts = all(isinstance(member.value, str) for member in annotation)
        return Choice(enum=annotation) if has_texts else None
    if isinstance(annotation, type) and attrs.has(annotation) and annotation is not Money:
        return Document(cls=annotation, derive=parts_of)
    return _SCALARS.get(annotation)


def _new_type(annotation: Any) -> Kind | None:
    """A NewType over UUID called CustomerId refers to the entity `customer`."""
    inner = _kind(annotation.__supertype__)
    if isinstance(inner, Identity):
        return Identity(target=entity_name(annotation.__name__.removesuffix("Id")))
    return inner


def _several(items: tuple[Any, ...], *, fixed: bool) -> Kind | None:
    if fixed and items[1:] != (...,):
        return None
    item = _kind(items[0])
    if isinstance(item, Document):
        return Documents(item=item)
    return Many(item=item) if item is not None else None


def entity_name(class_name: str) -> str:
    """Turn `PriceList` into `price_list`."""
    letters = [
        f"_{letter.lower()}" if letter.isupper() and at else letter.lower()
        for at, letter in enumerate(class_name)
    ]
    return "".join(letters)
