"""Part A: opening, closing, two handles on one database, many threads."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from crmkit.crm import CRM
from crmkit.errors import CapabilityMissing, SchemaMissing, StoreClosed
from crmkit.ports import Capability
from crmkit.testing.storage.harness import Place, StorageHarness
from crmkit.testing.storage.sample import ENTITIES, Gadget


def test_store_names_itself(storage_harness: StorageHarness) -> None:
    """A store says what kind it is."""
    store = storage_harness.open()
    assert store.name in {"memory", "sqlite", "postgresql", "mysql", "mongodb"} or store.name
    store.close()


def test_store_is_atomic(storage_harness: StorageHarness) -> None:
    """A store that cannot write several records or none is no store for a CRM."""
    store = storage_harness.open()
    assert Capability.ATOMIC in store.capabilities
    store.close()


def test_closed_crm_refuses_work(storage_harness: StorageHarness) -> None:
    """After closing, a call gets one clear error."""
    crm = CRM(storage_harness.open(), entities=ENTITIES)
    crm.schema.apply()
    crm.close()
    with pytest.raises(StoreClosed):
        crm.work(by="tester", tenant="closed")


def test_two_handles_see_one_database(storage_harness: StorageHarness, place: Place) -> None:
    """What one handle wrote, another reads; memory alone is one handle's own."""
    [gadget] = place.add(place.gadget(name="shared"))
    with CRM(storage_harness.open(), entities=ENTITIES) as other:
        if Capability.DURABLE not in other.storage.capabilities:
            return
        with other.work(by="tester", tenant=place.tenant) as work:
            assert work.of(Gadget).get(gadget.id).name == "shared"


def test_reopened_store_still_holds_its_records(
    storage_harness: StorageHarness, place: Place
) -> None:
    """Closing a handle loses nothing that was committed."""
    place.add(place.gadget(name="kept"))
    CRM(storage_harness.open(), entities=ENTITIES).close()
    assert [gadget.name for gadget in place.all()] == ["kept"]


def test_schema_is_applied_twice_without_harm(place: Place) -> None:
    """Applying what is in place takes no step."""
    assert place.crm.schema.apply() == ()
    assert place.crm.schema.plan() == ()
    assert place.crm.schema.verify() == ()


def test_unprepared_database_is_refused(storage_harness: StorageHarness) -> None:
    """A database that was not set up is refused with the way to set it up."""
    with CRM(storage_harness.fresh(), entities=ENTITIES) as crm:
        if Capability.DURABLE not in crm.storage.capabilities:
            return
        with pytest.raises(SchemaMissing) as caught:
            crm.work(by="tester", tenant="t")
        assert "apply" in caught.value.fix


def test_threads_share_one_crm(place: Place) -> None:
    """Eight threads write through one CRM, and nothing is lost."""

    def write(number: int) -> None:
        place.crm.run(_add, number, by="tester", tenant=place.tenant, attempts=50)

    def _add(work: object, number: int) -> None:
        work.of(Gadget).add(place.gadget(name=f"thread {number}"))  # type: ignore[attr-defined]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    assert len(place.all()) == 24


def test_store_tells_the_time(place: Place) -> None:
    """The store's clock is aware and near this machine's."""
    session = place.crm.storage.session(place.tenant)
    try:
        difference = abs((session.now() - place.crm.clock.now()).total_seconds())
    finally:
        session.rollback()
    assert difference < 60


def test_joining_a_strange_transaction_is_refused(place: Place) -> None:
    """What is not a transaction of this store cannot be joined, and is said so."""
    from crmkit.errors import InvalidSettings

    with pytest.raises((InvalidSettings, CapabilityMissing)):
        place.work(join=object())
