"""The collections of customers and the people around them."""

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.parties.activity import Activity
from crmkit.domain.parties.contact import Affiliation, Contact
from crmkit.domain.parties.customer import Customer
from crmkit.domain.parties.lead import Lead
from crmkit.domain.parties.merge import Merge
from crmkit.work.collection import Collection
from crmkit.work.departments.reaching import Reaching

ENTITIES: tuple[type[Aggregate], ...] = (Customer, Contact, Affiliation, Lead, Activity, Merge)


class PartyRecords(Reaching):
    """The collections of customers and the people around them."""

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
    def merges(self) -> Collection[Merge]:
        """Return the journal of merges."""
        return self.of(Merge)
