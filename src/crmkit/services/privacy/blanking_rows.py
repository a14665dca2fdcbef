"""Which rows of a person have to change when the person goes: records, changes, messages, entries.

Each function tells what is there and what should stand instead; erasing writes it, verifying only
counts the difference.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import attrs

from crmkit.domain.changes import (
    BOOKKEEPING,
    Change,
    Changeset,
    Claim,
    IdempotencyRecord,
    OutboxMessage,
    plain_record,
)
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.filters.lowered import All
from crmkit.domain.kinds import Json, Text
from crmkit.domain.privacy.audit import AuditEntry
from crmkit.domain.privacy.blanking import blanked, blanked_plain
from crmkit.domain.privacy.keeping import keeping_of
from crmkit.domain.privacy.register import class_of_custom
from crmkit.domain.privacy.traces import Traces, traces_in
from crmkit.ports import Session
from crmkit.services.log_rows import among, equals, paged
from crmkit.work import UnitOfWork

CHANGE: Final = spec_of(Change)
CHANGESET: Final = spec_of(Changeset)
MESSAGE: Final = spec_of(OutboxMessage)
KEY: Final = spec_of(IdempotencyRecord)
CLAIM: Final = spec_of(Claim)
ENTRY: Final = spec_of(AuditEntry)
Pairs = list[tuple[Any, Any]]
"""Rows as they are, each with what should stand instead; None where it should go."""


@attrs.frozen(kw_only=True)
class Trail:
    """What is looked for: the person's links, traces, names as an actor, and the time of erasing.

    `touched` are links to all records that are the person or about the person.
    """

    links: tuple[str, ...]
    touched: Collection[str]
    traces: Traces
    actors: Collection[str]
    at: datetime

    @property
    def alias(self) -> str:
        """Return what stands for the person where they acted."""
        return self.links[0]


def person_traces(session: Session, spec: EntitySpec, persons: Sequence[Any]) -> Traces:
    """Return the traces of records that are a person, as they are and as they ever were."""
    fields = keeping_of(spec).of_person
    found = Traces()
    for person in persons:
        found = found.joined(traces_in(plain_record(spec, person), fields))
    for page in paged(session, CHANGE, _of_records(spec, persons)):
        for change in page:
            for values in (change.before, change.after):
                found = found.joined(traces_in(values or {}, fields))
    return found


def blank_persons(work: UnitOfWork, spec: EntitySpec, persons: Sequence[Any]) -> Pairs:
    """Tell how the records that are the person become blank."""
    kept = kept_custom(work, spec)
    return [(person, blanked(spec, person, kept_custom=kept)) for person in persons]


def blank_about(
    work: UnitOfWork, spec: EntitySpec, records: Sequence[Any], traces: Traces
) -> Pairs:
    """Tell how records about the person become blank; traces are cut out of their other texts."""
    kept = kept_custom(work, spec)
    pairs = []
    for record in records:
        blank = blanked(spec, record, kept_custom=kept)
        pairs.append((record, blank.replaced(**_without_traces(spec, blank, traces))))
    return pairs


def blank_changes(
    work: UnitOfWork, session: Session, spec: EntitySpec, records: Sequence[Any], traces: Traces
) -> Iterator[Pairs]:
    """Tell how the changes of records say nothing any more about the person."""
    kept = kept_custom(work, spec)
    for page in paged(session, CHANGE, _of_records(spec, records)):
        pairs = []
        for change in page:
            before, after = (
                traces.taken_out_of_json(
                    blanked_plain(spec, values, str(change.record_id), kept_custom=kept)
                )
                for values in (change.before, change.after)
            )
            pairs.append((change, attrs.evolve(change, before=before, after=after)))
        yield pairs


def blank_messages(session: Session, trail: Trail) -> Iterator[Pairs]:
    """Tell how messages in the outbox forget the person: of other records only what is sure."""
    sure = trail.traces.only_strong
    for page in paged(session, MESSAGE, All()):
        yield [
            (message, _scrubbed_message(message, trail.traces if _is_own(message, trail) else sure))
            for message in page
        ]


def blank_keys(session: Session, trail: Trail) -> Iterator[Pairs]:
    """Tell which idempotency keys forget a result, and which go because they name the person."""
    sure = trail.traces.only_strong
    for page in paged(session, KEY, All()):
        pairs = []
        for kept in page:
            actor = trail.alias if kept.actor in trail.actors else kept.actor
            result = sure.taken_out_of_json(kept.result)
            named = sure.are_in(kept.key)
            pairs.append((kept, None if named else attrs.evolve(kept, actor=actor, result=result)))
        yield pairs


def blank_changesets(session: Session, trail: Trail) -> Iterator[Pairs]:
    """Tell how changesets forget who acted and a reason that names the person."""
    for page in paged(session, CHANGESET, All()):
        pairs = []
        for changeset in page:
            by = trail.alias if changeset.by in trail.actors else changeset.by
            reason = trail.traces.only_strong.taken_out_of_json(changeset.reason)
            pairs.append((changeset, attrs.evolve(changeset, by=by, reason=reason)))
        yield pairs


def blank_entries(session: Session, trail: Trail) -> Iterator[Pairs]:
    """Tell which audit entries lose their payload or their actor; the chain holds without them."""
    for page in paged(session, ENTRY, All()):
        pairs = []
        for entry in page:
            own = bool(set(entry.subjects) & set(trail.links)) and entry.payload.value is not None
            named = trail.traces.only_strong.are_in_json(entry.payload.value)
            acted = entry.actor.value in trail.actors
            gone = entry.erased(at=trail.at, actor=acted) if own or named or acted else entry
            pairs.append((entry, gone))
        yield pairs


def blank_actors(session: Session, trail: Trail) -> Iterator[Pairs]:
    """Tell how changes forget who made them."""
    if not trail.actors:
        return
    for page in paged(session, CHANGE, among(CHANGE, "by", trail.actors)):
        yield [(change, attrs.evolve(change, by=trail.alias)) for change in page]


def signed_by(session: Session, spec: EntitySpec, trail: Trail) -> Iterator[Pairs]:
    """Tell how records forget who created and changed them."""
    for field in ("created_by", "updated_by"):
        if not trail.actors or field not in spec.parts:
            return
        for page in paged(session, spec, among(spec, field, trail.actors)):
            yield [(record, record.replaced(**{field: trail.alias})) for record in page]


def claims_of(session: Session, spec: EntitySpec, records: Sequence[Any]) -> Iterator[Pairs]:
    """Tell which claims on unique custom values go."""
    mine = All(
        (equals(CLAIM, "entity", spec.name), among(CLAIM, "record_id", (r.id for r in records)))
    )
    for page in paged(session, CLAIM, mine):
        yield [(claim, None) for claim in page]


def changes_of(session: Session, spec: EntitySpec, records: Sequence[Any]) -> Iterator[Pairs]:
    """Tell which changes go with records that go."""
    for page in paged(session, CHANGE, _of_records(spec, records)):
        yield [(change, None) for change in page]


def kept_custom(work: UnitOfWork, spec: EntitySpec) -> frozenset[str]:
    """Name the tenant's own fields whose values stay when a person goes."""
    if "custom" not in keeping_of(spec).of_person:
        return frozenset()
    fields = work.custom_fields(spec).values()
    return frozenset(field.key for field in fields if not class_of_custom(spec, field).is_of_person)


