"""Products: what is sold."""

from typing import Annotated, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.privacy.keeping import keeps

ProductId = NewType("ProductId", UUID)


@keeps()
@entity("product", unique=[Unique("name")], labels={"en": "Product", "zh": "产品"})
@attrs.frozen(kw_only=True)
class Product(Aggregate):
    """A thing or service with a list price."""

    id: ProductId
    name: Annotated[str, Text(max_length=300, searchable=True)]
    series: Annotated[str, Text(max_length=200)] | None = None
    list_price: Money | None = None
