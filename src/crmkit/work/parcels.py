"""Parcels: one row of the outbox for what a bulk write tells of many records.

A message for each record and subscriber would cost a bulk write as much as the records do. It
leaves one parcel instead, and whoever delivers opens it: nothing is delivered while a parcel of the
tenant is closed, so the messages of a record keep their order.
"""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Event
from crmkit.domain.changes import Operation, OutboxMessage, OutboxParcel
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.lowered import All
from crmkit.ports import BATCH, Ask, Ids, Session
from crmkit.work.telling import Happening, Origin, change_of, messages_of

PARCEL: Final = spec_of(OutboxParcel)
SMALLEST: Final = 50
"""How many records a bulk write tells of before it packs them."""

_MESSAGE: Final = spec_of(OutboxMessage)


@attrs.frozen
class Bulk:
    """Records that were written alike: their ids and versions."""

    entity: str
    operation: Operation
    records: Sequence[tuple[UUID, int]]

    @property
    def first(self) -> Happening:
        """Tell the move of the first record."""
        return change_of(self.entity, *self.records[0], self.operation)

    def happenings(self) -> list[Happening]:
        """Tell the move of each record."""
        return [change_of(self.entity, *record, self.operation) for record in self.records]


def pack(
    bulks: Sequence[Bulk],
    new_ids: Callable[[int], list[UUID]],
    origin: Origin,
    subscribers: Callable[[Event], Sequence[str]],
) -> list[OutboxParcel]:
    """Return a parcel for each bulk that anybody subscribes to."""
    ids = new_ids(len(bulks))
    parcels = [
        OutboxParcel(
            id=id_,
            tenant=origin.tenant,
            subscribers=list(subscribers(bulk.first.event)),
            entity=bulk.entity,
            operation=bulk.operation,
            records=[[record_id.hex, version] for record_id, version in bulk.records],
            changeset_id=origin.changeset_id,
            created_at=origin.at,
        )
        for id_, bulk in zip(ids, bulks, strict=True)
    ]
    return [parcel for parcel in parcels if parcel.subscribers]


def open_parcel(session: Session, ids: Ids) -> bool:
    """Put the messages of the oldest parcel in its place; False where no parcel is closed.

    Of two who open the same one at once, one meets a `Conflict`.
    """
    found = [one for batch in session.find(PARCEL, Ask(where=All(), limit=1)) for one in batch]
    if not found:
        return False
    parcel: OutboxParcel = found[0]
    session.hold(PARCEL, parcel.id, parcel.version)
    told = [
        (happening, subscriber)
        for happening in _bulk_in(parcel).happenings()
        for subscriber in parcel.subscribers
    ]
    origin = Origin(parcel.tenant, parcel.changeset_id, parcel.created_at)
    messages = messages_of(told, ids.next_ids(session.now(), len(told)), origin)
    for start in range(0, len(messages), BATCH):
        session.insert_many(_MESSAGE, messages[start : start + BATCH])
    session.delete_many(PARCEL, [parcel.id])
    return True


def _bulk_in(parcel: OutboxParcel) -> Bulk:
    records = [(UUID(hex=text), version) for text, version in parcel.records]
    return Bulk(parcel.entity, parcel.operation, records)
