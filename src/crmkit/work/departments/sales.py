"""The collections of sales."""

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.sales.deal import Deal
from crmkit.domain.sales.pipeline import Pipeline
from crmkit.domain.sales.product import Product
from crmkit.work.collection import Collection
from crmkit.work.departments.reaching import Reaching

ENTITIES: tuple[type[Aggregate], ...] = (Product, Pipeline, Deal)


class SalesRecords(Reaching):
    """The collections of sales."""

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
