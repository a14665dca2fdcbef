"""The journal of one unit of work: its changes and events, written in the same transaction."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.changes import (
    Change,
    Changeset,
    Operation,
    OutboxMessage,
    created_values,
    differences,
)
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.making import maker_of
from crmkit.ports import BATCH, Session
from crmkit.work.marks import Marks
from crmkit.work.parcels import PARCEL, Bulk, pack
from crmkit.work.telling import Happening, Origin, change_of, happenings_of, messages_of

_CHANGE = spec_of(Change)
_CHANGESET = spec_of(Changeset)
_MESSAGE = spec_of(OutboxMessage)


class Journal:
    """Collects what a work writes and tells; bulk writes are passed on as they grow."""

    def __init__(self, marks: Marks, *, keeps: bool = False) -> None:
        """Open an empty journal under the marks of its work; a rehearsal keeps what it writes."""
        self._marks = marks
        self._keeps = keeps
        self._pending: list[Change] = []
        self._begun = False
        self._bulks: list[Bulk] = []
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
        ids = self._marks.new_ids(len(afters))
        of_all = self._of_all_changes(spec, operation)
        noted = []
        for change_id, before, after in zip(ids, befores, afters, strict=True):
            old, new = _told(spec, before, after)
            change = _make_change(
                id=change_id,
                record_id=after.id,
                record_version=after.version,
                before=old,
                after=new,
                **of_all,
            )
            noted.append(change)
        self._pending += noted
        if self._keeps:
            self.changes += noted

    def tell(
        self, spec: EntitySpec, record: Aggregate, operation: Operation, *, whole: bool
    ) -> None:
        """Keep the events of a record for hooks and subscribers, `whole` with the general one."""
        if whole:
            self.happenings.append(change_of(spec.name, record.id, record.version, operation))
        self.happenings += happenings_of(spec.name, record)

    def tell_bulk(
        self, spec: EntitySpec, records: Sequence[Aggregate], operation: Operation
    ) -> None:
        """Keep that many records were written alike, which none but subscribers are told."""
        moves = [(record.id, record.version) for record in records]
        self._bulks.append(Bulk(spec.name, operation, moves))

    @property
    def told(self) -> Iterator[Happening]:
        """Bring all that was told so far."""
        yield from self.happenings
        for bulk in self._bulks:
            yield from bulk.happenings()

    @property
    def is_full(self) -> bool:
        """Say whether there is a batch of changes to be written."""
        return len(self._pending) >= BATCH

    def write(self, session: Session) -> None:
        """Write the changes that are pending."""
        if not self._pending:
            return
        if not self._begun:
            self._begun = True
            session.insert_many(_CHANGESET, [self._changeset()])
        session.insert_many(_CHANGE, self._pending)
        self._pending = []

    def send(self, session: Session, subscribers: Callable[[Event], Sequence[str]]) -> None:
        """Put a message for each subscriber of each event into the outbox, of bulks a parcel."""
        if not self.happenings and not self._bulks:
            return
        marks = self._marks
        origin = Origin(marks.tenant, marks.changeset_id, marks.now)
        for start in range(0, len(self.happenings), BATCH):
            told = [
                (happening, subscriber)
                for happening in self.happenings[start : start + BATCH]
                for subscriber in subscribers(happening.event)
            ]
            messages = messages_of(told, marks.new_ids(len(told)), origin)
            if messages:
                session.insert_many(_MESSAGE, messages)
            if self._keeps:
                self.messages += messages
        if self._bulks and (parcels := pack(self._bulks, marks.new_ids, origin, subscribers)):
            session.insert_many(PARCEL, parcels)

    def _of_all_changes(self, spec: EntitySpec, operation: Operation) -> dict[str, Any]:
        """Return what is the same in all changes of one kind."""
        marks = self._marks
        return {
            "tenant": marks.tenant,
            "changeset_id": marks.changeset_id,
            "entity": spec.name,
            "operation": operation,
            "at": marks.now,
            "by": marks.actor.id,
        }

    def _changeset(self) -> Changeset:
        marks = self._marks
        return _make_changeset(
            id=marks.changeset_id,
            tenant=marks.tenant,
            at=marks.now,
            by=marks.actor.id,
            reason=marks.reason,
            cause_id=marks.cause_id,
        )


def _told(spec: EntitySpec, before: Any, after: Any) -> tuple[Any, Any]:
    """Return what a change says of a record before and after, None before for a new one."""
    if before is None:
        return None, created_values(spec, after)
    return differences(spec, before, after)


_make_change = maker_of(Change)
_make_changeset = maker_of(Changeset)
