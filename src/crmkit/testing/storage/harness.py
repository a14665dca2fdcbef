"""How a store is given to the contract, and the fixtures that the contract's tests ask for."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import spec_of
from crmkit.ports import Ask, Capability, Storage
from crmkit.testing.population import populate
from crmkit.testing.sample import ENTITIES, Gadget, GadgetId
from crmkit.work import UnitOfWork

_TENANTS = itertools.count(1)


@attrs.frozen(kw_only=True)
class StorageHarness:
    """What the contract needs of a store.

    `open` gives a new handle on one and the same data. `fresh` makes an empty database of its own
    and gives the function that opens handles on it.
    """

    open: Callable[[], Storage]
    fresh: Callable[[], Callable[[], Storage]]


class Place:
    """One tenant of the CRM under test: short ways to work, add and find."""

    def __init__(self, crm: CRM, tenant: str) -> None:
        """Belong to a tenant that nothing was written for yet."""
        self.crm = crm
        self.tenant = tenant

    def work(self, **marks: Any) -> UnitOfWork:
        """Open a work of this tenant."""
        return self.crm.work(by=marks.pop("by", "tester"), tenant=self.tenant, **marks)

    def run(self, service: Callable[..., Any], *args: Any, **marks: Any) -> Any:
        """Run a service for this tenant, repeating it after conflicts."""
        marks = {"by": "tester", "tenant": self.tenant, **marks}
        return self.crm.run(service, *args, **marks)

    def add(self, *records: Any) -> list[Any]:
        """Write records in a work of their own."""
        with self.work() as work:
            return [work.of(type(record)).add(record) for record in records]

    def gadget(self, **fields: Any) -> Gadget:
        """Make a gadget that is not written yet."""
        fields.setdefault("name", "gadget")
        return Gadget(id=GadgetId(self.new_id()), **fields)

    def change(self, record: Any, **changes: Any) -> Any:
        """Change a record in a work of its own, whatever its version now."""
        with self.work() as work:
            records = work.of(type(record))
            return records.save(records.get(record.id).evolve(**changes))

    def remove(self, record: Any) -> Any:
        """Remove a record in a work of its own, whatever its version now."""
        with self.work() as work:
            records = work.of(type(record))
            return records.remove(records.get(record.id))

    def new_id(self) -> Any:
        """Return a fresh id."""
        return self.crm.ids.next_id(self.crm.clock.now())

    def read(self, record: Aggregate) -> Any:
        """Read a record again, removed or not."""
        with self.work(read_only=True) as work:
            return work.of(type(record)).get(record.id, removed=True)

    def all(self, cls: type[Any] = Gadget) -> list[Any]:
        """Read all live records, oldest first."""
        with self.work(read_only=True) as work:
            return sorted(work.of(cls).find(), key=lambda record: record.id.int)

    def rows(self, cls: type[Any]) -> list[Any]:
        """Read all rows of one of crmkit's own logs, oldest first."""
        session = self.crm.storage.session(self.tenant, read_only=True)
        try:
            found = [row for batch in session.find(spec_of(cls), Ask()) for row in batch]
        finally:
            session.rollback()
        return sorted(found, key=lambda row: row.id.int)


def can(crm: CRM, capability: Capability) -> bool:
    """Say whether the store under test declares a capability."""
    return capability in crm.storage.capabilities


def new_tenant(name: str = "tenant") -> str:
    """Return the name of a tenant that no other test uses."""
    return f"{name}-{next(_TENANTS)}"


@pytest.fixture(scope="module")
def crm(storage_harness: StorageHarness) -> Iterator[CRM]:
    """Give a CRM on the store under test."""
    with CRM(storage_harness.open(), entities=ENTITIES) as made:
        made.schema.apply()
        yield made


@pytest.fixture
def place(crm: CRM) -> Place:
    """Give a tenant of its own to each test."""
    return Place(crm, new_tenant())


@pytest.fixture
def elsewhere(crm: CRM) -> Place:
    """Give a second tenant to a test."""
    return Place(crm, new_tenant())


@pytest.fixture(scope="module")
def town(crm: CRM) -> Place:
    """Give a tenant that many tests read, and none writes, with a varied population."""
    made = Place(crm, new_tenant("town"))
    populate(made.work)
    return made
