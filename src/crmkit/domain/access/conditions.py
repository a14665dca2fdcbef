"""Conditions of rules: filters as JSON that may also speak of the user, typed when read."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from crmkit.domain.access.user import User
from crmkit.domain.composite_kinds import Many, Part
from crmkit.domain.entity import EntitySpec, Registry, spec_of
from crmkit.domain.filters.as_json import FilterReader
from crmkit.domain.filters.paths import Path, path_to
from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.kinds import Boolean, Integer, Json, Kind
from crmkit.domain.named_kinds import Identity
from crmkit.errors import InvalidFilter, InvalidInput

_OF_ONE: Final = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})
_HOLDS: Final[Json] = {"all": []}


class Conditions:
    """Reads the conditions of rules for one tenant, and fills in what they say of a user."""

    def __init__(
        self,
        registry: Registry,
        custom: Callable[[EntitySpec], Mapping[str, Part]] = lambda _spec: {},
    ) -> None:
        """Take the entities and the source of the tenant's own fields."""
        self._reader = FilterReader(registry, custom)
        self._custom = custom
        self._user = spec_of(User)

    def check(self, spec: EntitySpec, condition: Json) -> None:
        """Return when a condition can be meant, else raise naming the field or operator."""
        if condition is not None:
            self._reader.read(spec, self._filled(spec, condition, self._check_user_value))

    def filter(self, spec: EntitySpec, condition: Json, user: User | None) -> Filter | None:
        """Return the filter of a condition for a user; None when it cannot be evaluated.

        That is the case where it speaks of something that the user does not have, and where a field
        is gone since the rule was made.
        """
        if condition is None:
            return EVERYTHING
        values = _ValuesOf(user, self._custom(self._user))
        try:
            filled = self._filled(spec, condition, values.fill)
            return None if values.missing else self._reader.read(spec, filled)
        except InvalidInput:
            return None

    def _filled(
        self, spec: EntitySpec, written: Json, fill: Callable[[EntitySpec, Json], Json]
    ) -> Json:
        match written:
            case {"field": str(), "op": str(), "value": {"user": str()}, **rest} if not rest:
                return fill(spec, written)
            case {"exists": str(), "where": dict(inner)}:
                return written | {"where": self._only_literal(inner)}
            case dict():
                return {key: self._filled(spec, part, fill) for key, part in written.items()}
            case list():
                return [self._filled(spec, part, fill) for part in written]
            case _:
                return written

    def _only_literal(self, written: Json) -> Json:
        """Refuse to speak of the user inside a relation, where its fields are another entity's."""
        if _speaks_of_user(written):
            raise InvalidFilter(
                "a relation cannot speak of the user", path="condition", fix="use a parent rule"
            )
        return written

    def _check_user_value(self, spec: EntitySpec, written: Json) -> Json:
        field = path_to(spec, written["field"], self._custom(spec))
        value = path_to(self._user, written["value"]["user"], self._custom(self._user))
        if not _comparable(field, written["op"], value):
            raise InvalidFilter(
                f"{written['op']} cannot compare {field.name} with user.{value.name}",
                path=f"condition.{field.name}",
                fix="compare values of one kind; use in or has_any for lists",
            )
        return _HOLDS


class _ValuesOf:
    """What a user has, as the JSON of filters."""

    def __init__(self, user: User | None, custom: Mapping[str, Part]) -> None:
        self._user = user
        self._custom = custom
        self.missing = False

    def fill(self, _spec: EntitySpec, written: Json) -> Json:
        path = path_to(spec_of(User), written["value"]["user"], self._custom)
        value = None if self._user is None else path.value_of(self._user)
        if value is None:
            self.missing = True
            return _HOLDS
        return written | {"value": _plain(path.kind, value)}


def _plain(kind: Kind, value: Any) -> Json:
    if isinstance(kind, Many):
        return [_plain(kind.item, item) for item in value]
    return value if isinstance(kind, Integer | Boolean) else kind.text(value)


def _comparable(field: Path, op: str, value: Path) -> bool:
    if op in _OF_ONE:
        return _alike(field.kind, value.kind)
    if op == "in":
        return isinstance(value.kind, Many) and _alike(field.kind, value.kind.item)
    both = isinstance(field.kind, Many) and isinstance(value.kind, Many)
    return op in ("has_any", "has_all") and both and _alike(field.kind.item, value.kind.item)  # type: ignore[attr-defined]


def _alike(one: Kind, other: Kind) -> bool:
    if isinstance(one, Identity) and isinstance(other, Identity):
        return one.target == other.target or not (one.target and other.target)
    same = type(one) is type(other) and not isinstance(one, Many)
    return same and all(
        getattr(one, name, None) == getattr(other, name, None) for name in ("enum", "scale")
    )


def _speaks_of_user(written: Json) -> bool:
    match written:
        case {"value": {"user": str()}}:
            return True
        case dict():
            return any(_speaks_of_user(part) for part in written.values())
        case list():
            return any(_speaks_of_user(part) for part in written)
        case _:
            return False
