"""The collections of customers and the people around them."""

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.parties.activity import Activity
from crmkit.domain.parties.contact import Affiliation, Contact
from crmkit.domain.parties.customer import Customer
from crmkit.domain.parties.lead import Lead
from crmkit.domain.parties.merge import Merge
from crmkit.domain.parties.pool import ClaimBook, Pool
from crmkit.domain.parties.scorecard import Scorecard
from crmkit.domain.parties.tenure import Tenure
from crmkit.domain.parties.turns import AssignmentRule
from crmkit.work.collection import Collection
from crmkit.work.departments.reaching import Reaching

ENTITIES: tuple[type[Aggregate], ...] = (
    Pool,
    ClaimBook,
    Tenure,
    Scorecard,
    AssignmentRule,
    Customer,
    Contact,
    Affiliation,
    Lead,
    Activity,
    Merge,
)


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

    @property
    def pools(self) -> Collection[Pool]:
        """Return the pools."""
        return self.of(Pool)

    @property
    def tenures(self) -> Collection[Tenure]:
        """Return who owned what before."""
        return self.of(Tenure)

    @property
    def scorecards(self) -> Collection[Scorecard]:
        """Return the scorecards."""
        return self.of(Scorecard)

    @property
    def assignment_rules(self) -> Collection[AssignmentRule]:
        """Return the rules by which records are handed out."""
        return self.of(AssignmentRule)
