"""The ledger of receivables: signed entries that are never changed, and ageing over them."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.privacy.keeping import keeps

ReceivableEntryId = NewType("ReceivableEntryId", UUID)
LATE: Final = (30, 60, 90)
"""The last day late of each bucket but the open-ended one."""


class TargetKind(StrEnum):
    """What is owed: an instalment of a payment plan, or an invoice."""

    INSTALMENT = "instalment"
    INVOICE = "invoice"


@keeps(financial=("amount",), about=("customer_id",))
@entity(
    "receivable_entry",
    unique=[Unique("reverses_id")],
    indexes=[
        Index(("target", "on")),
        Index("target_id"),
        Index("receipt_id"),
        Index("mirrors_id"),
    ],
    labels={"en": "Receivable entry", "zh": "应收明细"},
)
@attrs.frozen(kw_only=True)
class ReceivableEntry(Aggregate):
    """What came to be owed on a day (above zero), or was paid, moved or taken back (below).

    An entry with a `receipt_id` is an allocation; `reverses_id` is the one that it takes back. One
    with `mirrors_id` counts the money of that allocation on the other side of the same order.
    """

    id: ReceivableEntryId
    target: TargetKind
    target_id: UUID
    amount: Money
    on: date
    due_on: date | None = None
    customer_id: CustomerId | None = None
    receipt_id: UUID | None = None
    reverses_id: ReceivableEntryId | None = None
    mirrors_id: ReceivableEntryId | None = None
    reason: Annotated[str, Text(max_length=1000)] | None = None


@attrs.frozen(kw_only=True)
class Ageing:
    """What is open in one currency, by how many days it is late."""

    not_due: Money
    days_1_to_30: Money
    days_31_to_60: Money
    days_61_to_90: Money
    over_90: Money

    @property
    def total(self) -> Money:
        """Return all that is open."""
        late = self.days_1_to_30 + self.days_31_to_60 + self.days_61_to_90 + self.over_90
        return self.not_due + late


def age(sums: Iterable[tuple[date | None, Money]], as_of: date) -> dict[str, Ageing]:
    """Sort sums by their due days into buckets, by currency; without a due day nothing is late."""
    found: dict[str, list[int]] = {}
    for due_on, amount in sums:
        buckets = found.setdefault(amount.currency, [0] * (len(LATE) + 2))
        buckets[_bucket(due_on, as_of)] += amount.minor
    names = [field.name for field in attrs.fields(Ageing)]
    return {
        currency: Ageing(
            **{
                name: Money.from_minor(minor, currency)
                for name, minor in zip(names, found[currency], strict=True)
            }
        )
        for currency in sorted(found)
    }


def _bucket(due_on: date | None, as_of: date) -> int:
    late = 0 if due_on is None else (as_of - due_on).days
    return 0 if late <= 0 else 1 + sum(late > last for last in LATE)
