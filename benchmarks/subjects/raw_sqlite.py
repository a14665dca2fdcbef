"""sqlite3 from the standard library: prepared tuples in, bare tuples out."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from benchmarks.contact import CURRENCY, TENANT, ContactRow, DealRow
from benchmarks.subject import FILTER_STAGE, PAGE_SIZE, Group, Subject, Walked, changed_title
from benchmarks.subjects.plain_json import write_json

_COLUMNS: Final = (
    "id, tenant, version, created_at, created_by, updated_at, updated_by, deleted_at, owner_id,"
    " tags, custom, name, job_title, email, phone, stage, budget_amount, budget_currency, score,"
    " subscribed, birthday, address"
)
_RECORD: Final = """
    id TEXT NOT NULL, tenant TEXT NOT NULL, version INTEGER NOT NULL,
    created_at TEXT NOT NULL, created_by TEXT NOT NULL, updated_at TEXT NOT NULL,
    updated_by TEXT NOT NULL, deleted_at TEXT, owner_id TEXT NOT NULL,
    tags TEXT NOT NULL, custom TEXT NOT NULL, name TEXT NOT NULL,
"""
_SCHEMA: Final = f"""
CREATE TABLE contact ({_RECORD}
    job_title TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL, stage TEXT NOT NULL,
    budget_amount INTEGER NOT NULL, budget_currency TEXT NOT NULL, score INTEGER NOT NULL,
    subscribed INTEGER NOT NULL, birthday TEXT NOT NULL, address TEXT NOT NULL,
    PRIMARY KEY (tenant, id));
CREATE INDEX contact_list ON contact (tenant, stage, score, id);
CREATE TABLE deal ({_RECORD}
    stage TEXT NOT NULL, value_amount INTEGER NOT NULL, value_currency TEXT NOT NULL,
    PRIMARY KEY (tenant, id));
"""
_INSERT: Final = f"INSERT INTO contact ({_COLUMNS}) VALUES ({','.join('?' * 22)})"
_LIVE: Final = f"SELECT {_COLUMNS} FROM contact WHERE tenant = ? AND deleted_at IS NULL"
_FIRST: Final = f"{_LIVE} AND stage = ? AND subscribed = 1 ORDER BY score, id LIMIT {PAGE_SIZE}"
_NEXT: Final = (
    f"{_LIVE} AND stage = ? AND subscribed = 1 AND (score, id) > (?, ?)"
    f" ORDER BY score, id LIMIT {PAGE_SIZE}"
)
_SCORE, _VERSION = 18, 2


class RawSqlite(Subject):
    """The standard driver on a file in WAL mode."""

    def setup(self) -> None:
        self._connection = sqlite3.connect(Path(self.place) / "raw.db", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def empty(self) -> None:
        self._connection.execute("DELETE FROM contact")

    def prepare(self, rows: Iterable[ContactRow]) -> list[Any]:
        return [_tuple(row) for row in rows]

    def insert(self, objects: list[Any]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(_INSERT, objects)
        self._connection.execute("COMMIT")

    def stream(self) -> int:
        count = 0
        for _row in self._connection.execute(_LIVE, (TENANT,)):
            count += 1
        return count

    def keys(self, ids: Sequence[UUID]) -> list[Any]:
        return [id_.hex for id_ in ids]

    def get(self, keys: Sequence[Any]) -> int:
        found = 0
        for key in keys:
            row = self._connection.execute(f"{_LIVE} AND id = ?", (TENANT, key)).fetchone()
            found += row is not None
        return found

    def pages(self, count: int) -> Walked:
        seen, last = 0, ""
        rows = self._connection.execute(_FIRST, (TENANT, FILTER_STAGE)).fetchall()
        for _page in range(count):
            seen += len(rows)
            last = rows[-1][0]
            after = (TENANT, FILTER_STAGE, rows[-1][_SCORE], last)
            rows = self._connection.execute(_NEXT, after).fetchall()
            if not rows:
                break
        return Walked(seen, last)

    def save(self, keys: Sequence[Any]) -> None:
        for key in keys:
            self._connection.execute("BEGIN IMMEDIATE")
            row = self._connection.execute(f"{_LIVE} AND id = ?", (TENANT, key)).fetchone()
            done = self._connection.execute(
                "UPDATE contact SET job_title = ?, version = version + 1"
                " WHERE tenant = ? AND id = ? AND version = ?",
                (changed_title(row[_VERSION]), TENANT, key, row[_VERSION]),
            )
            if done.rowcount != 1:
                raise RuntimeError("the version moved")
            self._connection.execute("COMMIT")

    def fetch(self, key: Any) -> ContactRow:
        return _neutral(self._connection.execute(f"{_LIVE} AND id = ?", (TENANT, key)).fetchone())

    def load_deals(self, rows: Iterable[DealRow]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            f"INSERT INTO deal VALUES ({','.join('?' * 15)})", map(_deal, rows)
        )
        self._connection.execute("COMMIT")

    def totals(self) -> list[Group]:
        return self._connection.execute(
            "SELECT stage, owner_id, count(*), sum(value_amount) FROM deal"
            " WHERE tenant = ? AND deleted_at IS NULL GROUP BY stage, owner_id ORDER BY 1, 2",
            (TENANT,),
        ).fetchall()

    def settle(self) -> None:
        self._connection.execute("ANALYZE")

    def close(self) -> None:
        self._connection.close()


def _tuple(row: ContactRow) -> tuple[Any, ...]:
    amount, currency = row.budget
    return (
        row.id.hex,
        row.tenant,
        row.version,
        row.created_at.isoformat(timespec="milliseconds"),
        row.created_by,
        row.updated_at.isoformat(timespec="milliseconds"),
        row.updated_by,
        None,
        row.owner_id.hex,
        write_json(row.tags),
        write_json(row.custom),
        row.name,
        row.job_title,
        row.email,
        row.phone,
        row.stage,
        int(amount.scaleb(2)),
        currency,
        row.score,
        int(row.subscribed),
        row.birthday.isoformat(),
        write_json(row.address),
    )


def _deal(row: DealRow) -> tuple[Any, ...]:
    at = row.at.isoformat(timespec="milliseconds")
    record = (row.id.hex, TENANT, 1, at, "bench", at, "bench", None, row.owner_id.hex, "[]", "{}")
    return (*record, row.name, row.stage, row.value, CURRENCY)


def _neutral(row: tuple[Any, ...]) -> ContactRow:
    return ContactRow(
        id=UUID(row[0]),
        tenant=row[1],
        version=row[2],
        created_at=datetime.fromisoformat(row[3]),
        created_by=row[4],
        updated_at=datetime.fromisoformat(row[5]),
        updated_by=row[6],
        deleted_at=row[7],
        owner_id=UUID(row[8]),
        tags=tuple(json.loads(row[9])),
        custom=json.loads(row[10]),
        name=row[11],
        job_title=row[12],
        email=row[13],
        phone=row[14],
        stage=row[15],
        budget=(Decimal(row[16]).scaleb(-2), row[17]),
        score=row[18],
        subscribed=bool(row[19]),
        birthday=date.fromisoformat(row[20]),
        address=json.loads(row[21]),
    )
