"""SQLAlchemy ORM: declarative classes with composites and a version column, a session per work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, composite, mapped_column

from benchmarks.contact import CURRENCY, TENANT, ContactRow, DealRow
from benchmarks.model import Stage, row_of
from benchmarks.subject import FILTER_STAGE, PAGE_SIZE, Group, Subject, Walked, changed_title
from benchmarks.subjects.sqlalchemy_engines import (
    instant_type,
    json_type,
    postgres_engine,
    sqlite_engine,
    stage_type,
)


@dataclass
class Money:
    """An exact amount of one currency."""

    amount: Decimal
    currency: str


@dataclass
class Address:
    """Where somebody is found."""

    street: str
    city: str
    postcode: str
    country: str


def _next_version(version: int | None) -> int:
    return (version or 0) + 1


class Record(DeclarativeBase):
    """What contacts and deals have in common."""

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(sa.Text)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(instant_type())
    created_by: Mapped[str] = mapped_column(sa.Text)
    updated_at: Mapped[datetime] = mapped_column(instant_type())
    updated_by: Mapped[str] = mapped_column(sa.Text)
    deleted_at: Mapped[datetime | None] = mapped_column(instant_type())
    owner_id: Mapped[UUID]
    tags: Mapped[list[str]] = mapped_column(json_type())
    custom: Mapped[dict[str, Any]] = mapped_column(json_type())
    name: Mapped[str] = mapped_column(sa.Text)
    stage: Mapped[Stage] = mapped_column(stage_type())


class Contact(Record):
    """The contact of 21 fields."""

    __tablename__ = "contact"

    job_title: Mapped[str] = mapped_column(sa.Text)
    email: Mapped[str] = mapped_column(sa.Text)
    phone: Mapped[str] = mapped_column(sa.Text)
    budget: Mapped[Money] = composite(
        mapped_column("budget_amount", sa.Numeric(18, 2)), mapped_column("budget_currency", sa.Text)
    )
    score: Mapped[int]
    subscribed: Mapped[bool]
    birthday: Mapped[date]
    address: Mapped[Address] = composite(
        mapped_column("street", sa.Text),
        mapped_column("city", sa.Text),
        mapped_column("postcode", sa.Text),
        mapped_column("country", sa.Text),
    )

    @sa.orm.declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - the shape SQLAlchemy asks for
        return {"version_id_col": cls.version, "version_id_generator": _next_version}

    @sa.orm.declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - the shape SQLAlchemy asks for
        return (sa.Index("contact_list", "tenant", "stage", "score", "id"),)


class Deal(Record):
    """A deal."""

    __tablename__ = "deal"

    value_amount: Mapped[int] = mapped_column(sa.BigInteger)
    value_currency: Mapped[str] = mapped_column(sa.Text)


_live = sa.select(Contact).where(Contact.tenant == TENANT, Contact.deleted_at.is_(None))
_first = (
    _live.where(Contact.stage == Stage(FILTER_STAGE), Contact.subscribed)
    .order_by(Contact.score, Contact.id)
    .limit(PAGE_SIZE)
)
_totals = (
    sa.select(Deal.stage, Deal.owner_id, sa.func.count(), sa.func.sum(Deal.value_amount))
    .where(Deal.tenant == TENANT, Deal.deleted_at.is_(None))
    .group_by(Deal.stage, Deal.owner_id)
    .order_by(Deal.stage, Deal.owner_id)
)


class _Orm(Subject):
    """SQLAlchemy ORM on any engine."""

    def _open(self) -> sa.Engine:
        raise AssertionError("each store opens its own")

    def setup(self) -> None:
        self._engine = self._open()
        Record.metadata.create_all(self._engine)

    def empty(self) -> None:
        with Session(self._engine) as session, session.begin():
            session.execute(sa.delete(Contact))

    def prepare(self, rows: Iterable[ContactRow]) -> list[Any]:
        return [_object(row) for row in rows]

    def insert(self, objects: list[Any]) -> None:
        with Session(self._engine) as session, session.begin():
            session.add_all(objects)

    def stream(self) -> int:
        count = 0
        with Session(self._engine) as session:
            for _contact in session.scalars(_live.execution_options(yield_per=1000)):
                count += 1
        return count

    def keys(self, ids: Sequence[UUID]) -> list[Any]:
        return list(ids)

    def get(self, keys: Sequence[Any]) -> int:
        found = 0
        with Session(self._engine) as session:
            for key in keys:
                found += session.get_one(Contact, key).tenant == TENANT
        return found

    def pages(self, count: int) -> Walked:
        seen, last = 0, ""
        with Session(self._engine) as session:
            page = session.scalars(_first).all()
            for _page in range(count):
                seen += len(page)
                last = page[-1].id.hex
                after = sa.tuple_(Contact.score, Contact.id) > (page[-1].score, page[-1].id)
                page = session.scalars(_first.where(after)).all()
                if not page:
                    break
        return Walked(seen, last)

    def save(self, keys: Sequence[Any]) -> None:
        for key in keys:
            with Session(self._engine) as session, session.begin():
                contact = session.get_one(Contact, key)
                contact.job_title = changed_title(contact.version)

    def fetch(self, key: Any) -> ContactRow:
        with Session(self._engine) as session:
            return row_of(session.get_one(Contact, key))

    def load_deals(self, rows: Iterable[DealRow]) -> None:
        with Session(self._engine) as session, session.begin():
            session.execute(sa.insert(Deal), [_deal_values(row) for row in rows])

    def totals(self) -> list[Group]:
        with Session(self._engine) as session:
            rows = session.execute(_totals).all()
        return [(stage.value, owner.hex, count, int(total)) for stage, owner, count, total in rows]

    def settle(self) -> None:
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")

    def close(self) -> None:
        self._engine.dispose()


class OrmOnSqlite(_Orm):
    """SQLAlchemy ORM on a SQLite file."""

    def _open(self) -> sa.Engine:
        return sqlite_engine(self.place, "orm")


class OrmOnPostgres(_Orm):
    """SQLAlchemy ORM on PostgreSQL through psycopg 3."""

    def _open(self) -> sa.Engine:
        return postgres_engine(self.place, "orm")


def _object(row: ContactRow) -> Contact:
    values = row._asdict()
    values["tags"] = list(row.tags)
    values["stage"] = Stage(row.stage)
    values["budget"] = Money(*row.budget)
    values["address"] = Address(**row.address)
    return Contact(**values)


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
