"""The same history on every store gives the same observations: records, errors, page borders."""

import itertools
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crmkit.crm import CRM
from crmkit.domain.changes import Change
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.lowered import All
from crmkit.domain.filters.summary import Summary, average, by, count, distinct, greatest, total
from crmkit.domain.filters.tree import EVERYTHING
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.errors import CrmkitError
from crmkit.services.log_rows import rows
from crmkit.testing.population import NAMES, define
from crmkit.testing.sample import ENTITIES, Box, Colour, Gadget, GadgetId, Maker, MakerId
from crmkit.testing.strategies import fields, filters, orders
from tests.services.stopped_clock import A_SECOND, Ticking

FULL = os.environ.get("CRMKIT_FULL") == "1"
ON_TWO, ON_FOUR = (500, 500) if FULL else (40, 15)
TENANTS = ("north", "süd")
SLOTS = 8
START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
_RUNS = itertools.count(1)

Operation = tuple[Any, ...]
Observation = Any


@attrs.frozen
class Works:
    """Some operations in one work of one tenant; `fails` ends it with an exception."""

    tenant: int
    operations: tuple[Operation, ...]
    fails: bool


class Player:
    """Plays a history on one store and notes all that can be observed."""

    def __init__(self, crm: CRM, run: int) -> None:
        self.crm = crm
        self.tenants = [f"{name}-{run}" for name in TENANTS]
        self.kept: dict[tuple[int, int], Any] = {}
        self.tenant = 0
        self.run = run

    def play(self, history: list[Works]) -> list[Observation]:
        """Return the observations of every operation, the errors by class, and the final state."""
        for at in range(len(TENANTS)):
            self.tenant = at
            with self._work(at) as work:
                define(work)
                self._settle(work)
        seen: list[Observation] = [self._play(works) for works in history]
        return [*seen, *(self._state(at) for at in range(len(TENANTS)))]

    def _play(self, works: Works) -> list[Observation]:
        self.tenant = works.tenant
        seen: list[Observation] = []
        try:
            with self._work(works.tenant) as work:
                for operation in works.operations:
                    seen.append(self._try(work, *operation))
                    if seen[-1][1] == "Refused":
                        break
                if works.fails:
                    raise KeyError  # noqa: TRY301 - the block under test ends so
        except KeyError:
            seen.append("failed")
        except CrmkitError as error:
            seen.append(type(error).__name__)
        return seen

    def _try(self, work: Any, name: str, *rest: Any) -> Observation:
        """Note what an operation gave or how it was refused; the work goes on if it may."""
        try:
            return (name, self._plain(getattr(self, name)(work, *rest)))
        except CrmkitError as error:
            return (name, type(error).__name__)

    def _settle(self, work: Any) -> None:
        """Let most slots be taken from the start."""
        for slot in range(2):
            self.make(work, slot, f"maker {slot}")
        for slot in range(SLOTS - 2):
            changes = {"name": NAMES[slot], "code": f"c{slot}", "rank": slot % 3}
            changes |= {"price": Money(slot, "CNY" if slot % 2 else "JPY")} if slot % 4 else {}
            self.kept[self.tenant, slot] = self.add(work, slot, changes)

    def _work(self, tenant: int) -> Any:
        return self.crm.work(by="player", tenant=self.tenants[tenant])

    def _id(self, slot: int) -> Any:
        return UUID(int=(7 << 76) | (2 << 62) | (self.run << 20) | slot)

    def _state(self, tenant: int) -> list[Observation]:
        with self._work(tenant) as work:
            everything = [work.of(cls).find(removed=True) for cls in (Gadget, Maker)]
            with work.storing() as session:
                log = rows(session, spec_of(Change), All())
        ordered = [sorted(found, key=lambda record: record.id.int) for found in everything]
        changes = [
            (c.entity, c.record_id.int, c.record_version, str(c.operation), c.before, c.after)
            for c in log
            if c.entity != "custom_field"
        ]
        return [self._plain(ordered), sorted(changes, key=lambda change: change[:3])]

    def _plain(self, result: Any) -> Any:
        """Leave out what must differ: the tenant's name in this run."""
        if isinstance(result, list | tuple):
            return [self._plain(item) for item in result]
        if isinstance(result, Gadget | Maker):
            return attrs.asdict(result.replaced(tenant=""), recurse=False)
        return result

    def add(self, work: Any, slot: int, changes: dict[str, Any]) -> Any:
        """Add a gadget; the slot may be taken already."""
        return work.of(Gadget).add(Gadget(id=GadgetId(self._id(slot)), **changes))

    def add_many(self, work: Any, slots: list[int], changes: dict[str, Any]) -> Any:
        """Add several gadgets at once."""
        alike = {**changes, "code": None, "series": None}
        made = [Gadget(id=GadgetId(self._id(slot)), **alike) for slot in slots]
        return work.of(Gadget).insert_many(made)

    def make(self, work: Any, slot: int, name: str) -> Any:
        """Add a maker."""
        return work.of(Maker).add(Maker(id=MakerId(self._id(100 + slot)), name=name))

    def get(self, work: Any, slot: int) -> Any:
        """Read one and keep it, to be saved when it may be stale."""
        found = work.of(Gadget).get(self._id(slot))
        self.kept[self.tenant, slot] = found
        return found

    def save(self, work: Any, slot: int, changes: dict[str, Any]) -> Any:
        """Change one as it is now."""
        return work.of(Gadget).save(work.of(Gadget).get(self._id(slot)).evolve(**changes))

    def save_kept(self, work: Any, slot: int, changes: dict[str, Any]) -> Any:
        """Change one as it was when it was last read."""
        kept = self.kept.get((self.tenant, slot))
        return kept and work.of(Gadget).save(kept.evolve(**changes))

    def save_many(self, work: Any, changes: dict[str, Any], ranks: list[int]) -> Any:
        """Change all, each in its own way."""
        found = work.of(Gadget).find(order=[where(Gadget).id.asc()])
        moved = [
            gadget.evolve(**{**changes, "code": gadget.code, "rank": rank})
            for gadget, rank in zip(found, ranks, strict=False)
        ]
        return work.of(Gadget).save_many(moved)

    def refer(self, work: Any, slot: int, maker: int) -> Any:
        """Let one refer to a maker, who may not be there."""
        found = work.of(Gadget).get(self._id(slot))
        return work.of(Gadget).save(found.evolve(maker_id=MakerId(self._id(100 + maker))))

    def remove(self, work: Any, slot: int) -> Any:
        """Remove one."""
        return work.of(Gadget).remove(work.of(Gadget).get(self._id(slot)))

    def remove_maker(self, work: Any, slot: int) -> Any:
        """Remove a maker."""
        return work.of(Maker).remove(work.of(Maker).get(self._id(100 + slot)))

    def restore(self, work: Any, slot: int) -> Any:
        """Bring one back, removed or not."""
        return work.of(Gadget).restore(work.of(Gadget).get(self._id(slot), removed=True))

    def upsert(self, work: Any, slots: list[int], codes: list[str], changes: Any) -> Any:
        """Write several by their code."""
        given = [
            Gadget(id=GadgetId(self._id(slot)), **{**changes, "code": code})
            for slot, code in zip(slots, codes, strict=False)
        ]
        done = work.of(Gadget).upsert_many(given, [where(Gadget).code])
        return [(str(each.outcome), each.record.id.int, each.record.version) for each in done]

    def find(self, work: Any, filter_: Any, order: Any) -> Any:
        """Find, in order."""
        found = work.of(Gadget).find(filter_, order=order)
        return [(gadget.id.int, gadget.version) for gadget in found]

    def count(self, work: Any, filter_: Any) -> Any:
        """Count, the removed ones too."""
        gadgets = work.of(Gadget)
        return gadgets.count(filter_), gadgets.count(filter_, removed=True)

    def pages(self, work: Any, filter_: Any, order: Any, size: int) -> Any:
        """Walk the pages; the cursors are observed as well."""
        seen: list[Any] = []
        page = work.of(Gadget).page(filter_, order=order, size=size)
        while True:
            seen.append(([gadget.id.int for gadget in page.items], page.next))
            if page.next is None:
                return seen
            page = work.of(Gadget).page(filter_, order=order, size=size, after=page.next)

    def summarise(self, work: Any, filter_: Any, key: str) -> Any:
        """Group by a field and measure."""
        f = fields()
        measures = {"n": count(), "sum": total(f.rank), "all": total(f.share)}
        measures |= {"mean": average(f.rank), "top": greatest(f.name), "codes": distinct(f.code)}
        summary = Summary(
            spec=spec_of(Gadget), where=filter_, by={key: by(f[key])}, measures=measures
        )
        return [list(row.items()) for row in work.of(Gadget).summarise(summary)]

    def price(self, work: Any, filter_: Any) -> Any:
        """Add up money, which may be of two currencies."""
        summary = Summary(
            spec=spec_of(Gadget), where=filter_, measures={"sum": total(where(Gadget).price)}
        )
        return work.of(Gadget).summarise(summary)


