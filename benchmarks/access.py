"""`python -m benchmarks.access`: what it costs that a policy decides, beside deciding nothing.

Decisions in memory beside a function written by hand; then pages of 50 out of many records, as the
program sees them and as people of several scopes do, timed in turn on one database.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final
from uuid import UUID

import attrs

from benchmarks.contact import ACTOR, TENANT, contacts
from benchmarks.places import place_of
from benchmarks.subjects import STORES
from benchmarks.subjects.crmkit_places import Place
from benchmarks.subjects.crmkit_places import place_of as own_place_of
from benchmarks.subjects.crmkit_subject import Contact, contact_of
from crmkit.crm import CRM
from crmkit.domain.access.acting import Right
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rules import Grant, Restriction, Role, Scope
from crmkit.domain.access.team import Team, TeamId
from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.entity import Index, entity
from crmkit.domain.filters.where import where
from crmkit.ports import BATCH
from crmkit.services.access import apply_policy
from crmkit.work import UnitOfWork
from crmkit.work.policies import Policies

OWNERS: Final = 1000
TEAM: Final = 10
UNIT: Final = 200
PAGE: Final = 50
GOAL: Final = 1.5
WARM: Final = 5
RULES: Final = 10_000
DECISIONS: Final = 100_000
SCOPES: Final = (Scope.OWN, Scope.TEAM, Scope.UNIT, Scope.ALL)


@entity(
    "bench_owned",
    indexes=[
        Index(("id", "owner_id")),
        Index(("score", "id", "owner_id")),
        Index("owner_id"),
        Index(("owner_id", "score")),
    ],
)
@attrs.frozen(kw_only=True)
class Owned(Contact):
    """The contact of 21 fields with indexes by owner and order, and by order with the owner."""


class Guarded:
    """One database with records of a thousand owners, seen freely and under a policy."""

    def __init__(self, place: Place, size: int) -> None:
        """Fill a database of its own."""
        place.make()
        self.free = CRM.open(place.url, schema=place.schema, entities=[Owned], plugin_names=())
        self.free.schema.apply()
        self.guarded = CRM(self.free.storage, entities=[Owned], access=Policies())
        with self.free.work(by=ACTOR, tenant=TENANT) as work:
            self.users = _people(work)
            apply_policy(work, _rules())
        self._fill(size)
        place.settle()

    def opened(self, scope: Scope | None) -> UnitOfWork:
        """Open a work of the program, or of somebody with a scope."""
        crm = self.free if scope is None else self.guarded
        by = ACTOR if scope is None else str(self.users[scope])
        return crm.work(by=by, tenant=TENANT, read_only=True)

    def _fill(self, size: int) -> None:
        spec = self.free.registry[Owned]
        owners = [user.id for user in self._owners()]
        made = (contact_of(row, Owned) for row in contacts(size))
        at = 0
        while part := list(islice(made, 10 * BATCH)):
            owned = [
                record.replaced(owner_id=owners[(at + number) * 7919 % len(owners)])
                for number, record in enumerate(part)
            ]
            at += len(part)
            session = self.free.storage.session(TENANT)
            session.insert_many(spec, owned)
            session.commit()

    def _owners(self) -> list[User]:
        with self.free.work(by=ACTOR, tenant=TENANT) as work:
            return work.users.find()

    def close(self) -> None:
        """Let go of the store."""
        self.free.close()


def _rules() -> Rules:
    return Rules(
        roles=tuple(Role(name=str(scope)) for scope in SCOPES),
        grants=tuple(
            Grant(role=str(scope), entity="bench_owned", actions=("read",), scope=scope)
            for scope in SCOPES
        ),
    )


def _people(work: UnitOfWork) -> dict[Scope, UUID]:
    """Add a thousand owners; the first of them have a team, a unit and a scope each."""
    unit = work.units.add(Unit(id=UnitId(work.new_id()), name="unit"))
    team = work.teams.add(Team(id=TeamId(work.new_id()), name="team"))
    users = work.users.insert_many(
        User(
            id=UserId(work.new_id()),
            name=f"user {number}",
            roles=(str(SCOPES[number]),) if number < len(SCOPES) else (),
            unit_id=unit.id if number < UNIT else None,
            team_ids=(team.id,) if number < TEAM else (),
        )
        for number in range(OWNERS)
    )
    return {scope: user.id for scope, user in zip(SCOPES, users, strict=False)}


def timed(call: Callable[[], Any]) -> float:
    """Return the seconds that a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def pages(base: Guarded, repeat: int) -> Iterator[tuple[str, str, float, float, float]]:
    """Bring the median seconds of a page per order and scope, and its ratios to the free one.

    The second ratio is that of the quickest tenths, which others on the machine disturb less.
    """
    for order_name, order in (("by id", ()), ("by score", (where(Owned).score.asc(),))):
        taken: dict[Scope | None, list[float]] = {scope: [] for scope in (None, *SCOPES)}
        works = {scope: base.opened(scope) for scope in taken}
        for turn in range(repeat + WARM):
            for scope, work in works.items():
                seconds = timed(lambda: work.of(Owned).page(order=order, size=PAGE))  # noqa: B023
                if turn >= WARM:
                    taken[scope].append(seconds)
        for work in works.values():
            work.rollback()
        free, quick = statistics.median(taken[None]), quickest(taken[None])
        for scope, seconds in taken.items():
            who = "freely" if scope is None else f"scope {scope}"
            median = statistics.median(seconds)
            yield order_name, who, median, median / free, quickest(seconds) / quick


