"""MongoEngine: documents with embedded values, written without transactions, for it has none."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from itertools import islice
from typing import Any, ClassVar
from uuid import UUID

import mongoengine as me

from benchmarks.contact import CURRENCY, TENANT, ContactRow, DealRow
from benchmarks.subject import FILTER_STAGE, PAGE_SIZE, Group, Subject, Walked, changed_title


class Stage(Enum):
    """How far a contact has come."""

    NEW = "new"
    QUALIFIED = "qualified"
    ACTIVE = "active"
    DORMANT = "dormant"


class Money(me.EmbeddedDocument):
    """An exact amount of one currency."""

    amount = me.Decimal128Field(required=True)
    currency = me.StringField(required=True)


class Address(me.EmbeddedDocument):
    """Where somebody is found."""

    street = me.StringField(required=True)
    city = me.StringField(required=True)
    postcode = me.StringField(required=True)
    country = me.StringField(required=True)


class Record(me.Document):
    """What contacts and deals have in common."""

    meta: ClassVar[dict[str, Any]] = {"abstract": True}

    id = me.UUIDField(primary_key=True)
    tenant = me.StringField(required=True)
    version = me.IntField(required=True)
    created_at = me.DateTimeField(required=True)
    created_by = me.StringField(required=True)
    updated_at = me.DateTimeField(required=True)
    updated_by = me.StringField(required=True)
    deleted_at = me.DateTimeField()
    owner_id = me.UUIDField(required=True)
    tags = me.ListField(me.StringField())
    custom = me.DictField()
    name = me.StringField(required=True)
    stage = me.EnumField(Stage, required=True)


class Contact(Record):
    """The contact of 21 fields."""

    meta: ClassVar[dict[str, Any]] = {
        "collection": "contact",
        "indexes": [("tenant", "stage", "score", "id")],
    }

    job_title = me.StringField(required=True)
    email = me.StringField(required=True)
    phone = me.StringField(required=True)
    budget = me.EmbeddedDocumentField(Money, required=True)
    score = me.IntField(required=True)
    subscribed = me.BooleanField(required=True)
    birthday = me.DateField(required=True)
    address = me.EmbeddedDocumentField(Address, required=True)


class Deal(Record):
    """A deal."""

    meta: ClassVar[dict[str, Any]] = {"collection": "deal"}

    value = me.LongField(required=True)
    currency = me.StringField(required=True)


class MongoEngineOdm(Subject):
    """MongoEngine on a replica set."""

    def setup(self) -> None:
        client = me.connect(
            "bench_mongoengine",
            host=self.place,
            uuidRepresentation="standard",
            tz_aware=True,
            tzinfo=UTC,
        )
        client.drop_database("bench_mongoengine")
        Contact.ensure_indexes()

    def empty(self) -> None:
        Contact.drop_collection()
        Contact.ensure_indexes()

    def prepare(self, rows: Iterable[ContactRow]) -> list[Any]:
        return [_object(row) for row in rows]

    def insert(self, objects: list[Any]) -> None:
        Contact.objects.insert(objects, load_bulk=False)

    def stream(self) -> int:
        count = 0
        for _contact in _live().no_cache():
            count += 1
        return count

    def keys(self, ids: Sequence[UUID]) -> list[Any]:
        return list(ids)

    def get(self, keys: Sequence[Any]) -> int:
        return sum(_live().get(id=key).tenant == TENANT for key in keys)

    def pages(self, count: int) -> Walked:
        seen, last = 0, ""
        first = _live().filter(stage=Stage(FILTER_STAGE), subscribed=True)
        first = first.order_by("score", "id").limit(PAGE_SIZE)
        page = list(first)
        for _page in range(count):
            seen += len(page)
            end = page[-1]
            last = end.id.hex
            beyond = me.Q(score__gt=end.score) | me.Q(score=end.score, id__gt=end.id)
            page = list(first.filter(me.Q(score__gte=end.score) & beyond))
            if not page:
                break
        return Walked(seen, last)

    def save(self, keys: Sequence[Any]) -> None:
        for key in keys:
            contact = _live().get(id=key)
            title = changed_title(contact.version)
            seen = {"version": contact.version}
            if not contact.modify(seen, job_title=title, inc__version=1):
                raise RuntimeError("the version moved")

    def fetch(self, key: Any) -> ContactRow:
        found = Contact.objects.get(id=key)
        values = {name: getattr(found, name) for name in ContactRow._fields}
        values["tags"] = tuple(found.tags)
        values["custom"] = dict(found.custom)
        values["stage"] = found.stage.value
        values["budget"] = (found.budget.amount, found.budget.currency)
        values["birthday"] = _day(found.birthday)
        values["address"] = {name: found.address[name] for name in found.address}
        return ContactRow(**values)

    def load_deals(self, rows: Iterable[DealRow]) -> None:
        made = map(_deal, rows)
        while batch := list(islice(made, 10_000)):
            Deal.objects.insert(batch, load_bulk=False)

    def totals(self) -> list[Group]:
        group = {
            "_id": {"stage": "$stage", "owner": "$owner_id"},
            "count": {"$sum": 1},
            "total": {"$sum": "$value"},
        }
        found = Deal.objects(tenant=TENANT, deleted_at=None).aggregate(
            [{"$group": group}, {"$sort": {"_id.stage": 1, "_id.owner": 1}}]
        )
        return [
            (row["_id"]["stage"], row["_id"]["owner"].hex, row["count"], row["total"])
            for row in found
        ]

    def settle(self) -> None:
        """MongoDB keeps no statistics."""

    def close(self) -> None:
        me.disconnect()


def _live() -> Any:
    return Contact.objects(tenant=TENANT, deleted_at=None)


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _object(row: ContactRow) -> Contact:
    values = row._asdict()
    amount, currency = row.budget
    values["tags"] = list(row.tags)
    values["stage"] = Stage(row.stage)
    values["budget"] = Money(amount=amount, currency=currency)
    values["address"] = Address(**row.address)
    return Contact(**values)


def _deal(row: DealRow) -> Deal:
    return Deal(
        id=row.id,
        tenant=TENANT,
        version=1,
        created_at=row.at,
        created_by="bench",
        updated_at=row.at,
        updated_by="bench",
        owner_id=row.owner_id,
        name=row.name,
        stage=Stage(row.stage),
        value=row.value,
        currency=CURRENCY,
    )