_slot = st.integers(0, SLOTS - 1)
_free = st.integers(SLOTS - 2, SLOTS + 12)
_code = st.sampled_from(["c1", "c3", "c3 ", "C1", *(f"d{at}" for at in range(16))])
_changes = st.fixed_dictionaries(
    {"name": st.sampled_from(NAMES)},
    optional={
        "code": st.none() | _code,
        "series": st.sampled_from([None, None, None, "s", "t"]),
        "rank": st.none() | st.integers(-2, 3) | st.sampled_from([2**50, -(2**50)]),
        "price": st.none() | st.builds(Money, st.integers(-5, 5), st.sampled_from(["CNY", "JPY"])),
        "colour": st.sampled_from([None, *Colour]),
        "made_at": st.none() | st.integers(0, 90).map(lambda days: START + timedelta(days=days)),
        "parts": st.lists(st.sampled_from("abä"), max_size=2).map(tuple),
        "tags": st.lists(st.sampled_from(["hot", "冷"]), max_size=2, unique=True).map(tuple),
        "box": st.none() | st.builds(Box, city=st.sampled_from(NAMES), floor=st.none() | _slot),
        "custom": st.fixed_dictionaries(
            {}, optional={"size": st.sampled_from(NAMES), "score": st.integers(-3, 3)}
        ),
    },
)
_where = st.one_of(
    filters(), filters().map(lambda made: ~made), st.just(EVERYTHING), st.just(EVERYTHING)
)
_operation: st.SearchStrategy[Operation] = st.one_of(
    st.tuples(st.just("add"), _free, _changes),
    st.tuples(st.just("add_many"), st.lists(_free, min_size=1, max_size=3), _changes),
    st.tuples(st.just("make"), st.integers(0, 2), st.sampled_from(["Ada", "ADA", "ａｄａ", "Ben"])),
    st.tuples(st.just("get"), _slot),
    st.tuples(st.just("save"), _slot, _changes),
    st.tuples(st.just("save_kept"), _slot, _changes),
    st.tuples(st.just("save_many"), _changes, st.permutations(range(4)).map(list)),
    st.tuples(st.just("refer"), _slot, st.integers(0, 2)),
    st.tuples(st.just("remove"), _slot),
    st.tuples(st.just("remove_maker"), st.integers(0, 2)),
    st.tuples(st.just("restore"), _slot),
    st.tuples(
        st.just("upsert"),
        st.lists(_free, min_size=1, max_size=3, unique=True),
        st.lists(_code, min_size=1, max_size=3),
        _changes,
    ),
    st.tuples(st.just("find"), _where, orders()),
    st.tuples(st.just("count"), _where),
    st.tuples(st.just("pages"), _where, orders(), st.integers(1, 4)),
    st.tuples(
        st.just("summarise"), _where, st.sampled_from(["colour", "series", "name", "box.city"])
    ),
    st.tuples(st.just("price"), _where),
)
_works = st.builds(
    Works,
    tenant=st.integers(0, 1),
    operations=st.lists(_operation, min_size=3, max_size=6).map(tuple),
    fails=st.sampled_from([False, False, False, True]),
)
histories = st.lists(_works, min_size=8, max_size=12)


