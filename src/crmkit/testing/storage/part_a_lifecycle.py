"""Part A: opening, closing, two handles on one database, many threads, joining a transaction."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from crmkit.crm import CRM
from crmkit.errors import CapabilityMissing, InvalidSettings, SchemaMissing, StoreClosed
from crmkit.ports import Capability
from crmkit.testing.sample import ENTITIES, Gadget
from crmkit.testing.storage.harness import Place, StorageHarness, can
from crmkit.work import UnitOfWork


def test_store_names_itself(crm: CRM) -> None:
    """A store says in one small word what kind it is."""
    assert crm.storage.name.isidentifier()
    assert crm.storage.name.islower()


def test_capabilities_are_of_the_known_ones(crm: CRM) -> None:
    """A store declares nothing that nobody understands."""
    assert all(isinstance(each, Capability) for each in crm.storage.capabilities)


def test_store_is_atomic(crm: CRM) -> None:
    """A store that cannot write several records or none is no store for a CRM."""
    assert can(crm, Capability.ATOMIC)


@pytest.mark.parametrize(
    "call",
    [
        lambda crm: crm.work(by="tester", tenant="closed"),
        lambda crm: crm.rehearse(by="tester", tenant="closed"),
        lambda crm: crm.storage.session("closed"),
        lambda crm: crm.run(_count, by="tester", tenant="closed"),
        lambda crm: crm.deliver_due(),
    ],
    ids=["work", "rehearse", "session", "run", "deliver_due"],
)
def test_closed_crm_refuses_calls(
    storage_harness: StorageHarness, call: Callable[[CRM], Any]
) -> None:
    """After closing, a call gets one clear error."""
    crm = CRM(storage_harness.open(), entities=ENTITIES)
    crm.schema.apply()
    crm.close()
    with pytest.raises(StoreClosed) as caught:
        call(crm)
    assert caught.value.fix


def test_closing_twice_is_no_harm(storage_harness: StorageHarness) -> None:
    """A CRM may be closed more than once."""
    crm = CRM(storage_harness.open(), entities=ENTITIES)
    crm.close()
    crm.close()


def test_two_handles_see_one_database(storage_harness: StorageHarness, place: Place) -> None:
    """What one handle wrote, another reads; a store that lasts no longer than its handle does not.

    Such a store must not declare that it is durable.
    """
    place.add(place.gadget(name="shared"))
    with CRM(storage_harness.open(), entities=ENTITIES) as other:
        other.schema.apply()
        seen = [gadget.name for gadget in Place(other, place.tenant).all()]
        assert seen == (["shared"] if can(other, Capability.DURABLE) else [])


def test_closing_one_handle_leaves_the_other(storage_harness: StorageHarness, place: Place) -> None:
    """Handles do not depend on each other."""
    place.add(place.gadget(name="kept"))
    CRM(storage_harness.open(), entities=ENTITIES).close()
    assert [gadget.name for gadget in place.all()] == ["kept"]


def test_reopened_database_holds_what_was_committed(storage_harness: StorageHarness) -> None:
    """After every handle was closed, a durable store still has its records."""
    opener = storage_harness.fresh()
    with CRM(opener(), entities=ENTITIES) as first:
        first.schema.apply()
        there = Place(first, "reopened")
        there.add(there.gadget(name="lasting"))
    with CRM(opener(), entities=ENTITIES) as second:
        second.schema.apply()
        names = [gadget.name for gadget in Place(second, "reopened").all()]
        assert names == (["lasting"] if can(second, Capability.DURABLE) else [])


def test_schema_is_applied_twice_without_harm(place: Place) -> None:
    """Applying what is in place takes no step."""
    assert place.crm.schema.apply() == ()
    assert place.crm.schema.plan() == ()
    assert place.crm.schema.verify() == ()


def test_unprepared_database_is_refused(storage_harness: StorageHarness) -> None:
    """A database that needs to be set up is refused with the way to set it up."""
    with CRM(storage_harness.fresh()(), entities=ENTITIES) as crm:
        if crm.schema.plan():
            with pytest.raises(SchemaMissing) as caught:
                crm.work(by="tester", tenant="t")
            assert "apply" in caught.value.fix
        else:
            crm.work(by="tester", tenant="t").rollback()


def test_threads_share_one_crm(place: Place) -> None:
    """Eight threads write through one CRM, and nothing is lost."""

    def write(number: int) -> None:
        place.run(_add, place.gadget(name=f"thread {number}"), attempts=50)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    assert {gadget.name for gadget in place.all()} == {f"thread {at}" for at in range(24)}


def test_works_end_in_any_order(place: Place) -> None:
    """Two works that only read may be open at once and end in any order."""
    place.add(place.gadget())
    first, second = place.work(read_only=True), place.work(read_only=True)
    assert first.of(Gadget).count() == second.of(Gadget).count() == 1
    first.commit()
    assert second.of(Gadget).count() == 1
    second.rollback()


def test_many_works_leave_nothing_open(place: Place) -> None:
    """Works that commit, fail or are thrown away give back what they hold."""
    for _ in range(40):
        place.work(read_only=True).rollback()
        with pytest.raises(RuntimeError), place.work() as work:
            work.of(Gadget).add(place.gadget())
            raise RuntimeError
    place.add(place.gadget())
    assert len(place.all()) == 1


def test_store_tells_the_time(place: Place) -> None:
    """The store's clock is aware, in UTC, to the millisecond, and near this machine's."""
    session = place.crm.storage.session(place.tenant)
    try:
        now = session.now()
    finally:
        session.rollback()
    assert now.utcoffset() is not None
    assert now.microsecond % 1000 == 0
    assert abs((now - place.crm.clock.now()).total_seconds()) < 60


def test_joining_a_strange_transaction_is_refused(place: Place) -> None:
    """What is not a transaction of this store cannot be joined, and is said so."""
    expected = InvalidSettings if can(place.crm, Capability.JOIN) else CapabilityMissing
    with pytest.raises(expected):
        place.work(join=object())


def _add(work: UnitOfWork, gadget: Gadget) -> None:
    work.of(Gadget).add(gadget)


def _count(work: UnitOfWork) -> int:
    return work.of(Gadget).count()
