"""No public way of reading tells what its reader may not see.

Services are called with arguments made from their annotations, by somebody who knows every id; what
they return, refuse with and would change is looked through for texts that only the records tell
that are not theirs to see.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.acting import Right
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rules import FieldLevel, FieldRule, Grant, Role
from crmkit.domain.access.share import Share, ShareId
from crmkit.domain.access.team import Team, TeamId
from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.errors import CrmkitError, Refused
from crmkit.services.access import apply_policy
from crmkit.work import UnitOfWork
from crmkit.work.policies import Policies
from tests.access.calling import MORE, Aim, arguments, is_general, services, told
from tests.access.stock import AMOUNT, PHONE, Stock, owned_by, stock

SECRET: Final = "kestrel"
OWN: Final = "plover"
TENANT: Final = "acme"
SERVICES: Final = dict(services())
SUBJECTS: Final = ("customer", "deal", "ticket")
RIGHTS: Final = tuple(str(right) for right in Right)
OF_THEIR_OWN: Final = Rules(
    roles=(Role(name="seller"),), grants=(Grant(role="seller", entity="*", actions=RIGHTS),)
)
STORES: Final = ("memory", "sqlite", "postgresql", "mongodb")
IS_FULL: Final = os.environ.get("CRMKIT_FULL") == "1"
CASES: Final = ("hidden", "foreign", "unshared", "removed")
ON: Final = {"hidden": STORES[1], "foreign": STORES[1]}
"""On which store a case is looked at in the quick run, other than in memory."""


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

    def aim(self, subject: str) -> Aim:
        """Aim at what is Zhao's, as somebody does who knows only the ids."""
        records = {
            name: own[0].replaced(id=self.theirs[name][0].id, version=self.theirs[name][0].version)
            for name, own in self.own.items()
        }
        records |= _around(self.zhao)
        return Aim(self.free.registry, records, subject, self.changeset_id, self.folder, SECRET)

    def canaries(self, given: str) -> Iterator[str]:
        """Bring the texts that nobody but Zhao may be told, and the ids that were not given."""
        yield from secrets(SECRET)
        ids = [str(one.id) for records in self.theirs.values() for one in records]
        yield from (one for one in ids if one not in given)


def _around(user: User) -> dict[str, Any]:
    """Return what nobody owns: the user, and a team and a unit that are not there."""
    team, unit = Team(id=TeamId(user.id), name="none"), Unit(id=UnitId(user.id), name="none")
    return {"user": user, "team": team, "unit": unit}


def secrets(word: str) -> tuple[str, ...]:
    """Return the texts that only a stock of this word holds."""
    return word, AMOUNT[word], AMOUNT[word].replace(".", ""), PHONE[word]


@pytest.fixture
def houses(near_url: str, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Give what builds the house of a case on a store."""
    with CRM.open(near_url) as free:
        free.schema.apply()

        def build(case: str) -> House:
            return _built(free, case, tmp_path)

        yield build


def _built(free: CRM, case: str, folder: Path) -> House:
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


def heard(house: House, crm: CRM, name: str, aim: Aim, canaries: Any) -> set[str]:
    """Return the canaries in what a call tells: result or refusal, and what it would change."""
    lines: list[str] = []
    given, named = arguments(SERVICES[name], aim)
    named |= MORE.get(name, {})
    asked = "\n".join(told((given, named)))
    with suppress(Refused), house.rehearse(crm) as work:
        try:
            lines += told(SERVICES[name](work, *given, **named))
        except CrmkitError as refused:
            lines += told(refused)
        lines += told((work.changes, work.events, work.messages))
    for file in house.folder.glob("*.csv"):
        lines.append(file.read_text())
        file.unlink()
    lines += [one.getvalue() for one in given if hasattr(one, "getvalue")]
    text = "\n".join(lines)
    return {one for one in canaries(asked) if one in text}


def leaks(house: House, crm: CRM) -> dict[str, set[str]]:
    """Return the services that tell of what is Zhao's, with what they tell."""
    found: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        for subject in SUBJECTS if is_general(service) else SUBJECTS[:1]:
            told_too_much = heard(house, crm, name, house.aim(subject), house.canaries)
            if told_too_much:
                found.setdefault(name, set()).update(told_too_much)
    return found


def _quick(case: str) -> list[str]:
    return list(STORES) if IS_FULL else [ON.get(case, "memory")]


@pytest.mark.parametrize(
    ("near_url", "case"),
    [(store, case) for case in CASES for store in _quick(case)],
    indirect=["near_url"],
)
def test_no_service_tells_of_what_is_not_seen(houses: Callable[..., House], case: str) -> None:
    """Hidden, removed, of another tenant or shared no more: no service tells of the records."""
    house = houses(case)
    assert leaks(house, house.guarded) == {}


@pytest.mark.parametrize("near_url", ["memory"], indirect=True)
def test_services_do_tell_where_everything_is_permitted(
    houses: Callable[..., House], figure: Callable[[str], None]
) -> None:
    """The same calls find the canaries where everything is permitted, so a leak would be seen."""
    house = houses("hidden")
    telling = leaks(house, house.free)
    figure(f"leak matrix: {len(SERVICES)} services called, {len(telling)} of them can tell secrets")
    assert len(telling) >= 85


@pytest.mark.parametrize(
    ("near_url", "level"),
    [(store, level) for level in ("hidden", "masked") for store in _quick("field")],
    indirect=["near_url"],
)
def test_no_service_tells_a_veiled_field(houses: Callable[..., House], level: str) -> None:
    """Of one's own records, with every telling field hidden or masked, no service tells a value."""
    house = houses("hidden")
    with house.as_program() as work:
        apply_policy(work, OF_THEIR_OWN + Rules(field_rules=tuple(_veils(house, level))))
    with house.rehearse(house.guarded) as work:
        mine = {name: _as_seen(house, work, name) for name in house.own}
    assert any("<" in repr(record) for record in mine.values())
    mine |= _around(house.li)
    found: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        for subject in SUBJECTS if is_general(service) else SUBJECTS[:1]:
            aim = Aim(house.free.registry, mine, subject, house.changeset_id, house.folder, OWN)
            aim = attrs.evolve(aim, word="nothing")
            told_too_much = heard(house, house.guarded, name, aim, lambda _given: secrets(OWN))
            if told_too_much:
                found.setdefault(name, set()).update(told_too_much)
    assert found == {}


def _as_seen(house: House, work: UnitOfWork, name: str) -> Any:
    cls: Any = house.free.registry[name].cls
    mine = house.own[name][0]
    return work.of(cls).look_up([mine.id], removed=True).get(mine.id, mine)


def _veils(house: House, level: str) -> Iterator[FieldRule]:
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
