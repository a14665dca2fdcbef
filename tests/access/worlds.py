"""Worlds drawn by chance: people, units, teams, shares, rules and records, sharp edges too."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs

from crmkit.crm import CRM
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rules import Grant, ParentRule, Restriction, Role, Scope
from crmkit.domain.access.share import Share, ShareId, ShareLevel
from crmkit.domain.access.team import Team, TeamId
from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.access.user import User, UserKind
from crmkit.domain.aggregate import UserId
from crmkit.domain.calendars.absence import Absence, AbsenceId
from crmkit.domain.parties.customer import Customer, CustomerId
from crmkit.domain.parties.lead import Lead, LeadId
from crmkit.domain.sales.deal import Deal, DealId
from crmkit.services.access import apply_policy
from crmkit.work import Collection, UnitOfWork

ROLES = ("seller", "boss", "clerk", "guest")
RIGHTS = ("read", "edit", "delete", "assign", "share", "export")
WRITING = (*RIGHTS, "create", "restore", "merge", "bulk")
WORDS = ("steel", "seeds", None)


@attrs.frozen(kw_only=True)
class World:
    """Plain records; `removed` are the ids of those that were removed."""

    now: datetime
    rules: Rules
    units: tuple[Unit, ...]
    teams: tuple[Team, ...]
    users: tuple[User, ...]
    customers: tuple[Customer, ...]
    deals: tuple[Deal, ...]
    shares: tuple[Share, ...]
    absences: tuple[Absence, ...]
    leads: tuple[Lead, ...]
    removed: frozenset[UUID]

    def user(self, user_id: UUID) -> User:
        """Return the user of an id."""
        return next(user for user in self.users if user.id == user_id)

    def unit(self, unit_id: UUID | None) -> Unit | None:
        """Return the unit of an id, None for none."""
        return next((unit for unit in self.units if unit.id == unit_id), None)

    def record(self, record_id: UUID | None) -> Any:
        """Return the customer or deal of an id, None for none."""
        return next((one for one in self.records if one.id == record_id), None)

    def is_removed(self, record: Any) -> bool:
        """Say whether a record was removed."""
        return record.id in self.removed

    def is_over(self, share: Share) -> bool:
        """Say whether a share was taken back, or ended when its record was removed."""
        return self.is_removed(share) or share.record_id in self.removed

    def is_gone(self, team_id: UUID) -> bool:
        """Say whether a team was removed."""
        return team_id in self.removed

    @property
    def records(self) -> tuple[Any, ...]:
        """Return all customers, deals and leads, removed ones too."""
        return (*self.customers, *self.deals, *self.leads)


class Drawing:
    """Draws one world from one seed."""

    def __init__(self, seed: int, rights: tuple[str, ...] = RIGHTS) -> None:
        """Begin with a seed; the same one gives the same world, but for the day."""
        self.chance = random.Random(seed)
        self.rights = rights
        self.now = datetime.now(UTC).replace(microsecond=0)

    def world(self) -> World:
        """Draw a world."""
        units, teams = self._units(), [Team(id=TeamId(self._id()), name=f"T{n}") for n in range(2)]
        users = self._users(units, teams)
        customers = self._customers(users)
        deals = self._deals(users, customers)
        shares = self._shares(users, units, teams, [*customers, *deals])
        absences = self._absences([user.id for user in users])
        leads = self._leads(users) if self.rights is WRITING else []
        every = [*units, *teams, *users, *customers, *deals, *shares, *leads]
        return World(
            now=self.now,
            rules=self._rules(),
            units=tuple(units),
            teams=tuple(teams),
            users=tuple(users),
            customers=tuple(customers),
            deals=tuple(deals),
            shares=tuple(shares),
            absences=tuple(absences),
            leads=tuple(leads),
            removed=frozenset(one.id for one in every if self._happens(0.12)),
        )

    def _units(self) -> list[Unit]:
        made: list[Unit] = []
        for number in range(5):
            above = self.chance.choice(made).id if made and self._happens(0.8) else None
            dates: dict[str, Any] = {}
            if self._happens(0.15):
                dates = {"until_on": (self.now - timedelta(days=2)).date()}
            elif self._happens(0.15):
                dates = {"from_on": (self.now + timedelta(days=2)).date()}
            made.append(Unit(id=UnitId(self._id()), name=f"U{number}", parent_id=above, **dates))
        if self._happens(0.2):  # a circle, as careless hands make it
            made[0] = made[0].evolve(parent_id=made[-1].id)
        return made

    def _users(self, units: list[Unit], teams: list[Team]) -> list[User]:
        ids = [UserId(self._id()) for _ in range(6)]
        users = [self._user(at, ids, units, teams) for at in range(len(ids))]
        for at, unit in enumerate(units):
            if self._happens(0.5):
                units[at] = unit.evolve(head_id=self.chance.choice(ids))
        return users

    def _user(self, at: int, ids: list[UserId], units: list[Unit], teams: list[Team]) -> User:
        kind = self.chance.choices(list(UserKind), (6, 1, 2))[0]
        delegates = kind is not UserKind.PERSON and at and self._happens(0.8)
        fields: dict[str, Any] = {
            "unit_id": self.chance.choice([*units, None, None]),
            "team_ids": tuple(team.id for team in teams if self._happens(0.4)),
            "unit": self.chance.choice(WORDS),
            "roles": tuple(self.chance.sample(ROLES, self.chance.choice((0, 1, 1, 2)))),
            "delegator_id": self.chance.choice(ids[:at]) if delegates else None,
        }
        fields["unit_id"] = fields["unit_id"] and fields["unit_id"].id
        if self._happens(0.1):
            fields[self.chance.choice(("deactivated_at", "erased_at"))] = self.now
        return User(id=ids[at], name=f"user {at}", kind=kind, **fields)

    def _absences(self, ids: list[UserId]) -> Iterable[Absence]:
        for own in ids * 2:
            if self._happens(0.8):
                continue
            begins = self.now + timedelta(days=self.chance.choice((-3, -3, 3)))
            ends = (None, begins + timedelta(days=1), begins + timedelta(days=9))
            deputy = self.chance.choice([None, *(one for one in ids if one != own)])
            yield Absence(
                id=AbsenceId(self._id()),
                user_id=own,
                begins_at=begins,
                ends_at=self.chance.choice(ends),
                deputy_id=deputy,
            )

    def _customers(self, users: list[User]) -> list[Customer]:
        made: list[Customer] = []
        for number in range(7):
            above = self.chance.choice(made).id if made and self._happens(0.5) else None
            made.append(
                Customer(
                    id=CustomerId(self._id()),
                    name=f"customer {number}",
                    owner_id=self._owner(users),
                    number=f"n{number}",
                    industry=self.chance.choice(WORDS),
                    employees=self.chance.choice((None, 5, 50)),
                    tags=tuple(tag for tag in ("vip", "old") if self._happens(0.3)),
                    parent_id=above,
                )
            )
        return made

    def _deals(self, users: list[User], customers: list[Customer]) -> list[Deal]:
        return [
            Deal(
                id=DealId(self._id()),
                name=f"deal {number}",
                stage=self.chance.choice(("new", "offer")),
                owner_id=self._owner(users),
                customer_id=self.chance.choice([*(one.id for one in customers), None]),
            )
            for number in range(6)
        ]

    def _leads(self, users: list[User]) -> list[Lead]:
        return [
            Lead(id=LeadId(self._id()), name=f"lead {number}", owner_id=self._owner(users))
            for number in range(3)
        ]

    def _owner(self, users: list[User]) -> UserId | None:
        return self.chance.choice([*(user.id for user in users), None])

    def _shares(
        self, users: list[User], units: list[Unit], teams: list[Team], records: list[Any]
    ) -> list[Share]:
        grantees = [f"user:{user.id}" for user in users] + [f"role:{role}" for role in ROLES]
        grantees += [f"unit:{unit.id}" for unit in units] + [f"team:{team.id}" for team in teams]
        made = []
        for _number in range(4):
            record = self.chance.choice(records)
            days = self.chance.choice((None, -1, 1))
            made.append(
                Share(
                    id=ShareId(self._id()),
                    entity=type(record).__name__.lower(),
                    record_id=record.id,
                    grantee=self.chance.choice(grantees),
                    level=self.chance.choice(list(ShareLevel)),
                    reason="help",
                    until=None if days is None else self.now + timedelta(days=days),
                )
            )
        return made

    def _rules(self) -> Rules:
        roles = tuple(
            Role(name=name, includes=ROLES[at + 1 : at + 2] if self._happens(0.4) else ())
            for at, name in enumerate(ROLES)
        )
        return Rules(
            roles=roles,
            grants=tuple(self._grant() for _ in range(self.chance.randrange(2, 7 + self._more))),
            restrictions=tuple(self._restriction() for _ in range(self.chance.randrange(3))),
            parent_rules=tuple(self._parents()),
        )

    def _grant(self) -> Grant:
        entity = self.chance.choice(("customer", "customer", "deal", "deal", "*"))
        if self._more:
            entity = self.chance.choice((entity, "lead", "*", "*"))
        return Grant(
            role=self.chance.choice(ROLES),
            entity=entity,
            actions=self._actions(),
            scope=self.chance.choice(list(Scope)),
            condition=self._condition(entity),
        )

    def _restriction(self) -> Restriction:
        entity = self.chance.choice(("customer", "deal", "*"))
        condition = self._condition(entity)
        narrow = condition is not None or self._happens(0.2)
        return Restriction(
            role=self.chance.choice(("", *ROLES)),
            entity=entity,
            actions=self._actions() if narrow else ("delete", "export"),
            condition=condition,
        )

    def _parents(self) -> Iterable[ParentRule]:
        if self._happens(0.5):
            yield ParentRule(entity="deal", path="customer_id", actions=self._plain_actions())
        if self._happens(0.4):
            yield ParentRule(entity="customer", path="parent_id", actions=self._plain_actions())

    def _plain_actions(self) -> tuple[str, ...]:
        most = 4 if self.rights is RIGHTS else 7
        return tuple(self.chance.sample(self.rights, self.chance.randrange(1, most)))

    def _actions(self) -> tuple[str, ...]:
        return ("*",) if self._happens(0.15 + self._more / 20) else ("read", *self._plain_actions())

    def _condition(self, entity: str) -> Any:
        if entity == "*" or self._happens(0.4 + self._more / 30):
            return None
        one, other = self._comparison(entity), self._comparison(entity)
        return self.chance.choice(
            (one, one, {"not": one}, {"all": [one, other]}, {"any": [one, other]}, {"all": []})
        )

    def _comparison(self, entity: str) -> Any:
        user = self.chance.choice(("id", "manager_id", "delegator_id"))
        of_all = [
            {"field": "owner_id", "op": "is_none", "value": None},
            {"field": "owner_id", "op": self.chance.choice(("eq", "ne")), "value": {"user": user}},
        ]
        of_each: dict[str, list[Any]] = {
            "customer": [
                {"field": "industry", "op": self.chance.choice(("eq", "ne")), "value": "steel"},
                {"field": "industry", "op": "eq", "value": {"user": "unit"}},
                {"field": "industry", "op": "ne", "value": {"user": "unit"}},
                {"field": "industry", "op": self.chance.choice(("in", "not_in")), "value": []},
                {"field": "industry", "op": "not_in", "value": ["steel"]},
                {"field": "employees", "op": self.chance.choice(("gt", "lt", "ne")), "value": 10},
                {"field": "employees", "op": "is_none", "value": None},
                {"field": "tags", "op": "has_any", "value": ["vip"]},
                {"field": "tags", "op": "has_any", "value": []},
            ],
            "lead": [{"field": "status", "op": "eq", "value": "new"}],
            "deal": [
                {"field": "stage", "op": self.chance.choice(("eq", "ne")), "value": "new"},
                {"field": "customer_id", "op": "is_none", "value": None},
            ],
        }
        return self.chance.choice([*of_all, *of_each[entity]])

    @property
    def _more(self) -> int:
        """How much more is granted in a world in which people write."""
        return 0 if self.rights is RIGHTS else 8

    def _happens(self, chance: float) -> bool:
        return self.chance.random() < chance

    def _id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)


def _kept(work: UnitOfWork) -> tuple[Collection, ...]:
    return (work.units, work.teams, work.users, work.customers, work.deals, work.leads)


def furnish(free: CRM, tenant: str, world: World) -> None:
    """Write a world into a store, past every policy."""
    with free.work(by="setup", tenant=tenant) as work:
        apply_policy(work, world.rules)
        work.units.insert_many(unit.evolve(parent_id=None, head_id=None) for unit in world.units)
        work.teams.insert_many(world.teams)
        work.users.insert_many(world.users)
        work.customers.insert_many(world.customers)
        work.deals.insert_many(world.deals)
        work.leads.insert_many(world.leads)
        work.shares.insert_many(world.shares)
        work.absences.insert_many(world.absences)
    with free.work(by="setup", tenant=tenant) as work:
        kept = work.units.look_up([unit.id for unit in world.units])
        work.units.save_many(
            kept[unit.id].evolve(parent_id=unit.parent_id, head_id=unit.head_id)
            for unit in world.units
        )
    with free.work(by="setup", tenant=tenant) as work:
        for records in _kept(work):
            records.remove_many(one for one in records.find() if one.id in world.removed)
        work.shares.remove_many(one for one in work.shares.find() if one.id in world.removed)
