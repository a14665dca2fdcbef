"""Commission plans: a rate per role that rises with attainment, and what it makes of a deal."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Number, Text
from crmkit.domain.money import Money
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.deal import DealId
from crmkit.errors import InvalidValue, RuleBroken

PlanId = NewType("PlanId", UUID)
Percent = Annotated[Decimal, Number(scale=4)]
_WHOLE: Final = Decimal(100)


class SpanIsPaid(RuleBroken):
    """The commission of the span was paid before; what is found later is paid with another one."""


class QuotaMissing(RuleBroken):
    """A plan pays by attainment, and somebody has no quota to attain."""


@attrs.frozen(kw_only=True)
class Tier:
    """The rate for what is won from so much attainment on, both in percent."""

    attained: Percent
    rate: Percent


@attrs.frozen(kw_only=True)
class PaidSpan:
    """A span that was paid, so that its statement stands."""

    first: date
    last: date
    paid_on: date


@keeps(financial=("cap",))
@entity(
    "commission_plan",
    unique=[Unique("name")],
    labels={"en": "Commission plan", "zh": "提成方案"},
)
@attrs.frozen(kw_only=True)
class Plan(Aggregate):
    """How people of a role are paid: each part of what they win at the rate of its tier.

    The first tier begins at 0. `cap` is the most that one person is paid in a span. `paid` are the
    spans that were paid; they stand.
    """

    step_names: ClassVar = ("paid",)

    id: PlanId
    name: Annotated[str, Text(max_length=200)]
    role: Annotated[str, Text(max_length=60)]
    currency: Annotated[str, Text(max_length=3)]
    tiers: tuple[Tier, ...]
    cap: Money | None = None
    paid: tuple[PaidSpan, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Refuse tiers that do not rise from 0, rates below nothing, a cap in other money."""
        super().__attrs_post_init__()
        starts = [tier.attained for tier in self.tiers]
        if not starts or starts[0] != 0 or sorted(set(starts)) != starts:
            raise InvalidValue("rise from 0", path="commission_plan.tiers", fix="order them")
        if any(tier.rate < 0 for tier in self.tiers):
            raise InvalidValue("is not below nothing", path="commission_plan.tiers")
        if self.cap is not None and (self.cap.currency != self.currency or self.cap.minor < 0):
            raise InvalidValue(f"is an amount of {self.currency}", path="commission_plan.cap")

    def paid_on(self, first: date, last: date) -> date | None:
        """Return on which day a span was paid; None while it was not."""
        return next(
            (one.paid_on for one in self.paid if (one.first, one.last) == (first, last)), None
        )

    def pay(self, first: date, last: date, on: date) -> Self:
        """Close a span, so that nothing found later goes into it."""
        known = self.paid_on(first, last)
        if known is not None:
            raise SpanIsPaid(
                f"{first} to {last} was paid on {known}",
                path="span",
                fix="pay a later span; it takes up what was found since",
            )
        return self.evolve(paid=(*self.paid, PaidSpan(first=first, last=last, paid_on=on)))

    def check_step(self, before: Any) -> None:
        """Refuse to forget that a span was paid."""
        if before is not None and self.paid[: len(before.paid)] != before.paid:
            raise SpanIsPaid("what was paid stays", path="commission_plan.paid", fix="leave it")


@attrs.frozen(kw_only=True)
class Credit:
    """What one deal counts for one person, after refunds."""

    deal_id: DealId
    amount: Money


@attrs.frozen(kw_only=True)
class Part:
    """What of a credit was paid at one rate."""

    rate: Percent
    credit: Money
    amount: Money


@attrs.frozen(kw_only=True)
class Earned:
    """What a credit earns, with its parts; `uncapped` is what it would earn without a cap."""

    deal_id: DealId
    credit: Money
    parts: tuple[Part, ...]
    uncapped: Money
    amount: Money


def earn(plan: Plan, credits_: Iterable[Credit], quota: Money | None) -> tuple[Earned, ...]:
    """Return what credits earn, in the order in which they were won.

    A credit that crosses the start of a tier is parted there, to the cent; each part times its rate
    is rounded half to even. The cap cuts what comes last. Raises `QuotaMissing`.
    """
    if len(plan.tiers) > 1 and quota is None:
        raise QuotaMissing(
            f"{plan.name} pays by attainment", path="quota", fix="set a quota for the span"
        )
    reached = paid = Money(0, plan.currency)
    found: list[Earned] = []
    for credit in credits_:
        parts = tuple(_parts(plan, reached, credit.amount, quota))
        uncapped = Money.total((part.amount for part in parts), plan.currency)
        room = uncapped if plan.cap is None else min(uncapped, plan.cap - paid)
        reached, paid = reached + credit.amount, paid + room
        found.append(
            Earned(
                deal_id=credit.deal_id,
                credit=credit.amount,
                parts=parts,
                uncapped=uncapped,
                amount=room,
            )
        )
    return tuple(found)


def _parts(plan: Plan, reached: Money, credit: Money, quota: Money | None) -> Iterator[Part]:
    starts = [_start(tier, quota, plan.currency) for tier in plan.tiers]
    ends: list[Money | None] = [*starts[1:], None]
    whole = reached + credit
    for tier, start, end in zip(plan.tiers, starts, ends, strict=True):
        top = whole if end is None else min(whole, end)
        part = top - max(reached, start)
        if part.minor > 0:
            yield Part(rate=tier.rate, credit=part, amount=part.multiply(tier.rate / _WHOLE))


def _start(tier: Tier, quota: Money | None, currency: str) -> Money:
    if quota is None:
        return Money(0, currency)
    return quota.multiply(tier.attained / _WHOLE)
