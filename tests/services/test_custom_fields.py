"""Defining, changing and retiring a tenant's own fields."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crmkit.crm import CRM
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import Customer
from crmkit.errors import (
    Duplicate,
    InvalidValue,
    NotFound,
    OutOfRange,
    UnknownEntity,
    UnknownField,
)
from crmkit.plugins import hookimpl, shared_field
from crmkit.services import parties
from crmkit.services.custom_fields import (
    FieldKindFixed,
    FieldShared,
    OptionInUse,
    change_field,
    define_field,
    fields_of,
    index_field,
    retire_field,
)
from crmkit.services.unique_claims import ValuesNotUnique
from crmkit.work import UnitOfWork

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)


class GivesGrade:
    """A plugin that gives every tenant a grade."""

    @hookimpl
    def register_fields(self):
        """Give the grade."""
        return [shared_field("customer", "grade", FieldKind.CHOICE, options=("A", "B"))]


@pytest.fixture
def crm(near_url: str) -> Iterator[CRM]:
    """Give a CRM with the plugin, on each store in turn."""
    with CRM.open(near_url, plugins=[GivesGrade], plugin_names=()) as crm:
        crm.schema.apply()
        yield crm


def work(crm: CRM, tenant: str = "acme") -> UnitOfWork:
    """Open a unit of work."""
    return crm.work(by="li", tenant=tenant)


def define(crm: CRM, key: str, kind: FieldKind, **options: Any) -> None:
    """Define a field of customers."""
    with work(crm) as unit:
        define_field(unit, "customer", key, kind, **options)


def register(crm: CRM, name: str, **custom: Any) -> Customer:
    """Register a customer with custom values."""
    with work(crm) as unit:
        return parties.register_customer(unit, name, custom=custom)


VALUES = {
    FieldKind.TEXT: "聊城",
    FieldKind.NUMBER: 7,
    FieldKind.DECIMAL: Decimal("1.250000"),
    FieldKind.MONEY: Money("12.50", "CNY"),
    FieldKind.DATE: date(2026, 11, 24),
    FieldKind.INSTANT: datetime(2026, 11, 24, 9, tzinfo=UTC),
    FieldKind.BOOLEAN: True,
    FieldKind.CHOICE: "east",
    FieldKind.MULTI_CHOICE: ("east", "west"),
}


@EVERYWHERE
@pytest.mark.parametrize("kind", VALUES, ids=str)
def test_each_kind_keeps_and_finds_its_values(crm: CRM, kind: FieldKind) -> None:
    """A value of every kind is read back as it was given, and found by it."""
    chooses = kind in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE)
    define(crm, "extra", kind, options=("east", "west") if chooses else ())
    customer = register(crm, "鲁西科技", extra=VALUES[kind])
    register(crm, "other")
    with work(crm) as unit:
        extra = unit.where(Customer)["custom.extra"]
        several = kind is FieldKind.MULTI_CHOICE
        fits = extra.has_any(["west"]) if several else extra.eq(VALUES[kind])
        assert [found.id for found in unit.customers.find(fits)] == [customer.id]
        assert unit.customers.get(customer.id).custom == {"extra": VALUES[kind]}


def test_a_reference_must_lead_to_a_known_entity(crm: CRM) -> None:
    """A reference to an entity that is not registered is refused when it is defined."""
    with pytest.raises(UnknownEntity), work(crm) as unit:
        define_field(unit, "customer", "car", FieldKind.REFERENCE, target="car")


def test_labels_come_in_several_languages(crm: CRM) -> None:
    """The field is called as the reader's language calls it."""
    define(crm, "region", FieldKind.TEXT, labels={"en": "Region", "zh": "大区"})
    with work(crm) as unit:
        region = {field.key: field for field in fields_of(unit, "customer")}["region"]
    assert [region.label(language) for language in ("zh", "en", "fr")] == [
        "大区",
        "Region",
        "Region",
    ]


