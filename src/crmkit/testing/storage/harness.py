"""How a store is given to the contract, and the fixtures that the contract's tests ask for."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.aggregate import Aggregate
from crmkit.ports import Storage
from crmkit.testing.storage.population import populate
from crmkit.testing.storage.sample import ENTITIES, Gadget, GadgetId
from crmkit.work import UnitOfWork

_TENANTS = itertools.count(1)


@attrs.frozen(kw_only=True)
class StorageHarness:
    """What the contract needs of a store.

    `open` gives a new handle on one and the same data; `fresh` an empty store of its own.
    """

    open: Callable[[], Storage]
    fresh: Callable[[], Storage]


class Place:
    """One tenant of the CRM under test: short ways to work, add and find."""

    def __init__(self, crm: CRM, tenant: str) -> None:
        """Belong to a tenant that nothing was written for yet."""
        self.crm = crm
        self.tenant = tenant

    def work(self, **marks: Any) -> UnitOfWork:
        """Open a work of this tenant."""
        return self.crm.work(by=marks.pop("by", "tester"), tenant=self.tenant, **marks)

    def add(self, *records: Any) -> list[Any]:
        """Write records in a work of their own."""
        with self.work() as work:
            return [work.of(type(record)).add(record) for record in records]

    def gadget(self, **fields: Any) -> Gadget:
        """Make a gadget that is not written yet."""
        fields.setdefault("name", "gadget")
        return Gadget(id=GadgetId(self.new_id()), **fields)

    def new_id(self) -> Any:
        """Return a fresh id."""
        return self.crm.ids.next_id(self.crm.clock.now())

    def read(self, record: Aggregate) -> Any:
        """Read a record again, removed or not."""
        with self.work(read_only=True) as work:
            return work.of(type(record)).get(record.id, removed=True)

    def all(self, cls: type[Any] = Gadget) -> list[Any]:
        """Read all live records."""
        with self.work(read_only=True) as work:
            return work.of(cls).find()


@pytest.fixture(scope="module")
def crm(storage_harness: StorageHarness) -> Iterator[CRM]:
    """Give a CRM on the store under test."""
    with CRM(storage_harness.open(), entities=ENTITIES) as made:
        made.schema.apply()
        yield made


@pytest.fixture
def place(crm: CRM) -> Place:
    """Give a tenant of its own to each test."""
    return Place(crm, f"tenant-{next(_TENANTS)}")


@pytest.fixture(scope="module")
def town(crm: CRM) -> Place:
    """Give a tenant that many tests read, and none writes, with a varied population."""
    made = Place(crm, f"town-{next(_TENANTS)}")
    populate(made.work)
    return made
