"""Payment plans (回款计划): a total in instalments, due on days or on milestones."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Number, Text
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.order_events import OrderId
from crmkit.errors import InvalidValue, MixedCurrencies, RuleBroken

PaymentPlanId = NewType("PaymentPlanId", UUID)
InstalmentId = NewType("InstalmentId", UUID)
Label = Annotated[str, Text(max_length=200)]


class PlanDoesNotAddUp(RuleBroken):
    """The instalments are not exactly the total."""


class MilestoneReached(RuleBroken):
    """The instalment has a due day already."""


@attrs.frozen(kw_only=True)
class Part:
    """One instalment as it is asked for: an amount or per cent, a day or a milestone."""

    label: str
    amount: Money | None = None
    percent: Decimal | None = None
    due_on: date | None = None
    milestone: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what is both or neither."""
        if (self.amount is None) == (self.percent is None):
            raise InvalidValue("is an amount or per cent", path="parts.amount", fix="give one")
        if (self.due_on is None) == (self.milestone is None):
            raise InvalidValue(
                "is due on a day or on a milestone", path="parts.due_on", fix="give one"
            )
        worth = self.percent if self.amount is None else self.amount.amount
        if worth is None or Number().check(worth, "parts.amount") <= 0:
            raise InvalidValue("is not above zero", path="parts.amount", fix="leave it out")


@keeps(financial=("total",), about=("customer_id",))
@entity(
    "payment_plan",
    unique=[Unique("order_id"), Unique("contract_id")],
    labels={"en": "Payment plan", "zh": "回款计划"},
)
@attrs.frozen(kw_only=True)
class PaymentPlan(Aggregate):
    """How the total of an order or a contract is to be paid; instalments are records beside it."""

    step_names: ClassVar = ("total",)

    id: PaymentPlanId
    total: Money
    customer_id: CustomerId | None = None
    order_id: OrderId | None = None
    contract_id: UUID | None = None


@keeps(financial=("amount", "paid", "open_amount"), about=("customer_id",))
@entity(
    "instalment",
    unique=[Unique(("plan_id", "position"))],
    indexes=[Index(("customer_id", "due_on")), Index("due_on")],
    labels={"en": "Instalment", "zh": "分期款项"},
)
@attrs.frozen(kw_only=True)
class Instalment(Aggregate):
    """One payment of a plan; a milestone gives it its due day when it is reached."""

    derived_names: ClassVar = ("open_amount",)
    step_names: ClassVar = ("paid", "due_on", "amount")

    id: InstalmentId
    plan_id: PaymentPlanId
    position: int
    label: Label
    amount: Money
    customer_id: CustomerId | None = None
    due_on: date | None = None
    milestone: Label | None = None
    paid: Money | None = None
    open_amount: Money | None = None

    def derived(self) -> Mapping[str, Any]:
        """Return what is not paid of it."""
        return {"open_amount": self.amount if self.paid is None else self.amount - self.paid}

    @property
    def is_paid(self) -> bool:
        """Say whether nothing of it is open."""
        return not self.open_amount

    def reach(self, due_on: date) -> Self:
        """Fall due on a day, as its milestone was reached."""
        if self.due_on is not None:
            raise MilestoneReached(
                f"is due on {self.due_on}", path="instalment.due_on", fix="leave it as it is"
            )
        return self.evolve(due_on=due_on)

    def cut(self) -> Self:
        """Owe no more than was paid, as another plan takes the place of the rest."""
        return self.evolve(
            amount=Money(0, self.amount.currency) if self.paid is None else self.paid
        )

    def pay(self, amount: Money) -> Self:
        """Count money that was allocated, or released when below zero."""
        return self.evolve(paid=amount if self.paid is None else self.paid + amount)


def amounts_of(total: Money, parts: Sequence[Part]) -> tuple[Money, ...]:
    """Return the amount of each part; they are exactly the total, or `PlanDoesNotAddUp` is raised.

    Percentages are of what no amount is named for, and 100 together; what cannot be divided goes
    to the largest remainders.
    """
    for part in parts:
        if part.amount is not None and part.amount.currency != total.currency:
            raise MixedCurrencies(
                f"{part.label} is in {part.amount.currency}",
                path="parts.amount",
                fix=f"give it in {total.currency}",
            )
    fixed = Money.total((part.amount for part in parts if part.amount), total.currency)
    percents = [part.percent for part in parts if part.percent is not None]
    rest = total - fixed
    _must_add_up(rest, percents)
    shares = iter(rest.allocate(percents) if percents else ())
    return tuple(next(shares) if part.amount is None else part.amount for part in parts)


def _must_add_up(rest: Money, percents: Sequence[Decimal]) -> None:
    if percents and (sum(percents) != 100 or rest.minor <= 0):
        raise PlanDoesNotAddUp(
            f"percentages come to {sum(percents):f} of {rest}",
            path="parts.percent",
            fix="let them be 100 together, of what no amount is named for",
        )
    if not percents and rest:
        raise PlanDoesNotAddUp(
            f"{rest} is in no instalment", path="parts.amount", fix="let them be the total"
        )
