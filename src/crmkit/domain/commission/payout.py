"""Payouts: what one person was paid for a span, row by row."""

from datetime import date
from typing import Any, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.commission.plan import PlanId
from crmkit.domain.commission.row import CommissionIsKept, RowId
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.forecasts.standing import must_stand
from crmkit.domain.money import Money
from crmkit.domain.privacy.keeping import keeps

PayoutId = NewType("PayoutId", UUID)


@keeps(financial=("amount",))
@entity(
    "commission_payout",
    unique=[Unique(("plan_id", "first_on", "last_on", "user_id"))],
    indexes=[Index(("user_id", "first_on"))],
    labels={"en": "Commission payout", "zh": "提成发放"},
)
@attrs.frozen(kw_only=True)
class Payout(Aggregate):
    """What one person was paid for a span, with what was found late of spans before; it stands.

    Below zero it is owed back, and to be set off.
    """

    id: PayoutId
    plan_id: PlanId
    user_id: UserId
    first_on: date
    last_on: date
    paid_on: date
    amount: Money
    rows: tuple[RowId, ...]

    def check_step(self, before: Any) -> None:
        """Refuse every change of what it says."""
        must_stand(self, before, CommissionIsKept)
