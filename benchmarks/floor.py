"""`python -m benchmarks.floor`: what SQLite alone needs for the rows that crmkit writes.

The rows that crmkit has written are written again, from ready tuples, by the bare driver: the
record, the record and its change, both and the message. No library can be quicker.
"""

import argparse
import gc
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.contact import contacts, some_ids
from benchmarks.subjects.crmkit_subject import Crmkit, CrmkitOutbox, CrmkitStore

_BATCH: Final = 1_000
_RECORD: Final = "crm_bench_contact"
_LOGGED: Final = ("crm_changeset", "crm_change")
_WAYS: Final = (
    ("crmkit store", CrmkitStore),
    ("crmkit", Crmkit),
    ("crmkit + outbox", CrmkitOutbox),
)
_FLOORS: Final = (
    ("bare driver, the record", ()),
    ("  and its change", _LOGGED),
    ("  and its message", (*_LOGGED, "crm_outbox_message")),
)


class Floor:
    """The rows of a database that crmkit has filled, to be written again without crmkit."""

    def __init__(self, path: Path, ids: Sequence[str]) -> None:
        """Read the rows of every table that an insert or a save has written."""
        self._driver = sqlite3.connect(path, isolation_level=None)
        self._driver.execute("PRAGMA synchronous = NORMAL")
        self._ids = ids
        self._rows: dict[str, list[Any]] = {}
        self._insert: dict[str, str] = {}
        for table in (_RECORD, *_FLOORS[-1][1]):
            rows = self._driver.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
            self._rows[table] = rows
            marks = ",".join("?" * len(rows[0]))
            self._insert[table] = f"INSERT INTO {table} VALUES ({marks})"

    def insert(self, further: Sequence[str]) -> float:
        """Time one transaction with all rows of the record's table and of further ones."""
        tables = (_RECORD, *further)
        for table in tables:
            self._driver.execute(f"DELETE FROM {table}")
        most = max(len(self._rows[table]) for table in tables)

        def write() -> None:
            self._driver.execute("BEGIN IMMEDIATE")
            for start in range(0, most, _BATCH):
                for table in tables:
                    part = self._rows[table][start : start + _BATCH]
                    self._driver.executemany(self._insert[table], part)
            self._driver.execute("COMMIT")

        return timed(write) / len(self._rows[_RECORD])

    def save(self, further: Sequence[str]) -> float:
        """Time transactions that load and update one record and insert one row each."""
        last = {table: self._rows[table][-len(self._ids) :] for table in further}
        for table, rows in last.items():
            self._driver.execute(f"DELETE FROM {table} WHERE id >= ?", (rows[0][0],))

        def write() -> None:
            for at, id_ in enumerate(self._ids):
                self._driver.execute("BEGIN IMMEDIATE")
                asked = f"SELECT * FROM {_RECORD} WHERE tenant = 'acme' AND id = ?"
                row = self._driver.execute(asked, (id_,)).fetchone()
                self._driver.execute(
                    f"UPDATE {_RECORD} SET version = ?, updated_at = ?, job_title = ?"
                    " WHERE tenant = 'acme' AND id = ? AND version = ?",
                    (row[2] + 1, row[5], f"Buyer {row[2]}", id_, row[2]),
                )
                for table, rows in last.items():
                    self._driver.execute(self._insert[table], rows[at])
                self._driver.execute("COMMIT")

        return timed(write) / len(self._ids)


def timed(work: Callable[[], Any]) -> float:
    """Return the processor time of a work in seconds: SQLite runs in this process."""
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started


def main(arguments: Sequence[str] | None = None) -> int:
    """Print medians in microseconds for a record, beside crmkit's own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floor", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=5)
    asked = parser.parse_args(arguments)
    rows = list(contacts(asked.rows))
    ids = some_ids(rows, min(1_000, asked.rows))
    with tempfile.TemporaryDirectory(prefix="crmkit-bench-") as directory:
        subjects = [(name, way(directory)) for name, way in _WAYS]
        for _name, subject in subjects:
            subject.setup()
            subject.insert(subject.prepare(rows))
            subject.save(subject.keys(ids))
        floor = Floor(Path(directory) / f"{CrmkitOutbox.own}.db", [id_.hex for id_ in ids])
        print(f"{'us for a record':<28}{'insert':>10}{'save':>10}")
        for name, further in _FLOORS:
            inserts = [floor.insert(further) for _ in range(asked.repeat)]
            saves = [floor.save(further) for _ in range(asked.repeat)]
            print(_line(name, inserts, saves), flush=True)
        for name, subject in subjects:
            inserts, saves = _own(subject, rows, ids, asked.repeat)
            print(_line(name, inserts, saves), flush=True)
    return 0


def _own(
    subject: Crmkit, rows: Sequence[Any], ids: Sequence[Any], repeat: int
) -> tuple[list[float], list[float]]:
    inserts, saves = [], []
    for _ in range(repeat):
        subject.empty()
        objects = subject.prepare(rows)
        inserts.append(timed(partial(subject.insert, objects)) / len(rows))
        keys = subject.keys(ids)
        saves.append(timed(partial(subject.save, keys)) / len(keys))
    return inserts, saves


def _line(name: str, inserts: Sequence[float], saves: Sequence[float]) -> str:
    figures = (statistics.median(inserts) * 1e6, statistics.median(saves) * 1e6)
    return f"{name:<28}{figures[0]:>10.1f}{figures[1]:>10.1f}"


if __name__ == "__main__":
    sys.exit(main())
