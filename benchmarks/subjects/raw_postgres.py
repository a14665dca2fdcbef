"""psycopg 3: prepared tuples in by executemany or COPY, bare tuples out."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final
from uuid import UUID

import psycopg

from benchmarks.contact import CURRENCY, TENANT, ContactRow, DealRow
from benchmarks.subject import FILTER_STAGE, PAGE_SIZE, Group, Subject, Walked, changed_title
from benchmarks.subjects.plain_json import write_json

_COLUMNS: Final = (
    "id, tenant, version, created_at, created_by, updated_at, updated_by, deleted_at, owner_id,"
    " tags, custom, name, job_title, email, phone, stage, budget_amount, budget_currency, score,"
    " subscribed, birthday, address"
)
_RECORD: Final = """
    id uuid NOT NULL, tenant text NOT NULL, version bigint NOT NULL,
    created_at timestamptz NOT NULL, created_by text NOT NULL, updated_at timestamptz NOT NULL,
    updated_by text NOT NULL, deleted_at timestamptz, owner_id uuid NOT NULL,
    tags jsonb NOT NULL, custom jsonb NOT NULL, name text NOT NULL,
"""
_SCHEMA: Final = f"""
CREATE TABLE contact ({_RECORD}
    job_title text NOT NULL, email text NOT NULL, phone text NOT NULL, stage text NOT NULL,
    budget_amount bigint NOT NULL, budget_currency text NOT NULL, score bigint NOT NULL,
    subscribed boolean NOT NULL, birthday date NOT NULL, address jsonb NOT NULL,
    PRIMARY KEY (tenant, id));
CREATE INDEX contact_list ON contact (tenant, stage, score, id);
CREATE TABLE deal ({_RECORD}
    stage text NOT NULL, value_amount bigint NOT NULL, value_currency text NOT NULL,
    PRIMARY KEY (tenant, id));
"""
_INSERT: Final = f"INSERT INTO contact ({_COLUMNS}) VALUES ({','.join(['%s'] * 22)})"
_LIVE: Final = f"SELECT {_COLUMNS} FROM contact WHERE tenant = %s AND deleted_at IS NULL"
_FIRST: Final = f"{_LIVE} AND stage = %s AND subscribed ORDER BY score, id LIMIT {PAGE_SIZE}"
_NEXT: Final = (
    f"{_LIVE} AND stage = %s AND subscribed AND (score, id) > (%s, %s)"
    f" ORDER BY score, id LIMIT {PAGE_SIZE}"
)
_ID, _VERSION, _TAGS, _SCORE = 0, 2, 9, 18


class RawPostgres(Subject):
    """The driver with its default settings, on one held connection."""

    schema: ClassVar[str] = "raw"

    def setup(self) -> None:
        self._connection = psycopg.connect(self.place, autocommit=True)
        self._connection.execute(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")
        self._connection.execute(f"CREATE SCHEMA {self.schema}")
        self._connection.execute(f"SET search_path = {self.schema}")
        self._connection.execute(_SCHEMA)

    def empty(self) -> None:
        self._connection.execute("DELETE FROM contact")
        self._connection.execute("VACUUM contact")

    def prepare(self, rows: Iterable[ContactRow]) -> list[Any]:
        return [_tuple(row) for row in rows]

    def insert(self, objects: list[Any]) -> None:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(_INSERT, objects)

    def stream(self) -> int:
        count = 0
        for _row in self._connection.execute(_LIVE, (TENANT,)):
            count += 1
        return count

    def keys(self, ids: Sequence[UUID]) -> list[Any]:
        return list(ids)

    def get(self, keys: Sequence[Any]) -> int:
        found = 0
        with self._connection.transaction():
            for key in keys:
                row = self._connection.execute(f"{_LIVE} AND id = %s", (TENANT, key)).fetchone()
                found += row is not None
        return found

    def pages(self, count: int) -> Walked:
        seen, last = 0, ""
        with self._connection.transaction():
            rows = self._connection.execute(_FIRST, (TENANT, FILTER_STAGE)).fetchall()
            for _page in range(count):
                seen += len(rows)
                end = rows[-1]
                last = end[_ID].hex
                after = (TENANT, FILTER_STAGE, end[_SCORE], end[_ID])
                rows = self._connection.execute(_NEXT, after).fetchall()
                if not rows:
                    break
        return Walked(seen, last)

    def save(self, keys: Sequence[Any]) -> None:
        for key in keys:
            with self._connection.transaction():
                row = self._connection.execute(f"{_LIVE} AND id = %s", (TENANT, key)).fetchone()
                version = row[_VERSION] if row else 0
                done = self._connection.execute(
                    "UPDATE contact SET job_title = %s, version = version + 1"
                    " WHERE tenant = %s AND id = %s AND version = %s",
                    (changed_title(version), TENANT, key, version),
                )
                if done.rowcount != 1:
                    raise RuntimeError("the version moved")

    def fetch(self, key: Any) -> ContactRow:
        row = self._connection.execute(f"{_LIVE} AND id = %s", (TENANT, key)).fetchone()
        assert row is not None
        *head, amount, currency, score, subscribed, birthday, address = row
        head[_TAGS] = tuple(head[_TAGS])
        budget = (Decimal(amount).scaleb(-2), currency)
        return ContactRow._make((*head, budget, score, subscribed, birthday, address))

    def load_deals(self, rows: Iterable[DealRow]) -> None:
        with self._connection.cursor().copy("COPY deal FROM STDIN") as copy:
            for row in rows:
                copy.write_row(_deal(row))

    def totals(self) -> list[Group]:
        rows = self._connection.execute(
            "SELECT stage, owner_id, count(*), sum(value_amount) FROM deal"
            " WHERE tenant = %s AND deleted_at IS NULL GROUP BY stage, owner_id ORDER BY 1, 2",
            (TENANT,),
        ).fetchall()
        return [(stage, owner.hex, count, int(total)) for stage, owner, count, total in rows]

    def settle(self) -> None:
        self._connection.execute("VACUUM ANALYZE")

    def close(self) -> None:
        self._connection.close()


class RawCopy(RawPostgres):
    """The driver loading by COPY; all else is as in the plain driver."""

    schema = "raw_copy"
    _same: Final = "the same as the raw driver"
    cannot: ClassVar = dict.fromkeys(("stream", "pages", "get", "save", "totals"), _same)

    def insert(self, objects: list[Any]) -> None:
        asked = f"COPY contact ({_COLUMNS}) FROM STDIN"
        with self._connection.transaction(), self._connection.cursor().copy(asked) as copy:
            for row in objects:
                copy.write_row(row)


def _tuple(row: ContactRow) -> tuple[Any, ...]:
    amount, currency = row.budget
    return (
        *row[:9],
        write_json(row.tags),
        write_json(row.custom),
        *row[11:16],
        int(amount.scaleb(2)),
        currency,
        *row[17:20],
        write_json(row.address),
    )


def _deal(row: DealRow) -> tuple[Any, ...]:
    record = (row.id, TENANT, 1, row.at, "bench", row.at, "bench", None, row.owner_id, "[]", "{}")
    return (*record, row.name, row.stage, row.value, CURRENCY)
