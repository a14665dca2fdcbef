"""Deals: the chances to sell."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event, UserId
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.making import maker_of
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.parties.lead import LeadId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.deal_parts import (
    Competitor,
    Evidence,
    ManualChance,
    ModelChance,
    Recurring,
    Split,
    check_splits,
)
from crmkit.domain.sales.exchange_rate import Conversion
from crmkit.domain.sales.pipeline import PipelineId
from crmkit.domain.sales.product import ProductId
from crmkit.errors import InvalidValue, RuleBroken

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


@keeps(financial=("value", "recurring"), about=("customer_id", "lead_id"))
@entity(
    "deal",
    unique=[Unique("number")],
    indexes=[
        Index(("outcome", "stage")),
        Index("customer_id"),
        Index(("owner_id", "outcome")),
        Index("closed_at"),
        Index(("pipeline_id", "stage", "outcome")),
    ],
    labels={"en": "Deal", "zh": "商机"},
    events=(DealOpened, DealMoved, DealWon, DealLost, DealReopened),
)
@attrs.frozen(kw_only=True)
class Deal(Aggregate):
    """One chance to sell something to one customer.

    `stage_since` is when it came to its stage, or was closed there. Three chances are kept apart:
    that of the stage, which the pipeline tells, that of a model, and that of a person.
    `closing_rate` is what the value was worth in the company's own currency when the deal closed.
    """

    step_names: ClassVar = (
        *("stage", "stage_since", "outcome", "closed_at", "closing_rate"),
        *("won_reason", "lost_reason", "evidence", "next_step", "next_step_on"),
        *("model_chance", "manual_chance"),
    )

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
    won_reason: str | None = None
    lost_reason: str | None = None
    evidence: tuple[Evidence, ...] = ()
    stage_since: datetime | None = None
    recurring: Recurring | None = None
    next_step: Annotated[str, Text(max_length=500)] | None = None
    next_step_on: date | None = None
    competitors: tuple[Competitor, ...] = ()
    splits: tuple[Split, ...] = ()
    model_chance: ModelChance | None = None
    manual_chance: ManualChance | None = None
    lead_id: LeadId | None = None
    closing_rate: Conversion | None = None

    def derived(self) -> Mapping[str, Any]:
        """Refuse shares that are not 100 percent together; nothing follows from other fields."""
        check_splits(self.splits)
        return {}

    @property
    def is_open(self) -> bool:
        """Say whether the deal is neither won nor lost."""
        return self.outcome is DealOutcome.OPEN

    def check_taken_over(self) -> None:
        """Refuse a deal that is closed at no time."""
        if not self.is_open and self.closed_at is None:
            raise InvalidValue(
                f"is {self.outcome} since nobody knows when", path="deal.closed_at", fix="say it"
            )

    def open(self, *, at: datetime) -> Self:
        """Begin a new deal."""
        opened = self.evolve(opened_at=at, stage_since=at)
        return opened.recording(DealOpened(deal_id=self.id))

    def move(self, to: str, *, at: datetime) -> Self:
        """Move to another stage."""
        self._must_be_open()
        return self if to == self.stage else self.relocate(to, at=at)

    def relocate(self, to: str, *, at: datetime) -> Self:
        """Stand at the stage that took the place of another, open or closed."""
        moved = _make_moved(deal_id=self.id, from_stage=self.stage, to_stage=to)
        return self._standing_at(to, at).recording(moved)

    def win(
        self,
        *,
        at: datetime,
        reason: str | None = None,
        stage: str | None = None,
        evidence: tuple[Evidence, ...] = (),
    ) -> Self:
        """Close the deal as won."""
        self._must_be_open()
        closed = self._standing_at(stage or self.stage, at).evolve(
            outcome=DealOutcome.WON, closed_at=at, won_reason=reason, evidence=evidence
        )
        return closed.recording(DealWon(deal_id=self.id, value=self.value))

    def lose(
        self,
        *,
        at: datetime,
        reason: str | None = None,
        stage: str | None = None,
        evidence: tuple[Evidence, ...] = (),
    ) -> Self:
        """Close the deal as lost."""
        self._must_be_open()
        closed = self._standing_at(stage or self.stage, at).evolve(
            outcome=DealOutcome.LOST, closed_at=at, lost_reason=reason, evidence=evidence
        )
        return closed.recording(DealLost(deal_id=self.id, reason=reason))

    def reopen(self, *, at: datetime, stage: str | None = None) -> Self:
        """Open a closed deal again; why it was closed stays in the change log."""
        if self.is_open:
            raise DealStillOpen("is neither won nor lost", path="deal.outcome")
        opened = self._standing_at(stage or self.stage, at).evolve(
            outcome=DealOutcome.OPEN,
            closed_at=None,
            won_reason=None,
            lost_reason=None,
            evidence=(),
        )
        return opened.recording(DealReopened(deal_id=self.id))

    def judge(self, chance: ManualChance | None) -> Self:
        """Put a chance of one's own beside those of stage and model, or take it back."""
        self._must_be_open()
        return self.evolve(manual_chance=chance)

    def predict(self, chance: ModelChance) -> Self:
        """Keep the chance that a model gives, beside those of stage and person."""
        self._must_be_open()
        return self.evolve(model_chance=chance)

    def split(self, *shares: Split) -> Self:
        """Share the deal among people; the shares are 100 percent together."""
        return self.evolve(splits=shares)

    def split_value(self) -> dict[UserId, Money]:
        """Return what of the value belongs to whom, to the last cent; the owner's when unshared."""
        if self.value is None:
            return {}
        if not self.splits:
            return {} if self.owner_id is None else {self.owner_id: self.value}
        parts = self.value.allocate([share.percent for share in self.splits])
        return {share.user_id: part for share, part in zip(self.splits, parts, strict=True)}

    def _standing_at(self, stage: str, at: datetime) -> Self:
        return self.evolve(stage=stage, stage_since=at)

    def _must_be_open(self) -> None:
        if not self.is_open:
            when = f" at {self.closed_at:%Y-%m-%d}" if self.closed_at else ""
            raise DealAlreadyClosed(
                f"was {self.outcome}{when}",
                path="deal.outcome",
                fix="reopen it first",
            )


_make_moved = maker_of(DealMoved)
