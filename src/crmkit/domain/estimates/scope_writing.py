"""Scopes written as plain data: dict, JSON and TOML; reading them back gives the same scope."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs

from crmkit.domain.estimates.scope import Scope
from crmkit.domain.estimates.three_points import ThreePoint
from crmkit.domain.money import Money


def scope_to_dict(scope: Scope) -> dict[str, Any]:
    """Write what a scope says beyond its defaults, as plain data."""
    return _told(scope, keep=("modules",))


def _told(record: Any, keep: tuple[str, ...] = ()) -> dict[str, Any]:
    told = {}
    for field in attrs.fields(type(record)):
        value = getattr(record, field.name)
        factory = getattr(field.default, "factory", None)
        default = factory() if factory else field.default
        if field.name in keep or value != default:
            told[field.name] = _plain(value)
    return told


def _plain(value: Any) -> Any:
    match value:
        case ThreePoint():
            return {end: _plain(getattr(value, end)) for end in ("low", "likely", "high")}
        case Money():
            return str(value)
        case StrEnum():
            return str(value)
        case date():
            return value.isoformat()
        case Decimal():
            return int(value) if value == int(value) else value
        case Mapping():
            return {name: _plain(part) for name, part in value.items()}
        case tuple():
            return [_plain(part) for part in value]
        case _:
            return _told(value) if attrs.has(type(value)) else value


def scope_to_json(scope: Scope) -> str:
    """Write what a scope says beyond its defaults as JSON."""
    return json.dumps(scope_to_dict(scope), ensure_ascii=False, indent=2, default=float)


def scope_to_toml(scope: Scope) -> str:
    """Write what a scope says beyond its defaults as TOML."""
    return "\n".join(_tables(scope_to_dict(scope), "")).strip() + "\n"


def _tables(table: Mapping[str, Any], path: str) -> Iterator[str]:
    """Write plain values first, then the tables, then the lists of tables."""
    for name, value in table.items():
        if not (isinstance(value, Mapping) or _is_tables(value)):
            yield f"{_key(name)} = {_value(value)}"
    for name, value in table.items():
        below = f"{path}.{_key(name)}" if path else _key(name)
        if isinstance(value, Mapping):
            yield f"\n[{below}]"
            yield from _tables(value, below)
        elif _is_tables(value):
            for part in value:
                yield f"\n[[{below}]]"
                yield from _tables(part, below)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").isalnum() else _value(name)


def _value(value: object) -> str:
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
