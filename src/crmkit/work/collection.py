"""The records of one entity, read and written within a unit of work."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import attrs

from crmkit.domain.access.unveiling import check_fields, check_unseen, unveiled
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.blanks import values_of
from crmkit.domain.changes import Operation
from crmkit.domain.filters.where import Field
from crmkit.errors import InvalidValue, VersionConflict, WrongType
from crmkit.ports import BATCH
from crmkit.work.checking import check_records, keep_claims
from crmkit.work.reading import Reading
from crmkit.work.unsharing import end_shares
from crmkit.work.upserting import (
    QUIET,
    Outcome,
    Upserted,
    key_names,
    merged_with,
    values_at,
)

A = TypeVar("A", bound=Aggregate)
_SPOKEN: dict[type[Any], Callable[[Any], tuple[Any, ...]]] = {}
"""What reads, of each class, the fields of which a difference is worth a version."""


class Collection(Reading[A]):
    """All that can be done with the records of one entity; a save is conditional on the version."""

    def add(self, record: A) -> A:
        """Write a new record; returns it as it is kept, at version 1."""
        return self._insert([record])[0]

    def save(self, record: A) -> A:
        """Write a changed record, or raise `VersionConflict` when it has moved on.

        A record without any difference is returned as it is, and nothing is written.
        """
        return self._write([record], Operation.UPDATED)[0]

    def remove(self, record: A) -> A:
        """Mark a record removed; it leaves lists and frees its unique values."""
        return self.remove_many([record])[0]

    def restore(self, record: A) -> A:
        """Bring a removed record back, or raise `Duplicate` when its place is taken."""
        return self.restore_many([record])[0]

    def remove_many(self, records: Iterable[A]) -> list[A]:
        """Mark records removed, in batches; those that are removed already stay as they are."""
        at = self._work.now
        return self._turn(records, Operation.REMOVED, lambda record: record.deleted_at or at)

    def restore_many(self, records: Iterable[A]) -> list[A]:
        """Bring removed records back, in batches, or raise `Duplicate`."""
        return self._turn(records, Operation.RESTORED, lambda _record: None)

    def insert_many(self, records: Iterable[A]) -> list[A]:
        """Write new records in batches; all of them or, with the work, none."""
        written: list[A] = []
        for batch in _batches(records):
            written += self._insert(batch)
        return written

    def save_many(self, records: Iterable[A]) -> list[A]:
        """Write changed records in batches, each conditional on its version."""
        written: list[A] = []
        for batch in _batches(records):
            written += self._write(batch, Operation.UPDATED)
        return written

    def upsert_many(self, records: Iterable[A], key: Sequence[Field]) -> list[Upserted[A]]:
        """Write records by the values of a declared unique key: new ones, changed ones.

        A record that exists keeps its id, owner, tags, custom values and creation; every other
        field takes the given value.
        """
        names = key_names(key)
        results: list[Upserted[A]] = []
        for batch in _batches(records):
            known = self._by_key(batch, key)
            results += self._upsert(batch, names, known)
        return results

    def _turn(
        self,
        records: Iterable[A],
        operation: Operation,
        deleted_at: Callable[[A], datetime | None],
    ) -> list[A]:
        turned: list[A] = []
        for batch in _batches(records):
            moved = [record.evolve(deleted_at=deleted_at(record)) for record in batch]
            turned += self._write(moved, operation)
        return turned

    def _upsert(
        self, batch: list[A], names: Sequence[str], known: dict[tuple[Any, ...], A]
    ) -> list[Upserted[A]]:
        made: dict[int, Upserted[A]] = {}
        new = [at for at, record in enumerate(batch) if values_at(record, names) not in known]
        old = [at for at, record in enumerate(batch) if values_at(record, names) in known]
        for at, record in zip(new, self.insert_many(batch[at] for at in new), strict=True):
            made[at] = Upserted(record, Outcome.CREATED)
        merged = [merged_with(known[values_at(batch[at], names)], batch[at]) for at in old]
        for at, was, now in zip(old, merged, self.save_many(merged), strict=True):
            same = now.version == was.version
            made[at] = Upserted(now, Outcome.UNCHANGED if same else Outcome.UPDATED)
        return [made[at] for at in range(len(batch))]

    def _by_key(self, batch: list[A], key: Sequence[Field]) -> dict[tuple[Any, ...], A]:
        names = key_names(key)
        values = [values_at(record, names) for record in batch]
        if len(set(values)) != len(values):
            raise InvalidValue(
                "two of the records have the same key", path=names[0], fix="merge them first"
            )
        if any(None in value for value in values):
            raise InvalidValue("a key must not be None", path=names[0], fix="give it a value")
        lists = [sorted({value[at] for value in values}) for at in range(len(names))]
        where = key[0].in_(lists[0])
        for field, listed in zip(key[1:], lists[1:], strict=True):
            where &= field.in_(listed)
        return {values_at(record, names): record for record in self.find(where)}

    def _insert(self, records: list[A]) -> list[A]:
        nothing = [None] * len(records)
        checked = self._check([self._stamp_new(record) for record in records], nothing)
        with self._work.storing() as session:
            session.insert_many(self.spec, checked)
        self._log(checked, nothing, Operation.CREATED)
        return [self._shown(_quiet(record)) for record in checked]

    def _write(self, records: list[A], operation: Operation) -> list[A]:
        before = self._befores(records)
        if self._sight is not None:
            for record in records:
                check_unseen(self._sight, record)
            pairs = zip(records, before, strict=True)
            records = [unveiled(self._sight, record, was) for record, was in pairs]
        moved: list[int] = []
        olds: list[A] = []
        stamped: list[A] = []
        for at, (old, new) in enumerate(zip(before, records, strict=True)):
            if new.events or _differ(old, new):
                moved.append(at)
                olds.append(old)
                stamped.append(self._stamp_change(old, new))
        results = list(records)
        for at, record in zip(moved, self._save(olds, stamped, operation), strict=True):
            results[at] = self._work.known(self.spec, record.id)
        return results if self._sight is None else [self._shown(record) for record in results]

    def _save(self, olds: list[A], stamped: list[A], operation: Operation) -> list[A]:
        """Write records that differ, when they are right."""
        checked = self._check(stamped, olds)
        if checked:
            with self._work.storing() as session:
                session.save_many(self.spec, checked, [old.version for old in olds])
            self._log(checked, olds, operation)
        return checked

    def _check(self, records: list[A], befores: Sequence[A | None]) -> list[A]:
        """Return records that are right and may be written."""
        if self._sight is None:
            return check_records(self._work, self.spec, records, befores)
        for before, record in zip(befores, records, strict=True):
            check_fields(self._sight, record, before)
        checked = check_records(self._work, self.spec, records, befores, seen_only=True)
        pairs = zip(befores, checked, strict=True)
        allowed = self._work.clearance.checked
        return [allowed(self._sight, before, record) for before, record in pairs]

    def _befores(self, records: list[A]) -> list[A]:
        """Return each record as stored, at the version that the change is based on."""
        befores: list[Any] = [self._work.known(self.spec, record.id) for record in records]
        missing = [
            record.id
            for record, was in zip(records, befores, strict=True)
            if was is None or was.version != record.version
        ]
        if missing:
            stored = {record.id: record for record in self._fetch(missing)}
            pairs = zip(records, befores, strict=True)
            befores = [stored.get(record.id, was) for record, was in pairs]
        for record, current in zip(records, befores, strict=True):
            self._check_tenant(record)
            if not self._is_at(current, record.version):
                self._work.doom()
                raise VersionConflict(self.spec.name, record.id, record.version)
        return befores

    def _is_at(self, current: A | None, version: int) -> bool:
        """Say whether a record is there for the actor, at this version."""
        if current is None or current.version != version:
            return False
        return self._sight is None or self._sight.sees(current)

    def _stamp_new(self, record: A) -> A:
        self._check_class(record)
        self._check_tenant(record)
        if record.version:
            raise InvalidValue(
                "the record was saved before", path=f"{self.spec.name}.version", fix="use save()"
            )
        now, actor = self._work.now, self._work.actor.id
        return record.replaced(
            tenant=self._work.tenant,
            version=1,
            created_at=now,
            created_by=actor,
            updated_at=now,
            updated_by=actor,
        )

    def _stamp_change(self, before: A, record: A) -> A:
        self._check_class(record)
        return record.replaced(
            version=before.version + 1,
            created_at=before.created_at,
            created_by=before.created_by,
            updated_at=self._work.now,
            updated_by=self._work.actor.id,
        )

    def _check_class(self, record: A) -> None:
        if type(record) is not self.spec.cls:
            raise WrongType(
                f"expected {self.spec.cls.__name__}, got {type(record).__name__}",
                path=self.spec.name,
            )

    def _check_tenant(self, record: A) -> None:
        if record.tenant not in ("", self._work.tenant):
            raise InvalidValue(
                "the record belongs to another tenant",
                path=f"{self.spec.name}.tenant",
                fix="open a work for its tenant",
            )

    def _log(self, records: list[A], befores: Sequence[A | None], operation: Operation) -> None:
        keep_claims(self._work, self.spec, records, befores)
        self._work.wrote(self.spec, befores, records, operation)
        self._work.stage_rules.keep_stays(self.spec, records, befores)
        if operation is Operation.REMOVED:
            end_shares(self._work, self.spec, [record.id for record in records])


def _batches(records: Iterable[A]) -> Iterator[list[A]]:
    source = iter(records)
    while batch := list(islice(source, BATCH)):
        yield batch


def _quiet(record: A) -> A:
    return record.replaced(events=()) if record.events else record


def _differ(before: Aggregate, after: Aggregate) -> bool:
    cls = type(before)
    read = _SPOKEN.get(cls)
    if read is None:
        names = [field.name for field in attrs.fields(cls) if field.name not in QUIET]
        read = _SPOKEN[cls] = values_of(names)
    return read(before) != read(after)
