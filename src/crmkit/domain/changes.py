"""The change log: what changed, by whom and why; and the rows that travel with it."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from itertools import compress, count
from operator import is_not
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.blanks import values_of
from crmkit.domain.composite_kinds import Part
from crmkit.domain.derivation import parts_of
from crmkit.domain.entity import EntitySpec, Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.plain_code import plain_function, value_function, whole_function
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import RECORD_KEEPING, Ending, LegalBasis, Retention

LONGEST_CLAIM = 200
_FOR_TEN_YEARS = Retention(days=3650, after="at")
Name = Annotated[str, Text(max_length=63)]
BOOKKEEPING = frozenset(
    {"id", "tenant", "version", "created_at", "created_by", "updated_at", "updated_by"}
)
"""Fields that the change log does not repeat: they follow from the log itself."""


class Operation(StrEnum):
    """What was done to a record."""

    CREATED = "created"
    UPDATED = "updated"
    REMOVED = "removed"
    RESTORED = "restored"
    ERASED = "erased"
    """A person was taken out of it; what the change log keeps of it says nothing any more."""


@keeps(
    personal=("by", "reason"),
    purpose=RECORD_KEEPING,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=_FOR_TEN_YEARS,
)
@entity("changeset", indexes=[Index("cause_id")])
@attrs.frozen(kw_only=True)
class Changeset:
    """All that one unit of work committed together."""

    id: UUID
    tenant: str
    at: datetime
    by: str
    reason: str | None = None
    cause_id: UUID | None = None


@keeps(
    personal=("by", "before", "after"),
    purpose=RECORD_KEEPING,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=_FOR_TEN_YEARS,
)
@entity(
    "change",
    unique=[Unique(("record_id", "record_version", "entity"))],
    indexes=[Index("changeset_id")],
)
@attrs.frozen(kw_only=True)
class Change:
    """One record moved to one version: the fields that differ, as plain JSON before and after."""

    id: UUID
    tenant: str
    changeset_id: UUID
    entity: Name
    record_id: UUID
    record_version: int
    operation: Operation
    at: datetime
    by: str
    before: Any | None = None
    after: Any


class DeliveryState(StrEnum):
    """Where a message to one subscriber stands."""

    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"


@keeps(
    personal=("payload", "error"),
    purpose=RECORD_KEEPING,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=Retention(days=30, after="finished_at", then=Ending.DELETE),
)
@entity(
    "outbox_message",
    indexes=[Index(("state", "available_at")), Index(("subscriber", "record_key", "position"))],
)
@attrs.frozen(kw_only=True)
class OutboxMessage:
    """One event on its way to one subscriber; `version` is the fencing token of a claim.

    Messages of one `record_key` reach one subscriber in the order of `position`.
    """

    id: UUID
    tenant: str
    version: int = 1
    subscriber: Annotated[str, Text(max_length=200)]
    topic: Annotated[str, Text(max_length=200)]
    record_key: Annotated[str, Text(max_length=120)]
    position: int
    payload: Any
    changeset_id: UUID
    created_at: datetime
    state: DeliveryState = DeliveryState.WAITING
    available_at: datetime
    attempts: int = 0
    claimed_by: str | None = None
    error: str | None = None
    finished_at: datetime | None = None


@keeps()
@entity("outbox_parcel")
@attrs.frozen(kw_only=True)
class OutboxParcel:
    """Records that one work wrote alike, as ids and versions, until messages are made of them."""

    id: UUID
    tenant: str
    version: int = 1
    subscribers: Any
    entity: Name
    operation: Operation
    records: Any
    changeset_id: UUID
    created_at: datetime


@keeps(
    personal=("actor", "key", "result"),
    purpose=RECORD_KEEPING,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=Retention(days=30, after="at", then=Ending.DELETE),
)
@entity("idempotency_key", unique=[Unique(("actor", "key"))])
@attrs.frozen(kw_only=True)
class IdempotencyRecord:
    """The result of a call that must not take effect twice."""

    id: UUID
    tenant: str
    actor: Annotated[str, Text(max_length=200)]
    key: Annotated[str, Text(max_length=200)]
    fingerprint: str
    result: Any | None = None
    at: datetime


@keeps()
@entity("claim", unique=[Unique(("entity", "field", "value"))], indexes=[Index("record_id")])
@attrs.frozen(kw_only=True)
class Claim:
    """A unique value of a custom field, held by one live record."""

    id: UUID
    tenant: str
    entity: Name
    field: Annotated[str, Text(max_length=80)]
    value: Annotated[str, Text(max_length=200)]
    record_id: UUID


def claim_value(text: str) -> str:
    """Return what a claim keeps of a unique value: the text, or the digest of a long one."""
    if len(text) <= LONGEST_CLAIM:
        return text
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


INTERNAL = (Changeset, Change, OutboxMessage, OutboxParcel, IdempotencyRecord, Claim)


def plain_record(spec: EntitySpec, record: Any) -> dict[str, Any]:
    """Return the fields of a record as plain JSON, without the bookkeeping."""
    return {
        name: None if (value := getattr(record, name)) is None else part.kind.plain(value)
        for name, part in spec.parts.items()
        if name not in BOOKKEEPING
    }


def created_values(spec: EntitySpec, record: Any) -> dict[str, Any]:
    """Return what a new record says beyond its defaults, as plain JSON."""
    return _created(spec)(record)


def differences(spec: EntitySpec, before: Any, after: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields that differ between two versions, as plain JSON: before and after."""
    logged = _logged(spec)
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    olds, news = logged.values(before), logged.values(after)
    for at in compress(count(), map(is_not, olds, news)):
        (name, plain), was, now = logged.fields[at], olds[at], news[at]
        if was != now:
            old[name] = was if was is None or plain is None else plain(was)
            new[name] = now if now is None or plain is None else plain(now)
    return old, new


