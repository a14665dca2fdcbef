"""One transaction on a SQL database, on the driver's own cursor."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import All, Check, Lowered, SortKey, Test
from crmkit.domain.filters.tally import Tally
from crmkit.domain.kinds import Form
from crmkit.errors import GuardConflict, Refused, StoreClosed, VersionConflict
from crmkit.ports import BATCH, Ask
from crmkit.storage.codec.rows import from_json
from crmkit.storage.sql.connections import Connection
from crmkit.storage.sql.dialects import POSTGRES
from crmkit.storage.sql.failures import Failures
from crmkit.storage.sql.statements import EntityTable, Statements

COPY_FROM: Final = 50
_TENANT: Final = Leaf(column="tenant", form=Form.TEXT, optional=False)
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
        self._failures = failures
        self._read_only = read_only
        self._mine = Check(_TENANT, Test.EQ, tenant)
        self._over = False

    def now(self) -> Any:
        """Return the store's own clock."""
        with self._running():
            return self._connection.now()

    def get_many(self, spec: EntitySpec, ids: Sequence[UUID]) -> list[Any]:
        """Return the records that exist among `ids`."""
        if len(ids) == 1:
            return self._get_one(self._statements.entities[spec.name], ids[0])
        found: list[Any] = []
        for start in range(0, len(ids), BATCH):
            among = Check(_ID, Test.IN, tuple(ids[start : start + BATCH]))
            for batch in self.find(spec, Ask(where=among)):
                found += batch
        return found

    def insert_many(self, spec: EntitySpec, records: Sequence[Any]) -> None:
        """Write new records, by COPY where there is one and many of them."""
        self._check_writing()
        entity = self._statements.entities[spec.name]
        rows = entity.codec.dump(records)
        with self._running():
            if len(rows) >= COPY_FROM and self._connection.kind == POSTGRES:
                self._connection.copy(entity.copy, rows)
            elif len(rows) == 1:
                self._connection.execute(entity.insert, rows[0])
            elif rows:
                self._connection.execute_many(entity.insert, rows)

    def save_many(self, spec: EntitySpec, records: Sequence[Any], expected: Sequence[int]) -> None:
        """Replace records that are still at the expected versions."""
        self._check_writing()
        entity = self._statements.entities[spec.name]
        changed = entity.changed
        key = entity.codec.scalar["id"]
        rows = [
            (*[row[at] for at in changed], self.tenant, key(record.id), version)
            for row, record, version in zip(
                entity.codec.dump(records), records, expected, strict=True
            )
        ]
        with self._running():
            if len(rows) == 1:
                done = self._connection.execute(entity.update, rows[0])
            else:
                done = self._connection.execute_many(entity.update, rows)
        if done != len(rows):
            raise self._moved(spec, records, expected)

    def delete_many(self, spec: EntitySpec, ids: Sequence[UUID]) -> int:
        """Erase records for good."""
        self._check_writing()
        entity = self._statements.entities[spec.name]
        key = entity.codec.scalar["id"]
        with self._running():
            rows = [(self.tenant, key(record_id)) for record_id in ids]
            return self._connection.execute_many(entity.delete, rows) if rows else 0

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        """Bring the records in batches."""
        sql, values = self._statements.find(spec, self._within(ask))
        load = self._statements.entities[spec.name].codec.load
        with self._running():
            for rows in self._connection.batches(sql, values, ask.limit):
                yield load(rows)

    def select(
        self, spec: EntitySpec, leaves: Sequence[Leaf], ask: Ask
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Bring only some leaves, as tuples of scalars."""
        sql, values = self._statements.select(spec, leaves, self._within(ask))
        back = [self._back(spec, leaf) for leaf in leaves]
        with self._running():
            for rows in self._connection.batches(sql, values, ask.limit):
                yield [
                    tuple(
                        cell if turn is None or cell is None else turn(cell)
                        for turn, cell in zip(back, row, strict=True)
                    )
                    for row in rows
                ]

    def count(self, spec: EntitySpec, where: Lowered) -> int:
        """Count the records."""
        sql, values = self._statements.count(spec, self._within(Ask(where=where)))
        with self._running():
            number: int = self._connection.fetch(sql, values)[0][0]
            return number

    def tally(self, spec: EntitySpec, tally: Tally) -> list[tuple[Any, ...]]:
        """Answer a summary in one statement."""
        where = self._within(Ask(where=tally.where)).where
        mine = Tally(
            where=where,
            keys=tally.keys,
            gathers=tally.gathers,
            keeps=tally.keeps,
            ranks=tally.ranks,
            limit=tally.limit,
        )
        sql, values = self._statements.tally(spec, mine)
        with self._running():
            rows = self._connection.fetch(sql, values)
        return [self._figures(spec, tally, row) for row in rows]

    def guard(self, spec: EntitySpec, versions: Mapping[UUID, int]) -> None:
        """Hold records at these versions until the commit."""
        ids = sorted(versions)
        found: dict[UUID, int] = {}
        for start in range(0, len(ids), BATCH):
            among = Check(_ID, Test.IN, tuple(ids[start : start + BATCH]))
            ask = self._within(Ask(where=among, order=(SortKey(_ID),)))
            sql, values = self._statements.select(spec, (_ID, _VERSION), ask)
            back = self._back(spec, _ID)
            with self._running():
                rows = self._connection.fetch(sql + self._connection.sharing, values)
            found.update((back(row[0]) if back else row[0], row[1]) for row in rows)
        for record_id in ids:
            if found.get(record_id) != versions[record_id]:
                raise GuardConflict(spec.name, record_id)

    def hold(self, spec: EntitySpec, record_id: UUID, version: int) -> None:
        """Write one record as it is, so that a twin that overlaps is refused by the database."""
        self._check_writing()
        entity = self._statements.entities[spec.name]
        with self._running():
            values = (self.tenant, entity.codec.scalar["id"](record_id), version)
            held = self._connection.execute(entity.hold, values)
        if not held:
            raise GuardConflict(spec.name, record_id)

    def commit(self) -> None:
        """Make everything lasting."""
        with self._running(committing=True):
            self._connection.commit()
        self._over = True

    def rollback(self) -> None:
        """Forget everything, and give the connection back."""
        self._over = True
        self._connection.rollback()

    def _get_one(self, entity: EntityTable, record_id: UUID) -> list[Any]:
        with self._running():
            values = (self.tenant, entity.codec.scalar["id"](record_id))
            return entity.codec.load(self._connection.fetch(entity.get, values))

    def _within(self, ask: Ask) -> Ask:
        """Ask only for the tenant's own records."""
        inner = ask.where
        parts = inner.parts if isinstance(inner, All) else (inner,)
        return Ask(
            where=All((self._mine, *parts)),
            order=ask.order,
            limit=ask.limit,
            skip_locked=ask.skip_locked,
        )

    def _back(self, spec: EntitySpec, leaf: Leaf) -> Any:
        if leaf.form is Form.TEXTS:
            return lambda cell: from_json(cell) if isinstance(cell, str) else cell
        if leaf.keys:
            return bool if leaf.form is Form.BOOLEAN else None
        turned = leaf.form in (Form.ID, Form.INSTANT, Form.DATE, Form.BOOLEAN)
        codec = self._statements.entities[spec.name].codec
        return codec.unscalar[leaf.column] if turned else None

    def _figures(self, spec: EntitySpec, tally: Tally, row: Sequence[Any]) -> tuple[Any, ...]:
        cells: list[Any] = []
        for key, cell in zip(tally.keys, row, strict=False):
            cells.append(self._key(spec, key.leaf, cell, bucketed=key.bucket is not None))
        for gather, cell in zip(tally.gathers, row[len(tally.keys) :], strict=True):
            cells.append(self._gathered(spec, gather.leaf, str(gather.function), cell))
        return tuple(cells)

    def _key(self, spec: EntitySpec, leaf: Leaf, cell: Any, *, bucketed: bool) -> Any:
        if cell is None:
            return None
        if bucketed:
            return self._connection.day(cell)
        turn = self._back(spec, leaf)
        return cell if turn is None else turn(cell)

    def _gathered(self, spec: EntitySpec, leaf: Leaf | None, function: str, cell: Any) -> Any:
        if cell is None or leaf is None:
            return cell
        if function in ("count", "distinct", "sum"):
            return int(cell)
        turn = self._back(spec, leaf)
        return cell if turn is None else turn(cell)

    def _moved(
        self, spec: EntitySpec, records: Sequence[Any], expected: Sequence[int]
    ) -> VersionConflict:
        """Name the first record that was not at its expected version."""
        wanted = [record.id for record in records]
        at = {record.id: record.version for record in self.get_many(spec, wanted)}
        for record, version in zip(records, expected, strict=True):
            if at.get(record.id) != record.version:
                return VersionConflict(spec.name, record.id, version)
        return VersionConflict(spec.name, wanted[0], expected[0])

    def _check_writing(self) -> None:
        if self._read_only:
            raise Refused("the work only reads", path="read_only", fix="open a writing work")

    @contextmanager
    def _running(self, *, committing: bool = False) -> Generator[None]:
        if self._over:
            raise StoreClosed("the transaction is over", path="session", fix="open another work")
        try:
            yield
        except GeneratorExit:
            raise
        except Exception as error:
            translated = self._failures.translate(error, committing=committing)
            if translated is error:
                raise
            raise translated from error
