"""Scopes as plain data: dict, JSON and TOML; what is not known is refused with its place."""

import json
import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

import attrs

from crmkit.domain.estimates.scope import Scope
from crmkit.domain.estimates.scope_parts import (
    Integration,
    Maintenance,
    Migration,
    Module,
    Technology,
    ThirdParty,
)
from crmkit.domain.estimates.three_points import ThreePoint
from crmkit.domain.money import Money
from crmkit.errors import BrokenFile, InvalidInput, InvalidValue, UnknownField, WrongType

_PARTS: Final[Mapping[str, type]] = {
    "technology": Technology,
    "migration": Migration,
    "maintenance": Maintenance,
}
_LISTS: Final[Mapping[str, type]] = {"integrations": Integration, "third_party": ThirdParty}
_ENDS: Final = {"low", "likely", "high"}


def scope_from_dict(data: object) -> Scope:
    """Read a scope; a range is `{"low": 10, "likely": 15, "high": 30}`."""
    fields: dict[str, Any] = {
        name: _read(name, value, f"scope.{name}") for name, value in _mapping(data, "scope").items()
    }
    _check_names(Scope, fields, "scope")
    if "modules" not in fields:
        raise InvalidValue("is missing", path="scope.modules", fix="name the modules to build")
    return Scope(**fields)


def scope_from_json(text: str) -> Scope:
    """Read a scope from JSON; numbers with a point are exact."""
    try:
        data = json.loads(text, parse_float=Decimal)
    except ValueError as broken:
        raise BrokenFile(f"is not JSON: {broken}", path="scope", fix="write JSON") from None
    return scope_from_dict(data)


def scope_from_toml(text: str) -> Scope:
    """Read a scope from TOML; numbers with a point are exact."""
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as broken:
        raise BrokenFile(f"is not TOML: {broken}", path="scope", fix="write TOML") from None
    return scope_from_dict(data)


def _read(name: str, value: object, path: str) -> object:
    if name == "modules":
        return _read_modules(value, path)
    if name in _PARTS and value is not None:
        return _record(_PARTS[name], value, path)
    if name in _LISTS:
        return tuple(
            _record(_LISTS[name], part, f"{path}.{at}")
            for at, part in enumerate(_list(value, path))
        )
    if name == "as_of" and isinstance(value, str):
        return _day(value, path)
    return _amount(value, path)


def _read_modules(value: object, path: str) -> object:
    if not isinstance(value, Mapping):
        return _list(value, path)
    return {
        name: _record(Module, part, f"{path}.{name}") if isinstance(part, Mapping) else part
        for name, part in value.items()
    }


def _record(cls: type, value: object, path: str) -> Any:
    given = _mapping(value, path)
    _check_names(cls, given, path)
    fields = {name: _amount(part, f"{path}.{name}") for name, part in given.items()}
    if isinstance(fields.get("price"), str):
        fields["price"] = _price(str(fields["price"]), f"{path}.price")
    missing = [
        field.name
        for field in attrs.fields(cls)
        if field.default is attrs.NOTHING and field.name not in fields
    ]
    if missing:
        raise InvalidValue("is missing", path=f"{path}.{missing[0]}", fix="give it")
    try:
        return cls(**fields)
    except InvalidInput as wrong:
        raise wrong.at(path) from None


def _amount(value: object, path: str) -> object:
    if not (isinstance(value, Mapping) and set(value) == _ENDS):
        return value
    try:
        return ThreePoint(**value)
    except InvalidInput as wrong:
        raise wrong.at(path) from None


def _price(text: str, path: str) -> Money:
    amount, _, currency = text.partition(" ")
    try:
        return Money(amount, currency or "CNY")
    except InvalidInput as wrong:
        raise wrong.at(path) from None


def _day(text: str, path: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(f"{text!r} is no day", path=path, fix="such as 2026-11-30") from None


def _mapping(value: object, path: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise WrongType(
        f"expected a table of names and values, got {type(value).__name__}",
        path=path,
        fix="see the guide to estimates",
    )


def _list(value: object, path: str) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    raise WrongType(f"expected a list, got {type(value).__name__}", path=path, fix="write a list")


def _check_names(cls: type, given: Mapping[str, Any], path: str) -> None:
    known = [field.name for field in attrs.fields(cls)]
    for name in given:
        if name not in known:
            raise UnknownField(
                "there is no such input", path=f"{path}.{name}", fix=f"one of {', '.join(known)}"
            )
