"""The collections of subscriptions."""

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.subscriptions.subscription import Subscription
from crmkit.work.collection import Collection
from crmkit.work.departments.reaching import Reaching

ENTITIES: tuple[type[Aggregate], ...] = (Subscription,)


class SubscriptionRecords(Reaching):
    """The collections of subscriptions."""

    @property
    def subscriptions(self) -> Collection[Subscription]:
        """Return the subscriptions."""
        return self.of(Subscription)
