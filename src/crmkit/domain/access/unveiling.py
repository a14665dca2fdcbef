"""Unveiling: what a saved record means when its writer saw only a part of it."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from crmkit.domain.access.sight import STAMPS, Sight
from crmkit.domain.access.veils import Level, Veil
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.filters.paths import CUSTOM
from crmkit.errors import NotPermitted

OWNER = "owner_id"
_OF_THEIR_OWN = {"deleted_at", OWNER}
"""Fields that are not edited: they have rights of their own."""


def unveiled(sight: Sight, record: Any, stored: Any) -> Any:
    """Return a record with the stored values wherever its writer saw none, in its events too."""
    if not sight.is_veiled:
        return record
    whole = {
        name: getattr(stored, name)
        for name in sight.spec.parts
        if isinstance(getattr(record, name), Veil)
    }
    if CUSTOM in sight.spec.parts and CUSTOM not in whole:
        whole[CUSTOM] = _whole_custom(sight, record.custom, stored.custom)
    events = tuple(_whole_event(event, stored) for event in record.events)
    found = record.replaced(**whole, events=events)
    return found.replaced(**found.derived()) if isinstance(found, Aggregate) else found


def check_fields(sight: Sight, record: Any, stored: Any) -> None:
    """Refuse values in fields that the writer may not edit; `stored` is None for a new record."""
    for name in sight.spec.parts if stored is None else sight.limited:
        value, before = getattr(record, name), _before(sight, name, stored)
        if isinstance(value, Veil) or (sight.level(name) < Level.EDIT and value != before):
            raise _not_editable(sight, name)
    kept = {} if stored is None else getattr(stored, CUSTOM, {})
    for key, value in _different(getattr(record, CUSTOM, {}), kept):
        if isinstance(value, Veil) or sight.level(f"{CUSTOM}.{key}") < Level.EDIT:
            raise _not_editable(sight, f"{CUSTOM}.{key}")


def check_unseen(sight: Sight, record: Any) -> None:
    """Refuse any value where the writer sees none, the stored one too: a guess tells nothing."""
    if not sight.is_veiled:
        return
    for name in sight.limited:
        if sight.level(name) < Level.READ and not isinstance(getattr(record, name), Veil):
            raise _not_editable(sight, name)
    custom = getattr(record, CUSTOM, {})
    for key, value in () if isinstance(custom, Veil) else custom.items():
        if sight.level(f"{CUSTOM}.{key}") < Level.READ and not isinstance(value, Veil):
            raise _not_editable(sight, f"{CUSTOM}.{key}")


def _before(sight: Sight, name: str, stored: Any) -> Any:
    return sight.spec.parts[name].default if stored is None else getattr(stored, name)


def _different(values: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in values.keys() | before.keys():
        if values.get(key) != before.get(key):
            yield key, values.get(key)


def changed_fields(record: Any, stored: Any) -> set[str]:
    """Name the fields that differ, bookkeeping aside."""
    return {
        field.name
        for field in attrs.fields(type(record))
        if field.name not in STAMPS
        and field.name != "events"
        and getattr(record, field.name) != getattr(stored, field.name)
    }


def is_edit(record: Any, stored: Any) -> bool:
    """Say whether more than the owner or the removal changed."""
    return bool(changed_fields(record, stored) - _OF_THEIR_OWN)


def _whole_custom(
    sight: Sight, values: Mapping[str, Any], stored: Mapping[str, Any]
) -> dict[str, Any]:
    """Return custom values with those that the writer did not see."""
    unseen = {key for key in stored if sight.level(f"{CUSTOM}.{key}") is Level.HIDDEN}
    unseen |= {key for key, value in values.items() if isinstance(value, Veil)}
    kept = {key: stored[key] for key in unseen if key in stored}
    return {key: value for key, value in values.items() if key not in unseen} | kept


def _whole_event(event: Any, stored: Any) -> Any:
    veiled: Iterator[tuple[str, Any]] = (
        (field.name, getattr(event, field.name)) for field in attrs.fields(type(event))
    )
    whole = {
        name: _value_at(stored, value.field) for name, value in veiled if isinstance(value, Veil)
    }
    return attrs.evolve(event, **whole) if whole else event


def _value_at(stored: Any, field: str) -> Any:
    value = stored
    for step in field.split(".")[1:]:
        value = value.get(step) if isinstance(value, Mapping) else getattr(value, step)
    return value


def _not_editable(sight: Sight, field: str) -> NotPermitted:
    return NotPermitted(
        "this field is not for you to change",
        path=f"{sight.spec.name}.{field}",
        fix="leave it as it is",
    )
