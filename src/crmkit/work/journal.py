"""The journal of one unit of work: its changes and events, written in the same transaction."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.changes import (
    Change,
    Changeset,
    Operation,
    OutboxMessage,
    created_values,
    differences,
    plain_event,
)
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.ports import BATCH, Session
from crmkit.work.marks import Marks

_CHANGE = spec_of(Change)
_CHANGESET = spec_of(Changeset)
_MESSAGE = spec_of(OutboxMessage)
POSITIONS_PER_VERSION = 1000


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
        return f"{self.entity}:{self.record_id}"


class Journal:
    """Collects what a work writes and tells; bulk writes are passed on as they grow."""

    def __init__(self, marks: Marks, *, keeps: bool = False) -> None:
        """Open an empty journal under the marks of its work; a rehearsal keeps what it writes."""
        self._marks = marks
        self._keeps = keeps
        self._pending: list[Change] = []
        self._begun = False
        self.happenings: list[Happening] = []
        self.changes: list[Change] = []
        self.messages: list[OutboxMessage] = []

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was written."""
        return not self._begun and not self._pending

    def note(
        self,
        spec: EntitySpec,
        befores: Sequence[Any],
        afters: Sequence[Any],
        operation: Operation,
    ) -> None:
        """Note the moves of records to their new versions; None stands before a new record."""
        noted = [
            self._change(spec, change_id, before, after, operation)
            for change_id, before, after in zip(
                self._marks.new_ids(len(afters)), befores, afters, strict=True
            )
        ]
        self._pending += noted
        if self._keeps:
            self.changes += noted

    def tell(self, spec: EntitySpec, record: Aggregate, operation: Operation) -> None:
        """Keep the events of a record, and the general one, for hooks and subscribers."""
        changed = RecordChanged(
            entity=spec.name,
            record_id=record.id,
            record_version=record.version,
            operation=operation,
        )
        first = record.version * POSITIONS_PER_VERSION
        for at, event in enumerate((changed, *record.events)):
            self.happenings.append(Happening(event, spec.name, record.id, first + at))

    def write(self, session: Session, *, only_full: bool = False) -> None:
        """Write what is pending; with `only_full` wait until there is a batch of it."""
        if not self._pending or (only_full and len(self._pending) < BATCH):
            return
        if not self._begun:
            self._begun = True
            session.insert_many(_CHANGESET, [self._changeset()])
        session.insert_many(_CHANGE, self._pending)
        self._pending = []

    def send(self, session: Session, subscribers: Callable[[Event], Sequence[str]]) -> None:
        """Put a message for each subscriber of each event into the outbox."""
        for start in range(0, len(self.happenings), BATCH):
            told = [
                (happening, subscriber)
                for happening in self.happenings[start : start + BATCH]
                for subscriber in subscribers(happening.event)
            ]
            ids = self._marks.new_ids(len(told))
            messages = [self._message(id_, *each) for id_, each in zip(ids, told, strict=True)]
            if messages:
                session.insert_many(_MESSAGE, messages)
            if self._keeps:
                self.messages += messages

    def _change(
        self, spec: EntitySpec, change_id: UUID, before: Any, after: Any, operation: Operation
    ) -> Change:
        if before is None:
            old, new = None, created_values(spec, after)
        else:
            old, new = differences(spec, before, after)
        marks = self._marks
        return Change(
            id=change_id,
            tenant=marks.tenant,
            changeset_id=marks.changeset_id,
            entity=spec.name,
            record_id=after.id,
            record_version=after.version,
            operation=operation,
            at=marks.now,
            by=marks.actor.id,
            before=old,
            after=new,
        )

    def _message(self, message_id: UUID, happening: Happening, subscriber: str) -> OutboxMessage:
        marks = self._marks
        event = happening.event
        return OutboxMessage(
            id=message_id,
            tenant=marks.tenant,
            subscriber=subscriber,
            topic=type(event).__name__,
            record_key=happening.record_key,
            position=happening.position,
            payload=plain_event(event),
            changeset_id=marks.changeset_id,
            created_at=marks.now,
            available_at=marks.now,
        )

    def _changeset(self) -> Changeset:
        marks = self._marks
        return Changeset(
            id=marks.changeset_id,
            tenant=marks.tenant,
            at=marks.now,
            by=marks.actor.id,
            reason=marks.reason,
            cause_id=marks.cause_id,
        )
