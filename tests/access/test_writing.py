"""Whatever is written in worlds drawn by chance is refused or allowed as the model says."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.share import ShareLevel
from crmkit.domain.parties.customer import Customer, CustomerId, CustomerKind
from crmkit.domain.parties.lead import Lead
from crmkit.domain.sales.deal import Deal, DealId
from crmkit.errors import CrmkitError
from crmkit.services import leads, merging
from crmkit.services.access import assign, share_record
from crmkit.work import UnitOfWork
from crmkit.work.policies import Policies
from tests.access import reference_writes as model
from tests.access.stores import IS_FULL
from tests.access.worlds import WORDS, WRITING, Drawing, World, furnish

WORLDS = {"memory": 60, "sqlite": 30} if IS_FULL else {"memory": 6}
ELSEWHERE = 20 if IS_FULL else 1
"""How many worlds on stores that are not named above."""
pytestmark = pytest.mark.timeout(1800 if IS_FULL else 300)


@attrs.frozen
class Deed:
    """Something to write, and whether the model lets a user write it."""

    name: str
    do: Callable[[UnitOfWork], Any]
    is_allowed: bool


class Deeds:
    """Draws what a user might write in a world."""

    def __init__(self, world: World, user: Any, chance: random.Random) -> None:
        """Begin with a user of a world."""
        self.world, self.user, self.chance = world, user, chance

    def draw(self) -> Iterator[Deed]:
        """Bring deeds of every kind."""
        for _ in range(3):
            yield from (self._create(), self._change(), self._save_two(), self._assign())
        yield from (self._share(), self._merge(), self._convert(), self._remove())
        yield from map(self._restore, self._removed())

    def _create(self) -> Deed:
        new: Any = self._customer() if self.chance.random() < 0.6 else self._deal()
        allowed = model.may_create(self.world, self.user, new)
        return Deed("create", lambda work: work.of(type(new)).add(new), allowed)

    def _customer(self) -> Customer:
        return Customer(
            id=CustomerId(self._id()),
            name="new",
            owner_id=self._owner(),
            industry=self.chance.choice(WORDS),
            parent_id=self.chance.choice([*(one.id for one in self.world.customers), None, None]),
        )

    def _deal(self) -> Deal:
        customer = self.chance.choice([*self.world.customers, None, None])
        return Deal(
            id=DealId(self._id()),
            name="new",
            stage=self.chance.choice(("new", "offer")),
            owner_id=self._owner(),
            customer_id=customer and customer.id,
        )

    def _change(self) -> Deed:
        before = self._any()
        after = self._changed(before)
        allowed = model.may_change(self.world, self.user, before, after)
        return Deed("change", lambda work: _save(work, before, after), allowed)

    def _changed(self, before: Any) -> Any:
        """Draw another owner, or other values, into and out of scopes, or both."""
        values: dict[str, Any] = {}
        if self.chance.random() < 0.6:
            values["owner_id"] = self._owner()
        if not values or self.chance.random() < 0.5:
            values |= {"tags": (*before.tags, "changed")}
            if isinstance(before, Customer):
                values["industry"] = self.chance.choice(WORDS)
        if isinstance(before, Deal) and self.chance.random() < 0.5:
            values["customer_id"] = self.chance.choice(self.world.customers).id
        return attrs.evolve(before, **values)

    def _save_two(self) -> Deed:
        befores = self.chance.sample(self.world.customers, 2)
        afters = [self._changed(one) for one in befores]
        pairs = list(zip(befores, afters, strict=True))
        allowed = all(model.may_change(self.world, self.user, *pair) for pair in pairs)
        return Deed("bulk", lambda work: _save_all(work, pairs), allowed)

    def _assign(self) -> Deed:
        record, to = self._any(), self.chance.choice(self.world.users)
        allowed = model.may_assign(self.world, self.user, record, to)
        return Deed("assign", lambda work: assign(work, record, to.id), allowed)

    def _share(self) -> Deed:
        record, level = self._any(), self.chance.choice(list(ShareLevel))
        allowed = model.may_share(self.world, self.user, record, level)
        given: dict[str, Any] = {"level": level, "reason": "help"}
        return Deed(
            "share", lambda work: share_record(work, record, "role:guest", **given), allowed
        )

    def _merge(self) -> Deed:
        winner, loser = self.chance.sample(self.world.customers, 2)
        while not self._is_whole(loser):
            winner, loser = self.chance.sample(self.world.customers, 2)
        allowed = model.may_merge(self.world, self.user, winner, loser)
        return Deed(
            "merge", lambda work: merging.merge_customers(work, winner.id, loser.id), allowed
        )

    def _is_whole(self, loser: Any) -> bool:
        """Say whether all that a winner may take over from a loser is there."""
        taken = {loser.owner_id, loser.parent_id} - {None}
        return taken.isdisjoint(self.world.removed)

    def _convert(self) -> Deed:
        lead: Lead = self.chance.choice(self.world.leads)
        made = Customer(
            id=CustomerId(self._id()),
            name=lead.name,
            owner_id=lead.owner_id,
            kind=CustomerKind.PERSON,
        )
        allowed = model.may_convert(self.world, self.user, lead, made)
        return Deed("convert", lambda work: leads.convert(work, lead.id), allowed)

    def _remove(self) -> Deed:
        record = self._any()
        rights = set[str]() if self.world.is_removed(record) else {"delete"}
        allowed = model.may_each(self.world, self.user, rights, record, record)
        return Deed("remove", lambda work: _turn(work, record, "remove"), allowed)

    def _removed(self) -> Iterator[Any]:
        yield from (one for one in self.world.records if self.world.is_removed(one))

    def _restore(self, record: Any) -> Deed:
        allowed = model.may_each(self.world, self.user, {"restore"}, record, record)
        return Deed("restore", lambda work: _turn(work, record, "restore"), allowed)

    def _any(self) -> Any:
        return self.chance.choice([*self.world.customers, *self.world.deals])

    def _owner(self) -> Any:
        return self.chance.choice([*(user.id for user in self.world.users), self.user.id, None])

    def _id(self) -> Any:
        return Drawing(self.chance.randrange(10**9))._id()


def _save(work: UnitOfWork, before: Any, after: Any) -> Any:
    return work.of(type(before)).save(_edited(work, before, after))


def _save_all(work: UnitOfWork, pairs: list[tuple[Any, Any]]) -> Any:
    return work.customers.save_many([_edited(work, *pair) for pair in pairs])


def _turn(work: UnitOfWork, record: Any, how: str) -> Any:
    return getattr(work.of(type(record)), how)(_stored(work, record))


def _edited(work: UnitOfWork, before: Any, after: Any) -> Any:
    """Change a record as somebody does who knows it and its version, seen or not."""
    names = [field.name for field in attrs.fields(type(before))]
    differing = [name for name in names if getattr(before, name) != getattr(after, name)]
    return _stored(work, before).evolve(**{name: getattr(after, name) for name in differing})


def _stored(work: UnitOfWork, record: Any) -> Any:
    with work.storing() as session:
        return session.get_many(work.registry[type(record)], [record.id])[0]


def outcome(guarded: CRM, tenant: str, user: Any, deed: Deed) -> CrmkitError | None:
    """Return what refuses a deed, None when it would take effect; nothing is kept."""
    try:
        with guarded.rehearse(by=str(user.id), tenant=tenant) as work:
            deed.do(work)
    except CrmkitError as refused:
        return refused
    return None


def telling(first: int) -> Iterator[tuple[int, World, list[tuple[Any, Deed]]]]:
    """Bring worlds with what people would write there, where the model allows some of it."""
    for seed in count(first):
        world = Drawing(seed, WRITING).world()
        deeds = [
            (user, deed)
            for at, user in enumerate(world.users)
            for deed in Deeds(world, user, random.Random(seed * 10 + at)).draw()
        ]
        if sum(deed.is_allowed for _user, deed in deeds) >= 5:
            yield seed, world, deeds


def test_writes_are_refused_or_allowed_as_the_model_says(
    ready_url: str, tenant: str, figure: Callable[[str], None]
) -> None:
    """Create, change, assign, share, merge, convert, remove, restore, and many at once."""
    kind = ready_url.partition(":")[0]
    worlds = WORLDS.get(kind, ELSEWHERE)
    first = random.SystemRandom().randrange(10**9)
    counts: Counter[tuple[str, bool]] = Counter()
    with CRM.open(ready_url, plugin_names=()) as free:
        guarded = CRM(free.storage, plugins=free.plugins, access=Policies())
        for seed, world, deeds in islice(telling(first), worlds):
            furnish(free, f"{tenant}{seed}", world)
            for user, deed in deeds:
                refused = outcome(guarded, f"{tenant}{seed}", user, deed)
                assert (refused is None) == deed.is_allowed, (seed, user.name, deed, refused)
                counts[deed.name, deed.is_allowed] += 1
    allowed = sum(times for (_name, is_allowed), times in counts.items() if is_allowed)
    figure(f"access writes on {kind}: {counts.total():,} agree, {allowed:,} of them allowed")


def test_written_worlds_are_telling(figure: Callable[[str], None]) -> None:
    """Of each kind of deed the model allows some and refuses some, so agreement means much."""
    counts: Counter[tuple[str, bool]] = Counter()
    for seed in range(150):
        world = Drawing(seed, WRITING).world()
        for at, user in enumerate(world.users):
            for deed in Deeds(world, user, random.Random(seed * 10 + at)).draw():
                counts[deed.name, deed.is_allowed] += 1
    names = {name for name, _is_allowed in counts}
    assert len(names) == 9
    assert min(counts[name, True] for name in names) >= 8, counts
    assert min(counts[name, False] for name in names) >= 100, counts
    figure(
        "access writes that are allowed: "
        + ", ".join(f"{counts[name, True]} {name}" for name in sorted(names))
    )
