"""What the stores show of worlds drawn by chance is what the model in plain Python allows."""

import random
from collections.abc import Callable, Iterator

import pytest

from crmkit.crm import CRM
from crmkit.domain.filters.summary import Summary, count
from crmkit.domain.sales.deal import Deal
from crmkit.errors import NotFound
from crmkit.work import Collection, UnitOfWork
from crmkit.work.policies import Policies
from tests.access.reference import may
from tests.access.stores import IS_FULL
from tests.access.worlds import RIGHTS, Drawing, World, furnish

PARTS, WORLDS = (10, 50) if IS_FULL else (1, 6)
"""How many tests on each of the four stores, and worlds in each."""


@pytest.fixture
def stores(ready_url: str) -> Iterator[tuple[CRM, CRM]]:
    """Give a CRM in which everything is permitted, and one in which policies decide."""
    with CRM.open(ready_url, plugin_names=()) as free:
        yield free, CRM(free.storage, plugins=free.plugins, access=Policies())


@pytest.mark.timeout(1800 if IS_FULL else 300)
@pytest.mark.parametrize("part", range(PARTS))
def test_stores_show_what_the_model_allows(
    stores: tuple[CRM, CRM],
    ready_url: str,
    tenant: str,
    figure: Callable[[str], None],
    part: int,
) -> None:
    """Lists, counts, sums and single decisions of every user agree with the reference."""
    free, guarded = stores
    first = random.SystemRandom().randrange(10**9)
    decisions = 0
    for seed in range(first, first + WORLDS):
        print(f"seed {seed}")
        world = Drawing(seed).world()
        furnish(free, f"{tenant}{seed}", world)
        for user in world.users:
            with guarded.work(by=str(user.id), tenant=f"{tenant}{seed}", read_only=True) as work:
                for records in (work.customers, work.deals):
                    decisions += _check(work, records, world, user, seed)
    kind = f"{ready_url.partition(':')[0]} {part + 1}/{PARTS}"
    figure(f"access worlds on {kind}: {WORLDS} from seed {first}, {decisions:,} decisions agree")


def _check(work: UnitOfWork, records: Collection, world: World, user, seed: int) -> int:
    every = [one for one in world.records if type(one) is records.spec.cls]
    live = [one for one in every if not world.is_removed(one)]
    seen = {one.id for one in live if may(world, user, "read", one)}
    assert _listed(records) == seen, (seed, user.name)
    _check_one_by_one(records, every, seen)
    sight = work.sight(records.spec.cls)
    for right in RIGHTS:
        expected = {one.id for one in live if may(world, user, right, one)}
        assert {one.id for one in live if sight.may((right,), one)} == expected, (seed, right)
        assert _listed(records.permitted(right)) == expected & seen, (seed, user.name, right)
    return len(live) * (len(RIGHTS) + 1)


def _listed(records: Collection) -> set:
    """Return the ids that every way of listing brings; they agree."""
    found = {one.id for one in records.find()}
    total = Summary(spec=records.spec, measures={"n": count()})
    assert records.count() == len(found)
    assert records.summarise(total) == [{"n": len(found)}]
    return found


def _check_one_by_one(records: Collection, every: list, seen: set) -> None:
    for one in every:
        try:
            assert records.get(one.id).id in seen
        except NotFound:
            assert one.id not in seen


def test_worlds_are_telling(figure: Callable[[str], None]) -> None:
    """Enough is allowed and enough refused, by each kind of rule, for agreement to mean much."""
    allowed = refused = with_parent = 0
    for seed in range(300):
        world = Drawing(seed).world()
        with_parent += bool(world.rules.parent_rules)
        for user in world.users:
            for record in world.records:
                if may(world, user, "read", record):
                    allowed += 1
                else:
                    refused += 1
    assert min(allowed, refused) > 2_500
    assert with_parent > 100
    figure(f"access worlds: of {allowed + refused:,} readings {allowed:,} are allowed")


def test_custom_reference_to_another_tenant_is_no_way_in(
    stores: tuple[CRM, CRM], tenant: str
) -> None:
    """What lies in another tenant is not there, whoever asks."""
    free, guarded = stores
    world = Drawing(1).world()
    furnish(free, f"{tenant}-one", world)
    with guarded.work(by=str(world.users[0].id), tenant=f"{tenant}-two", read_only=True) as work:
        assert work.of(Deal).count() == 0
        assert work.customers.find(removed=True) == []
