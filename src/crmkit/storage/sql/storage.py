"""The SQL store: an engine, the tables of the registered entities, sessions on raw connections."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NoReturn

from sqlalchemy import Engine

from crmkit.domain.entity import EntitySpec, Registry
from crmkit.domain.filters.lowered import Lowered
from crmkit.errors import InvalidSettings, StoreClosed, StoreUnavailable
from crmkit.ports import Ask, Capability, Session
from crmkit.storage.sql.connections import Connection
from crmkit.storage.sql.dialects import MARIADB, MYSQL, SQLITE, positional
from crmkit.storage.sql.drivers import KINDS
from crmkit.storage.sql.engines import check_engine, engine_of
from crmkit.storage.sql.failures import Failures
from crmkit.storage.sql.indexes import unique_fields
from crmkit.storage.sql.leases import Lease, Ready, ready_of
from crmkit.storage.sql.schema import SqlSchema
from crmkit.storage.sql.session import SqlSession
from crmkit.storage.sql.statements import Statements


class SqlStorage:
    """Keeps records in SQLite, PostgreSQL, MySQL or MariaDB."""

    def __init__(
        self, target: str | Engine, *, prefix: str = "crm_", schema: str | None = None
    ) -> None:
        """Take a URL, or the caller's engine, which is then not closed here."""
        self._owned = isinstance(target, str)
        self._engine = check_engine(engine_of(target) if isinstance(target, str) else target)
        self._ready = ready_of(self._engine) if self._owned else Ready(0)
        self._prefix, self._schema_name = prefix, schema
        self._failures = Failures({}, {})
        self._closed = False
        if self._engine.dialect.name in (MYSQL, MARIADB):
            self._connect_once()
        self._statements = Statements(
            positional(self._engine.dialect), prefix=prefix, schema=schema
        )
        self.schema = SqlSchema(self._engine, self._statements, prefix=prefix, schema=schema)

    @property
    def name(self) -> str:
        """Return sqlite, postgresql or mysql."""
        return self._statements.kind

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what this database can do."""
        able = {Capability.ATOMIC, Capability.JOIN}
        if self._engine.url.database not in (None, "", ":memory:"):
            able.add(Capability.DURABLE)
        if self.name != MYSQL:
            able |= {Capability.TIME_ZONES, Capability.DEFINITION_INDEXES}
        if self.name != SQLITE:
            able.add(Capability.SKIP_LOCKED)
        return frozenset(able)

    def bind(self, registry: Registry) -> None:
        """Take the entities; each table and codec is derived when it is first used."""
        unique: dict[str, tuple[str, tuple[str, ...]]] = {}
        tables: dict[str, str] = {}
        for spec in registry:
            self._statements.entities.add(spec)
            for name, fields in unique_fields(spec, self._prefix, self._statements.server).items():
                unique[name] = (spec.name, fields)
            tables[self._prefix + spec.name] = spec.name
        self._failures = Failures(unique, tables)

    def session(self, tenant: str, *, read_only: bool = False, join: object = None) -> Session:
        """Begin a transaction, or work inside the caller's."""
        self._check_open()
        connection = self._joined(join) if join is not None else self._connect()
        self._begin(connection, read_only=read_only)
        return SqlSession(tenant, connection, self._statements, self._failures, read_only=read_only)

    def tenants_with(self, spec: EntitySpec, where: Lowered) -> list[str]:
        """Name the tenants that have a committed record that fits, sorted."""
        self._check_open()
        sql, values = self._statements.tenants(spec, Ask(where=where))
        connection = self._connect()
        self._begin(connection, read_only=True)
        with self._translating():
            try:
                return sorted(row[0] for row in connection.fetch(sql, values))
            finally:
                connection.rollback()

    def close(self) -> None:
        """Close the engine, if it was opened here."""
        self._closed = True
        self._ready.close()
        if self._owned:
            self._engine.dispose()

    def _connect_once(self) -> None:
        """Learn from the server whether it is MySQL or MariaDB; their collations differ."""
        with self._translating(), self._engine.connect():
            pass

    def _connect(self) -> Connection:
        with self._translating():
            lease = Lease(self._engine.raw_connection, self._ready, shared=not self._owned)
            return KINDS[self.name](lease.driver, lease)

    def _begin(self, connection: Connection, *, read_only: bool) -> None:
        """Begin, on another connection where one from the pool turns out dead."""
        while True:
            try:
                return connection.begin(read_only=read_only)
            except Exception as error:  # noqa: BLE001 - each is told as an error of crmkit
                lost = isinstance(self._failures.translate(error), StoreUnavailable)
                with self._translating():
                    if lost and connection.replace():
                        continue
                connection.rollback()
                self._reraise(error)

    def _joined(self, join: Any) -> Connection:
        connection = join.connection() if callable(getattr(join, "connection", None)) else join
        driver = getattr(getattr(connection, "connection", None), "driver_connection", None)
        if driver is None:
            raise InvalidSettings(
                "is not a SQLAlchemy connection or session", path="join", fix="give one of them"
            )
        if connection.dialect.name != self._engine.dialect.name:
            raise InvalidSettings(
                f"is a connection to {connection.dialect.name}, the CRM is on {self.name}",
                path="join",
            )
        if not connection.in_transaction():
            connection.begin()
        return KINDS[self.name](driver, None)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed("the store is closed", path="store", fix="open the CRM again")

    @contextmanager
    def _translating(self) -> Generator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - each is told as an error of crmkit
            self._reraise(error)

    def _reraise(self, error: Exception) -> NoReturn:
        translated = self._failures.translate(error)
        if translated is error:
            raise error
        raise translated from error