def quickest(seconds: list[float]) -> float:
    """Return the time below which one of ten is."""
    return statistics.quantiles(seconds, n=10)[0]


def first_questions(base: Guarded, repeat: int) -> Iterator[tuple[str, float]]:
    """Bring the median seconds of a whole work with one page: opened, asked and closed."""
    for scope in (None, *SCOPES):

        def whole(scope: Scope | None = scope) -> None:
            with base.opened(scope) as work:
                work.of(Owned).page(size=PAGE)

        for _turn in range(WARM):
            whole()
        yield str(scope or "freely"), statistics.median(timed(whole) for _turn in range(repeat))


def decisions() -> Iterator[tuple[str, float]]:
    """Bring the seconds of one decision, by hand and by a policy of few and of many rules."""
    for rules in (10, RULES):
        with CRM.open("memory:", entities=[Owned], plugin_names=()) as free:
            with free.work(by=ACTOR, tenant=TENANT) as work:
                users = _people(work)
                apply_policy(work, _ruled(rules))
            records = [contact_of(row, Owned) for row in contacts(DECISIONS)]
            mine = users[Scope.OWN]
            records = [
                record.replaced(owner_id=mine if at % 3 else record.owner_id)
                for at, record in enumerate(records)
            ]
            guarded = CRM(free.storage, entities=[Owned], access=Policies())
            with guarded.work(by=str(mine), tenant=TENANT) as work:
                sight = work.sight(Owned)
                assert sight is not None
                sight.sees(records[0])

                def by_hand(record: Owned) -> bool:
                    if record.tenant != TENANT:
                        return False
                    if record.stage == "dormant" and record.score < 10:
                        return False
                    return bool(record.owner_id == mine)  # noqa: B023

                may = sight.decision(Right.READ)
                expected = [record for record in records if by_hand(record)]
                assert sight.chosen(records) == expected
                hand = min(timed(lambda: [by_hand(one) for one in records]) for _ in range(9))  # noqa: B023
                ours = min(timed(lambda: [may(one) for one in records]) for _ in range(9))  # noqa: B023
                many = min(timed(lambda: sight.chosen(records)) for _ in range(9))  # noqa: B023
            yield f"{rules:,} rules: by hand", hand / DECISIONS
            yield f"{rules:,} rules: policy", ours / DECISIONS
            yield f"{rules:,} rules: which of {DECISIONS:,}", many / DECISIONS


def _ruled(count: int) -> Rules:
    """Return rules of which two concern a salesperson, among many of other roles."""
    dormant = {
        "all": [
            {"field": "stage", "op": "eq", "value": "dormant"},
            {"field": "score", "op": "lt", "value": 10},
        ]
    }
    others = range(count - 2)
    return Rules(
        roles=(
            *(Role(name=str(scope)) for scope in SCOPES),
            *(Role(name=f"role {number}") for number in range(100)),
        ),
        grants=(
            Grant(role="own", entity="bench_owned", actions=("read",)),
            *(
                Grant(
                    role=f"role {number % 100}",
                    entity="bench_owned",
                    actions=("read",),
                    condition={"field": "score", "op": "eq", "value": number},
                )
                for number in others
            ),
        ),
        restrictions=(Restriction(entity="bench_owned", actions=("read",), condition=dormant),),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print pages, first questions and decisions."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.access", description=__doc__)
    parser.add_argument("--store", action="append", choices=(*STORES, "none"))
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=51)
    asked = parser.parse_args(arguments)
    for name, seconds in decisions():
        print(f"{name:<36}{seconds * 1e6:>8.3f} us", flush=True)
    for store in asked.store or STORES:
        if store == "none":
            continue
        with place_of(store) as place:
            base = Guarded(own_place_of(place, "access"), asked.size)
            for order, who, seconds, ratio, quick in pages(base, asked.repeat):
                line = f"{store:<11}{order:<10}{who:<12}{seconds * 1e6:>10,.0f} us"
                print(f"{line}{ratio:>8.2f}x{quick:>8.2f}x", flush=True)
            for who, seconds in first_questions(base, asked.repeat):
                print(f"{store:<11}whole work {who:<11}{seconds * 1e6:>10,.0f} us", flush=True)
            base.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
