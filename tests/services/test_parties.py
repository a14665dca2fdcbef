"""Parties: registering, changing, relating, following up, leads."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from crmkit.crm import CRM
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.filters.where import where
from crmkit.domain.parties.activity import ActivityAlreadyDone, ActivityCompleted, ActivityKind
from crmkit.domain.parties.addresses import Address
from crmkit.domain.parties.contact import Affiliation, AffiliationEnded
from crmkit.domain.parties.contact_points import ContactPoint
from crmkit.domain.parties.customer import Customer, CustomerKind, CustomerRegistered
from crmkit.domain.parties.lead import Lead, LeadAlreadyClosed, LeadConverted, LeadStatus
from crmkit.errors import (
    CrmkitError,
    Duplicate,
    InvalidValue,
    NotFound,
    OutOfRange,
    UnknownField,
    VersionConflict,
    WrongType,
)
from crmkit.services import parties
from crmkit.services.custom_fields import define_field
from crmkit.work import UnitOfWork

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)
DUE = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
MAIL = ContactPoint(kind="email", raw="Info@Luxi.example.com")


def work(crm: CRM, tenant: str = "acme") -> UnitOfWork:
    """Open a unit of work."""
    return crm.work(by="li", tenant=tenant)


@EVERYWHERE
def test_a_customer_is_registered_with_all_its_fields(crm: CRM) -> None:
    """What is registered is what is read, a tenant's own fields too, and an event is told."""
    with work(crm) as unit:
        define_field(unit, "customer", "level", FieldKind.CHOICE, options=("A", "B"))
    with work(crm) as unit:
        luxi = parties.register_customer(
            unit,
            "聊城市鲁西科技有限公司",
            number="K1",
            address=Address(region="山东省", city="聊城市", street="东昌路1号"),
            contact_points=(MAIL,),
            custom={"level": "A"},
        )
        assert CustomerRegistered(customer_id=luxi.id, name=luxi.name) in unit.events
    with work(crm) as unit:
        assert unit.customers.get(luxi.id) == luxi
    assert (luxi.version, luxi.created_by, luxi.custom) == (1, "li", {"level": "A"})
    assert "email=info@luxi.example.com" in luxi.match_keys


@EVERYWHERE
def test_customers_contacts_and_leads_are_changed(crm: CRM) -> None:
    """A change writes the fields given and leaves the others, one version on."""
    with work(crm) as unit:
        luxi = parties.register_customer(unit, "鲁西科技", number="K1")
        person = parties.add_contact(unit, "李伟", notes="met at the fair")
        lead = parties.capture_lead(unit, "王芳", company="光岳食品")
    with work(crm) as unit:
        parties.update_customer(unit, luxi.id, industry="software")
        parties.update_contact(unit, person.id, birthday=date(1980, 1, 2))
        parties.update_lead(unit, lead.id, source="展会")
    with work(crm) as unit:
        changed = unit.customers.get(luxi.id)
        assert (changed.industry, changed.number, changed.version) == ("software", "K1", 2)
        told = unit.contacts.get(person.id)
        assert (told.birthday, told.notes) == (date(1980, 1, 2), "met at the fair")
        assert unit.leads.get(lead.id).source == "展会"


@EVERYWHERE
def test_a_customer_has_at_most_one_primary_contact(crm: CRM) -> None:
    """Who is made primary takes the place of who was; a tie that ended is not primary."""
    with work(crm) as unit:
        luxi = parties.register_customer(unit, "鲁西科技")
        people = [parties.add_contact(unit, name) for name in ("李伟", "王芳", "张敏")]
        ties = [
            parties.relate_contact(
                unit, person.id, luxi.id, role="buyer", title="经理", primary=at < 2
            )
            for at, person in enumerate(people)
        ]
    assert primaries(crm) == [people[1].id]
    with work(crm) as unit:
        parties.make_primary(unit, ties[2].id)
    assert primaries(crm) == [people[2].id]
    with work(crm) as unit:
        parties.make_primary(unit, ties[2].id)
        parties.end_affiliation(unit, ties[2].id, on=date(2026, 6, 1))
    assert primaries(crm) == []
    with pytest.raises(AffiliationEnded), work(crm) as unit:
        parties.make_primary(unit, ties[2].id)


