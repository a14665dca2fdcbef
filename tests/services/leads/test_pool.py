"""The public pool (公海): claimed within limits by whoever comes first, recycled by rules."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.domain.filters.where import where
from crmkit.domain.parties.customer import Customer
from crmkit.domain.parties.lead import Lead, LeadStatus
from crmkit.domain.parties.pool import (
    AlreadyPooled,
    ClaimRefused,
    NotInPool,
    Pool,
    RecordClaimed,
    RecordPooled,
    RecycleRule,
)
from crmkit.errors import (
    Conflict,
    InvalidFilter,
    InvalidSettings,
    InvalidValue,
    NotFound,
    UnknownField,
)
from crmkit.services import leads, merging, parties
from crmkit.work import UnitOfWork
from tests.services.leads.house import NAMES, House, opened

FULL = os.environ.get("CRMKIT_FULL") == "1"
WORKERS, RECORDS, LIMIT = 8, 18, 3


def pool_with(house: House, count: int, **rules: Any) -> tuple[Pool, list[Lead]]:
    """Define a pool with some leads in it."""
    with house.work() as work:
        pool = leads.define_pool(work, "公海", **rules)
        new = [parties.capture_lead(work, f"线索{at}") for at in range(count)]
        pooled = [leads.release_to_pool(work, one, pool.id, reason="new") for one in new]
    return pool, pooled


def test_a_member_claims_and_the_record_says_how_it_came(house: House) -> None:
    """It leaves the pool, belongs to the member, and is told; nobody else claims it."""
    pool, [lead] = pool_with(house, 1)
    with house.work("wang") as work:
        claimed = leads.claim(work, pool.id, lead.id)
        told = [event for event in work.events if isinstance(event, RecordClaimed)]
    assert (claimed.owner_id, claimed.pool_id) == (house.people["wang"], None)
    assert (claimed.owner_reason, claimed.owned_since) == ("claimed from 公海", house.clock.at)
    assert [event.user_id for event in told] == [house.people["wang"]]
    with pytest.raises(NotInPool):
        house.run("sun", leads.claim, pool.id, lead.id)
    assert house.run("sun", leads.records_in, pool.id) == []


def test_a_claim_is_refused_with_every_rule_against_it(house: House) -> None:
    """Membership, the day's limit, what is held, and the wait after losing it, all at once."""
    members = (house.people["li"],)
    rules = {"members": members, "daily_limit": 2, "holding_limit": 2, "cool_down_days": 7}
    pool, [first, second, third] = pool_with(house, 3, **rules)
    house.run("li", leads.claim, pool.id, first.id)
    mine = house.run("li", leads.claim, pool.id, second.id)
    house.run("li", leads.release_to_pool, mine, pool.id, reason="no budget")
    house.lead(owner="li")
    with pytest.raises(ClaimRefused) as caught:
        house.run("li", leads.claim, pool.id, second.id)
    assert caught.value.reasons == (
        "claimed 2 today, at most 2",
        "holds 2, at most 2",
        "owned it before, and may claim it from 2026-12-01 09:00 UTC",
    )
    with pytest.raises(ClaimRefused, match="no member"):
        house.run("wang", leads.claim, pool.id, third.id)


def test_limits_end_with_the_day_and_the_wait_with_its_days(near_house: House) -> None:
    """By the clock of the pool's zone: midnight in Shanghai is 16:00 in UTC."""
    house = near_house
    pool, pooled = pool_with(house, 3, daily_limit=1, cool_down_days=2, zone="Asia/Shanghai")
    mine = house.run("li", leads.claim, pool.id, pooled[0].id)
    house.clock.go_on(hours=6, minutes=59)
    with pytest.raises(ClaimRefused):
        house.run("li", leads.claim, pool.id, pooled[1].id)
    house.clock.go_on(minutes=1)
    house.run("li", leads.claim, pool.id, pooled[1].id)
    house.run("li", leads.release_to_pool, mine, pool.id, reason="back")
    house.clock.go_on(days=1, hours=23)
    with pytest.raises(ClaimRefused, match="owned it before"):
        house.run("li", leads.claim, pool.id, mine.id)
    house.clock.go_on(hours=1)
    house.run("li", leads.claim, pool.id, mine.id)


def test_racing_workers_claim_nothing_twice_and_pass_no_limit(house: House) -> None:
    """Eight threads of four people go for two dozen leads: each gets as many as allowed."""
    pool, pooled = pool_with(house, RECORDS, daily_limit=LIMIT, holding_limit=100)

    def grab(worker: int) -> list[tuple[str, Any]]:
        """Claim all one after the other, whatever comes of it."""
        name, got = NAMES[worker % len(NAMES)], []
        for lead in pooled[worker:] + pooled[:worker]:
            marks = {"by": name, "tenant": house.tenant, "attempts": 200}
            try:
                got.append((name, house.crm.run(leads.claim, pool.id, lead.id, **marks).id))
            except NotInPool:
                continue
            except ClaimRefused:
                break
        return got

    with ThreadPoolExecutor(WORKERS) as threads:
        claims = [claim for got in threads.map(grab, range(WORKERS)) for claim in got]
    assert Counter(name for name, _lead in claims) == dict.fromkeys(NAMES, LIMIT)
    assert len({lead for _name, lead in claims}) == len(claims) == LIMIT * len(NAMES)
    with house.work() as work:
        owned = {lead.id: lead.owner_id for lead in work.leads.find() if lead.owner_id}
    assert owned == {lead: house.people[name] for name, lead in claims}


