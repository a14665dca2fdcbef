"""What a work tells of its records: events, on their way to plugins and into the outbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.changes import Operation, OutboxMessage, plain_event
from crmkit.domain.ids import id_text
from crmkit.domain.making import maker_of

_POSITIONS_PER_VERSION: Final = 1000


@attrs.frozen(kw_only=True)
class RecordChanged(Event):
    """A record moved to a version; told for every write, whether or not it has an event."""

    entity: str
    record_id: UUID
    record_version: int
    operation: Operation


@attrs.frozen
class Happening:
    """An event and the record version that it belongs to."""

    event: Event
    entity: str
    record_id: UUID
    position: int

    @property
    def record_key(self) -> str:
        """Return the key whose messages stay in order."""
        return f"{self.entity}:{id_text(self.record_id)}"


@attrs.frozen
class Origin:
    """The work that a message comes from: its tenant, its changeset, its time."""

    tenant: str
    changeset_id: UUID
    at: datetime


def change_of(entity: str, record_id: UUID, version: int, operation: Operation) -> Happening:
    """Tell that a record moved to a version."""
    event = _make_changed(
        entity=entity, record_id=record_id, record_version=version, operation=operation
    )
    return _happening(event, entity, record_id, version, 0)


def happenings_of(entity: str, record: Aggregate) -> list[Happening]:
    """Tell the events that a record carries, in order; they come after that it moved."""
    return [
        _happening(event, entity, record.id, record.version, at)
        for at, event in enumerate(record.events, 1)
    ]


def messages_of(
    told: Sequence[tuple[Happening, str]], ids: Sequence[UUID], origin: Origin
) -> list[OutboxMessage]:
    """Write happenings as messages, each to its subscriber."""
    return [
        _make_message(
            id=message_id,
            tenant=origin.tenant,
            subscriber=subscriber,
            topic=type(happening.event).__name__,
            record_key=happening.record_key,
            position=happening.position,
            payload=plain_event(happening.event),
            changeset_id=origin.changeset_id,
            created_at=origin.at,
            available_at=origin.at,
        )
        for message_id, (happening, subscriber) in zip(ids, told, strict=True)
    ]


def _happening(event: Event, entity: str, record_id: UUID, version: int, at: int) -> Happening:
    position = version * _POSITIONS_PER_VERSION + at
    return _make_happening(event=event, entity=entity, record_id=record_id, position=position)


_make_changed = maker_of(RecordChanged)
_make_happening = maker_of(Happening)
_make_message = maker_of(OutboxMessage)
