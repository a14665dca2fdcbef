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
from crmkit.domain.access.team import Team, TeamId
from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.services.access import apply_policy
from crmkit.work import UnitOfWork
from crmkit.work.policies import Policies
from tests.access.calling import Aim, told
from tests.access.stock import AMOUNT, PHONE, Stock, owned_by, stock

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
        records |= around(self.zhao)
        return Aim(self.free.registry, records, subject, self.changeset_id, self.folder, SECRET)

    def canaries(self, given: str) -> Iterator[str]:
        """Bring the texts that nobody but Zhao may be told, and the ids that were not given."""
        yield from secrets(SECRET)
        ids = [str(one.id) for records in self.theirs.values() for one in records]
        yield from (one for one in ids if one not in given)


def around(user: User) -> dict[str, Any]:
    """Return what nobody owns: the user, and a team and a unit that are not there."""
    team, unit = Team(id=TeamId(user.id), name="none"), Unit(id=UnitId(user.id), name="none")
    return {"user": user, "team": team, "unit": unit}


def secrets(word: str) -> tuple[str, ...]:
    """Return the texts that only a stock of this word holds."""
    return word, AMOUNT[word], AMOUNT[word].replace(".", ""), PHONE[word]


def built(free: CRM, case: str, folder: Path) -> House:
    """Build the house of a case: how it comes that one does not see what is the other's."""
    theirs_is = "other" if case == "foreign" else TENANT
    with free.work(by="setup", tenant=TENANT) as work:
        apply_policy(work, OF_THEIR_OWN)
        li = work.users.add(User(id=UserId(work.new_id()), name="li", roles=("seller",)))
    with free.work(by="setup", tenant=theirs_is) as work:
        zhao = work.users.add(User(id=UserId(work.new_id()), name="zhao"))
    with free.work(by="setup", tenant=TENANT) as work:
        stock(work, li.id, OWN)
        own = owned_by(work, li.id)
    marks: Any = {"by": "setup", "reason": SECRET, "cause_id": zhao.id}
    with free.work(tenant=theirs_is, **marks) as work:
        stock(work, zhao.id, SECRET)
        changeset_id = work.changeset_id
    with free.work(by="setup", tenant=theirs_is) as work:
        theirs = owned_by(work, zhao.id)
    house = House(
        free=free,
        guarded=CRM(free.storage, plugins=free.plugins, access=Policies()),
        li=li,
        zhao=zhao,
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
    with house.as_program() as work:
        for name, records in house.theirs.items():
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
