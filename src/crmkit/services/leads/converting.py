"""Converting: a lead becomes a customer, a contact and a deal, new ones or ones that are there."""

from collections.abc import Mapping
from typing import Any, Self

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.filters.paths import CUSTOM
from crmkit.domain.money import Money
from crmkit.domain.parties.contact import Contact, ContactId
from crmkit.domain.parties.customer import Customer, CustomerId, CustomerKind
from crmkit.domain.parties.lead import Lead, LeadId
from crmkit.domain.sales.deal import Deal, DealId
from crmkit.domain.sales.pipeline import PipelineId
from crmkit.errors import InvalidSettings
from crmkit.services.drafting import changed
from crmkit.services.parties import (
    CONVERT_LEAD,
    add_contact,
    find_contact,
    find_customer,
    register_customer,
    relate_contact,
)
from crmkit.services.sales.deals import open_deal
from crmkit.work import UnitOfWork

Fields = Mapping[str, str]
"""Which field of a lead fills which field of another record; `custom.key` for one's own."""


@attrs.frozen(kw_only=True)
class Conversion:
    """Which field of a lead goes where, beyond name, company and contact points.

    Made once, when the program starts: declared fields are checked then, the tenant's own ones when
    a lead is converted. What is wrong is an `InvalidSettings` that names the field.
    """

    customer: Fields = attrs.field(factory=dict)
    contact: Fields = attrs.field(factory=dict)
    deal: Fields = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Check that fields exist and hold the same kind of value."""
        for name, (cls, fields) in self._targets().items():
            for source, target in fields.items():
                _check(spec_of(Lead), spec_of(cls), source, target, f"conversion.{name}.{source}")

    def check(self, work: UnitOfWork) -> Self:
        """Check the tenant's own fields too."""
        lead = work.custom_fields(work.registry[Lead])
        for name, (cls, fields) in self._targets().items():
            theirs = work.custom_fields(work.registry[cls])
            for source, target in fields.items():
                _check_own(lead, theirs, source, target, f"conversion.{name}.{source}")
        return self

    def values(self, lead: Lead, fields: Fields) -> dict[str, Any]:
        """Return what a lead gives to another record; what it does not have is left out."""
        given: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for source, target in fields.items():
            value = _read(lead, source)
            if value in (None, "", ()):
                continue
            if target.startswith(f"{CUSTOM}."):
                custom[target.removeprefix(f"{CUSTOM}.")] = value
            else:
                given[target] = value
        return {**given, CUSTOM: custom} if custom else given

    def _targets(self) -> dict[str, tuple[type[Aggregate], Fields]]:
        return {
            "customer": (Customer, self.customer),
            "contact": (Contact, self.contact),
            "deal": (Deal, self.deal),
        }


