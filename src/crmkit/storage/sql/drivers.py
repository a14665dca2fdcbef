"""The drivers: sqlite3, psycopg 3 and PyMySQL."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, ClassVar, Final

from crmkit.domain.filters.buckets import bucket_of
from crmkit.domain.filters.summary import Bucket
from crmkit.domain.instants import as_instant
from crmkit.storage.sql.connections import Connection, Values
from crmkit.storage.sql.dialects import BUCKET_FUNCTION, MYSQL, POSTGRES, SQLITE
from crmkit.storage.sql.leases import Lease

_UTC: Final = b"UTC"
_STREAMS: Final = count(1)


class SqliteConnection(Connection):
    """SQLite: writers begin IMMEDIATE, so that they are one after another from their first read."""

    kind: ClassVar[str] = SQLITE
    one_writer: ClassVar[bool] = True
    streamed: ClassVar[int] = 100  # there are no round trips to save, and few rows stay in cache
    _isolation: Any = None

    def execute(self, sql: str, values: Values) -> int:
        """Run a statement once."""
        return int(self._driver.execute(sql, values).rowcount)

    def execute_many(self, sql: str, rows: Iterable[Values]) -> int:
        """Run a statement for each row."""
        return int(self._driver.executemany(sql, rows).rowcount)

    def fetch(self, sql: str, values: Values) -> list[Any]:
        """Run a query and bring all rows; a summary by calendar spans brings its function along.

        A function that is added makes SQLite prepare every statement anew.
        """
        if BUCKET_FUNCTION in sql:
            self._driver.create_function(BUCKET_FUNCTION, 3, _bucket, deterministic=True)
        rows: list[Any] = self._driver.execute(sql, values).fetchall()
        return rows

    def _begin(self, lease: Lease, *, read_only: bool) -> None:
        """Begin; the driver's own ideas about transactions are switched off meanwhile."""
        self._isolation = self._driver.isolation_level
        self._driver.isolation_level = None
        self._start(read_only=read_only)

    def _join(self, *, read_only: bool) -> None:
        if not self._driver.in_transaction:
            self._start(read_only=read_only)

    def _start(self, *, read_only: bool) -> None:
        self._driver.execute("BEGIN" if read_only else "BEGIN IMMEDIATE")

    def _give_back(self, lease: Lease) -> None:
        self._driver.isolation_level = self._isolation
        super()._give_back(lease)


class PostgresConnection(Connection):
    """PostgreSQL, REPEATABLE READ, instants in UTC."""

    kind: ClassVar[str] = POSTGRES
    sharing: ClassVar[str] = " FOR SHARE"
    copies: ClassVar[bool] = True
    _isolation: Any = None
    _zone: bytes = _UTC

    def copy(self, sql: str, lines_of: Callable[[Any], str], parts: Iterable[Any]) -> None:
        """Write many rows by COPY."""
        with self._driver.cursor() as cursor, cursor.copy(sql) as copying:
            for part in parts:
                copying.write(lines_of(part))

    def now(self) -> datetime:
        """Return the server's clock."""
        return as_instant(self.fetch("SELECT clock_timestamp()", ())[0][0])

    def _begin(self, lease: Lease, *, read_only: bool) -> None:
        """Choose the isolation; the transaction begins with the first statement."""
        from psycopg import IsolationLevel

        self._isolation = self._driver.isolation_level
        if self._isolation is not IsolationLevel.REPEATABLE_READ:
            self._driver.isolation_level = IsolationLevel.REPEATABLE_READ
        self._in_utc()

    def _join(self, *, read_only: bool) -> None:
        self._in_utc()

    def _in_utc(self) -> None:
        """Let instants come in UTC, whatever the connection's zone, until the transaction ends."""
        self._zone = self._driver.pgconn.parameter_status(b"TimeZone") or b""
        if self._zone != _UTC:
            self.execute("SET LOCAL TIME ZONE 'UTC'", ())

    def _leave(self) -> None:
        if self._zone != _UTC:
            self.execute("SELECT set_config('TimeZone', %s, true)", (self._zone.decode(),))

    def _give_back(self, lease: Lease) -> None:
        if lease.shared and self._driver.isolation_level is not self._isolation:
            self._driver.isolation_level = self._isolation
        super()._give_back(lease)

    def _streaming_cursor(self, sql: str, values: Values) -> Any:
        cursor = self._driver.cursor(name=f"crmkit_{next(_STREAMS)}")
        cursor.execute(sql, values)
        return cursor


class MysqlConnection(Connection):
    """MySQL and MariaDB, REPEATABLE READ."""

    kind: ClassVar[str] = MYSQL
    sharing: ClassVar[str] = " LOCK IN SHARE MODE"

    def now(self) -> datetime:
        """Return the server's clock."""
        cell = self.fetch("SELECT UTC_TIMESTAMP(3)", ())[0][0]
        return as_instant(cell.replace(tzinfo=UTC))

    def _begin(self, lease: Lease, *, read_only: bool) -> None:
        """Begin with one snapshot for all reads."""
        self.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", ())
        self.execute("START TRANSACTION READ ONLY" if read_only else "START TRANSACTION", ())


KINDS: Final = {SQLITE: SqliteConnection, POSTGRES: PostgresConnection, MYSQL: MysqlConnection}


def _bucket(value: str | None, unit: str, zone: str) -> str | None:
    """Answer `crmkit_bucket` inside SQLite."""
    if value is None:
        return None
    if not zone:
        return bucket_of(date.fromisoformat(value), Bucket(unit), "UTC").isoformat()
    return bucket_of(datetime.fromisoformat(value), Bucket(unit), zone).isoformat()
