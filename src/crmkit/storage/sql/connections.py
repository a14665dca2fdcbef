"""Connections: how each driver begins, runs, streams and ends a transaction."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

from crmkit.domain.filters.buckets import bucket_of
from crmkit.domain.filters.summary import Bucket
from crmkit.domain.instants import as_instant
from crmkit.ports import BATCH

Values = Sequence[Any]


class Connection:
    """A driver's connection with a transaction under way; the shared part of all databases."""

    kind = ""
    sharing = ""
    """What is put behind a SELECT to hold its rows until the commit."""

    def __init__(self, driver: Any, pooled: Any, *, joined: bool) -> None:
        """Take the driver's connection; `pooled` gives it back, unless it is the caller's."""
        self._driver = driver
        self._pooled = pooled
        self._joined = joined

    def begin(self, *, read_only: bool) -> None:
        """Begin a transaction, unless the caller has begun one."""

    def execute(self, sql: str, values: Values) -> int:
        """Run a statement once; return how many rows it touched."""
        with _Closing(self._driver.cursor()) as cursor:
            cursor.execute(sql, values)
            return int(cursor.rowcount)

    def execute_many(self, sql: str, rows: Sequence[Values]) -> int:
        """Run a statement for each row; return how many rows they touched."""
        with _Closing(self._driver.cursor()) as cursor:
            cursor.executemany(sql, rows)
            return int(cursor.rowcount)

    def fetch(self, sql: str, values: Values) -> list[Any]:
        """Run a query and bring all rows."""
        with _Closing(self._driver.cursor()) as cursor:
            cursor.execute(sql, values)
            rows: list[Any] = cursor.fetchall()
            return rows

    def batches(self, sql: str, values: Values, limit: int | None) -> Iterator[list[Any]]:
        """Run a query and bring its rows in batches."""
        rows = self.fetch(sql, values)
        for start in range(0, len(rows), BATCH):
            yield rows[start : start + BATCH]

    def copy(self, sql: str, rows: Sequence[Values]) -> None:
        """Write many rows at once, where the database has a way."""
        self.execute_many(sql, rows)

    def now(self) -> datetime:
        """Return the database's clock."""
        return as_instant(datetime.now(UTC))

    def day(self, cell: Any) -> date:
        """Turn what a calendar span came back as into a date."""
        return cell if isinstance(cell, date) else date.fromisoformat(cell)

    def commit(self) -> None:
        """End the transaction, unless it is the caller's to end."""
        if not self._joined:
            self._driver.commit()
            self._give_back()

    def rollback(self) -> None:
        """Undo the transaction, unless it is the caller's to undo."""
        if self._joined or self._pooled is None:
            return
        try:
            self._driver.rollback()
        except Exception:  # noqa: BLE001 - a lost connection has nothing left to undo
            self._pooled.invalidate()
            self._pooled = None
        else:
            self._give_back()

    def _give_back(self) -> None:
        if self._pooled is not None:
            self._pooled.close()
            self._pooled = None


class SqliteConnection(Connection):
    """SQLite: writers begin IMMEDIATE, so that they are one after another from their first read."""

    kind = "sqlite"

    def begin(self, *, read_only: bool) -> None:
        """Begin; the driver's own ideas about transactions are switched off."""
        self._driver.create_function("crmkit_bucket", 3, _bucket, deterministic=True)
        if not self._joined:
            self._driver.isolation_level = None
            self._driver.execute("BEGIN" if read_only else "BEGIN IMMEDIATE")

    def execute(self, sql: str, values: Values) -> int:
        """Run a statement once."""
        return int(self._driver.execute(sql, values).rowcount)

    def execute_many(self, sql: str, rows: Sequence[Values]) -> int:
        """Run a statement for each row."""
        return int(self._driver.executemany(sql, rows).rowcount)

    def fetch(self, sql: str, values: Values) -> list[Any]:
        """Run a query and bring all rows."""
        rows: list[Any] = self._driver.execute(sql, values).fetchall()
        return rows

    def batches(self, sql: str, values: Values, limit: int | None) -> Iterator[list[Any]]:
        """Bring rows as they are found."""
        if limit is not None and limit <= BATCH:
            rows = self.fetch(sql, values)
            if rows:
                yield rows
            return
        cursor = self._driver.execute(sql, values)
        while rows := cursor.fetchmany(BATCH):
            yield rows


class PostgresConnection(Connection):
    """PostgreSQL through psycopg 3, REPEATABLE READ."""

    kind = "postgresql"
    sharing = " FOR SHARE"

    def begin(self, *, read_only: bool) -> None:
        """Choose the isolation; the transaction begins with the first statement."""
        from psycopg import IsolationLevel

        if not self._joined:
            self._driver.isolation_level = IsolationLevel.REPEATABLE_READ
            self._driver.read_only = read_only

    def _give_back(self) -> None:
        if self._pooled is not None:
            self._driver.isolation_level = None
            self._driver.read_only = None
        super()._give_back()

    def batches(self, sql: str, values: Values, limit: int | None) -> Iterator[list[Any]]:
        """Bring rows through a cursor of the server when there may be many."""
        if limit is not None and limit <= BATCH:
            rows = self.fetch(sql, values)
            if rows:
                yield rows
            return
        name = f"crmkit_{id(object())}"
        with self._driver.cursor(name=name) as cursor:
            cursor.itersize = BATCH
            cursor.execute(sql, values)
            while rows := cursor.fetchmany(BATCH):
                yield rows

    def copy(self, sql: str, rows: Sequence[Values]) -> None:
        """Write many rows by COPY."""
        with self._driver.cursor() as cursor, cursor.copy(sql) as copying:
            for row in rows:
                copying.write_row(row)

    def now(self) -> datetime:
        """Return the server's clock."""
        return as_instant(self.fetch("SELECT clock_timestamp()", ())[0][0])


class MysqlConnection(Connection):
    """MySQL and MariaDB through PyMySQL, REPEATABLE READ."""

    kind = "mysql"
    sharing = " LOCK IN SHARE MODE"

    def begin(self, *, read_only: bool) -> None:
        """Begin with one snapshot for all reads."""
        if not self._joined:
            self._driver.autocommit(False)  # noqa: FBT003 - PyMySQL's own signature
            self.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", ())
            self.execute("START TRANSACTION READ ONLY" if read_only else "START TRANSACTION", ())

    def now(self) -> datetime:
        """Return the server's clock."""
        cell = self.fetch("SELECT UTC_TIMESTAMP(3)", ())[0][0]
        return as_instant(cell.replace(tzinfo=UTC))


KINDS = {
    "sqlite": SqliteConnection,
    "postgresql": PostgresConnection,
    "mysql": MysqlConnection,
}


class _Closing:
    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def __enter__(self) -> Any:
        return self._cursor

    def __exit__(self, *_error: object) -> None:
        with suppress(Exception):
            self._cursor.close()


def _bucket(value: str | None, unit: str, zone: str) -> str | None:
    """Answer `crmkit_bucket` inside SQLite."""
    if value is None:
        return None
    if not zone:
        return bucket_of(date.fromisoformat(value), Bucket(unit), "UTC").isoformat()
    return bucket_of(datetime.fromisoformat(value), Bucket(unit), zone).isoformat()
