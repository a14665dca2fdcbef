"""crmkit: frozen aggregates in and out, through the unit of work and through the bare storage port.

`Crmkit` is what applications use: every write is checked and logged in the same transaction.
`CrmkitStore` is the storage port alone, which writes no log; `CrmkitOutbox` adds a plugin that
subscribes to every change, so that each record also gets an outbox message.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID

import attrs

from benchmarks.contact import ACTOR, TENANT, ContactRow, DealRow, owners
from benchmarks.subject import FILTER_STAGE, PAGE_SIZE, Group, Subject, Walked, changed_title
from benchmarks.subjects.crmkit_places import place_of
from crmkit.crm import CRM
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.custom_fields import CustomField, FieldKind
from crmkit.domain.entity import Index, entity
from crmkit.domain.filters.summary import Summary, by, count, total
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.plugins.hookspecs import hookimpl
from crmkit.ports import BATCH

_CUSTOM: Final[Mapping[str, FieldKind]] = {
    "segment": FieldKind.TEXT,
    "seats": FieldKind.NUMBER,
    "keyed": FieldKind.BOOLEAN,
    "renewal": FieldKind.TEXT,
}


_KEPT: Final = frozenset({"crm_schema", "crm_user", "crm_custom_field", "crm_bench_deal"})


class Stage(StrEnum):
    """How far a contact has come."""

    NEW = "new"
    QUALIFIED = "qualified"
    ACTIVE = "active"
    DORMANT = "dormant"


@attrs.frozen(kw_only=True)
class Address:
    """Where somebody is found."""

    street: str
    city: str
    postcode: str
    country: str


@entity("bench_contact", indexes=[Index(("stage", "score"))])
@attrs.frozen(kw_only=True)
class Contact(Aggregate):
    """The contact of 21 fields, eleven of them the aggregate's."""

    name: str
    job_title: str
    email: str
    phone: str
    stage: Stage
    budget: Money
    score: int
    subscribed: bool
    birthday: date
    address: Address


@entity("bench_deal")
@attrs.frozen(kw_only=True)
class Deal(Aggregate):
    """A deal."""

    name: str
    stage: Stage
    value: Money


class EveryChange:
    """A plugin that is told of every change, as an integration would be."""

    @hookimpl
    def after_commit(self, message: Any) -> None:
        """Receive it; the benchmark never delivers."""


_C = where(Contact)
_ASKED = _C.stage.eq(Stage(FILTER_STAGE)) & _C.subscribed.eq(True)  # noqa: FBT003 - a filter's value
_ORDER = (_C.score.asc(),)


class Crmkit(Subject):
    """The unit of work on the store that `place` names."""

    fills: ClassVar = frozenset({"created_at", "updated_at"})
    plugins: ClassVar[tuple[object, ...]] = ()
    own: ClassVar = "crmkit"

    def setup(self) -> None:
        self._at = place_of(self.place, self.own)
        self._at.make()
        self._crm = CRM.open(
            self._at.url, schema=self._at.schema, entities=[Contact, Deal], plugins=self.plugins
        )
        self._crm.schema.apply()
        with self._work() as work:
            users = work.of(User)
            users.insert_many(User(id=UserId(id_), name=f"User {id_.hex}") for id_ in owners())
            fields = work.of(CustomField)
            for key, kind in _CUSTOM.items():
                field = CustomField(id=work.new_id(), entity="bench_contact", key=key, kind=kind)
                fields.add(field)

    def _work(self, *, read_only: bool = False) -> Any:
        return self._crm.work(by=ACTOR, tenant=TENANT, read_only=read_only)

    def empty(self) -> None:
        self._at.empty(keep=_KEPT)

    def prepare(self, rows: Iterable[ContactRow]) -> list[Any]:
        return [_new(row) for row in rows]

    def insert(self, objects: list[Any]) -> None:
        with self._work() as work:
            work.of(Contact).insert_many(objects)

    def stream(self) -> int:
        with self._work(read_only=True) as work:
            return sum(1 for _contact in work.of(Contact).stream())

    def keys(self, ids: Sequence[UUID]) -> list[Any]:
        return list(ids)

    def get(self, keys: Sequence[Any]) -> int:
        with self._work(read_only=True) as work:
            contacts = work.of(Contact)
            return sum(contacts.get(key).tenant == TENANT for key in keys)

    def pages(self, count: int) -> Walked:
        seen, last, after = 0, "", None
        with self._work(read_only=True) as work:
            contacts = work.of(Contact)
            for _page in range(count):
                page = contacts.page(_ASKED, order=_ORDER, size=PAGE_SIZE, after=after)
                seen += len(page.items)
                last, after = page.items[-1].id.hex, page.next
                if after is None:
                    break
        return Walked(seen, last)

    def save(self, keys: Sequence[Any]) -> None:
        for key in keys:
            with self._work() as work:
                contacts = work.of(Contact)
                contact = contacts.get(key)
                contacts.save(contact.evolve(job_title=changed_title(contact.version)))

    def fetch(self, key: Any) -> ContactRow:
        with self._work(read_only=True) as work:
            found = work.of(Contact).get(key)
        values = {name: getattr(found, name) for name in ContactRow._fields}
        values["stage"] = found.stage.value
        values["budget"] = (found.budget.amount, found.budget.currency)
        values["address"] = attrs.asdict(found.address)
        return ContactRow(**values)

    def load_deals(self, rows: Iterable[DealRow]) -> None:
        session = self._crm.storage.session(TENANT)
        spec = self._crm.registry[Deal]
        batch: list[Deal] = []
        for row in rows:
            batch.append(_deal(row))
            if len(batch) == BATCH:
                session.insert_many(spec, batch)
                batch = []
        if batch:
            session.insert_many(spec, batch)
        session.commit()

    def totals(self) -> list[Group]:
        deals = where(Deal)
        summary = Summary(
            spec=self._crm.registry[Deal],
            by={"stage": by(deals.stage), "owner": by(deals.owner_id)},
            measures={"count": count(), "total": total(deals.value)},
        )
        with self._work(read_only=True) as work:
            rows = work.of(Deal).summarise(summary)
        return [
            (row["stage"].value, row["owner"].hex, row["count"], row["total"].minor) for row in rows
        ]

    def settle(self) -> None:
        self._at.settle()

    def close(self) -> None:
        self._crm.close()


