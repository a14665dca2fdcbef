"""The values of a tenant's own fields, kept in one document beside the declared fields.

A stored key carries the kind of its value (`score:d` is a decimal), so a record can be read without
its field definitions, and two kinds never meet under one key.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import attrs

from crmkit.domain.access.veils import Veil
from crmkit.domain.composite_kinds import KEY_SUFFIX, Amount, JsonKind, Many
from crmkit.domain.kinds import Boolean, Day, Instant, Integer, Json, Kind, Number, Text
from crmkit.domain.money import Money
from crmkit.domain.named_kinds import Identity
from crmkit.domain.text import search_key
from crmkit.errors import InvalidValue, OutOfRange, WrongType

MAX_CUSTOM = 500
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_BY_TYPE: Final[Mapping[type[Any], Kind]] = {
    str: Text(),
    bool: Boolean(),
    int: Integer(),
    Decimal: Number(),
    Money: Amount(),
    datetime: Instant(),
    date: Day(),
    UUID: Identity(),
    tuple: Many(),
    list: Many(),
}
_STORED: Final[Mapping[type[Any], tuple[str, Callable[[Any], Json] | None]]] = {
    cls: (
        f":{kind.letter}" if kind.letter else "",
        None if type(kind).plain is Kind.plain else kind.plain,
    )
    for cls, kind in _BY_TYPE.items()
}
_BY_LETTER: Final[Mapping[str, Kind]] = {kind.letter: kind for kind in _BY_TYPE.values()}


@attrs.frozen(kw_only=True)
class CustomValues(JsonKind):
    """Values by custom-field key; what is None is not kept."""

    def check(self, value: Any, path: str) -> Mapping[str, Any]:
        """Refuse bad keys and types that no custom field has."""
        if not isinstance(value, Mapping):
            raise WrongType(f"expected values by key, got {type(value).__name__}", path=path)
        if not value:
            return {}
        if len(value) > MAX_CUSTOM:
            raise OutOfRange(f"{len(value)} values, at most {MAX_CUSTOM} are kept", path=path)
        return {
            check_custom_key(key, path): _checked(inner, f"{path}.{key}")
            for key, inner in value.items()
            if inner is not None
        }

    def plain(self, value: Mapping[str, Any]) -> Json:
        """Keep each value under its key and letter, texts with their folded key."""
        kept: dict[str, Json] = {}
        for key, inner in value.items():
            letter, plain = _STORED[type(inner)]
            kept[key + letter] = inner if plain is None else plain(inner)
            if letter == "":
                kept[key + KEY_SUFFIX] = search_key(inner)
        return kept

    def parse(self, plain: Json) -> Mapping[str, Any]:
        """Read the values back by the letters of their keys."""
        values: dict[str, Any] = {}
        for stored, inner in plain.items():
            key, parse = _STORED_KEYS[stored]
            if parse is None:
                values[key] = inner
            elif key:
                values[key] = parse(inner)
        return values


def check_custom_key(key: object, path: str) -> str:
    """Return `key` when it is a lawful custom-field key, else raise `InvalidValue`."""
    if isinstance(key, str) and _KEY.fullmatch(key):
        return key
    raise InvalidValue(
        f"{key!r} is not a key for a custom field",
        path=path,
        fix="use a small letter, then up to 62 small letters, digits or underscores",
    )


def written(value: Any) -> str:
    """Write a custom value as people and files write it."""
    return str(value) if isinstance(value, Veil) else kind_of_value(value, "custom").text(value)


def stored_key(key: str, kind: Kind) -> str:
    """Return the key under which a value of this kind is stored."""
    return f"{key}:{kind.letter}" if kind.letter else key


class _StoredKeys(dict[str, tuple[str, Callable[[Json], Any] | None]]):
    """Each stored key's own key, and how its value is read; a folded text has no key."""

    def __missing__(self, stored: str) -> tuple[str, Callable[[Json], Any] | None]:
        """Read a stored key that was not met before."""
        if len(self) >= _MOST_KEYS:
            self.clear()
        key, _, letter = stored.partition(":")
        if stored.endswith(KEY_SUFFIX):
            found: tuple[str, Callable[[Json], Any] | None] = ("", str)
        else:
            kind = _BY_LETTER[letter]
            found = (key, _reader_of(kind))
        self[stored] = found
        return found


def _reader_of(kind: Kind) -> Callable[[Json], Any] | None:
    if isinstance(kind, Integer):
        return int
    return None if type(kind).parse is Kind.parse else kind.parse


_MOST_KEYS: Final = 10_000
_STORED_KEYS: Final = _StoredKeys()


def _checked(value: Any, path: str) -> Any:
    return value if isinstance(value, Veil) else kind_of_value(value, path).check(value, path)


def kind_of_value(value: Any, path: str) -> Kind:
    """Return the kind of a custom value, or raise `WrongType`."""
    kind = _BY_TYPE.get(type(value))
    if kind is None:
        raise WrongType(
            f"a custom field cannot hold {type(value).__name__}",
            path=path,
            fix="use text, a whole number, Decimal, Money, date, instant, boolean, id or texts",
        )
    return kind