def test_what_is_left_be_goes_to_the_pool_by_the_first_rule_that_fits(house: House) -> None:
    """By any condition and any instant; the exempt stay, and the owner is told by a tenure."""
    lead = where(Lead)
    rules = (
        RecycleRule(
            name="未跟进", when={"field": "status", "op": "eq", "value": "new"}, after_days=7
        ),
        RecycleRule(name="太久", after_days=30),
    )
    with house.work() as work:
        pool = leads.define_pool(
            work,
            "公海",
            recycle=rules,
            hold_days=3,
            exempt=lead.source.eq("展会") | lead.status.eq(LeadStatus.CONVERTED),
        )
    new, kept, worked = (house.lead(source=source) for source in (None, "展会", None))
    free = house.lead()
    for one, name in ((new, "li"), (kept, "li"), (worked, "wang")):
        house.run("sun", leads.assign_record, one, house.people[name], reason="by name")
    house.run("wang", parties.work_on_lead, worked.id)
    house.clock.go_on(days=7)
    [taken] = house.run("sun", leads.recycle, pool.id)
    assert (taken.record.id, taken.rule, taken.owner_id) == (new.id, "未跟进", house.people["li"])
    house.clock.go_on(days=23)
    with house.work("sun") as work:
        [later] = leads.recycle(work, pool.id)
        told = [event.reason for event in work.events if isinstance(event, RecordPooled)]
        assert leads.recycle(work, pool.id) == []
    assert (later.record.id, told) == (worked.id, ["公海: 太久"])
    assert (house.now(kept).owner_id, house.now(free).pool_id) == (house.people["li"], None)
    [tenure] = house.run("li", leads.tenures_of, new)
    assert (tenure.user_id, str(tenure.ended), tenure.began) == (
        house.people["li"],
        "recycled",
        "by name",
    )


def test_recycling_takes_a_batch_at_a_time(near_house: House) -> None:
    """Called again and again, it takes all, none twice."""
    house = near_house
    with house.work() as work:
        pool = leads.define_pool(work, "公海", recycle=(RecycleRule(name="x", after_days=1),))
    for _ in range(5):
        house.run("sun", leads.assign_record, house.lead(), house.people["li"], reason="x")
    house.clock.go_on(days=1)
    taken = [len(house.run("sun", leads.recycle, pool.id, limit=2)) for _ in range(4)]
    assert taken == [2, 2, 1, 0]


def test_customers_have_pools_too(house: House) -> None:
    """A merge with one that is in the pool does not put the survivor into it."""
    with house.work() as work:
        pool = leads.define_pool(work, "客户公海", entity="customer")
        keep, double = (
            parties.register_customer(work, "鲁西科技", owner_id=house.people["li"])
            for _ in range(2)
        )
    pooled = house.run("li", leads.release_to_pool, double, pool.id, reason="twice")
    assert pooled.last_owner_id == house.people["li"]
    with house.work() as work:
        merged = merging.merge_customers(work, keep.id, double.id)
    assert (merged.pool_id, merged.owner_id) == (None, house.people["li"])
    lead = house.lead()
    with pytest.raises(InvalidSettings):
        house.run("li", leads.release_to_pool, lead, pool.id, reason="wrong")


def test_a_pool_that_cannot_be_meant_is_refused(near_house: House) -> None:
    """Entities without an owner to lose, unknown fields, limits below nothing, other tenants."""
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"entity": "product"}, InvalidSettings),
        ({"recycle": (RecycleRule(name="x", since="name"),)}, InvalidSettings),
        ({"recycle": (RecycleRule(name="x", since="nothing"),)}, UnknownField),
        ({"recycle": (RecycleRule(name="x", when={"field": "x"}),)}, InvalidFilter),
        ({"daily_limit": -1}, InvalidValue),
        ({"zone": "Nowhere/Town"}, InvalidValue),
        ({"exempt": where(Customer).name.eq("x")}, InvalidFilter),
    ]
    for rules, error in wrong:
        with pytest.raises(error), near_house.work() as work:
            leads.define_pool(work, "公海", **rules)
    pool, [lead] = pool_with(near_house, 1)
    with pytest.raises(AlreadyPooled):
        near_house.run("li", leads.release_to_pool, lead, pool.id, reason="again")
    with pytest.raises(UnknownField):
        near_house.run("li", leads.change_pool, pool.id, entity="customer")
    with pytest.raises(NotFound), near_house.crm.work(by="li", tenant="nobody") as work:
        leads.claim(work, pool.id, lead.id)
    changed = near_house.run("li", leads.change_pool, pool.id, daily_limit=0)
    with pytest.raises(ClaimRefused):
        near_house.run("li", leads.claim, changed.id, lead.id)


