"""Showing: changes and events as somebody may see them, without the fields they may not."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from crmkit.domain.access.sight import Sight
from crmkit.domain.access.veils import Hidden, Level
from crmkit.domain.aggregate import Event
from crmkit.domain.changes import Change, Operation, OutboxMessage
from crmkit.domain.filters.paths import CUSTOM


def shown_changes(sight: Sight | None, changes: Iterable[Change]) -> Iterator[Change]:
    """Bring changes without masked and hidden fields; one that changed nothing else is left out."""
    for change in changes:
        if sight is None:
            yield change
            continue
        before = None if change.before is None else shown_values(sight, change.before)
        after = shown_values(sight, change.after)
        if after or change.operation is not Operation.UPDATED or not change.after:
            yield attrs.evolve(change, before=before, after=after)


def shown_values(sight: Sight, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by field, as plain JSON, without those of masked and hidden fields."""
    kept = {name: value for name, value in values.items() if _is_read(sight, name)}
    if isinstance(kept.get(CUSTOM), Mapping):
        kept[CUSTOM] = {
            stored: value
            for stored, value in kept[CUSTOM].items()
            if _is_read(sight, f"{CUSTOM}.{stored.partition(':')[0]}")
        }
    return kept


def shown_event(sight: Sight | None, event: Event) -> Event:
    """Return an event with veils for values that bear the name of a field that is not seen."""
    if sight is None or not sight.is_veiled:
        return event
    veils = {
        field.name: Hidden(f"{sight.spec.name}.{field.name}")
        for field in attrs.fields(type(event))
        if field.name in sight.spec.parts and not _is_read(sight, field.name)
    }
    return attrs.evolve(event, **veils) if veils else event


def _is_read(sight: Sight, field: str) -> bool:
    return sight.level(field) >= Level.READ


def shown_message(sight: Sight | None, message: OutboxMessage) -> OutboxMessage:
    """Return a message without values that bear the name of a field that is not seen."""
    if sight is None or not sight.is_veiled:
        return message
    return attrs.evolve(message, payload=shown_values(sight, message.payload))