def test_a_key_is_defined_once(crm: CRM) -> None:
    """A second definition is a duplicate."""
    define(crm, "region", FieldKind.TEXT)
    with pytest.raises(Duplicate), work(crm) as unit:
        define_field(unit, "customer", "region", FieldKind.TEXT)


def test_fields_belong_to_their_tenant(crm: CRM) -> None:
    """What one tenant defines, another does not have."""
    define(crm, "region", FieldKind.TEXT)
    with pytest.raises(UnknownField), work(crm, "other") as unit:
        parties.register_customer(unit, "鲁西科技", custom={"region": "x"})


def test_the_kind_cannot_change(crm: CRM) -> None:
    """Neither directly, nor by retiring the field and defining another of its key."""
    define(crm, "region", FieldKind.TEXT)
    with pytest.raises(FieldKindFixed), work(crm) as unit:
        change_field(unit, "customer", "region", kind=FieldKind.NUMBER)
    with work(crm) as unit:
        retire_field(unit, "customer", "region")
    with pytest.raises(FieldKindFixed), work(crm) as unit:
        define_field(unit, "customer", "region", FieldKind.NUMBER)


def test_a_change_that_contradicts_itself_is_refused(crm: CRM) -> None:
    """A default that does not fit the field is refused when it is set."""
    define(crm, "score", FieldKind.NUMBER, maximum=Decimal(10))
    with pytest.raises(OutOfRange), work(crm) as unit:
        change_field(unit, "customer", "score", default="11")


def test_options_may_grow(crm: CRM) -> None:
    """A new option can be chosen at once."""
    define(crm, "region", FieldKind.CHOICE, options=("east",))
    with work(crm) as unit:
        change_field(unit, "customer", "region", options=("east", "west"))
        parties.register_customer(unit, "a", custom={"region": "west"})


@EVERYWHERE
@pytest.mark.parametrize("kind", [FieldKind.CHOICE, FieldKind.MULTI_CHOICE], ids=str)
def test_an_option_in_use_cannot_go(crm: CRM, kind: FieldKind) -> None:
    """Not while any record has it, not even a removed one; an unused option may go."""
    define(crm, "region", kind, options=("east", "west", "north"))
    customer = register(crm, "a", region=("east",) if kind is FieldKind.MULTI_CHOICE else "east")
    with work(crm) as unit:
        unit.customers.remove(unit.customers.get(customer.id))
    with pytest.raises(OptionInUse, match="1 customer"), work(crm) as unit:
        change_field(unit, "customer", "region", options=("west", "north"))
    with work(crm) as unit:
        change_field(unit, "customer", "region", options=("east", "west"))
    with pytest.raises(InvalidValue), work(crm) as unit:
        parties.register_customer(
            unit, "b", custom={"region": ["north"] if kind is FieldKind.MULTI_CHOICE else "north"}
        )


@EVERYWHERE
def test_a_field_becomes_unique_when_its_values_are(crm: CRM) -> None:
    """Existing values are claimed: the next record with one of them is a duplicate."""
    define(crm, "code", FieldKind.TEXT)
    first = register(crm, "a", code="x")
    register(crm, "b", code="y")
    with work(crm) as unit:
        change_field(unit, "customer", "code", unique=True)
    with pytest.raises(Duplicate) as refused, work(crm) as unit:
        parties.register_customer(unit, "c", custom={"code": "x"})
    assert refused.value.fields == ("custom.code",)
    with work(crm) as unit:
        unit.customers.save(unit.customers.get(first.id).evolve(custom={}))
        parties.register_customer(unit, "c", custom={"code": "x"})


def test_a_field_does_not_become_unique_while_values_are_shared(crm: CRM) -> None:
    """The refusal names the shared value, and the field stays as it was."""
    define(crm, "code", FieldKind.TEXT)
    register(crm, "a", code="x")
    register(crm, "b", code="x")
    with pytest.raises(ValuesNotUnique, match="'x'"), work(crm) as unit:
        change_field(unit, "customer", "code", unique=True)
    with work(crm) as unit:
        assert not unit.custom_fields(unit.registry[Customer])["code"].unique


