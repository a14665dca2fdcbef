"""History: what became of a record, and how it stood at any moment; read from the change log."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar
from uuid import UUID

from crmkit.domain.access.acting import Right
from crmkit.domain.access.showing import shown_changes
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import Change, Changeset, record_at
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.filters.lowered import All, SortKey
from crmkit.domain.instants import as_instant
from crmkit.errors import NotFound
from crmkit.ports import BATCH, Action
from crmkit.services.log_rows import among, equals, leaf_of, paged, rising, rows
from crmkit.work import UnitOfWork

A = TypeVar("A", bound=Aggregate)
READ_HISTORY = Action(
    "history:read", "Read what became of a record", zh="查看变更历史", right=Right.READ
)
CHANGE: Final = spec_of(Change)
CHANGESET: Final = spec_of(Changeset)


def history(
    work: UnitOfWork, record: Aggregate | tuple[type[Aggregate], UUID]
) -> tuple[Change, ...]:
    """Return all changes of a record, oldest first; it may be removed by now."""
    cls, record_id = record if isinstance(record, tuple) else (type(record), record.id)
    return tuple(shown_changes(work.sight(cls), _permitted_changes(work, cls, record_id)))


def histories(work: UnitOfWork, records: Iterable[A]) -> dict[UUID, tuple[Change, ...]]:
    """Return all changes of many records of one entity that the actor sees, oldest first.

    A batch is read in one statement.
    """
    found: dict[UUID, tuple[Change, ...]] = {}
    work.write_log()
    source = iter(records)
    while batch := list(islice(source, BATCH)):
        cls = type(batch[0])
        seen = work.of(cls).look_up([record.id for record in batch], removed=True)
        for record in seen.values():
            work.permit(READ_HISTORY, on=record)
        if seen:
            found |= _shown_histories(work, cls, list(seen))
    return found


def as_of(
    work: UnitOfWork, cls: type[A], record_id: UUID, instant: datetime, *, removed: bool = False
) -> A | None:
    """Return a record as it stood at an instant; None when it was not there yet, or not any more.

    With `removed` it is also returned while it was removed. The clocks of those who wrote need not
    agree: what counts is the last version that was written by then.
    """
    until = as_instant(instant, path="instant")
    changes = _permitted_changes(work, cls, record_id)
    last = max((at for at, change in enumerate(changes) if change.at <= until), default=-1)
    record = record_at(work.registry[cls], list(changes[: last + 1]))
    if not isinstance(record, cls) or (record.deleted_at is not None and not removed):
        return None
    sight = work.sight(cls)
    return record if sight is None else sight.shown(record)


def changes_of(work: UnitOfWork, changeset_id: UUID) -> tuple[Change, ...]:
    """Return the changes of one changeset in the order in which they were made.

    Those of records that the actor does not see are left out.
    """
    with work.storing() as session:
        changes = rows(session, CHANGE, equals(CHANGE, "changeset_id", changeset_id))
    found = tuple(change for one in changes for change in _seen(work, one))
    if not found:
        raise no_changeset(changeset_id)
    return found


def changesets_of(work: UnitOfWork, cause_id: UUID) -> tuple[Changeset, ...]:
    """Return the changesets that have a cause in common, such as one import, newest first.

    One of which the actor sees no change is left out.
    """
    newest_first = [SortKey(leaf_of(CHANGESET, name), descending=True) for name in ("at", "id")]
    caused = equals(CHANGESET, "cause_id", cause_id)
    with work.storing() as session:
        found = rows(session, CHANGESET, caused, order=newest_first)
    return tuple(one for one in found if _sees_any(work, one.id))


def no_changeset(changeset_id: UUID) -> NotFound:
    """Return the error of a changeset that is not there for its reader."""
    return NotFound(f"there is no changeset {changeset_id}", path="changeset_id")


def _sees_any(work: UnitOfWork, changeset_id: UUID) -> bool:
    with work.storing() as session:
        for page in paged(session, CHANGE, equals(CHANGE, "changeset_id", changeset_id)):
            if any(True for change in page for _shown in _seen(work, change)):
                return True
    return False


def _permitted_changes(
    work: UnitOfWork, cls: type[Aggregate], record_id: UUID
) -> tuple[Change, ...]:
    found = work.of(cls).get(record_id, removed=True)
    work.permit(READ_HISTORY, on=found)
    return _changes(work, work.registry[cls], record_id)


def _shown_histories(
    work: UnitOfWork, cls: type[Aggregate], ids: Sequence[UUID]
) -> dict[UUID, tuple[Change, ...]]:
    name = work.registry[cls].name
    theirs = All((among(CHANGE, "record_id", ids), equals(CHANGE, "entity", name)))
    told: dict[UUID, list[Change]] = {record_id: [] for record_id in ids}
    with work.storing() as session:
        for change in rows(session, CHANGE, theirs, order=rising(CHANGE, "record_version")):
            told[change.record_id].append(change)
    sight = work.sight(cls)
    return {record_id: tuple(shown_changes(sight, one)) for record_id, one in told.items()}


def _seen(work: UnitOfWork, change: Change) -> Iterator[Change]:
    """Bring a change as far as the actor sees its record."""
    if change.entity not in work.registry:
        yield change
        return
    sight, cls = work.sight(change.entity), work.registry[change.entity].cls
    if sight is None or work.of(cls).look_up([change.record_id], removed=True):
        yield from shown_changes(sight, [change])


def _changes(work: UnitOfWork, spec: EntitySpec, record_id: UUID) -> tuple[Change, ...]:
    work.write_log()
    mine = All((equals(CHANGE, "record_id", record_id), equals(CHANGE, "entity", spec.name)))
    with work.storing() as session:
        return tuple(rows(session, CHANGE, mine, order=rising(CHANGE, "record_version")))
