"""Tenants in places of their own: made when first written, found again, brought up together."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Registry, entity
from crmkit.domain.privacy.audit import AuditKind
from crmkit.errors import CapabilityMissing, InvalidSettings, SchemaMissing, SchemaOutdated
from crmkit.ports import ALL, Action, Capability
from crmkit.services import parties
from crmkit.services.log_rows import reading, rows, transaction
from crmkit.storage.opening import open_storage
from crmkit.storage.per_tenant import place_name
from crmkit.work.auditing import write_down

READ = Action("shelf:read", "Read a shelf", zh="查看货架")


@entity("shelf")
@attrs.frozen(kw_only=True)
class Shelf(Aggregate):
    """A shelf."""

    name: str


@entity("shelf")
@attrs.frozen(kw_only=True)
class ShelfWithRows(Aggregate):
    """The same with a field that came later."""

    name: str
    rows: int = 3


class Apart:
    """A store whose tenants lie apart, with one entity beside crmkit's own logs."""

    def __init__(self, url: str, cls: type[Any] = Shelf) -> None:
        """Open it, without setting it up."""
        self.storage: Any = open_storage(url, tenants="separate")
        self.registry = Registry([cls])
        self.spec = self.registry[cls]
        self.storage.bind(self.registry)

    def put(self, tenant: str, name: str) -> None:
        """Write a shelf of a tenant."""
        with transaction(self.storage, tenant) as session:
            session.insert_many(self.spec, [Shelf(id=uuid4(), tenant=tenant, version=1, name=name)])

    def names(self, tenant: str) -> list[str]:
        """Read the shelves of a tenant."""
        with reading(self.storage, tenant) as session:
            return sorted(shelf.name for shelf in rows(session, self.spec, ALL))

    @property
    def places(self) -> list[str]:
        """Name the places that are there."""
        return list(self.storage.places.names())


@pytest.fixture(params=["memory:", "fresh_sqlite", "fresh_postgres", "fresh_mongo"])
def apart_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the URL of an empty store, and drop the places of tenants afterwards."""
    kind: str = request.param
    url: str = kind if kind == "memory:" else request.getfixturevalue(kind)
    yield url
    storage: Any = open_storage(url, tenants="separate")
    for name in storage.places.names():
        storage.places.drop(name)
    storage.close()


@pytest.fixture
def apart(apart_url: str) -> Iterator[Apart]:
    """Give a store on each kind in turn, set up."""
    made = Apart(apart_url)
    made.storage.schema.apply()
    yield made
    made.storage.close()


def test_each_tenant_has_a_place_of_its_own(apart: Apart) -> None:
    """What one wrote lies in its place alone, and is found under its name."""
    for tenant in ("acme", "鲁西科技"):
        apart.put(tenant, f"of {tenant}")
    assert apart.places == sorted(map(place_name, ("acme", "鲁西科技")))
    for tenant in ("acme", "鲁西科技"):
        assert apart.names(tenant) == [f"of {tenant}"]
        inside = apart.storage.places.open(place_name(tenant))
        inside.bind(apart.registry)
        assert inside.tenants_with(apart.spec, ALL) == [tenant]
    assert apart.storage.tenants_with(apart.spec, ALL) == ["acme", "鲁西科技"]


def test_reading_makes_no_place(apart: Apart) -> None:
    """A tenant that never wrote is empty, and stays without a place."""
    assert apart.names("stranger") == []
    assert apart.places == []


def test_many_make_one_place_at_once(apart: Apart) -> None:
    """Eight threads that write a new tenant at once find one place, and lose nothing."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: apart.put("new", str(at)), range(8)))
    assert apart.names("new") == [str(at) for at in range(8)]


def test_steps_are_taken_in_every_place(apart_url: str) -> None:
    """A field that came later is added to each tenant's place; until then it is refused."""
    first = Apart(apart_url)
    if Capability.DURABLE not in first.storage.capabilities:
        return
    with pytest.raises(SchemaMissing):
        first.put("acme", "early")
    first.storage.schema.apply()
    first.put("acme", "old")
    first.storage.close()
    later = Apart(apart_url, ShelfWithRows)
    with pytest.raises(SchemaOutdated):
        later.names("acme")
    planned = {step.revision.partition("/")[0] for step in later.storage.schema.plan()}
    assert place_name("acme") in planned
    assert later.storage.schema.verify() != ()
    later.storage.schema.apply()
    assert later.storage.schema.verify() == later.storage.schema.plan() == ()
    with reading(later.storage, "acme") as session:
        assert [shelf.rows for shelf in rows(session, later.spec, ALL)] == [3]
    later.storage.close()


def test_a_tenant_who_leaves_is_dropped_whole(apart: Apart) -> None:
    """Its place is gone, others stay, and it may come again, empty."""
    for tenant in ("stays", "leaves"):
        apart.put(tenant, tenant)
    apart.storage.drop("leaves")
    assert apart.places == [place_name("stays")]
    apart.put("leaves", "again")
    assert (apart.names("stays"), apart.names("leaves")) == (["stays"], ["again"])


def test_a_transaction_of_the_host_is_refused(apart: Apart) -> None:
    """It belongs to no tenant's place, and the store does not declare that it could join."""
    assert Capability.JOIN not in apart.storage.capabilities
    with pytest.raises(CapabilityMissing):
        apart.storage.session("acme", join=object())


def test_a_crm_serves_every_place(near_url: str) -> None:
    """Works, and the worker that seals the audit log of all tenants, go from place to place."""
    with CRM.open(near_url, tenants="separate", plugin_names=()) as crm:
        crm.schema.apply()
        for tenant in ("a", "b"):
            with crm.work(by="li", tenant=tenant) as work:
                parties.register_customer(work, tenant)
                write_down(work, AuditKind.PRIVILEGED_READ, READ)
        assert crm.audit.seal_all() == 2
        assert crm.audit.verify("b").entries == 1
        with crm.work(by="li", tenant="b") as work:
            assert [customer.name for customer in work.customers.find()] == ["b"]


@pytest.mark.parametrize(
    ("target", "tenants", "error"),
    [
        ("mysql://root@localhost/x", "separate", CapabilityMissing),
        ("sqlite://", "separate", InvalidSettings),
        ("memory:", "somewhere", InvalidSettings),
        (object(), "separate", InvalidSettings),
    ],
)
def test_what_cannot_be_kept_apart_is_told(
    target: object, tenants: str, error: type[Exception]
) -> None:
    """A store without places, and an unknown setting, are refused before anything is opened."""
    with pytest.raises(error) as caught:
        open_storage(target, tenants=tenants)
    assert getattr(caught.value, "fix", "")


def test_names_of_places_are_lawful_and_different() -> None:
    """Whatever a tenant is called, its place has a short name of small letters and digits."""
    tenants = ["acme", "Acme", "a'b", "聊城", "x" * 63, "a b", "a_b", "%"]
    made = [place_name(tenant) for tenant in tenants]
    assert len(set(made)) == len(tenants)
    assert all(len(name) <= 35 and re.fullmatch("t_[a-z0-9_]+", name) for name in made)
