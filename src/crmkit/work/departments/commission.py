"""The collections of commission."""

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.commission.payout import Payout
from crmkit.domain.commission.plan import Plan
from crmkit.domain.commission.row import Refund, Row
from crmkit.work.collection import Collection
from crmkit.work.departments.reaching import Reaching

ENTITIES: tuple[type[Aggregate], ...] = (Plan, Refund, Row, Payout)


class CommissionRecords(Reaching):
    """The collections of commission."""

    @property
    def commission_plans(self) -> Collection[Plan]:
        """Return the commission plans."""
        return self.of(Plan)

    @property
    def commission_refunds(self) -> Collection[Refund]:
        """Return what was given back of deals."""
        return self.of(Refund)

    @property
    def commission_rows(self) -> Collection[Row]:
        """Return the rows of all runs."""
        return self.of(Row)

    @property
    def commission_payouts(self) -> Collection[Payout]:
        """Return what was paid."""
        return self.of(Payout)
