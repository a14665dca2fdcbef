"""A house: two people with a record of every kind each, of whom one sees only their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import attrs

from crmkit.crm import CRM
from crmkit.domain.access.acting import Right
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rules import FieldLevel, FieldRule, Grant, Role
from crmkit.domain.access.share import Share, ShareId
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.custom_fields import FieldKind
from crmkit.services.access import apply_policy
from crmkit.services.custom_fields import define_field
from crmkit.work import UnitOfWork
from crmkit.work.policies import Policies
from tests.access.aim import Aim, told
from tests.access.more_stock import more_stock
from tests.access.stock import Stock, owned_by, stock
from tests.access.words import AMOUNT, CODE, PHONE

SECRET: Final = "kestrel"
OWN: Final = "plover"
TENANT: Final = "acme"
RIGHTS: Final = tuple(str(right) for right in Right)
OF_THEIR_OWN: Final = Rules(
    roles=(Role(name="seller"),), grants=(Grant(role="seller", entity="*", actions=RIGHTS),)
)
CASES: Final = ("hidden", "foreign", "unshared", "removed")


@attrs.frozen(kw_only=True)
class House:
    """Two people with a stock each, who see only their own, in a CRM that decides so."""

    free: CRM
    guarded: CRM
    li: User
    zhao: User
    wang: User
    own: Stock
    theirs: Stock
    changeset_id: UUID
    folder: Path

    def rehearse(self, crm: CRM, tenant: str = TENANT) -> UnitOfWork:
        """Open a work of Li that is forgotten in the end."""
        return crm.rehearse(by=str(self.li.id), tenant=tenant)

    def as_program(self) -> UnitOfWork:
        """Open a work in which everything is permitted."""
        return self.free.work(by="setup", tenant=TENANT)

    @property
    def stocked(self) -> dict[str, tuple[Any, Any]]:
        """Return a record of each of the two by entity, where both have one."""
        return {name: (own[0], self.theirs[name][0]) for name, own in self.own.items() if own}

    def aim(self, subject: str) -> Aim:
        """Aim at what is Zhao's, as somebody does who knows only the ids."""
        records = {
            name: own.replaced(id=theirs.id, version=theirs.version)
            for name, (own, theirs) in self.stocked.items()
        }
        return self._aim(records | {"user": self.zhao}, self.theirs, subject, SECRET)

    def aim_at(self, records: dict[str, Any], subject: str) -> Aim:
        """Aim at these records, which are Li's own."""
        return self._aim(records | {"user": self.li}, self.own, subject, OWN)

    def _aim(self, records: dict[str, Any], of: Stock, subject: str, word: str) -> Aim:
        return Aim(
            registry=self.free.registry,
            records=records,
            stock=of,
            subject=subject,
            changeset_id=self.changeset_id,
            folder=self.folder,
            word=word,
            word_of_stock=word,
            code=CODE[word],
            tenant=TENANT,
            other=self.li if word == SECRET else self.zhao,
            third=self.wang,
        )

    def ids_of(self, entity: str) -> set[str]:
        """Return the ids of Zhao's records of an entity."""
        return {str(one.id) for one in self.theirs[entity]}

    def canaries(self, given: str) -> Iterator[str]:
        """Bring the texts that nobody but Zhao may be told, and the ids that were not given."""
        yield from secrets(SECRET)
        ids = [str(one.id) for records in self.theirs.values() for one in records]
        yield from (one for one in ids if one not in given)


def secrets(word: str) -> tuple[str, ...]:
    """Return the texts that only a stock of this word holds."""
    return word, AMOUNT[word], AMOUNT[word].replace(".", ""), PHONE[word]


def built(free: CRM, case: str, folder: Path) -> House:
    """Build the house of a case: how it comes that one does not see what is the other's."""
    theirs_is = "other" if case == "foreign" else TENANT
    li, wang = (user_of(free, TENANT, name) for name in ("li", "wang"))
    zhao = user_of(free, theirs_is, "zhao")
    asked = li if case == "asked" else user_of(free, theirs_is, "chen")
    with free.work(by="setup", tenant=TENANT) as work:
        apply_policy(work, OF_THEIR_OWN)
    for tenant in {TENANT, theirs_is}:
        with free.work(by="setup", tenant=tenant) as work:
            define_field(work, "customer", "size", FieldKind.TEXT)
    own, _first = stocked_by(free, TENANT, li, OWN, wang)
    theirs, changeset_id = stocked_by(free, theirs_is, zhao, SECRET, asked)
    house = House(
        free=free,
        guarded=CRM(free.storage, plugins=free.plugins, access=Policies(), clock=free.clock),
        li=li,
        zhao=zhao,
        wang=wang,
        own=own,
        theirs=theirs,
        changeset_id=changeset_id,
        folder=folder,
    )
    if case == "unshared":
        _share_for_a_while(house)
    if case == "removed":
        _remove(house)
    return house


def user_of(free: CRM, tenant: str, name: str) -> User:
    """Return a new user of a tenant."""
    with free.work(by="setup", tenant=tenant) as work:
        return work.users.add(User(id=UserId(work.new_id()), name=name, roles=("seller",)))


def stocked_by(
    free: CRM, tenant: str, owner: User, word: str, colleague: User
) -> tuple[Stock, UUID]:
    """Write the stock of an owner, and return it, with the changeset that wrote most of it."""
    marks: Any = {"by": "setup"}
    if word == SECRET:
        marks |= {"reason": word, "cause_id": owner.id}
    with free.work(tenant=tenant, **marks) as work:
        stock(work, owner.id, word)
        changeset_id = work.changeset_id
    with free.work(by=str(owner.id), tenant=tenant) as work:
        more_stock(work, word, owner.id, colleague.id)
    with free.work(by="setup", tenant=tenant) as work:
        return owned_by(work, owner.id), changeset_id


def _share_for_a_while(house: House) -> None:
    """Share everything with Li, and end half of the shares; the others ended by themselves."""
    with house.as_program() as work:
        for name, records in house.theirs.items():
            for at, record in enumerate(records):
                share = Share(
                    id=ShareId(work.new_id()),
                    entity=name,
                    record_id=record.id,
                    grantee=f"user:{house.li.id}",
                    reason="help",
                    until=work.now if at % 2 else None,
                )
                kept = work.shares.add(share)
                if share.until is None:
                    work.shares.save(kept.end(at=work.now))


def _remove(house: House) -> None:
    """Remove everything but cases of approval, which nobody can remove."""
    with house.as_program() as work:
        for name in house.theirs.keys() - {"approval"}:
            records = house.theirs[name]
            cls: Any = house.free.registry[name].cls
            live = work.of(cls).look_up([one.id for one in records])
            work.of(cls).remove_many(live.values())


def veils(house: House, level: str) -> Iterator[FieldRule]:
    """Bring a rule for every entity about the fields in which a secret of Li's lies."""
    for name, records in house.own.items():
        spec = house.free.registry[name]
        fields = tuple(
            part for part in spec.parts if any(_tells(getattr(one, part)) for one in records)
        )
        if fields:
            yield FieldRule(entity=name, fields=fields, level=FieldLevel(level))


def _tells(value: Any) -> bool:
    text = "\n".join(told(value))
    return any(secret in text for secret in secrets(OWN))