def primaries(crm: CRM) -> list[Any]:
    """Return the contacts that are primary."""
    with work(crm) as unit:
        found = unit.affiliations.find(where(Affiliation).is_primary.eq(True))
    return [tie.contact_id for tie in found]


@EVERYWHERE
def test_activities_are_planned_listed_and_done(crm: CRM) -> None:
    """An activity is about one or more records, listed by due time, and done once."""
    with work(crm) as unit:
        luxi = parties.register_customer(unit, "鲁西科技")
        person = parties.add_contact(unit, "李伟")
        later = parties.follow_up(unit, luxi, "visit", due_at=DUE + timedelta(days=1))
        soon = parties.follow_up(
            unit, luxi, "打电话", kind=ActivityKind.CALL, due_at=DUE, also_on=(person,)
        )
        note = parties.follow_up(unit, person, "likes tea", kind=ActivityKind.NOTE)
    with work(crm) as unit:
        assert [one.id for one in parties.activities_on(unit, luxi)] == [soon.id, later.id]
        assert [one.id for one in parties.activities_on(unit, person)] == [note.id, soon.id]
        done = parties.complete_activity(unit, soon.id)
        assert done.done_at == unit.now
        assert ActivityCompleted(activity_id=soon.id) in unit.events
    with pytest.raises(ActivityAlreadyDone), work(crm) as unit:
        parties.complete_activity(unit, soon.id)


@EVERYWHERE
def test_a_lead_of_a_company_becomes_customer_and_contact(crm: CRM) -> None:
    """Its company is registered with the person as primary contact, and the lead is closed."""
    with work(crm) as unit:
        lead = parties.capture_lead(unit, "王芳", company="光岳食品", contact_points=(MAIL,))
        parties.work_on_lead(unit, lead.id)
    with work(crm) as unit:
        customer = parties.convert_lead(unit, lead.id)
        assert any(isinstance(event, LeadConverted) for event in unit.events)
    with work(crm) as unit:
        closed = unit.leads.get(lead.id)
        person = unit.contacts.get(closed.contact_id)
    assert (customer.name, customer.kind) == ("光岳食品", CustomerKind.ORGANISATION)
    assert (closed.status, closed.customer_id) == (LeadStatus.CONVERTED, customer.id)
    assert (person.name, person.contact_points) == ("王芳", (MAIL,))
    assert primaries(crm) == [person.id]


@EVERYWHERE
def test_a_lead_without_a_company_becomes_a_person(crm: CRM) -> None:
    """The person is the customer, with its contact points, and there is no contact."""
    with work(crm) as unit:
        lead = parties.capture_lead(unit, "王芳", contact_points=(MAIL,))
        customer = parties.convert_lead(unit, lead.id)
    assert (customer.name, customer.kind) == ("王芳", CustomerKind.PERSON)
    assert customer.contact_points == (MAIL,)
    with work(crm) as unit:
        assert unit.contacts.count() == 0


@EVERYWHERE
def test_a_lead_joins_a_customer_that_is_there(crm: CRM) -> None:
    """The person becomes one more contact of it; who was primary stays so."""
    with work(crm) as unit:
        luxi = parties.register_customer(unit, "鲁西科技")
        first = parties.add_contact(unit, "李伟")
        parties.relate_contact(unit, first.id, luxi.id, primary=True)
        lead = parties.capture_lead(unit, "王芳", company="鲁西科技公司")
    with work(crm) as unit:
        assert parties.convert_lead(unit, lead.id, into=luxi.id).id == luxi.id
    with work(crm) as unit:
        assert unit.customers.count() == 1
        assert unit.affiliations.count(where(Affiliation).customer_id.eq(luxi.id)) == 2
    assert primaries(crm) == [first.id]


@EVERYWHERE
def test_a_closed_lead_stays_closed(crm: CRM) -> None:
    """A lead that was disqualified with a reason is neither converted nor worked on."""
    with work(crm) as unit:
        lead = parties.capture_lead(unit, "王芳")
        closed = parties.disqualify_lead(unit, lead.id, reason="no budget")
    assert (closed.status, closed.closed_reason) == (LeadStatus.DISQUALIFIED, "no budget")
    calls: list[Callable[[UnitOfWork], Lead | Customer]] = [
        lambda unit: parties.convert_lead(unit, lead.id),
        lambda unit: parties.work_on_lead(unit, lead.id),
        lambda unit: parties.disqualify_lead(unit, lead.id, reason="again"),
    ]
    for call in calls:
        with pytest.raises(LeadAlreadyClosed) as caught, work(crm) as unit:
            call(unit)
        assert caught.value.path == "lead.status"
    with work(crm) as unit:
        assert unit.customers.count() == 0