def test_a_field_that_is_not_unique_any_more_lets_go(crm: CRM) -> None:
    """Afterwards values may be shared, and it can become unique again once they are not."""
    define(crm, "code", FieldKind.TEXT, unique=True)
    register(crm, "a", code="x")
    with work(crm) as unit:
        change_field(unit, "customer", "code", unique=False)
    twin = register(crm, "b", code="x")
    with work(crm) as unit:
        unit.customers.remove(unit.customers.get(twin.id))
    with work(crm) as unit:
        change_field(unit, "customer", "code", unique=True)


@EVERYWHERE
def test_a_retired_field_cannot_be_written_but_its_values_stay(crm: CRM) -> None:
    """Records with an old value can be changed otherwise; the field comes back with its values."""
    define(crm, "region", FieldKind.TEXT)
    define(crm, "note", FieldKind.TEXT)
    customer = register(crm, "a", region="山东")
    with work(crm) as unit:
        retire_field(unit, "customer", "region")
    with pytest.raises(UnknownField), work(crm) as unit:
        parties.register_customer(unit, "b", custom={"region": "x"})
    with work(crm) as unit:
        found = unit.customers.get(customer.id)
        unit.customers.save(found.evolve(custom={**found.custom, "note": "n"}))
    define(crm, "region", FieldKind.TEXT, labels={"zh": "大区"})
    with work(crm) as unit:
        region = unit.where(Customer)["custom.region"]
        [found] = unit.customers.find(region.eq("山东"))
        assert found.custom == {"region": "山东", "note": "n"}


def test_a_retired_unique_field_claims_again_when_it_comes_back(crm: CRM) -> None:
    """What became shared in between stands in the way."""
    define(crm, "code", FieldKind.TEXT, unique=True)
    register(crm, "a", code="x")
    with work(crm) as unit:
        retire_field(unit, "customer", "code")
    define(crm, "code", FieldKind.TEXT, unique=True)
    with pytest.raises(Duplicate), work(crm) as unit:
        parties.register_customer(unit, "b", custom={"code": "x"})


def test_what_is_not_there_cannot_be_changed(crm: CRM) -> None:
    """An unknown field is not found, and an unknown entity is named."""
    with work(crm) as unit:
        with pytest.raises(NotFound):
            change_field(unit, "customer", "region", required=True)
        with pytest.raises(NotFound):
            retire_field(unit, "customer", "region")
        with pytest.raises(UnknownEntity):
            define_field(unit, "car", "region", FieldKind.TEXT)


def test_a_field_of_a_plugin_belongs_to_every_tenant(crm: CRM) -> None:
    """It is checked and found like an own one, and no tenant can define or change it."""
    for tenant in ("acme", "other"):
        with work(crm, tenant) as unit:
            parties.register_customer(unit, "a", custom={"grade": "A"})
            assert unit.customers.count(unit.where(Customer)["custom.grade"].eq("A")) == 1
            with pytest.raises(InvalidValue):
                parties.register_customer(unit, "b", custom={"grade": "C"})
            with pytest.raises(FieldShared):
                define_field(unit, "customer", "grade", FieldKind.TEXT)
            with pytest.raises(FieldShared):
                change_field(unit, "customer", "grade", required=True)


@EVERYWHERE
def test_an_indexed_field_is_marked_and_answers_as_before(crm: CRM) -> None:
    """The index changes no answer; indexing twice is as once."""
    define(crm, "score", FieldKind.NUMBER)
    define(crm, "budget", FieldKind.MONEY)
    register(crm, "a", score=3, budget=Money("5", "CNY"))
    for key in ("score", "score", "budget", "grade"):
        index_field(crm, "customer", key, by="li", tenant="acme")
    with work(crm) as unit:
        fields = {field.key: field.indexed for field in fields_of(unit, "customer")}
        assert fields == {"score": True, "budget": True, "grade": False}
        assert unit.customers.count(unit.where(Customer)["custom.score"].gt(2)) == 1
