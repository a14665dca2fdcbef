"""The SQL store: an engine, the tables of the registered entities, sessions on raw connections."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from crmkit.domain.entity import EntitySpec, Registry
from crmkit.domain.filters.lowered import Lowered
from crmkit.domain.kinds import Form
from crmkit.errors import (
    InvalidSettings,
    MissingExtra,
    StoreClosed,
    StoreUnavailable,
)
from crmkit.ports import Ask, Capability, Session
from crmkit.storage.sql.connections import KINDS, Connection
from crmkit.storage.sql.dialects import MYSQL, POSTGRES, SQLITE, driver_url, positional
from crmkit.storage.sql.failures import Failures
from crmkit.storage.sql.schema import SqlSchema
from crmkit.storage.sql.session import SqlSession
from crmkit.storage.sql.statements import Statements
from crmkit.storage.sql.tables import unique_fields

_EXTRAS = {"psycopg": ("PostgreSQL", "postgres"), "pymysql": ("MySQL", "mysql")}
BUSY_SECONDS = 30


class SqlStorage:
    """Keeps records in SQLite, PostgreSQL, MySQL or MariaDB."""

    def __init__(
        self, target: str | Engine, *, prefix: str = "crm_", schema: str | None = None
    ) -> None:
        """Take a URL, or the caller's engine, which is then not closed here."""
        self._owned = isinstance(target, str)
        self._engine = _engine(target) if isinstance(target, str) else target
        self._prefix, self._schema_name = prefix, schema
        if self._engine.dialect.name == MYSQL:
            self._connect_once()
        self._statements = Statements(
            positional(self._engine.dialect), prefix=prefix, schema=schema
        )
        self._failures = Failures({}, {})
        self._closed = False
        self.schema = SqlSchema(self._engine, self._statements, prefix=prefix, schema=schema)

    @property
    def name(self) -> str:
        """Return sqlite, postgresql or mysql."""
        return self._statements.kind

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what this database can do."""
        common = {
            Capability.ATOMIC,
            Capability.DURABLE,
            Capability.JOIN,
            Capability.DEFINITION_INDEXES,
        }
        if self.name != MYSQL:
            common.add(Capability.TIME_ZONES)
        if self.name != SQLITE:
            common.add(Capability.SKIP_LOCKED)
        return frozenset(common)

    def bind(self, registry: Registry) -> None:
        """Derive tables and codecs."""
        unique: dict[str, tuple[str, tuple[str, ...]]] = {}
        tables: dict[str, str] = {}
        for spec in registry:
            self._statements.add(spec)
            for name, fields in unique_fields(spec, self._prefix).items():
                unique[name] = (spec.name, fields)
            tables[self._prefix + spec.name] = spec.name
        self._failures = Failures(unique, tables)

    def session(self, tenant: str, *, read_only: bool = False, join: object = None) -> Session:
        """Begin a transaction, or work inside the caller's."""
        self._check_open()
        connection = self._joined(join) if join is not None else self._connect()
        try:
            connection.begin(read_only=read_only)
        except Exception as error:
            connection.rollback()
            raise self._failures.translate(error) from error
        return SqlSession(tenant, connection, self._statements, self._failures, read_only=read_only)

    def tenants_with(self, spec: EntitySpec, where: Lowered) -> list[str]:
        """Name the tenants that have a committed record that fits, sorted."""
        from crmkit.domain.columns import Leaf

        self._check_open()
        tenant = Leaf(column="tenant", form=Form.TEXT, optional=False)
        sql, values = self._statements.select(spec, (tenant,), Ask(where=where))
        distinct = sql.replace("SELECT ", "SELECT DISTINCT ", 1)
        with self._translating():
            connection = self._connect()
            connection.begin(read_only=True)
            try:
                return sorted(row[0] for row in connection.fetch(distinct, values))
            finally:
                connection.rollback()

    def close(self) -> None:
        """Close the engine, if it was opened here."""
        self._closed = True
        if self._owned:
            self._engine.dispose()

    def _connect_once(self) -> None:
        """Learn from the server whether it is MySQL or MariaDB; their collations differ."""
        try:
            with self._engine.connect():
                pass
        except DBAPIError as error:
            raise StoreUnavailable(
                str(error.orig), path="store", fix="check the URL and that the database runs"
            ) from error

    def _connect(self) -> Connection:
        try:
            pooled = self._engine.raw_connection()
        except Exception as error:
            translated = self._failures.translate(getattr(error, "orig", None) or error)
            if isinstance(translated, ImportError):
                raise
            raise StoreUnavailable(
                str(translated), path="store", fix="check the URL and that the database runs"
            ) from error
        return KINDS[self.name](pooled.driver_connection, pooled, joined=False)

    def _joined(self, join: Any) -> Connection:
        connection = join.connection() if callable(getattr(join, "connection", None)) else join
        driver = getattr(getattr(connection, "connection", None), "driver_connection", None)
        if driver is None:
            raise InvalidSettings(
                "is not a SQLAlchemy connection or session", path="join", fix="give one of them"
            )
        if hasattr(connection, "in_transaction") and not connection.in_transaction():
            connection.begin()
        return KINDS[self.name](driver, None, joined=True)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed("the store is closed", path="store", fix="open the CRM again")

    @contextmanager
    def _translating(self) -> Generator[None]:
        try:
            yield
        except Exception as error:
            translated = self._failures.translate(error)
            if translated is error:
                raise
            raise translated from error


def _engine(url: str) -> Engine:
    try:
        named = driver_url(url)
    except ArgumentError:
        raise InvalidSettings(f"{url!r} is not a database URL", path="url") from None
    try:
        engine = create_engine(named, **_options(named))
    except ModuleNotFoundError as missing:
        feature, extra = _EXTRAS.get(missing.name or "", (str(missing.name), "all"))
        raise MissingExtra(feature, extra) from None
    except NoSuchModuleError as unknown:
        raise InvalidSettings(str(unknown), path="url") from None
    if engine.dialect.name == SQLITE:
        event.listen(engine, "connect", _write_ahead)
    return engine


def _options(url: str) -> dict[str, Any]:
    if not url.startswith(SQLITE):
        return {"pool_pre_ping": POSTGRES in url or MYSQL in url}
    options: dict[str, Any] = {
        "connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}
    }
    if url.rstrip("/") in ("sqlite:", "sqlite://") or ":memory:" in url:
        options["poolclass"] = StaticPool
    return options


def _write_ahead(driver: Any, _record: object) -> None:
    """Let readers read while one writes."""
    driver.execute("PRAGMA journal_mode=WAL")
    driver.execute("PRAGMA synchronous=NORMAL")