WRONG: list[tuple[dict[str, Any], type[CrmkitError], str]] = [
    ({"colour": "red"}, UnknownField, "customer.colour"),
    ({"custom": {"colour": "red"}}, UnknownField, "custom.colour"),
    ({"founded_year": "1999"}, WrongType, "founded_year"),
    ({"name": 5}, WrongType, "name"),
    ({"name": "x" * 301}, OutOfRange, "name"),
    ({"name": "a\x00"}, InvalidValue, "name"),
    ({"version": 7}, InvalidValue, "customer.version"),
    ({"tenant": "other"}, InvalidValue, "customer.tenant"),
    ({"merged_into_id": uuid4()}, InvalidValue, "customer.merged_into_id"),
    ({"parent_id": uuid4()}, NotFound, "customer.parent_id"),
    ({"number": "K1"}, Duplicate, "customer.number"),
]


@pytest.mark.parametrize(("fields", "error", "path"), WRONG)
@EVERYWHERE
def test_what_is_wrong_is_named_and_nothing_is_written(
    crm: CRM, fields: dict[str, Any], error: type[CrmkitError], path: str
) -> None:
    """Each bad field raises one error with its path, registering and changing."""
    with work(crm) as unit:
        parties.register_customer(unit, "taken", number="K1")
        luxi = parties.register_customer(unit, "鲁西科技")
    with pytest.raises(error) as caught, work(crm) as unit:
        parties.register_customer(unit, **{"name": "光岳", **fields})
    assert caught.value.path == path
    with pytest.raises(error) as again, work(crm) as unit:
        parties.update_customer(unit, luxi.id, **fields)
    assert again.value.path == path
    with work(crm) as unit:
        assert unit.customers.get(luxi.id) == luxi
        assert unit.customers.count() == 2


@EVERYWHERE
def test_records_of_another_tenant_are_not_there(crm: CRM) -> None:
    """Nothing of one tenant is found, changed or referred to by another."""
    with work(crm) as unit:
        luxi = parties.register_customer(unit, "鲁西科技")
        person = parties.add_contact(unit, "李伟")
        lead = parties.capture_lead(unit, "王芳")
    calls: list[Callable[[UnitOfWork], object]] = [
        lambda unit: parties.find_customer(unit, luxi.id),
        lambda unit: parties.update_customer(unit, luxi.id, notes="x"),
        lambda unit: parties.update_contact(unit, person.id, notes="x"),
        lambda unit: parties.relate_contact(unit, person.id, luxi.id),
        lambda unit: parties.convert_lead(unit, lead.id),
        lambda unit: parties.follow_up(unit, luxi, "call"),
        lambda unit: parties.follow_up(unit, lead, "call"),
        lambda unit: parties.register_customer(unit, "光岳", parent_id=luxi.id),
        lambda unit: unit.customers.save(luxi.evolve(notes="x")),
    ]
    for call in calls[:-1]:
        with pytest.raises(NotFound), work(crm, "other") as unit:
            call(unit)
    with pytest.raises(InvalidValue) as caught, work(crm, "other") as unit:
        calls[-1](unit)
    assert caught.value.path == "customer.tenant"
    with work(crm, "other") as unit:
        assert parties.activities_on(unit, luxi) == []


@EVERYWHERE
def test_a_stale_customer_is_not_saved(crm: CRM) -> None:
    """Who read a customer before another changed it cannot save it."""
    with work(crm) as unit:
        luxi = parties.register_customer(unit, "鲁西科技")
    with work(crm) as unit:
        parties.update_customer(unit, luxi.id, notes="first")
    with pytest.raises(VersionConflict) as caught, work(crm) as unit:
        unit.customers.save(luxi.evolve(notes="second"))
    assert (caught.value.record_id, caught.value.expected) == (luxi.id, 1)
    with work(crm) as unit:
        assert unit.customers.get(luxi.id).notes == "first"
