"""Contacts: the people one speaks with, and their ties to customers."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Index, entity
from crmkit.domain.kinds import Text
from crmkit.domain.parties.addresses import Address
from crmkit.domain.parties.contact_points import ContactPoint
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.parties.duplicate_features import person_features
from crmkit.domain.parties.duplicate_rules import PEOPLE, Rules
from crmkit.domain.parties.match_keys import match_keys
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import CUSTOMER_CARE, LegalBasis, Retention
from crmkit.domain.span import check_end
from crmkit.errors import RuleBroken

ContactId = NewType("ContactId", UUID)
AffiliationId = NewType("AffiliationId", UUID)


@attrs.frozen(kw_only=True)
class ContactsMerged(Event):
    """Two records of one person became one."""

    contact_id: ContactId
    merged_id: ContactId


@attrs.frozen(kw_only=True)
class ContactsParted(Event):
    """A merge was taken apart: one record is two again."""

    contact_id: ContactId
    merged_id: ContactId


class ContactWasMerged(RuleBroken):
    """The contact lives on under another id."""


class AffiliationEnded(RuleBroken):
    """The tie between person and customer is over."""


@keeps(
    personal=(
        "name",
        "salutation",
        "language",
        "birthday",
        "address",
        "contact_points",
        "notes",
        "match_keys",
    ),
    about=("id",),
    purpose=CUSTOMER_CARE,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=Retention(days=365, after="deleted_at"),
)
@entity(
    "contact",
    indexes=[Index("name"), Index("match_keys"), Index("owner_id")],
    labels={"en": "Contact", "zh": "联系人"},
    events=(ContactsMerged, ContactsParted),
)
@attrs.frozen(kw_only=True)
class Contact(Aggregate):
    """A person; what ties them to customers are affiliations."""

    derived_names: ClassVar = ("match_keys",)

    id: ContactId
    name: Annotated[str, Text(max_length=300, searchable=True)]
    salutation: Annotated[str, Text(max_length=100)] | None = None
    language: Annotated[str, Text(max_length=35)] | None = None
    birthday: date | None = None
    address: Address | None = None
    contact_points: tuple[ContactPoint, ...] = ()
    merged_into_id: ContactId | None = None
    notes: str | None = None
    match_keys: tuple[str, ...] = ()

    def derived(self) -> Mapping[str, Any]:
        """Return the match keys."""
        return {"match_keys": match_keys(self.features(), self.likeness)}

    @property
    def likeness(self) -> Rules:
        """Return the rules by which it is compared with others."""
        return PEOPLE

    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return what it is compared by."""
        return person_features(
            self.name,
            birthday=self.birthday,
            contact_points=self.contact_points,
            address=self.address,
        )

    def absorb(self, other: "Contact", values: Mapping[str, Any]) -> Self:
        """Take the chosen `values` of another record of the same person."""
        self.must_be_itself()
        merged = ContactsMerged(contact_id=self.id, merged_id=other.id)
        return self.evolve(**values).recording(merged)

    def yield_to(self, winner: "Contact") -> Self:
        """Point to the record that lives on."""
        self.must_be_itself()
        return self.evolve(merged_into_id=winner.id)

    def part_from(self, winner: "Contact") -> Self:
        """Be a record of its own again."""
        parted = ContactsParted(contact_id=winner.id, merged_id=self.id)
        return self.evolve(merged_into_id=None).recording(parted)

    def must_be_itself(self) -> None:
        """Refuse when it was merged into another."""
        if self.merged_into_id is not None:
            raise ContactWasMerged(
                f"contact {self.id} lives on as {self.merged_into_id}",
                path="contact.id",
                fix="use the record that lives on",
            )


@keeps(
    personal=("role", "title"),
    about=("contact_id",),
    purpose=CUSTOMER_CARE,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=Retention(days=365, after="deleted_at"),
)
@entity(
    "affiliation",
    indexes=[Index(("customer_id", "contact_id")), Index("contact_id")],
    labels={"en": "Affiliation", "zh": "任职关系"},
)
@attrs.frozen(kw_only=True)
class Affiliation(Aggregate):
    """A person's tie to a customer: in which role, since when, until when."""

    id: AffiliationId
    contact_id: ContactId
    customer_id: CustomerId
    role: Annotated[str, Text(max_length=200)] | None = None
    title: Annotated[str, Text(max_length=200)] | None = None
    is_primary: bool = False
    from_on: date | None = None
    to_on: date | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse an end before the beginning."""
        super().__attrs_post_init__()
        check_end(self.from_on, self.to_on, path="affiliation.to_on")

    def make_primary(self) -> Self:
        """Make this person the first one to speak with."""
        self._must_last()
        return self.evolve(is_primary=True)

    def end(self, *, on: date) -> Self:
        """End the tie; a tie that is over is not primary."""
        self._must_last()
        check_end(self.from_on, on, path="affiliation.to_on")
        return self.evolve(to_on=on, is_primary=False)

    def _must_last(self) -> None:
        if self.to_on is not None:
            raise AffiliationEnded(f"ended on {self.to_on}", path="affiliation.to_on")
