"""Tryton: a model registered with the server's kernel, used without the protocol and access rules.

Tryton numbers records itself and keeps its own marks of creation and change, which also serve as
its version; the contact's UUID is one more field. Its own bulk call takes mappings, not objects.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from sql.aggregate import Count, Sum
from trytond import backend, config
from trytond.model import Index, ModelSQL, fields
from trytond.pool import Pool
from trytond.transaction import Transaction

from benchmarks.contact import CURRENCY, STAGES, TAGS, TENANT, ContactRow, DealRow
from benchmarks.subject import FILTER_STAGE, PAGE_SIZE, Group, Subject, Walked, changed_title

_DATABASE = "tryton"
_BATCH = 100
_SHARED = (
    "tenant",
    "deleted_at",
    "name",
    "job_title",
    "email",
    "phone",
    "stage",
    "score",
    "subscribed",
    "birthday",
)
_LIVE = (("tenant", "=", TENANT), ("deleted_at", "=", None))
_STAGES = [(name, name) for name in STAGES]


class Contact(ModelSQL):
    """The contact of 21 fields."""

    __name__ = "bench.contact"

    uuid = fields.Char("Id", required=True)
    tenant = fields.Char("Tenant", required=True)
    deleted_at = fields.Timestamp("Deleted at")
    owner = fields.Char("Owner", required=True)
    tags = fields.MultiSelection([(name, name) for name in TAGS], "Tags", translate=False)
    custom = fields.Dict(None, "Custom")
    name = fields.Char("Name", required=True)
    job_title = fields.Char("Job title", required=True)
    email = fields.Char("E-mail", required=True)
    phone = fields.Char("Phone", required=True)
    stage = fields.Selection(_STAGES, "Stage", required=True, translate=False)
    budget_amount = fields.Numeric("Budget", digits=(15, 2), required=True)
    budget_currency = fields.Char("Currency", required=True)
    score = fields.Integer("Score", required=True)
    subscribed = fields.Boolean("Subscribed")
    birthday = fields.Date("Birthday", required=True)
    address = fields.Dict(None, "Address", required=True)

    @classmethod
    def __setup__(cls) -> None:
        """Declare the indexes of the benchmark."""
        super().__setup__()
        table = cls.__table__()
        by_stage = (table.tenant, Index.Equality()), (table.stage, Index.Equality())
        by_score = (table.score, Index.Range()), (table.id, Index.Range())
        cls._sql_indexes.update(
            {
                Index(table, *by_stage, *by_score),
                Index(table, (table.uuid, Index.Equality())),
            }
        )


class Deal(ModelSQL):
    """A deal."""

    __name__ = "bench.deal"

    uuid = fields.Char("Id", required=True)
    tenant = fields.Char("Tenant", required=True)
    deleted_at = fields.Timestamp("Deleted at")
    owner = fields.Char("Owner", required=True)
    custom = fields.Dict(None, "Custom")
    name = fields.Char("Name", required=True)
    stage = fields.Selection(_STAGES, "Stage", required=True, translate=False)
    value_amount = fields.Integer("Value", required=True)
    value_currency = fields.Char("Currency", required=True)


class TrytonOnSqlite(Subject):
    """Tryton's kernel on a SQLite file."""

    fills: ClassVar = frozenset({"version", "created_at", "created_by", "updated_at", "updated_by"})

    def setup(self) -> None:
        config.set("database", "path", self.place)
        (Path(self.place) / f"{_DATABASE}.sqlite").touch()
        self._database = backend.Database(_DATABASE).connect()
        self._database.get_connection().execute("PRAGMA journal_mode = WAL")
        self._database.get_connection().execute("PRAGMA synchronous = NORMAL")
        self._database.init()
        Pool.start()
        Pool.register(Contact, Deal, module="res", type_="model")
        Pool(_DATABASE).init(update=["ir", "res"])

    def _work(self) -> Any:
        return Transaction().start(_DATABASE, 0)

    def _contact(self) -> Any:
        return Pool(_DATABASE).get("bench.contact")

    def empty(self) -> None:
        with self._work() as work, work.connection.cursor() as cursor:
            cursor.execute("DELETE FROM bench_contact")

    def prepare(self, rows: Iterable[ContactRow]) -> list[Any]:
        return [_values(row) for row in rows]

    def insert(self, objects: list[Any]) -> None:
        with self._work():
            self._contact().create(objects)

    def stream(self) -> int:
        count = last = 0
        with self._work():
            while batch := self._batch(last):
                count += sum(map(_whole, batch))
                last = batch[-1].id
        return count

    def _batch(self, last: int) -> list[Any]:
        """Read the next few records; each looks through all ids of its batch."""
        asked = [*_LIVE, ("id", ">", last)]
        found: list[Any] = self._contact().search(asked, order=[("id", "ASC")], limit=_BATCH)
        return found

    def keys(self, ids: Sequence[UUID]) -> list[Any]:
        with self._work() as work, work.connection.cursor() as cursor:
            cursor.execute("SELECT uuid, id FROM bench_contact")
            numbers = dict(cursor.fetchall())
        return [numbers[id_.hex] for id_ in ids]

    def get(self, keys: Sequence[Any]) -> int:
        with self._work():
            contact = self._contact()
            return sum(_whole(contact(key)) for key in keys)

    def pages(self, count: int) -> Walked:
        seen, last = 0, ""
        asked = [
            *_LIVE,
            ("stage", "=", FILTER_STAGE),
            ("subscribed", "=", True),
        ]
        with self._work():
            page = self._page(asked)
            for _page in range(count):
                seen += sum(map(_whole, page))
                end = page[-1]
                last = end.uuid
                tie = [("score", "=", end.score), ("id", ">", end.id)]
                beyond = ["OR", ("score", ">", end.score), tie]
                page = self._page([*asked, ("score", ">=", end.score), beyond])
                if not page:
                    break
        return Walked(seen, last)

    def _page(self, asked: list[Any]) -> list[Any]:
        order = [("score", "ASC"), ("id", "ASC")]
        found: list[Any] = self._contact().search(asked, order=order, limit=PAGE_SIZE)
        return found

    def save(self, keys: Sequence[Any]) -> None:
        for key in keys:
            with self._work() as work:
                contact = self._contact()
                (seen,) = contact.read([key], [*_values_of(contact), "_timestamp"])
                work.timestamp[f"bench.contact,{key}"] = seen["_timestamp"]
                contact.write([contact(key)], {"job_title": changed_title(seen["_timestamp"])})

    def fetch(self, key: Any) -> ContactRow:
        with self._work():
            found = self._contact()(key)
            values: dict[str, Any] = dict.fromkeys(ContactRow._fields)
            values |= {name: getattr(found, name) for name in _SHARED}
            values["id"], values["owner_id"] = UUID(found.uuid), UUID(found.owner)
            values["budget"] = (found.budget_amount, found.budget_currency)
            values["tags"] = tuple(found.tags)
            values["custom"], values["address"] = dict(found.custom), dict(found.address)
            return ContactRow(**values)

    def load_deals(self, rows: Iterable[DealRow]) -> None:
        with self._work() as work, work.connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO bench_deal (create_uid, create_date, uuid, tenant, owner, custom,"
                " name, stage, value_amount, value_currency)"
                " VALUES (0, CURRENT_TIMESTAMP, ?, ?, ?, '{}', ?, ?, ?, ?)",
                (
                    (row.id.hex, TENANT, row.owner_id.hex, row.name, row.stage, row.value, CURRENCY)
                    for row in rows
                ),
            )

    def totals(self) -> list[Group]:
        with self._work() as work, work.connection.cursor() as cursor:
            deal = Pool().get("bench.deal").__table__()
            by = (deal.stage, deal.owner)
            asked = deal.select(
                *by,
                Count(deal.id),
                Sum(deal.value_amount),
                where=(deal.tenant == TENANT) & (deal.deleted_at == None),  # noqa: E711 - python-sql
                group_by=by,
                order_by=by,
            )
            cursor.execute(*asked)
            return cursor.fetchall()  # type: ignore[no-any-return]

    def settle(self) -> None:
        with self._work() as work, work.connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def close(self) -> None:
        self._database.close()


def _whole(contact: Any) -> bool:
    """Read the record with its nested values, which Tryton fetches when first asked for."""
    return contact.tenant == TENANT and contact.address is not None


def _values_of(contact: Any) -> list[str]:
    return [name for name in contact._fields if name != "rec_name"]


def _values(row: ContactRow) -> dict[str, Any]:
    amount, currency = row.budget
    return {
        "uuid": row.id.hex,
        "tenant": row.tenant,
        "deleted_at": None,
        "owner": row.owner_id.hex,
        "tags": row.tags,
        "custom": row.custom,
        "name": row.name,
        "job_title": row.job_title,
        "email": row.email,
        "phone": row.phone,
        "stage": row.stage,
        "budget_amount": Decimal(amount),
        "budget_currency": currency,
        "score": row.score,
        "subscribed": row.subscribed,
        "birthday": row.birthday,
        "address": row.address,
    }