def plain_event(event: Event) -> dict[str, Any]:
    """Return the fields of an event as plain JSON."""
    kind: Any = type(event)
    return _told(kind)(event)


class _Logged(NamedTuple):
    """The fields of an entity that are logged, ready to be read off its records."""

    fields: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    """The name, and what turns a value into plain JSON, None where it is plain itself."""
    values: Callable[[Any], tuple[Any, ...]]


@cache
def _created(spec: EntitySpec) -> Callable[[Any], dict[str, Any]]:
    told = [part for name, part in spec.parts.items() if name not in BOOKKEEPING]
    return plain_function(spec.name, told)


@cache
def _logged(spec: EntitySpec) -> _Logged:
    return _fields_of([part for name, part in spec.parts.items() if name not in BOOKKEEPING])


@cache
def _told(cls: type[Any]) -> Callable[[Any], dict[str, Any]]:
    return whole_function(cls.__name__, parts_of(cls).values())


def _fields_of(parts: list[Part]) -> _Logged:
    fields = [(part.name, value_function(part.kind)) for part in parts]
    return _Logged(tuple(fields), values_of([part.name for part in parts]))


def record_at(spec: EntitySpec, changes: list[Change]) -> Aggregate | None:
    """Rebuild a record from its changes, oldest first; None when there are none."""
    if not changes:
        return None
    values: dict[str, Any] = {name: part.default for name, part in spec.parts.items()}
    for change in changes:
        values.update(_parsed(spec, change.after))
    first, last = changes[0], changes[-1]
    values.update(
        id=first.record_id,
        tenant=first.tenant,
        version=last.record_version,
        created_at=first.at,
        created_by=first.by,
        updated_at=last.at,
        updated_by=last.by,
    )
    made = object.__new__(spec.cls)
    object.__setattr__(made, "events", ())
    for name, value in values.items():
        object.__setattr__(made, name, value)
    rebuilt: Aggregate = made
    return rebuilt


def _parsed(spec: EntitySpec, plain: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: spec.parts[name].parse(value) for name, value in plain.items() if name in spec.parts
    }
