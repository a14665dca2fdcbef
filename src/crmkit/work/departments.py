"""The collections that crmkit itself brings, by the names that people use for them."""

from abc import ABC, abstractmethod
from typing import TypeVar

from crmkit.domain.access.user import User
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.custom_fields import CustomField
from crmkit.domain.imports.import_run import ImportRun
from crmkit.domain.parties.activity import Activity
from crmkit.domain.parties.contact import Affiliation, Contact
from crmkit.domain.parties.customer import Customer
from crmkit.domain.parties.lead import Lead
from crmkit.domain.parties.merge import Merge
from crmkit.domain.parties.saved_view import SavedView
from crmkit.domain.sales.deal import Deal
from crmkit.domain.sales.pipeline import Pipeline
from crmkit.domain.sales.product import Product
from crmkit.work.collection import Collection

A = TypeVar("A", bound=Aggregate)

ENTITIES: tuple[type[Aggregate], ...] = (
    CustomField,
    User,
    Customer,
    Contact,
    Affiliation,
    Lead,
    Activity,
    SavedView,
    Merge,
    Product,
    Pipeline,
    Deal,
    ImportRun,
)
"""The entities of crmkit, in the order in which they may refer to each other."""


class Departments(ABC):
    """One property per entity of crmkit; a vendor's own are reached with `of`."""

    @abstractmethod
    def of(self, cls: type[A]) -> Collection[A]:
        """Return the records of an entity."""

    @property
    def field_definitions(self) -> Collection[CustomField]:
        """Return the tenant's own field definitions."""
        return self.of(CustomField)

    @property
    def users(self) -> Collection[User]:
        """Return the users."""
        return self.of(User)

    @property
    def customers(self) -> Collection[Customer]:
        """Return the customers."""
        return self.of(Customer)

    @property
    def contacts(self) -> Collection[Contact]:
        """Return the contacts."""
        return self.of(Contact)

    @property
    def affiliations(self) -> Collection[Affiliation]:
        """Return the ties between contacts and customers."""
        return self.of(Affiliation)

    @property
    def leads(self) -> Collection[Lead]:
        """Return the leads."""
        return self.of(Lead)

    @property
    def activities(self) -> Collection[Activity]:
        """Return the activities."""
        return self.of(Activity)

    @property
    def saved_views(self) -> Collection[SavedView]:
        """Return the saved views."""
        return self.of(SavedView)

    @property
    def merges(self) -> Collection[Merge]:
        """Return the journal of merges."""
        return self.of(Merge)

    @property
    def products(self) -> Collection[Product]:
        """Return the products."""
        return self.of(Product)

    @property
    def pipelines(self) -> Collection[Pipeline]:
        """Return the pipelines."""
        return self.of(Pipeline)

    @property
    def deals(self) -> Collection[Deal]:
        """Return the deals."""
        return self.of(Deal)

    @property
    def imports(self) -> Collection[ImportRun]:
        """Return the import runs."""
        return self.of(ImportRun)