@pytest.fixture(scope="module")
def quick_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, CRM]]:
    """Give memory and SQLite."""
    folder = tmp_path_factory.mktemp("histories")
    yield from _opened("memory:", f"sqlite:///{folder}/crm.db")


@pytest.fixture(scope="module")
def all_stores(
    tmp_path_factory: pytest.TempPathFactory,
    new_postgres: Callable[[], str],
    new_mongo: Callable[[], str],
) -> Iterator[dict[str, CRM]]:
    """Give all four stores."""
    folder = tmp_path_factory.mktemp("histories")
    yield from _opened("memory:", f"sqlite:///{folder}/crm.db", new_postgres(), new_mongo())


@pytest.mark.deep
@settings(max_examples=ON_TWO, phases=PHASES)
@given(history=histories)
def test_memory_and_sqlite_observe_the_same(
    quick_stores: dict[str, CRM], history: list[Works]
) -> None:
    """Whatever is done, memory is a true picture of a database."""
    agree(quick_stores, history)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@settings(max_examples=ON_FOUR, phases=PHASES)
@given(history=histories)
def test_four_stores_observe_the_same(all_stores: dict[str, CRM], history: list[Works]) -> None:
    """Whatever is done, all stores tell the same, to the error class and the page border."""
    agree(all_stores, history)


def agree(stores: dict[str, CRM], history: list[Works]) -> None:
    """Play the history on each store and compare every observation with the first store's."""
    run = next(_RUNS)
    observed = {}
    for name, crm in stores.items():
        crm.clock.at = START  # type: ignore[attr-defined]
        observed[name] = Player(crm, run).play(history)
    first = next(iter(observed))
    for name, seen in observed.items():
        for at, (expected, found) in enumerate(zip(observed[first], seen, strict=True)):
            done = history[at] if at < len(history) else "the final state"
            assert found == expected, f"{name} differs from {first} at {at}: {done}"


def _opened(*urls: str) -> Iterator[dict[str, CRM]]:
    stores = {}
    for url in urls:
        crm = CRM.open(url, entities=ENTITIES, plugin_names=(), clock=Ticking(START, A_SECOND))
        crm.schema.apply()
        stores[crm.storage.name] = crm
    yield stores
    for crm in stores.values():
        crm.close()