class CrmkitOutbox(Crmkit):
    """The unit of work with a subscriber: change log and an outbox message for every record."""

    plugins: ClassVar = (EveryChange(),)
    own: ClassVar = "crmkit_outbox"
    cannot: ClassVar = dict.fromkeys(
        ("stream", "pages", "get", "totals"), "reads are the same as in crmkit"
    )


class CrmkitStore(Crmkit):
    """The storage port alone: typed objects, one transaction, guarded saves, no change log."""

    own: ClassVar = "crmkit_store"
    cannot: ClassVar = dict.fromkeys(
        ("stream", "pages", "totals"), "the storage port is asked through crmkit's queries"
    )

    def prepare(self, rows: Iterable[ContactRow]) -> list[Any]:
        return [contact_of(row) for row in rows]

    def insert(self, objects: list[Any]) -> None:
        session = self._crm.storage.session(TENANT)
        session.insert_many(self._crm.registry[Contact], objects)
        session.commit()

    def get(self, keys: Sequence[Any]) -> int:
        session = self._crm.storage.session(TENANT, read_only=True)
        spec = self._crm.registry[Contact]
        found: int = sum(session.get_many(spec, [key])[0].tenant == TENANT for key in keys)
        session.rollback()
        return found

    def save(self, keys: Sequence[Any]) -> None:
        spec = self._crm.registry[Contact]
        for key in keys:
            session = self._crm.storage.session(TENANT)
            (contact,) = session.get_many(spec, [key])
            version: int = contact.version
            title = changed_title(version)
            session.save_many(
                spec, [contact.evolve(job_title=title, version=version + 1)], [version]
            )
            session.commit()


def contact_of(row: ContactRow, cls: type[Contact] = Contact) -> Contact:
    """Make a contact that bears the marks a unit of work would give it, for the storage port."""
    return _new(row, cls).replaced(
        tenant=TENANT,
        version=1,
        created_at=row.created_at,
        created_by=ACTOR,
        updated_at=row.updated_at,
        updated_by=ACTOR,
    )


def _new(row: ContactRow, cls: type[Contact] = Contact) -> Contact:
    return cls(
        id=row.id,
        owner_id=UserId(row.owner_id),
        tags=row.tags,
        custom=row.custom,
        name=row.name,
        job_title=row.job_title,
        email=row.email,
        phone=row.phone,
        stage=Stage(row.stage),
        budget=Money(*row.budget),
        score=row.score,
        subscribed=row.subscribed,
        birthday=row.birthday,
        address=Address(**row.address),
    )


def _deal(row: DealRow) -> Deal:
    return Deal(
        id=row.id,
        tenant=TENANT,
        version=1,
        created_at=row.at,
        created_by=ACTOR,
        updated_at=row.at,
        updated_by=ACTOR,
        owner_id=UserId(row.owner_id),
        name=row.name,
        stage=Stage(row.stage),
        value=Money.from_minor(row.value, "EUR"),
    )
