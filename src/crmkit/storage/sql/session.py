"""One transaction on a SQL database, on the driver's own cursor."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NoReturn, TypeVar
from uuid import UUID

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import Check, Lowered, SortKey, Test
from crmkit.domain.filters.tally import Tally
from crmkit.domain.kinds import Form
from crmkit.errors import GuardConflict, Refused, StoreClosed, StoreUnavailable, VersionConflict
from crmkit.ports import BATCH, Ask
from crmkit.storage.sql.cells import Cells
from crmkit.storage.sql.connections import Connection
from crmkit.storage.sql.dialects import SQLITE
from crmkit.storage.sql.entities import EntityTable
from crmkit.storage.sql.failures import Failures
from crmkit.storage.sql.shapes import order_shape
from crmkit.storage.sql.statements import Asked, Statements
from crmkit.storage.walks import AHEAD, ENOUGH, looked_up, wide_in

R = TypeVar("R")
COPY_FROM: Final = 50
"""From how many records on COPY is faster."""
_ID: Final = Leaf(column="id", form=Form.ID, optional=False)
_VERSION: Final = Leaf(column="version", form=Form.INTEGER, optional=False)


class SqlSession:
    """A transaction; `tenant` is part of every statement, and after an error it only rolls back."""

    def __init__(
        self,
        tenant: str,
        connection: Connection,
        statements: Statements,
        failures: Failures,
        *,
        read_only: bool,
    ) -> None:
        """Take a connection whose transaction has begun."""
        self.tenant = tenant
        self._connection = connection
        self._statements = statements
        self._entities = statements.entities
        self._failures = failures
        self._read_only = read_only
        self.is_alone = connection.is_alone and not read_only
        self._loaded: dict[tuple[str, UUID], Any] = {}
        self._is_fresh = True
        self._over = ""

    def now(self) -> datetime:
        """Return the store's own clock."""
        return self._run(None, self._connection.now)

    def get_many(self, spec: EntitySpec, ids: Sequence[UUID]) -> list[Any]:
        """Return the records that exist among `ids`."""
        if len(ids) == 1:
            return self._get_one(self._entities[spec], ids[0])
        found: list[Any] = []
        for start in range(0, len(ids), BATCH):
            among = Check(_ID, Test.IN, tuple(ids[start : start + BATCH]))
            asked = self._statements.find(spec, self.tenant, Ask(where=among))
            found += self._load(spec, self._run(spec, self._connection.fetch, *asked))
        return found

    def insert_many(self, spec: EntitySpec, records: Sequence[Any]) -> None:
        """Write new records, by COPY where there is one and many of them."""
        self._check_writing()
        entity = self._entities[spec]
        if len(records) == 1:
            [row] = entity.codec.dump(records)
            self._run(spec, self._connection.execute, entity.insert, row)
        elif self._connection.copies and len(records) >= COPY_FROM:
            parts = list(_sliced(records))
            self._run(spec, self._connection.copy, entity.copy, entity.copy_lines, parts)
        else:
            for part in _sliced(records):
                self._run(spec, self._insert, entity, part)

    def save_many(self, spec: EntitySpec, records: Sequence[Any], expected: Sequence[int]) -> None:
        """Replace records that are still at the expected versions."""
        self._check_writing()
        entity = self._entities[spec]
        if len(records) == 1:
            done = self._save_one(entity, records[0], expected[0])
        else:
            update = entity.update()
            rows = [
                (*row, *self._key(entity, record.id), version)
                for row, record, version in zip(
                    update.dump(records), records, expected, strict=True
                )
            ]
            done = self._run(spec, self._connection.execute_many, update.sql, rows) if rows else 0
        if done != len(records):
            self._fail(self._moved(spec, records, expected))

    def delete_many(self, spec: EntitySpec, ids: Sequence[UUID]) -> int:
        """Erase records for good."""
        self._check_writing()
        entity = self._entities[spec]
        rows = [self._key(entity, record_id) for record_id in ids]
        return self._run(spec, self._connection.execute_many, entity.delete, rows) if rows else 0

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        """Bring the records in batches."""
        check = wide_in(ask) if self._statements.kind == SQLITE else None
        if check is not None and not self._is_walked(spec, ask, check):
            ask = looked_up(ask)
        asked = self._statements.find(spec, self.tenant, ask)
        for rows in self._batches(spec, asked, ask.limit):
            yield self._load(spec, rows)

    def select(
        self, spec: EntitySpec, leaves: Sequence[Leaf], ask: Ask
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Bring only some leaves, as tuples of scalars."""
        asked = self._statements.select(spec, self.tenant, leaves, ask)
        read = self._cells(spec).reader(leaves)
        for rows in self._batches(spec, asked, ask.limit):
            yield [read(row) for row in rows]

    def count(self, spec: EntitySpec, where: Lowered) -> int:
        """Count the records."""
        asked = self._statements.count(spec, self.tenant, Ask(where=where))
        number: int = self._run(spec, self._connection.fetch, *asked)[0][0]
        return number

    def tally(self, spec: EntitySpec, tally: Tally) -> list[tuple[Any, ...]]:
        """Answer a summary in one statement."""
        asked = self._statements.tally(spec, self.tenant, tally)
        rows = self._run(spec, self._connection.fetch, *asked)
        read = self._cells(spec).figures(tally)
        return [read(row) for row in rows]

    def guard(self, spec: EntitySpec, versions: Mapping[UUID, int]) -> None:
        """Hold records at these versions until the commit."""
        ids = sorted(versions)
        found: dict[UUID, int] = {}
        for start in range(0, len(ids), BATCH):
            among = Check(_ID, Test.IN, tuple(ids[start : start + BATCH]))
            ask = Ask(where=among, order=(SortKey(_ID),))
            sql, values = self._statements.select(spec, self.tenant, (_ID, _VERSION), ask)
            sharing = sql + self._connection.sharing
            rows = self._run(spec, self._connection.fetch, sharing, values)
            found.update(map(self._cells(spec).reader((_ID, _VERSION)), rows))
        for record_id in ids:
            if found.get(record_id) != versions[record_id]:
                self._fail(GuardConflict(spec.name, record_id))

    confirm = guard

    def hold(self, spec: EntitySpec, record_id: UUID, version: int) -> None:
        """Write one record as it is, so that a twin that overlaps is refused by the database."""
        self._check_writing()
        entity = self._entities[spec]
        values = (*self._key(entity, record_id), version)
        if not self._run(spec, self._connection.execute, entity.hold, values):
            self._fail(GuardConflict(spec.name, record_id))

    def commit(self) -> None:
        """Make everything lasting."""
        self._check_open()
        try:
            self._connection.commit()
        except Exception as error:  # noqa: BLE001 - each is told as an error of crmkit
            self._over = _FAILED
            self._reraise(error, committing=True)
        self._over = _ENDED

    def rollback(self) -> None:
        """Forget everything, and give the connection back."""
        self._over = _ENDED
        self._connection.rollback()

    def _is_walked(self, spec: EntitySpec, ask: Ask, check: Check) -> bool:
        """Say whether to walk for a page; other databases know their records by themselves."""

        def look() -> bool:
            beginning = Ask(order=ask.order, limit=AHEAD)
            found = [cell for rows in self.select(spec, [check.leaf], beginning) for cell in rows]
            wanted = {(value,) for value in check.value}
            return len(found) < AHEAD or sum(cell in wanted for cell in found) >= ENOUGH

        place = (self.tenant, spec.name, order_shape(ask.order))
        return self._statements.walks.pays(place, check, look)

    def _insert(self, entity: EntityTable, records: Sequence[Any]) -> None:
        self._connection.execute_many(entity.insert, entity.codec.dump(records))

    def _get_one(self, entity: EntityTable, record_id: UUID) -> list[Any]:
        key = self._key(entity, record_id)
        rows = self._run(entity.spec, self._connection.fetch, entity.get, key)
        found = self._load(entity.spec, rows)
        if found and entity.spec.versioned and not self._read_only:
            if len(self._loaded) >= BATCH:
                self._loaded.clear()
            self._loaded[entity.spec.name, record_id] = found[0]
        return found

    def _save_one(self, entity: EntityTable, record: Any, version: int) -> int:
        """Write what differs from the record as it was loaded here; otherwise every field."""
        was = self._loaded.pop((entity.spec.name, record.id), None)
        is_based = was is not None and was.version == version != record.version
        update = entity.update(was, record) if is_based else entity.update()
        [row] = update.dump((record,))
        values = (*row, *self._key(entity, record.id), version)
        return self._run(entity.spec, self._connection.execute, update.sql, values)

    def _key(self, entity: EntityTable, record_id: UUID) -> tuple[Any, ...]:
        return (self.tenant, entity.codec.scalar["id"](record_id))

    def _batches(self, spec: EntitySpec, asked: Asked, limit: int | None) -> Iterator[list[Any]]:
        if limit is not None and limit <= BATCH:
            rows = self._run(spec, self._connection.fetch, *asked)
            if rows:
                yield rows
            return
        stream = self._run(spec, self._connection.stream, *asked)
        while rows := self._run(spec, stream.fetch):
            yield rows
        stream.close()

    def _load(self, spec: EntitySpec, rows: list[Any]) -> list[Any]:
        try:
            return self._entities[spec].codec.load(rows)
        except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as wrong:
            self._over = _FAILED
            raise self._cells(spec).unreadable(rows) from wrong

    def _cells(self, spec: EntitySpec) -> Cells:
        return Cells(self._entities[spec], self._connection.day)

    def _moved(
        self, spec: EntitySpec, records: Sequence[Any], expected: Sequence[int]
    ) -> VersionConflict:
        """Name the first record that is not stored as it was given."""
        stored = {record.id: record for record in self.get_many(spec, [r.id for r in records])}
        for record, version in zip(records, expected, strict=True):
            if stored.get(record.id) != record:
                return VersionConflict(spec.name, record.id, version)
        return VersionConflict(spec.name, records[0].id, expected[0])

    def _check_writing(self) -> None:
        if self._read_only:
            raise Refused("the work only reads", path="read_only", fix="open a writing work")

    def _check_open(self) -> None:
        if self._over:
            raise StoreClosed(self._over, path="session", fix="open another work")

    def _run(self, spec: EntitySpec | None, act: Callable[..., R], *given: Any) -> R:
        """Do one thing with the connection; one that turns out dead at the first is replaced."""
        if self._over:
            self._check_open()
        while True:
            try:
                done = act(*given)
            except Exception as error:  # noqa: BLE001 - each is told as an error of crmkit
                if self._is_fresh and self._renewed(error):
                    continue
                self._over = _FAILED
                self._reraise(error, entity="" if spec is None else spec.name)
            self._is_fresh = False
            return done

    def _renewed(self, error: Exception) -> bool:
        """Begin again on another connection, after the first sign of life failed."""
        while isinstance(self._failures.translate(error), StoreUnavailable):
            try:
                if not self._connection.replace():
                    return False
                self._connection.begin(read_only=self._read_only)
            except Exception as again:  # noqa: BLE001 - looked at in the next turn
                error = again
            else:
                return True
        return False

    def _fail(self, error: Exception) -> NoReturn:
        self._over = _FAILED
        raise error

    def _reraise(self, error: Exception, **about: Any) -> NoReturn:
        translated = self._failures.translate(error, **about)
        if translated is error:
            raise error
        raise translated from error


def _sliced(records: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (records[start : start + BATCH] for start in range(0, len(records), BATCH))


_ENDED: Final = "the transaction is over"
_FAILED: Final = "the transaction has failed"
