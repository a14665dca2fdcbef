"""A view across tenants: what each has, as the actor may see there, and written down at each."""

import pytest

from crmkit.domain.entity import spec_of
from crmkit.domain.filters.summary import Summary, by, count
from crmkit.domain.filters.where import where
from crmkit.domain.parties.customer import Customer
from crmkit.domain.privacy.audit import AuditEntry, AuditKind
from crmkit.errors import InvalidValue, NotPermitted
from crmkit.services import parties
from crmkit.testing.storage.harness import Place


@pytest.fixture
def towns(place: Place) -> tuple[Place, Place]:
    """Give two tenants with two customers and one, and a third that nobody looks at."""
    here, there, aside = (Place(place.crm, f"{place.tenant}-{name}") for name in "abc")
    for town, names in ((here, ["鲁西", "Lux"]), (there, ["Nord"]), (aside, ["Hidden"])):
        for name in names:
            town.run(parties.register_customer, name)
    return here, there


def test_each_question_is_answered_tenant_by_tenant(towns: tuple[Place, Place]) -> None:
    """Counts, lists and summaries name the tenant; a tenant that is not named is not there."""
    here, there = towns
    view = here.crm.across([here.tenant, there.tenant], by="auditor", reason="year's end")
    customer = where(Customer)
    assert view.count(Customer) == {here.tenant: 2, there.tenant: 1}
    assert view.count(Customer, customer.name.eq("Nord")) == {here.tenant: 0, there.tenant: 1}
    listed = view.find(Customer, order=[customer.name.asc()], limit=1)
    assert [(tenant, record.name) for tenant, record in listed] == [
        (here.tenant, "Lux"),
        (there.tenant, "Nord"),
    ]
    kinds = Summary(spec=spec_of(Customer), by={"kind": by(customer.kind)}, measures={"n": count()})
    assert [(row["tenant"], row["n"]) for row in view.summarise(kinds)] == [
        (here.tenant, 2),
        (there.tenant, 1),
    ]


def test_every_tenant_keeps_who_looked_and_why(towns: tuple[Place, Place]) -> None:
    """Each question is one entry at each tenant, with the reason and all that were looked at."""
    here, there = towns
    view = here.crm.across([here.tenant, there.tenant], by="auditor", reason="year's end")
    view.count(Customer)
    for town in towns:
        [entry] = town.rows(AuditEntry)
        assert (entry.kind, entry.actor.value) == (AuditKind.CROSS_TENANT, "auditor")
        assert entry.payload.value == {
            "asked": "count Customer",
            "reason": "year's end",
            "tenants": [here.tenant, there.tenant],
        }


def test_who_may_not_look_sees_nothing(towns: tuple[Place, Place]) -> None:
    """The view is refused when it is opened, and the attempt is written down."""
    here, there = towns
    with pytest.raises(NotPermitted):
        here.crm.across([here.tenant, there.tenant], by="nobody", reason="curious")
    assert [entry.kind for entry in here.rows(AuditEntry)] == [AuditKind.DENIAL]
    assert there.rows(AuditEntry) == []


@pytest.mark.parametrize(
    ("tenants", "reason", "path"),
    [([], "x", "tenants"), ("acme", "x", "tenants"), (["a"], " ", "reason")],
)
def test_tenants_are_named_and_a_reason_is_given(
    near: Place, tenants: list[str], reason: str, path: str
) -> None:
    """There is no view of all tenants, and none without a reason."""
    with pytest.raises(InvalidValue) as caught:
        near.crm.across(tenants, by="auditor", reason=reason)
    assert caught.value.path == path
