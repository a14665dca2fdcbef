"""Deal lines: what a customer is likely to buy, before it is quoted."""

from typing import NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, entity
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.deal import DealId
from crmkit.domain.sales.quote_line import DraftLine

DealLineId = NewType("DealLineId", UUID)


@keeps(financial=("draft",), about=("deal_id",))
@entity(
    "deal_line",
    indexes=[Index(("deal_id", "position"))],
    labels={"en": "Deal line", "zh": "商机明细"},
)
@attrs.frozen(kw_only=True)
class DealLine(Aggregate):
    """One line of a deal, in its place; priced when it is quoted."""

    id: DealLineId
    deal_id: DealId
    position: int
    draft: DraftLine