@attrs.frozen(kw_only=True)
class DealPlan:
    """The deal that a conversion opens: a new one, or one that is there and gets the customer."""

    pipeline: PipelineId | None = None
    name: str | None = None
    value: Money | None = None
    into: DealId | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a plan that says neither or both."""
        if (self.pipeline is None) == (self.into is None):
            raise InvalidSettings(
                "opens a deal in a pipeline, or joins one", path="deal", fix="give one of both"
            )


@attrs.frozen(kw_only=True)
class Converted:
    """What a lead became; the lead itself stays, closed, and leads to them."""

    lead: Lead
    customer: Customer
    contact: Contact | None
    deal: Deal | None


NO_MORE = Conversion()


def convert(
    work: UnitOfWork,
    lead_id: LeadId,
    *,
    into: CustomerId | None = None,
    contact: ContactId | None = None,
    deal: DealPlan | None = None,
    conversion: Conversion = NO_MORE,
) -> Converted:
    """Make a lead a customer, a contact at an organisation, and a deal if one is planned.

    `into` and `contact` are records that are there already; a field of theirs that has a value
    keeps it. Everything happens in one work, or nothing.
    """
    lead = work.leads.get(lead_id)
    work.permit(CONVERT_LEAD, on=lead)
    conversion.check(work)
    customer = _customer(work, lead, into, conversion)
    person = _contact(work, lead, customer, contact, conversion)
    contact_id = None if person is None else person.id
    closed = lead.convert(customer_id=customer.id, contact_id=contact_id, at=work.now)
    return Converted(
        lead=work.leads.save(closed),
        customer=customer,
        contact=person,
        deal=None if deal is None else _deal(work, lead, customer, deal, conversion),
    )


def _customer(
    work: UnitOfWork, lead: Lead, into: CustomerId | None, conversion: Conversion
) -> Customer:
    values = conversion.values(lead, conversion.customer)
    if into is not None:
        known = find_customer(work, into)
        return work.customers.save(_filled(known, values))
    fields: dict[str, Any] = {"owner_id": lead.owner_id, **values}
    if lead.company is not None:
        return register_customer(work, lead.company, **fields)
    fields = {"contact_points": lead.contact_points, **fields}
    return register_customer(work, lead.name, kind=CustomerKind.PERSON, **fields)


def _contact(
    work: UnitOfWork,
    lead: Lead,
    customer: Customer,
    contact: ContactId | None,
    conversion: Conversion,
) -> Contact | None:
    if customer.kind is CustomerKind.PERSON:
        return None
    values = conversion.values(lead, conversion.contact)
    if contact is not None:
        known = find_contact(work, contact)
        return work.contacts.save(_filled(known, values))
    own = {"contact_points": lead.contact_points, **values}
    person = add_contact(work, lead.name, **own)
    relate_contact(work, person.id, customer.id)
    return person


def _deal(
    work: UnitOfWork, lead: Lead, customer: Customer, plan: DealPlan, conversion: Conversion
) -> Deal:
    values = {**conversion.values(lead, conversion.deal), "lead_id": lead.id}
    if plan.into is not None:
        known = work.deals.get(plan.into)
        return work.deals.save(_filled(known, {**values, "customer_id": customer.id}))
    if plan.pipeline is None:
        raise InvalidSettings("has no pipeline", path="deal.pipeline")
    opened = open_deal(
        work,
        name=plan.name or lead.company or lead.name,
        pipeline=plan.pipeline,
        customer=customer.id,
        value=plan.value,
        owner=lead.owner_id,
    )
    return work.deals.save(_filled(opened, values))


def _filled(record: Any, values: Mapping[str, Any]) -> Any:
    """Return a record with values where it has none of its own."""
    given = {
        name: value
        for name, value in values.items()
        if name != CUSTOM and getattr(record, name) in (None, "", ())
    }
    if CUSTOM in values:
        given[CUSTOM] = {**values[CUSTOM], **record.custom}
    return changed(record, **given) if given else record


def _read(lead: Lead, source: str) -> Any:
    if source.startswith(f"{CUSTOM}."):
        return lead.custom.get(source.removeprefix(f"{CUSTOM}."))
    return getattr(lead, source)


def _check(lead: EntitySpec, target: EntitySpec, source: str, name: str, path: str) -> None:
    """Check declared fields: they exist and hold the same kind of value."""
    pairs = ((lead, source), (target, name))
    for spec, field in pairs:
        if not field.startswith(f"{CUSTOM}.") and field not in spec.parts:
            raise InvalidSettings(f"{spec.name} has no field {field!r}", path=path)
    declared = [spec.parts[field].kind for spec, field in pairs if field in spec.parts]
    if len(declared) == 2 and type(declared[0]) is not type(declared[1]):
        raise InvalidSettings(
            f"{source} and {name} hold different kinds of value", path=path, fix="map another field"
        )


def _check_own(
    lead: Mapping[str, Any], target: Mapping[str, Any], source: str, name: str, path: str
) -> None:
    """Check the tenant's own fields: they exist, and both hold the same kind of value."""
    kinds = []
    for known, field in ((lead, source), (target, name)):
        first, _, key = field.partition(".")
        if first != CUSTOM:
            continue
        if key not in known:
            raise InvalidSettings(f"there is no field {field!r}", path=path, fix="define it first")
        kinds.append(known[key].kind)
    if len(set(kinds)) == 2:
        raise InvalidSettings(
            f"{source} and {name} hold different kinds of value", path=path, fix="map another field"
        )