steps = st.lists(
    st.tuples(
        st.sampled_from(["claim", "claim", "release", "assign", "recycle", "wait"]),
        st.integers(0, 5),
        st.sampled_from(NAMES),
    ),
    max_size=40,
)


@settings(max_examples=200 if FULL else 25)
@given(path=steps)
def test_a_pool_behaves_like_a_list_with_rules(path: list[tuple[str, int, str]]) -> None:
    """Against a model in plain dicts: who owns what, who may claim, what a day allows."""
    behaves("memory:", path)


@pytest.mark.parametrize("ready_url", ["sqlite", "postgresql", "mongodb"], indirect=True)
@settings(max_examples=20 if FULL else 1)
@given(path=steps)
def test_a_pool_does_on_any_store(ready_url: str, path: list[tuple[str, int, str]]) -> None:
    """The same on each store, some of the histories."""
    behaves(ready_url, path)


def behaves(url: str, path: list[tuple[str, int, str]]) -> None:
    """Take the steps in a tenant of its own, and look at each beside the model."""
    with opened(url, f"t{uuid4().hex}") as house:
        pool, pooled = pool_with(
            house,
            6,
            daily_limit=2,
            holding_limit=3,
            cool_down_days=2,
            recycle=(RecycleRule(name="x", after_days=3),),
        )
        model = _Model(len(pooled))
        for what, at, name in path:
            expected = model.step(what, at, name)
            assert _did(house, pool, pooled[at], what, name) == expected
            with house.work() as work:
                found = [work.leads.get(lead.id) for lead in pooled]
            names = {user: name for name, user in house.people.items()}
            assert [names.get(lead.owner_id) for lead in found] == model.owners
            assert [lead.pool_id is not None for lead in found] == model.pooled


class _Model:
    """Six records in lists, and the days on which things happened."""

    def __init__(self, count: int) -> None:
        self.day = 0
        self.owners: list[str | None] = [None] * count
        self.pooled = [True] * count
        self.since = [0] * count
        self.lost: list[tuple[str, int] | None] = [None] * count
        self.claims: Counter[tuple[str, int]] = Counter()

    def step(self, what: str, at: int, name: str) -> bool:
        """Take a step and say whether anything came of it."""
        match what:
            case "wait":
                self.day += 1
                return True
            case "claim":
                lost = self.lost[at]
                cool = lost is not None and lost[0] == name and self.day < lost[1] + 2
                full = self.owners.count(name) >= 3 or self.claims[name, self.day] >= 2
                if not self.pooled[at] or cool or full:
                    return False
                self.claims[name, self.day] += 1
                self._give(at, name)
                return True
            case "assign":
                self._give(at, name)
                return True
            case "release":
                if self.pooled[at]:
                    return False
                self._pool(at)
                return True
            case _:
                due = [
                    at
                    for at, owner in enumerate(self.owners)
                    if owner is not None and self.day >= self.since[at] + 3
                ]
                for one in due:
                    self._pool(one)
                return True

    def _give(self, at: int, name: str) -> None:
        self.owners[at], self.pooled[at], self.since[at] = name, False, self.day

    def _pool(self, at: int) -> None:
        owner = self.owners[at]
        if owner is not None:
            self.lost[at] = (owner, self.day)
        elif self.lost[at] is not None:
            self.lost[at] = (self.lost[at][0], self.day)
        self.owners[at], self.pooled[at] = None, True


def _did(house: House, pool: Pool, lead: Lead, what: str, name: str) -> bool:
    if what == "wait":
        house.clock.go_on(days=1)
        return True
    try:
        with house.work(name) as work:
            _do(work, house, pool, lead, what, name)
    except (NotInPool, ClaimRefused, AlreadyPooled):
        return False
    return True


def _do(work: UnitOfWork, house: House, pool: Pool, lead: Lead, what: str, name: str) -> None:
    match what:
        case "claim":
            leads.claim(work, pool.id, lead.id)
        case "assign":
            leads.assign_record(work, lead, house.people[name], reason="x")
        case "release":
            leads.release_to_pool(work, lead, pool.id, reason="x")
        case _:
            leads.recycle(work, pool.id)


def test_of_two_claims_of_one_member_at_once_one_is_repeated(near_house: House) -> None:
    """The slower one ends in a conflict, and its record stays in the pool."""
    pool, pooled = pool_with(near_house, 2, daily_limit=1)
    with pytest.raises(Conflict), near_house.work("li") as work:
        leads.claim(work, pool.id, pooled[0].id)
        near_house.run("li", leads.claim, pool.id, pooled[1].id)
    assert near_house.now(pooled[0]).pool_id is not None
