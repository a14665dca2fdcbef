"""Deals: the chances to sell."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.exchange_rate import Conversion
from crmkit.domain.sales.pipeline import PipelineId
from crmkit.domain.sales.product import ProductId
from crmkit.errors import RuleBroken

DealId = NewType("DealId", UUID)


class DealOutcome(StrEnum):
    """How a deal stands."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@attrs.frozen(kw_only=True)
class DealOpened(Event):
    """A deal was opened."""

    deal_id: DealId


@attrs.frozen(kw_only=True)
class DealMoved(Event):
    """A deal moved to another stage."""

    deal_id: DealId
    from_stage: str
    to_stage: str


@attrs.frozen(kw_only=True)
class DealWon(Event):
    """A deal was won."""

    deal_id: DealId
    value: Money | None


@attrs.frozen(kw_only=True)
class DealLost(Event):
    """A deal was lost."""

    deal_id: DealId
    reason: str | None


@attrs.frozen(kw_only=True)
class DealReopened(Event):
    """A closed deal was opened again."""

    deal_id: DealId


class DealAlreadyClosed(RuleBroken):
    """The deal was won or lost before."""


class DealStillOpen(RuleBroken):
    """The deal is neither won nor lost yet."""


@keeps(financial=("value",), about=("customer_id",))
@entity(
    "deal",
    unique=[Unique("number")],
    indexes=[
        Index(("outcome", "stage")),
        Index("customer_id"),
        Index(("owner_id", "outcome")),
        Index("closed_at"),
    ],
    labels={"en": "Deal", "zh": "商机"},
    events=(DealOpened, DealMoved, DealWon, DealLost, DealReopened),
)
@attrs.frozen(kw_only=True)
class Deal(Aggregate):
    """One chance to sell something to one customer.

    `closing_rate` is what the value was worth in the company's own currency when the deal closed.
    """

    id: DealId
    name: Annotated[str, Text(max_length=300, searchable=True)]
    stage: Annotated[str, Text(max_length=100)]
    number: Annotated[str, Text(max_length=100)] | None = None
    customer_id: CustomerId | None = None
    product_id: ProductId | None = None
    pipeline_id: PipelineId | None = None
    value: Money | None = None
    outcome: DealOutcome = DealOutcome.OPEN
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    expected_on: date | None = None
    lost_reason: str | None = None
    closing_rate: Conversion | None = None

    @property
    def is_open(self) -> bool:
        """Say whether the deal is neither won nor lost."""
        return self.outcome is DealOutcome.OPEN

    def open(self, *, at: datetime) -> Self:
        """Begin a new deal."""
        return self.evolve(opened_at=at).recording(DealOpened(deal_id=self.id))

    def move(self, to: str) -> Self:
        """Move to another stage."""
        self._must_be_open()
        moved = DealMoved(deal_id=self.id, from_stage=self.stage, to_stage=to)
        return self if to == self.stage else self.evolve(stage=to).recording(moved)

    def win(self, *, at: datetime) -> Self:
        """Close the deal as won."""
        self._must_be_open()
        won = DealWon(deal_id=self.id, value=self.value)
        return self.evolve(outcome=DealOutcome.WON, closed_at=at).recording(won)

    def lose(self, *, at: datetime, reason: str | None = None) -> Self:
        """Close the deal as lost."""
        self._must_be_open()
        lost = DealLost(deal_id=self.id, reason=reason)
        return self.evolve(outcome=DealOutcome.LOST, closed_at=at, lost_reason=reason).recording(
            lost
        )

    def reopen(self) -> Self:
        """Open a closed deal again."""
        if self.is_open:
            raise DealStillOpen("is neither won nor lost", path="deal.outcome")
        return self.evolve(outcome=DealOutcome.OPEN, closed_at=None, lost_reason=None).recording(
            DealReopened(deal_id=self.id)
        )

    def _must_be_open(self) -> None:
        if not self.is_open:
            when = f" at {self.closed_at:%Y-%m-%d}" if self.closed_at else ""
            raise DealAlreadyClosed(
                f"was {self.outcome}{when}",
                path="deal.outcome",
                fix="reopen it first",
            )
