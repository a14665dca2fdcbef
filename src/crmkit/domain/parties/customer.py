"""Customers: the organisations and persons that a company does business with."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.parties.addresses import Address
from crmkit.domain.parties.contact_points import ContactPoint
from crmkit.domain.parties.duplicate_features import organisation_features, person_features
from crmkit.domain.parties.duplicate_rules import ORGANISATIONS, PEOPLE, Rules
from crmkit.domain.parties.identifiers import Identifier
from crmkit.domain.parties.match_keys import match_keys
from crmkit.domain.parties.pool import PoolId, RecordClaimed, RecordPooled
from crmkit.domain.parties.tenure import MARKS
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import CUSTOMER_CARE, LegalBasis, Retention
from crmkit.errors import RuleBroken

CustomerId = NewType("CustomerId", UUID)


class CustomerKind(StrEnum):
    """Whether a customer is an organisation or a natural person."""

    ORGANISATION = "organisation"
    PERSON = "person"


@attrs.frozen(kw_only=True)
class CustomerRegistered(Event):
    """A customer was registered."""

    customer_id: CustomerId
    name: str


@attrs.frozen(kw_only=True)
class CustomersMerged(Event):
    """Two records of one customer became one."""

    customer_id: CustomerId
    merged_id: CustomerId


@attrs.frozen(kw_only=True)
class CustomersParted(Event):
    """A merge was taken apart: one record is two again."""

    customer_id: CustomerId
    merged_id: CustomerId


class CustomerWasMerged(RuleBroken):
    """The customer lives on under another id."""


@keeps(
    personal=("name", "address", "contact_points", "birthday", "notes", "match_keys"),
    sensitive=("identifiers",),
    financial=("annual_revenue",),
    about=("id",),
    is_person=lambda customer: customer.kind is CustomerKind.PERSON,
    purpose=CUSTOMER_CARE,
    basis=LegalBasis.CONTRACT,
    retention=Retention(days=3 * 365, after="deleted_at"),
)
@entity(
    "customer",
    unique=[Unique("number")],
    indexes=[
        Index("name"),
        Index("match_keys"),
        Index("owner_id"),
        Index("parent_id"),
        Index("pool_id"),
    ],
    labels={"en": "Customer", "zh": "客户"},
    events=(CustomerRegistered, CustomersMerged, CustomersParted, RecordPooled, RecordClaimed),
)
@attrs.frozen(kw_only=True)
class Customer(Aggregate):
    """An organisation or person that buys, bought or may buy.

    `match_keys` follow from the other fields and lead to possible duplicates.
    """

    derived_names: ClassVar = ("match_keys",)
    step_names: ClassVar = MARKS

    id: CustomerId
    name: Annotated[str, Text(max_length=300, searchable=True)]
    kind: CustomerKind = CustomerKind.ORGANISATION
    number: Annotated[str, Text(max_length=100)] | None = None
    industry: Annotated[str, Text(max_length=200)] | None = None
    founded_year: int | None = None
    employees: int | None = None
    annual_revenue: Money | None = None
    address: Address | None = None
    identifiers: tuple[Identifier, ...] = ()
    contact_points: tuple[ContactPoint, ...] = ()
    birthday: date | None = None
    parent_id: CustomerId | None = None
    merged_into_id: CustomerId | None = None
    notes: str | None = None
    match_keys: tuple[str, ...] = ()
    pool_id: PoolId | None = None
    pooled_at: datetime | None = None
    owned_since: datetime | None = None
    owner_reason: str | None = None
    last_owner_id: UUID | None = None

    def derived(self) -> Mapping[str, Any]:
        """Return the match keys."""
        return {"match_keys": match_keys(self.features(), self.likeness)}

    @property
    def likeness(self) -> Rules:
        """Return the rules by which it is compared with others of its kind."""
        return ORGANISATIONS if self.kind is CustomerKind.ORGANISATION else PEOPLE

    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return what it is compared by."""
        if self.kind is CustomerKind.PERSON:
            return person_features(
                self.name,
                birthday=self.birthday,
                identifiers=self.identifiers,
                contact_points=self.contact_points,
                address=self.address,
            )
        return organisation_features(
            self.name,
            identifiers=self.identifiers,
            contact_points=self.contact_points,
            address=self.address,
        )

    def register(self) -> Self:
        """Mark a new customer as registered."""
        return self.recording(CustomerRegistered(customer_id=self.id, name=self.name))

    def absorb(self, other: "Customer", values: Mapping[str, Any]) -> Self:
        """Take the chosen `values` of another record of the same customer."""
        self.must_be_itself()
        merged = CustomersMerged(customer_id=self.id, merged_id=other.id)
        return self.evolve(**values).recording(merged)

    def yield_to(self, winner: "Customer") -> Self:
        """Point to the record that lives on."""
        self.must_be_itself()
        return self.evolve(merged_into_id=winner.id)

    def part_from(self, winner: "Customer") -> Self:
        """Be a record of its own again."""
        parted = CustomersParted(customer_id=winner.id, merged_id=self.id)
        return self.evolve(merged_into_id=None).recording(parted)

    def must_be_itself(self) -> None:
        """Refuse when it was merged into another."""
        if self.merged_into_id is not None:
            raise CustomerWasMerged(
                f"customer {self.id} lives on as {self.merged_into_id}",
                path="customer.id",
                fix="use the record that lives on",
            )
