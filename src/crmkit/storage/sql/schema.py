"""The schema of a SQL store: what is missing is planned, applied under a lock, and stamped."""

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec
from crmkit.errors import (
    CapabilityMissing,
    OutOfRange,
    SchemaBlocked,
    SchemaMissing,
    SchemaOutdated,
    StoreUnavailable,
)
from crmkit.ports import Drift, Step
from crmkit.storage.sql.changes import Change, Changes
from crmkit.storage.sql.dialects import CUT, MYSQL, POSTGRES, SQLITE, inside_json, is_cut, quoted
from crmkit.storage.sql.drift import drifts
from crmkit.storage.sql.failures import APPLY
from crmkit.storage.sql.indexes import CUSTOM
from crmkit.storage.sql.inspection import Present
from crmkit.storage.sql.stamps import Stamps
from crmkit.storage.sql.statements import Statements

MAX_CUSTOM_INDEXES: Final = 32
_LOCK: Final = 0x63726D6B


class SqlSchema:
    """Plans, applies and verifies tables, columns and indexes."""

    def __init__(
        self, engine: Engine, statements: Statements, *, prefix: str, schema: str | None
    ) -> None:
        """Belong to a store."""
        self._engine = engine
        self._entities = statements.entities
        self._kind, self._server = statements.kind, statements.server
        self._prefix, self._schema = prefix, schema
        self._stamps = Stamps(prefix, schema, kind=self._kind)

    def plan(self) -> tuple[Step, ...]:
        """Return the steps that would be taken."""
        with self._connected() as connection:
            return tuple(self._changes(connection).steps())

    def apply(self) -> tuple[Step, ...]:
        """Take the steps one by one; a step that was taken before is not taken again."""
        with self._connected() as connection, self._locked(connection):
            self._stamps.check_not_newer(connection)
            taken: list[Step] = []
            for change in self._changes(connection).all():
                self._take(change, connection)
                taken.append(change.step)
            self._stamps.write(connection, self._entities.specs.values())
            connection.commit()
        return tuple(taken)

    def verify(self) -> tuple[Drift, ...]:
        """Compare the database with the classes."""
        with self._connected() as connection:
            waiting = [
                Drift(place=step.revision, problem=f"to do: {step.summary}", fix=APPLY)
                for step in self._changes(connection).steps()
            ]
            return (*waiting, *drifts(self._present(connection), self._entities))

    def check(self) -> None:
        """Raise unless the stamps fit the registered classes."""
        with self._connected() as connection:
            if not self._stamps.are_there(connection):
                raise SchemaMissing("this database is not set up", path="schema", fix=APPLY)
            self._stamps.check_not_newer(connection)
            waiting = self._stamps.outdated(connection, self._entities.specs.values())
        if waiting:
            raise SchemaOutdated(
                f"schema steps are waiting for {', '.join(waiting)}", path="schema", fix=APPLY
            )

    def index_custom(self, spec: EntitySpec, leaf: Leaf) -> None:
        """Index a place inside a JSON column, at most 32 per entity."""
        if self._kind == MYSQL:
            raise CapabilityMissing(
                "MySQL and MariaDB have no indexes on custom fields",
                path=".".join(leaf.keys),
                fix="declare the field on a class, or use another store",
            )
        name = self._custom_name(spec, leaf)
        with self._connected() as connection, self._locked(connection):
            present = self._present(connection).indexes(self._entities[spec].table.name)
            if name in present:
                return
            if sum(known.startswith(f"{CUSTOM}_") for known in present) >= MAX_CUSTOM_INDEXES:
                raise OutOfRange(
                    f"{spec.name} has {MAX_CUSTOM_INDEXES} indexes on custom fields",
                    path=".".join(leaf.keys),
                    fix="drop one that is not needed",
                )
            self._create_index(connection, name, spec, leaf)

    def _custom_name(self, spec: EntitySpec, leaf: Leaf) -> str:
        keys = ".".join((leaf.column, *leaf.keys))
        digest = hashlib.sha256(f"{self._prefix}{spec.name}.{keys}".encode()).hexdigest()[:16]
        return f"{CUSTOM}_{self._prefix}{digest}"

    def _create_index(
        self, connection: Connection, name: str, spec: EntitySpec, leaf: Leaf
    ) -> None:
        preparer = self._engine.dialect.identifier_preparer
        owner = preparer.format_table(self._entities[spec].table)
        place = str(inside_json(self._server, quoted(self._kind, leaf.column), leaf))
        if is_cut(self._kind, spec, leaf):
            place = f"left({place}, {CUT})"
        if self._kind == SQLITE:
            connection.exec_driver_sql(f"CREATE INDEX {name} ON {owner} (tenant, {place}, id)")
            connection.commit()
            return
        connection.commit()
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as beside:
            where = "" if self._schema is None else f"{preparer.quote(self._schema)}."
            beside.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {where}{name}")
            beside.exec_driver_sql(
                f"CREATE INDEX CONCURRENTLY {name} ON {owner} (tenant, ({place}) NULLS FIRST, id)"
            )

    def _changes(self, connection: Connection) -> Changes:
        return Changes(self._present(connection), self._entities, self._stamps, self._prefix)

    def _present(self, connection: Connection) -> Present:
        return Present(connection, self._kind, self._schema)

    def _take(self, change: Change, connection: Connection) -> None:
        """Take a step and make it lasting; on SQLite all steps and the lock are one transaction."""
        try:
            change.take(connection)
        except IntegrityError as error:
            raise SchemaBlocked(
                f"cannot {change.step.summary}: {error.orig}",
                path=change.step.revision,
                fix="mend the records, then apply again",
            ) from error
        if self._kind != SQLITE:
            connection.commit()

    @contextmanager
    def _connected(self) -> Generator[Connection]:
        try:
            connection = self._engine.connect()
        except DBAPIError as error:
            raise _unavailable(error) from error
        try:
            with connection:
                yield connection
        except DBAPIError as error:
            if error.connection_invalidated:
                raise _unavailable(error) from error
            raise

    @contextmanager
    def _locked(self, connection: Connection) -> Generator[None]:
        """Let one process at a time change the schema."""
        take, leave = _LOCKS[self._kind]
        connection.exec_driver_sql(take)
        if self._kind == POSTGRES:
            connection.commit()
        try:
            yield
        finally:
            connection.rollback()
            if leave:
                connection.exec_driver_sql(leave)
                connection.commit()


_LOCKS: Final = {
    SQLITE: ("BEGIN IMMEDIATE", ""),
    POSTGRES: (f"SELECT pg_advisory_lock({_LOCK})", f"SELECT pg_advisory_unlock({_LOCK})"),
    MYSQL: ("SELECT GET_LOCK('crmkit_schema', 600)", "SELECT RELEASE_LOCK('crmkit_schema')"),
}


def _unavailable(error: DBAPIError) -> StoreUnavailable:
    return StoreUnavailable(
        str(error.orig), path="store", fix="check the URL and that the database runs"
    )
