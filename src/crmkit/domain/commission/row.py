"""Commission rows: what was found owed and when; a correction is another row."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.commission.plan import Earned, Part, PlanId
from crmkit.domain.entity import Index, entity
from crmkit.domain.forecasts.standing import must_stand
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.deal import DealId
from crmkit.errors import InvalidValue, RuleBroken

RowId = NewType("RowId", UUID)
RefundId = NewType("RefundId", UUID)


class CommissionIsKept(RuleBroken):
    """A row or a refund stays as it was written; another one corrects it."""


class RowKind(StrEnum):
    """Why a row was written."""

    EARNED = "earned"
    ADJUSTED = "adjusted"
    CLAWED_BACK = "clawed_back"


@keeps(financial=("amount",), about=("deal_id",))
@entity("commission_refund", indexes=[Index("deal_id")], labels={"en": "Refund", "zh": "退款"})
@attrs.frozen(kw_only=True)
class Refund(Aggregate):
    """What a customer was given back of a deal that was won; no commission is due on it."""

    id: RefundId
    deal_id: DealId
    amount: Money
    on: date
    reason: Annotated[str, Text(max_length=1000)]

    def __attrs_post_init__(self) -> None:
        """Refuse a refund of nothing."""
        super().__attrs_post_init__()
        if isinstance(self.amount, Money) and self.amount.minor <= 0:
            raise InvalidValue(
                "is not above zero", path="commission_refund.amount", fix="give what was given back"
            )

    def check_step(self, before: Any) -> None:
        """Refuse every change of what it says."""
        must_stand(self, before, CommissionIsKept)


@keeps(financial=("credit", "parts", "owed", "amount"), about=("deal_id",))
@entity(
    "commission_row",
    indexes=[
        Index(("plan_id", "first_on", "last_on")),
        Index(("plan_id", "is_late")),
        Index(("user_id", "first_on")),
    ],
    labels={"en": "Commission row", "zh": "提成明细"},
)
@attrs.frozen(kw_only=True)
class Row(Aggregate):
    """What a run found of one person and deal: `owed` in all, and `amount` more than before.

    `parts` say at which rates what of the `credit` was paid; the cap explains the rest. What
    `is_late` was found after the span was paid, so it is paid with a later one.
    """

    id: RowId
    plan_id: PlanId
    user_id: UserId
    deal_id: DealId
    first_on: date
    last_on: date
    kind: RowKind
    credit: Money
    parts: tuple[Part, ...] = ()
    owed: Money
    amount: Money
    found_at: datetime
    is_late: bool = False

    def check_step(self, before: Any) -> None:
        """Refuse every change of what it says."""
        must_stand(self, before, CommissionIsKept)


@attrs.frozen(kw_only=True)
class Finding:
    """What a run has to write of one person and deal."""

    user_id: UserId
    deal_id: DealId
    kind: RowKind
    credit: Money
    parts: tuple[Part, ...]
    owed: Money
    amount: Money


def findings(
    earned: dict[UserId, tuple[Earned, ...]], rows: Iterable[Row], currency: str
) -> Iterator[Finding]:
    """Bring what is to be written so that the rows of each person and deal add up to what is owed.

    Nothing where they do: a run that finds what it found before writes nothing.
    """
    known: dict[tuple[UserId, DealId], Money] = {}
    for row in rows:
        key = (row.user_id, row.deal_id)
        known[key] = known.get(key, Money(0, currency)) + row.amount
    owed = {(user, one.deal_id): one for user, found in earned.items() for one in found}
    for key, one in owed.items():
        yield from _finding(key, one.amount, known.get(key), one)
    for key, before in known.items():
        if key not in owed:
            yield from _finding(key, Money(0, currency), before, None)


def _finding(
    key: tuple[UserId, DealId], owed: Money, before: Money | None, earned: Earned | None
) -> Iterator[Finding]:
    change = owed if before is None else owed - before
    if not change:
        return
    kind = RowKind.EARNED if before is None else RowKind.ADJUSTED
    if before is not None and not owed:
        kind = RowKind.CLAWED_BACK
    yield Finding(
        user_id=key[0],
        deal_id=key[1],
        kind=kind,
        credit=Money(0, owed.currency) if earned is None else earned.credit,
        parts=() if earned is None else earned.parts,
        owed=owed,
        amount=change,
    )
