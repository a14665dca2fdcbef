"""A transaction in memory: writes are kept aside and take effect together at the commit."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import RLock
from typing import Any
from uuid import UUID

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import Lowered
from crmkit.domain.filters.tally import Tally
from crmkit.domain.instants import as_instant
from crmkit.errors import (
    Duplicate,
    GuardConflict,
    Refused,
    StoreClosed,
    TransactionConflict,
    VersionConflict,
)
from crmkit.ports import BATCH, Ask
from crmkit.storage.memory.evaluate import holds, scalar_at, sort, tally_rows
from crmkit.storage.memory.shelf import Shelf, Taken, release, take


class MemorySession:
    """Sees what is committed and its own writes; everything is checked again at the commit."""

    is_alone: bool = False

    def __init__(
        self,
        tenant: str,
        shelf_of: Callable[[EntitySpec], Shelf],
        lock: RLock,
        *,
        read_only: bool,
    ) -> None:
        """Begin with nothing written."""
        self.tenant = tenant
        self._shelf_of = shelf_of
        self._lock = lock
        self._read_only = read_only
        self._changes: dict[str, dict[UUID, Any]] = {}
        self._taken: dict[str, Taken] = {}
        self._specs: dict[str, EntitySpec] = {}
        self._expected: dict[tuple[str, UUID], int] = {}
        self._guarded: dict[tuple[str, UUID], int] = {}
        self._held: list[tuple[Shelf, UUID]] = []
        self._over = False

    def now(self) -> datetime:
        """Return this machine's clock."""
        return as_instant(datetime.now(UTC))

    def get_many(self, spec: EntitySpec, ids: Sequence[UUID]) -> list[Any]:
        """Return the records that exist among `ids`."""
        found = (self._current(spec, record_id) for record_id in ids)
        return [record for record in found if record is not None]

    def insert_many(self, spec: EntitySpec, records: Sequence[Any]) -> None:
        """Keep new records aside, or raise `Duplicate`."""
        fresh = {record.id for record in records}
        if len(fresh) != len(records) or self.get_many(spec, list(fresh)):
            raise Duplicate(spec.name, ["id"])
        mine = self._changes.get(spec.name, {})
        new = (record_id for record_id in fresh if record_id not in mine)
        self._expected.update({(spec.name, record_id): 0 for record_id in new})
        self._keep_aside(spec, {record.id: _quiet(record) for record in records})

    def save_many(self, spec: EntitySpec, records: Sequence[Any], expected: Sequence[int]) -> None:
        """Keep changed records aside, or raise `VersionConflict`."""
        for record, version in zip(records, expected, strict=True):
            current = self._current(spec, record.id)
            if current is None or current.version != version:
                raise VersionConflict(spec.name, record.id, version)
            self._expected.setdefault((spec.name, record.id), version)
        self._keep_aside(spec, {record.id: _quiet(record) for record in records})

    def delete_many(self, spec: EntitySpec, ids: Sequence[UUID]) -> int:
        """Erase records at the commit."""
        present = [record.id for record in self.get_many(spec, ids)]
        self._keep_aside(spec, dict.fromkeys(present))
        return len(present)

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        """Bring fitting records in batches."""
        found = self._fitting(spec, ask.condition)
        sort(spec, ask.order, found)
        wanted = found if ask.limit is None else found[: ask.limit]
        for start in range(0, len(wanted), BATCH):
            yield wanted[start : start + BATCH]

    def select(
        self, spec: EntitySpec, leaves: Sequence[Leaf], ask: Ask
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Bring some leaves of fitting records."""
        takes = [scalar_at(spec, leaf) for leaf in leaves]
        for batch in self.find(spec, ask):
            yield [tuple(take(record) for take in takes) for record in batch]

    def count(self, spec: EntitySpec, where: Lowered) -> int:
        """Count fitting records."""
        return len(self._fitting(spec, where))

    def tally(self, spec: EntitySpec, tally: Tally) -> list[tuple[Any, ...]]:
        """Group and gather fitting records."""
        return tally_rows(spec, tally, self._fitting(spec, tally.where))

    def guard(self, spec: EntitySpec, versions: Mapping[UUID, int]) -> None:
        """Check these versions now and again at the commit."""
        self._specs[spec.name] = spec
        for record_id, version in versions.items():
            self._guarded[spec.name, record_id] = version
        with self._lock:
            self._check_guards()

    confirm = guard

    def hold(self, spec: EntitySpec, record_id: UUID, version: int) -> None:
        """Hold a record until the end, or raise `TransactionConflict` when a twin holds it."""
        current = self._current(spec, record_id)
        if current is None or current.version != version:
            raise GuardConflict(spec.name, record_id)
        shelf = self._shelf_of(spec)
        with self._lock:
            if record_id in shelf.held and (shelf, record_id) not in self._held:
                raise TransactionConflict("another work holds it", path=spec.name, fix="repeat")
            shelf.held.add(record_id)
            self._held.append((shelf, record_id))

    def commit(self) -> None:
        """Check versions, guards and unique values under the lock, then let all take effect."""
        self._begin()
        self._over = True
        with self._lock, self._releasing():
            self._check_versions()
            self._check_guards()
            for name, changes in self._changes.items():
                take(self._shelf_of(self._specs[name]), {}, changes, changes)
            for name, changes in self._changes.items():
                self._shelf_of(self._specs[name]).put(changes)

    def rollback(self) -> None:
        """Forget what was kept aside."""
        self._over = True
        self._changes.clear()
        with self._lock, self._releasing():
            return

    @contextmanager
    def _releasing(self) -> Generator[None]:
        try:
            yield
        finally:
            for shelf, record_id in self._held:
                shelf.held.discard(record_id)
            self._held.clear()

    def _begin(self) -> None:
        if self._over:
            raise StoreClosed("the transaction is over", path="session", fix="open another work")

    def _keep_aside(self, spec: EntitySpec, changes: Mapping[UUID, Any]) -> None:
        self._begin()
        if self._read_only:
            raise Refused("the work only reads", path="read_only", fix="open a writing work")
        self._specs[spec.name] = spec
        mine = self._changes.setdefault(spec.name, {})
        taken = self._taken.setdefault(spec.name, {})
        with self._lock:
            try:
                for record_id, record in changes.items():
                    release(spec, taken, (mine.get(record_id),))
                    mine[record_id] = record
                    take(self._shelf_of(spec), taken, {record_id: record}, mine)
            except Duplicate:
                self._check_versions()
                raise

    def _current(self, spec: EntitySpec, record_id: UUID) -> Any:
        self._begin()
        mine = self._changes.get(spec.name, {})
        return mine[record_id] if record_id in mine else self._shelf_of(spec).records.get(record_id)

    def _all(self, spec: EntitySpec) -> Iterable[Any]:
        self._begin()
        with self._lock:
            committed = dict(self._shelf_of(spec).records)
        committed.update(self._changes.get(spec.name, {}))
        return [record for record in committed.values() if record is not None]

    def _fitting(self, spec: EntitySpec, where: Lowered) -> list[Any]:
        fits = holds(spec, where, self._all)
        return [record for record in self._all(spec) if fits(record)]

    def _check_versions(self) -> None:
        for (name, record_id), version in self._expected.items():
            current = self._shelf_of(self._specs[name]).records.get(record_id)
            if (0 if current is None else getattr(current, "version", 1)) != version:
                raise VersionConflict(name, record_id, version)

    def _check_guards(self) -> None:
        for (name, record_id), version in self._guarded.items():
            current = self._shelf_of(self._specs[name]).records.get(record_id)
            if current is None or current.version != version:
                raise GuardConflict(name, record_id)


def _quiet(record: Any) -> Any:
    """Leave the events out: they are told, not kept."""
    return record.replaced(events=()) if getattr(record, "events", ()) else record
