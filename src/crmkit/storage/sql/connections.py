"""Connections: a driver's connection with a transaction under way, ours or the caller's."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, ClassVar, Final

from crmkit.domain.instants import as_instant
from crmkit.errors import CapabilityMissing
from crmkit.ports import BATCH
from crmkit.storage.sql.leases import Lease

Values = Sequence[Any]
_SAVEPOINTS: Final = count(1)


class Stream:
    """The rows of one query, brought in batches while other statements run."""

    def __init__(self, cursor: Any, size: int) -> None:
        """Read from a cursor that ran the query, so many rows at a time."""
        self._cursor = cursor
        self._size = size

    def fetch(self) -> list[Any]:
        """Return the next rows, none at the end."""
        rows: list[Any] = self._cursor.fetchmany(self._size)
        return rows

    def close(self) -> None:
        """Let go of the rows that were not brought."""
        with suppress(Exception):
            self._cursor.close()


class Connection:
    """The shared part of all databases."""

    kind: ClassVar[str] = ""
    sharing: ClassVar[str] = ""
    """What is put behind a SELECT to hold its rows until the commit."""
    copies: ClassVar[bool] = False
    """Whether `copy` is there."""
    one_writer: ClassVar[bool] = False
    """Whether writers are one after another from their first read."""
    streamed: ClassVar[int] = BATCH
    """How many rows of a stream are brought at a time."""

    def __init__(self, driver: Any, lease: Lease | None) -> None:
        """Use a driver's connection; without a lease it is the caller's, and so is the end."""
        self._driver = driver
        self._lease = lease
        self._streams: list[Stream] = []
        self._savepoint = ""

    @property
    def is_alone(self) -> bool:
        """Say whether no other connection writes while a writing transaction of ours lasts."""
        return self.one_writer and self._lease is not None

    def begin(self, *, read_only: bool) -> None:
        """Begin a transaction, or set off what is done inside the caller's."""
        if self._lease is None:
            self._join(read_only=read_only)
            self._savepoint = f"crmkit_{next(_SAVEPOINTS)}"
            self.execute(f"SAVEPOINT {self._savepoint}", ())
        else:
            self._begin(self._lease, read_only=read_only)

    def replace(self) -> bool:
        """Take another connection for one on which nothing was done yet; false if there is none."""
        if self._lease is None or not self._lease.renew():
            return False
        self._driver = self._lease.driver
        return True

    def execute(self, sql: str, values: Values) -> int:
        """Run a statement once; return how many rows it touched."""
        with self._driver.cursor() as cursor:
            cursor.execute(sql, values)
            return int(cursor.rowcount)

    def execute_many(self, sql: str, rows: Iterable[Values]) -> int:
        """Run a statement for each row; return how many rows they touched."""
        with self._driver.cursor() as cursor:
            cursor.executemany(sql, rows)
            return int(cursor.rowcount)

    def fetch(self, sql: str, values: Values) -> list[Any]:
        """Run a query and bring all rows."""
        with self._driver.cursor() as cursor:
            cursor.execute(sql, values)
            rows: list[Any] = list(cursor.fetchall())
            return rows

    def stream(self, sql: str, values: Values) -> Stream:
        """Run a query whose rows are brought in batches."""
        stream = Stream(self._streaming_cursor(sql, values), self.streamed)
        self._streams.append(stream)
        return stream

    def copy(self, sql: str, lines_of: Callable[[Any], str], parts: Iterable[Any]) -> None:
        """Write many records, given part by part, as the lines that `lines_of` makes of a part."""
        raise CapabilityMissing("there is no COPY here", path="store")

    def now(self) -> datetime:
        """Return the database's clock."""
        return as_instant(datetime.now(UTC))

    def day(self, cell: Any) -> date:
        """Turn what a calendar span came back as into a date."""
        return cell if isinstance(cell, date) else date.fromisoformat(cell)

    def commit(self) -> None:
        """End the transaction, unless it is the caller's to end."""
        self._close_streams()
        if self._lease is None:
            self.execute(f"RELEASE SAVEPOINT {self._savepoint}", ())
            self._savepoint = ""
            self._leave()
        else:
            self._driver.commit()
            self._give_back(self._lease)

    def rollback(self) -> None:
        """Undo what was done here, and nothing else of the caller's transaction."""
        self._close_streams()
        if self._lease is None:
            self._undo_joined()
        elif self._lease.is_held:
            try:
                self._driver.rollback()
            except Exception:  # noqa: BLE001 - a lost connection has nothing left to undo
                self._lease.throw_away()
            else:
                self._give_back(self._lease)

    def _begin(self, lease: Lease, *, read_only: bool) -> None:
        """Begin a transaction on a connection of the pool."""

    def _join(self, *, read_only: bool) -> None:
        """Prepare the caller's connection."""

    def _leave(self) -> None:
        """Put the caller's connection back as it was."""

    def _give_back(self, lease: Lease) -> None:
        lease.give_back()

    def _streaming_cursor(self, sql: str, values: Values) -> Any:
        cursor = self._driver.cursor()
        cursor.execute(sql, values)
        return cursor

    def _undo_joined(self) -> None:
        """Undo to the savepoint; where the database has ended it all, there is nothing to undo."""
        if self._savepoint:
            with suppress(Exception):
                self.execute(f"ROLLBACK TO SAVEPOINT {self._savepoint}", ())
                self.execute(f"RELEASE SAVEPOINT {self._savepoint}", ())
            self._savepoint = ""
            with suppress(Exception):
                self._leave()

    def _close_streams(self) -> None:
        for stream in self._streams:
            stream.close()
        self._streams.clear()