def _of_records(spec: EntitySpec, records: Sequence[Any]) -> All:
    ids = [record.id for record in records]
    return All((equals(CHANGE, "entity", spec.name), among(CHANGE, "record_id", ids)))


def _without_traces(spec: EntitySpec, record: Any, traces: Traces) -> dict[str, Any]:
    """Return the open texts of a record that change when traces are cut out."""
    changed: dict[str, Any] = {}
    unique = {field for rule in spec.unique for field in rule.fields}
    for name, part in spec.parts.items():
        value = getattr(record, name)
        is_open = isinstance(part.kind, Text) and name not in unique | BOOKKEEPING
        if is_open and isinstance(value, str):
            without = traces.taken_out(value)
            if without != value:
                changed[name] = without
    custom = getattr(record, "custom", {})
    texts = {key: traces.taken_out(v) for key, v in custom.items() if isinstance(v, str)}
    if any(custom[key] != text for key, text in texts.items()):
        changed["custom"] = {**custom, **texts}
    return changed


def _is_own(message: OutboxMessage, trail: Trail) -> bool:
    return message.record_key in trail.touched


def _scrubbed_message(message: OutboxMessage, traces: Traces) -> OutboxMessage:
    payload: Json = traces.taken_out_of_json(message.payload)
    error = traces.taken_out_of_json(message.error)
    if payload == message.payload and error == message.error:
        return message
    return attrs.evolve(message, payload=payload, error=error, version=message.version + 1)
