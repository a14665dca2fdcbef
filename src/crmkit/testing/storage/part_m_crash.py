"""Part M: whichever call of the store fails, all of a work is there or nothing, and it is told."""

from collections.abc import Iterator
from typing import Any, Final

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.changes import Change, Changeset, IdempotencyRecord, OutboxMessage
from crmkit.domain.filters.where import where
from crmkit.errors import OutcomeUnknown, StoreError
from crmkit.plugins.hookspecs import hookimpl
from crmkit.testing.sample import ENTITIES, Colour, Gadget, Maker, MakerId
from crmkit.testing.storage.faults import Faults, FaultyStorage
from crmkit.testing.storage.harness import Place
from crmkit.work import UnitOfWork

_MOST_CALLS: Final = 40
"""More than the works below make; a test says so if it is ever too few."""
_WHOLE: Final[tuple[Any, ...]] = (["first", "painted"], ["Ada"], 3, 1, 1)
_NOTHING: Final[tuple[Any, ...]] = (["first", "second"], [], 0, 0, 0)


class _Told:
    """A plugin that is told of every event after the commit."""

    @hookimpl
    def after_commit(self, message: Any) -> None:
        """Receive it."""


@attrs.frozen
class Fragile:
    """A CRM whose store fails as planned, beside one on the same data that never does."""

    crm: CRM
    faults: Faults
    place: Place

    def seed(self, at: int) -> tuple[Gadget, Gadget, Place]:
        """Write two gadgets for a tenant of their own."""
        place = Place(self.place.crm, f"{self.place.tenant}-{at}")
        first, second = place.add(place.gadget(name="first"), place.gadget(name="second"))
        return first, second, place


@pytest.fixture
def fragile(place: Place) -> Iterator[Fragile]:
    """Give a CRM that can be made to fail."""
    faults = Faults()
    storage: Any = FaultyStorage(place.crm.storage, faults)
    with CRM(storage, entities=ENTITIES, plugins=[_Told()]) as crm:
        yield Fragile(crm, faults, place)


def paint(work: UnitOfWork, relied: Any, painted: Any) -> str:
    """Read one gadget, change another, add a maker: with an event, a log and a guarded read."""
    gadgets = work.of(Gadget)
    gadgets.get(relied)
    work.of(Maker).add(Maker(id=MakerId(work.new_id()), name="Ada"))
    changed = gadgets.get(painted).paint(Colour.RED).evolve(name="painted")
    gadgets.save(changed)
    work.of(Maker).find(where(Maker).name.eq("Ada"))
    return "done"


def observed(place: Place, *, before: tuple[int, int]) -> tuple[Any, ...]:
    """Tell what a tenant has: names, makers, and how many rows of log, outbox and keys came."""
    return (
        [gadget.name for gadget in place.all()],
        [maker.name for maker in place.all(Maker)],
        len(place.rows(OutboxMessage)),
        len(place.rows(Changeset)) - before[0],
        len(place.rows(IdempotencyRecord)),
    )


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_fault_at_any_call_leaves_all_or_nothing(fragile: Fragile, after: bool) -> None:
    """Each call of the port fails once; the outcome that is told is the one that is stored."""
    for at in range(1, _MOST_CALLS):
        first, second, place = fragile.seed(at)
        fragile.faults.plan(at, after=after)
        outcome = _attempt(fragile, place, first, second)
        met = fragile.faults.met
        fragile.faults.plan(0, after=False)
        found = observed(place, before=(1, 2))
        wanted = _WHOLE if outcome in ("done", "unknown") else _NOTHING
        assert found == wanted, f"call {at}, {met}, told as {outcome}"
        if not met:
            assert outcome == "done"
            return
    pytest.fail("the work makes more calls than are tried")


def test_repeat_after_a_lost_reply_takes_effect_once(fragile: Fragile) -> None:
    """Whichever call of the first attempt fails, a repeat with the key ends with one effect."""
    for at in range(1, _MOST_CALLS):
        first, second, place = fragile.seed(at)
        fragile.faults.plan(at, after=True)
        _attempt(fragile, place, first, second)
        met = fragile.faults.met
        fragile.faults.plan(0, after=False)
        assert _attempt(fragile, place, first, second) == "done"
        assert observed(place, before=(1, 2)) == _WHOLE, f"call {at}, {met}"
        assert len(place.rows(Change)) == 4
        if not met:
            return
    pytest.fail("the work makes more calls than are tried")


def _attempt(fragile: Fragile, place: Place, first: Gadget, second: Gadget) -> str:
    """Run the service once and name what its caller is told."""
    try:
        return str(
            fragile.crm.run(
                paint,
                first.id,
                second.id,
                by="tester",
                tenant=place.tenant,
                attempts=1,
                idempotency_key="k",
            )
        )
    except OutcomeUnknown as unknown:
        return "unknown" if unknown.idempotency_key == "k" else "unknown, without its key"
    except StoreError:
        return "refused"
