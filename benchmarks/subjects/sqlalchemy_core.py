"""SQLAlchemy Core: typed columns, statements made once, rows turned into frozen values by hand."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from benchmarks.contact import CURRENCY, TENANT, ContactRow, DealRow
from benchmarks.model import Address, Contact, Money, Stage, contact_of, row_of
from benchmarks.subject import FILTER_STAGE, PAGE_SIZE, Group, Subject, Walked, changed_title
from benchmarks.subjects.sqlalchemy_engines import (
    instant_type,
    json_type,
    postgres_engine,
    sqlite_engine,
    stage_type,
)

_metadata = sa.MetaData()


def _record(*columns: sa.Column[Any]) -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", instant_type(), nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("updated_at", instant_type(), nullable=False),
        sa.Column("updated_by", sa.Text, nullable=False),
        sa.Column("deleted_at", instant_type()),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("tags", json_type(), nullable=False),
        sa.Column("custom", json_type(), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        *columns,
    ]


_contact = sa.Table(
    "contact",
    _metadata,
    *_record(
        sa.Column("job_title", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("stage", stage_type(), nullable=False),
        sa.Column("budget_amount", sa.Numeric(18, 2), nullable=False),
        sa.Column("budget_currency", sa.Text, nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("subscribed", sa.Boolean, nullable=False),
        sa.Column("birthday", sa.Date, nullable=False),
        sa.Column("address", json_type(), nullable=False),
    ),
    sa.Index("contact_list", "tenant", "stage", "score", "id"),
)
_deal = sa.Table(
    "deal",
    _metadata,
    *_record(
        sa.Column("stage", stage_type(), nullable=False),
        sa.Column("value_amount", sa.BigInteger, nullable=False),
        sa.Column("value_currency", sa.Text, nullable=False),
    ),
)
_c = _contact.c
_live = sa.select(_contact).where(_c.tenant == sa.bindparam("t"), _c.deleted_at.is_(None))
_by_id = _live.where(_c.id == sa.bindparam("key"))
_first = (
    _live.where(_c.stage == sa.bindparam("s"), _c.subscribed)
    .order_by(_c.score, _c.id)
    .limit(PAGE_SIZE)
)
_next = _first.where(
    sa.tuple_(_c.score, _c.id)
    > sa.tuple_(sa.bindparam("score", type_=_c.score.type), sa.bindparam("after", type_=_c.id.type))
)
_save = (
    sa.update(_contact)
    .where(
        _c.tenant == sa.bindparam("t"),
        _c.id == sa.bindparam("key"),
        _c.version == sa.bindparam("seen"),
    )
    .values(job_title=sa.bindparam("job"), version=_c.version + 1)
)
_totals = (
    sa.select(_deal.c.stage, _deal.c.owner_id, sa.func.count(), sa.func.sum(_deal.c.value_amount))
    .where(_deal.c.tenant == TENANT, _deal.c.deleted_at.is_(None))
    .group_by(_deal.c.stage, _deal.c.owner_id)
    .order_by(_deal.c.stage, _deal.c.owner_id)
)


class _Core(Subject):
    """SQLAlchemy Core on any engine."""

    def _open(self) -> sa.Engine:
        raise AssertionError("each store opens its own")

    def setup(self) -> None:
        self._engine = self._open()
        _metadata.create_all(self._engine)

    def empty(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_contact))

    def prepare(self, rows: Iterable[ContactRow]) -> list[Any]:
        return [contact_of(row) for row in rows]

    def insert(self, objects: list[Any]) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.insert(_contact), [_values(contact) for contact in objects])

    def stream(self) -> int:
        count = 0
        with self._engine.connect() as connection:
            result = connection.execution_options(yield_per=1000).execute(_live, {"t": TENANT})
            for row in result:
                _load(row)
                count += 1
        return count

    def keys(self, ids: Sequence[UUID]) -> list[Any]:
        return list(ids)

    def get(self, keys: Sequence[Any]) -> int:
        found = 0
        with self._engine.connect() as connection:
            for key in keys:
                row = connection.execute(_by_id, {"t": TENANT, "key": key}).one()
                found += isinstance(_load(row), Contact)
        return found

    def pages(self, count: int) -> Walked:
        seen, last = 0, ""
        values = {"t": TENANT, "s": Stage(FILTER_STAGE)}
        with self._engine.connect() as connection:
            page = [_load(row) for row in connection.execute(_first, values)]
            for _page in range(count):
                seen += len(page)
                last = page[-1].id.hex
                after = values | {"score": page[-1].score, "after": page[-1].id}
                page = [_load(row) for row in connection.execute(_next, after)]
                if not page:
                    break
        return Walked(seen, last)

    def save(self, keys: Sequence[Any]) -> None:
        for key in keys:
            with self._engine.begin() as connection:
                contact = _load(connection.execute(_by_id, {"t": TENANT, "key": key}).one())
                values = {"t": TENANT, "key": key, "seen": contact.version}
                values |= {"job": changed_title(contact.version)}
                if connection.execute(_save, values).rowcount != 1:
                    raise RuntimeError("the version moved")

    def fetch(self, key: Any) -> ContactRow:
        with self._engine.connect() as connection:
            return row_of(_load(connection.execute(_by_id, {"t": TENANT, "key": key}).one()))

    def load_deals(self, rows: Iterable[DealRow]) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.insert(_deal), [_deal_values(row) for row in rows])

    def totals(self) -> list[Group]:
        with self._engine.connect() as connection:
            rows = connection.execute(_totals).all()
        return [(stage.value, owner.hex, count, int(total)) for stage, owner, count, total in rows]

    def settle(self) -> None:
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")

    def close(self) -> None:
        self._engine.dispose()


class CoreOnSqlite(_Core):
    """SQLAlchemy Core on a SQLite file."""

    def _open(self) -> sa.Engine:
        return sqlite_engine(self.place, "core")


class CoreOnPostgres(_Core):
    """SQLAlchemy Core on PostgreSQL through psycopg 3."""

    def _open(self) -> sa.Engine:
        return postgres_engine(self.place, "core")


def _values(contact: Contact) -> dict[str, Any]:
    address = contact.address
    return {
        "id": contact.id,
        "tenant": contact.tenant,
        "version": contact.version,
        "created_at": contact.created_at,
        "created_by": contact.created_by,
        "updated_at": contact.updated_at,
        "updated_by": contact.updated_by,
        "deleted_at": contact.deleted_at,
        "owner_id": contact.owner_id,
        "tags": contact.tags,
        "custom": contact.custom,
        "name": contact.name,
        "job_title": contact.job_title,
        "email": contact.email,
        "phone": contact.phone,
        "stage": contact.stage,
        "budget_amount": contact.budget.amount,
        "budget_currency": contact.budget.currency,
        "score": contact.score,
        "subscribed": contact.subscribed,
        "birthday": contact.birthday,
        "address": {
            "street": address.street,
            "city": address.city,
            "postcode": address.postcode,
            "country": address.country,
        },
    }


def _load(row: Any) -> Contact:
    *head, tags, custom, name, job, email, phone, stage, amount, currency, score, wants, day, at = (
        row
    )
    tail = (name, job, email, phone, stage, Money(amount, currency), score, wants, day)
    make: Any = Contact
    made: Contact = make(*head, tuple(tags), custom, *tail, Address(**at))
    return made


def _deal_values(row: DealRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "tenant": TENANT,
        "version": 1,
        "created_at": row.at,
        "created_by": "bench",
        "updated_at": row.at,
        "updated_by": "bench",
        "deleted_at": None,
        "owner_id": row.owner_id,
        "tags": [],
        "custom": {},
        "name": row.name,
        "stage": Stage(row.stage),
        "value_amount": row.value,
        "value_currency": CURRENCY,
    }
