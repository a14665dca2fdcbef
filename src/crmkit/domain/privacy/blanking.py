"""Blanking: a record, or what the change log kept of it, without what is about the person."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final, TypeVar

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.composite_kinds import AnyJson, JsonKind, Many, Part
from crmkit.domain.custom_values import CustomValues
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Day, Instant, Json, Text
from crmkit.domain.privacy.keeping import keeping_of
from crmkit.errors import InvalidSettings

A = TypeVar("A", bound=Aggregate)
ERASED: Final = "[erased]"
"""What stands where a text was that must not be missing."""
_FIRST_DAY: Final = date(1970, 1, 1)


def blanked(spec: EntitySpec, record: A, *, kept_custom: Collection[str] = ()) -> A:
    """Return a record without its personal and sensitive values; `kept_custom` keys stay."""
    values: dict[str, Any] = {}
    for name in keeping_of(spec).of_person:
        part = spec.parts[name]
        if isinstance(part.kind, CustomValues):
            mine = getattr(record, name)
            values[name] = {key: mine[key] for key in mine if key in kept_custom}
        else:
            values[name] = blank(spec, part, str(record.id))
    return record.replaced(events=(), **values)


def blanked_plain(
    spec: EntitySpec,
    plain: Mapping[str, Json] | None,
    record_id: str,
    *,
    kept_custom: Collection[str] = (),
) -> dict[str, Json] | None:
    """Return logged values without what is about the person; what was empty stays so."""
    if plain is None:
        return None
    kept = dict(plain)
    for name in keeping_of(spec).of_person:
        part = spec.parts[name]
        if kept.get(name) is None:
            continue
        if isinstance(part.kind, CustomValues):
            kept[name] = {
                key: value for key, value in kept[name].items() if _own_key(key) in kept_custom
            }
        else:
            kept[name] = part.plain(blank(spec, part, record_id))
    return {name: value for name, value in kept.items() if name in spec.parts}


def blank(spec: EntitySpec, part: Part, record_id: str) -> Any:
    """Return what stands for an erased value: nothing, or what the field cannot do without.

    Raises `InvalidSettings` for a field that has to be there and has no harmless value.
    """
    if part.optional:
        return None
    match part.kind:
        case Text():
            return _text(spec, part, record_id)[-part.kind.max_length :]
        case Many():
            return ()
        case Day():
            return _FIRST_DAY
        case Instant():
            return datetime.combine(_FIRST_DAY, time(), UTC)
        case JsonKind() if part.default is not None:
            return part.default
        case AnyJson():
            return {}
        case _:
            raise InvalidSettings(
                "cannot be erased", path=f"{spec.name}.{part.name}", fix="let it be None"
            )


def _text(spec: EntitySpec, part: Part, record_id: str) -> str:
    """Return a text that says so; one that nobody else has where the field is unique."""
    is_unique = any(part.name in rule.fields for rule in spec.unique)
    return f"{ERASED} {record_id}" if is_unique else ERASED


def _own_key(stored: str) -> str:
    return stored.partition(":")[0]
