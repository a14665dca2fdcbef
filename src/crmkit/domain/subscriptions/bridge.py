"""The MRR bridge: how monthly recurring revenue went from the end of one month to the next."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

import attrs

from crmkit.domain.money import Money
from crmkit.domain.span import Span
from crmkit.domain.subscriptions.subscription import Subscription


class BridgeStep(StrEnum):
    """Why the revenue of a customer is another one."""

    NEW = "new"
    REACTIVATION = "reactivation"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"


@attrs.frozen(kw_only=True)
class Turn:
    """What one customer added to the revenue, or took from it, and why."""

    customer_id: UUID
    step: BridgeStep
    amount: Money


@attrs.frozen(kw_only=True)
class Bridge:
    """One month in one currency: `opening` and the steps together are `closing`.

    Turns compare the ends of two months, customer by customer: what rose and fell in between is
    not in them. A subscription of no customer counts as a customer of its own.
    """

    span: Span
    opening: Money
    closing: Money
    turns: tuple[Turn, ...]

    @property
    def steps(self) -> dict[BridgeStep, Money]:
        """Return the sum of the turns of each kind, zero where there are none."""
        currency = self.opening.currency
        return {
            step: Money.total((one.amount for one in self.turns if one.step is step), currency)
            for step in BridgeStep
        }


def bridges(subscriptions: Iterable[Subscription], span: Span) -> tuple[Bridge, ...]:
    """Return the bridge of each currency from the day before a span to its last day."""
    grouped: dict[str, dict[UUID, list[Subscription]]] = {}
    for one in subscriptions:
        if not one.facts:
            continue
        customers = grouped.setdefault(one.terms.price.currency, {})
        customers.setdefault(one.customer_id or one.id, []).append(one)
    return tuple(
        _bridge(customers, currency, span) for currency, customers in sorted(grouped.items())
    )


def _bridge(customers: dict[UUID, list[Subscription]], currency: str, span: Span) -> Bridge:
    before = span.first - timedelta(days=1)
    everything = [one for owned in customers.values() for one in owned]
    return Bridge(
        span=span,
        opening=_revenue(everything, before, currency),
        closing=_revenue(everything, span.last, currency),
        turns=tuple(_turns(customers, currency, span)),
    )


def _turns(customers: dict[UUID, list[Subscription]], currency: str, span: Span) -> Iterator[Turn]:
    for customer_id, owned in customers.items():
        old = _revenue(owned, span.first - timedelta(days=1), currency)
        change = _revenue(owned, span.last, currency) - old
        if change:
            step = _step(owned, old, change, span.first)
            yield Turn(customer_id=customer_id, step=step, amount=change)


def _step(owned: list[Subscription], old: Money, change: Money, first: date) -> BridgeStep:
    if not old:
        known = any(one.was_paid_before(first) for one in owned)
        return BridgeStep.REACTIVATION if known else BridgeStep.NEW
    if not old + change:
        return BridgeStep.CHURN
    return BridgeStep.EXPANSION if change.minor > 0 else BridgeStep.CONTRACTION


def _revenue(owned: Iterable[Subscription], day: date, currency: str) -> Money:
    return Money.total((one.mrr(day) for one in owned), currency)
