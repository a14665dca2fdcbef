"""Fulfilments: what was delivered of an order, and what came back, as facts that stay."""

from datetime import date
from enum import StrEnum
from typing import Annotated, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.order_events import OrderId
from crmkit.domain.sales.order_progress import Moved

FulfilmentId = NewType("FulfilmentId", UUID)


class FulfilmentKind(StrEnum):
    """Whether something went out or came back."""

    DELIVERY = "delivery"
    RETURN = "return"


@keeps()
@entity(
    "fulfilment", indexes=[Index(("order_id", "on"))], labels={"en": "Fulfilment", "zh": "交付记录"}
)
@attrs.frozen(kw_only=True)
class Fulfilment(Aggregate):
    """What went out to a customer or came back on a day; it is never changed."""

    id: FulfilmentId
    order_id: OrderId
    kind: FulfilmentKind
    on: date
    quantities: tuple[Moved, ...]
    reference: Annotated[str, Text(max_length=200)] | None = None
    reason: Annotated[str, Text(max_length=1000)] | None = None
