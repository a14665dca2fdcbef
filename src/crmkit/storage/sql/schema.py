"""The schema of a SQL store: what is missing is planned, applied under a lock, and stamped."""

import hashlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    MetaData,
    String,
    Table,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from crmkit.domain.columns import Leaf, columns_of
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Form
from crmkit.errors import OutOfRange, SchemaMissing, SchemaOutdated, SchemaTooNew, StoreUnavailable
from crmkit.ports import Drift, Step
from crmkit.storage.sql.dialects import MYSQL, POSTGRES, inside_json
from crmkit.storage.sql.statements import Statements

COMPONENT: Final = "crmkit"
REVISION: Final = 1
MAX_CUSTOM_INDEXES: Final = 32
_LOCK: Final = 0x63726D6B
_FIX: Final = "crm.schema.apply(), or: crmkit check --apply"


class SqlSchema:
    """Plans, applies and verifies tables, columns and indexes."""

    def __init__(
        self, engine: Engine, statements: Statements, *, prefix: str, schema: str | None
    ) -> None:
        """Belong to a store."""
        self._engine = engine
        self._statements = statements
        self._prefix, self._schema = prefix, schema
        self._stamps = Table(
            f"{prefix}schema",
            MetaData(),
            Column("component", String(100), primary_key=True),
            Column("revision", String(20), nullable=False),
            Column("checksum", String(64), nullable=False),
            Column("applied_at", String(40), nullable=False),
            schema=schema,
        )

    def plan(self) -> tuple[Step, ...]:
        """Return the steps that would be taken."""
        with self._connected() as connection:
            return tuple(self._steps(connection))

    def apply(self) -> tuple[Step, ...]:
        """Take the steps one by one; a step that was taken before is not taken again."""
        with self._connected() as connection, self._locked(connection):
            self._check_not_newer(connection)
            taken = tuple(self._steps(connection))
            for step in taken:
                for statement in step.statements:
                    connection.execute(text(statement.replace(":", r"\:")))
                connection.commit()
            self._stamp(connection)
        return taken

    def verify(self) -> tuple[Drift, ...]:
        """Compare the database with the classes."""
        return tuple(
            Drift(place=step.revision, problem=step.summary, fix=_FIX) for step in self.plan()
        )

    def check(self) -> None:
        """Raise unless the stamp fits the registered classes."""
        with self._connected() as connection:
            if not inspect(connection).has_table(self._stamps.name, schema=self._schema):
                raise SchemaMissing("this database is not set up", path="schema", fix=_FIX)
            stamp = self._check_not_newer(connection)
        if stamp is None or stamp.checksum != self._checksum():
            raise SchemaOutdated("schema steps are waiting", path="schema", fix=_FIX)

    def index_custom(self, spec: EntitySpec, leaf: Leaf) -> None:
        """Index a place inside a JSON column, at most 32 per entity."""
        table = self._statements.entities[spec.name].table
        digest = hashlib.sha256(".".join(leaf.keys).encode()).hexdigest()[:12]
        name = f"cx_{self._prefix}{spec.name}_{digest}"
        with self._connected() as connection, self._locked(connection):
            present = _index_names(connection, table)
            if name in present:
                return
            if sum(known.startswith("cx_") for known in present) >= MAX_CUSTOM_INDEXES:
                raise OutOfRange(
                    f"{spec.name} has {MAX_CUSTOM_INDEXES} indexes on custom fields",
                    path=".".join(leaf.keys),
                    fix="drop one that is not needed",
                )
            connection.execute(text(self._custom_index(name, table, leaf).replace(":", r"\:")))
            connection.commit()

    def _custom_index(self, name: str, table: Table, leaf: Leaf) -> str:
        quote = self._engine.dialect.identifier_preparer.quote
        place = str(inside_json(self._statements.kind, quote(leaf.column), leaf))
        if self._statements.kind == MYSQL:
            return f"CREATE INDEX {name} ON {quote(table.name)} ({quote('tenant')}, {quote('id')})"
        ending = " NULLS FIRST" if self._statements.kind == POSTGRES else ""
        owner = self._engine.dialect.identifier_preparer.format_table(table)
        return f"CREATE INDEX {name} ON {owner} (tenant, ({place}){ending}, id)"

    def _steps(self, connection: Connection) -> Iterator[Step]:
        inspector = inspect(connection)
        if not inspector.has_table(self._stamps.name, schema=self._schema):
            yield self._step(
                "stamps", "create the table of stamps", [self._ddl(CreateTable(self._stamps))]
            )
        present = set(inspector.get_table_names(schema=self._schema))
        for name, entity in self._statements.entities.items():
            table = entity.table
            if table.name not in present:
                made = [CreateTable(table), *(CreateIndex(index) for index in _sorted(table))]
                statements = [self._ddl(each) for each in made]
                yield self._step(name, f"create table {table.name}", statements)
                continue
            yield from self._changes(connection, entity.spec, table)

    def _changes(self, connection: Connection, spec: EntitySpec, table: Table) -> Iterator[Step]:
        inspector = inspect(connection)
        known = {column["name"] for column in inspector.get_columns(table.name, self._schema)}
        for column in table.columns:
            if column.name not in known:
                yield self._step(
                    f"{spec.name}.{column.name}",
                    f"add column {column.name} to {table.name}",
                    self._add_column(spec, table, column),
                )
        present = _index_names(connection, table)
        for index in _sorted(table):
            if index.name not in present:
                made = self._ddl(CreateIndex(index))
                yield self._step(f"{spec.name}.{index.name}", f"create index {index.name}", [made])

    def _add_column(self, spec: EntitySpec, table: Table, column: "Column[Any]") -> list[str]:
        dialect = self._engine.dialect
        owner = dialect.identifier_preparer.format_table(table)
        kind = column.type.compile(dialect)
        name = dialect.identifier_preparer.quote(column.name)
        if column.nullable:
            return [f"ALTER TABLE {owner} ADD COLUMN {self._ddl(CreateColumn(column))}"]
        default = self._default(spec, column.name)
        return [f"ALTER TABLE {owner} ADD COLUMN {name} {kind} DEFAULT {default} NOT NULL"]

    def _default(self, spec: EntitySpec, column_name: str) -> str:
        """Return what older records get in a new field that is never missing."""
        column = columns_of(spec)[column_name]
        default = column.part.default
        if column.form in (Form.JSON, Form.TEXTS):
            return "'[]'" if column.form is Form.TEXTS or default == () else "'{}'"
        scalar = None if default is None else column.part.kind.scalar(default)
        if isinstance(scalar, bool):
            return str(scalar).lower() if self._statements.kind == POSTGRES else str(int(scalar))
        if isinstance(scalar, int):
            return str(scalar)
        return "'" + str("" if scalar is None else scalar).replace("'", "''") + "'"

    def _stamp(self, connection: Connection) -> None:
        connection.execute(self._stamps.delete().where(self._stamps.c.component == COMPONENT))
        connection.execute(
            self._stamps.insert().values(
                component=COMPONENT,
                revision=str(REVISION),
                checksum=self._checksum(),
                applied_at=datetime.now(UTC).isoformat(timespec="seconds"),
            )
        )
        connection.commit()

    def _check_not_newer(self, connection: Connection) -> Any:
        if not inspect(connection).has_table(self._stamps.name, schema=self._schema):
            return None
        mine = self._stamps.c.component == COMPONENT
        stamp = connection.execute(select(self._stamps).where(mine)).one_or_none()
        if stamp is not None and int(stamp.revision) > REVISION:
            raise SchemaTooNew(
                f"the data is at revision {stamp.revision}, this crmkit knows {REVISION}",
                path="schema",
                fix="upgrade crmkit",
            )
        return stamp

    def _checksum(self) -> str:
        """Name all tables that the registered classes need."""
        written = [
            self._ddl(each)
            for entity in self._statements.entities.values()
            for each in (CreateTable(entity.table), *map(CreateIndex, _sorted(entity.table)))
        ]
        return hashlib.sha256("\n".join(written).encode()).hexdigest()

    def _ddl(self, construct: Any) -> str:
        return str(construct.compile(dialect=self._engine.dialect)).strip()

    def _step(self, revision: str, summary: str, statements: list[str]) -> Step:
        return Step(
            component=COMPONENT, revision=revision, summary=summary, statements=tuple(statements)
        )

    @contextmanager
    def _connected(self) -> Generator[Connection]:
        try:
            connection = self._engine.connect()
        except DBAPIError as error:
            raise StoreUnavailable(
                str(error.orig), path="store", fix="check the URL and that the database runs"
            ) from error
        with connection:
            yield connection

    @contextmanager
    def _locked(self, connection: Connection) -> Generator[None]:
        """Let one process at a time change the schema."""
        kind = self._statements.kind
        if kind == POSTGRES:
            connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
        elif kind == MYSQL:
            connection.execute(text("SELECT GET_LOCK('crmkit_schema', 60)"))
        try:
            yield
        finally:
            connection.rollback()
            if kind == POSTGRES:
                connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
            elif kind == MYSQL:
                connection.execute(text("SELECT RELEASE_LOCK('crmkit_schema')"))


def _sorted(table: Table) -> list[Index]:
    return sorted(table.indexes, key=lambda index: str(index.name))


def _index_names(connection: Connection, table: Table) -> set[str]:
    found = inspect(connection).get_indexes(table.name, schema=table.schema)
    names = {str(index["name"]) for index in found}
    if connection.dialect.name == "sqlite":
        rows = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :table"),
            {"table": table.name},
        )
        names |= {row[0] for row in rows}
    return names
