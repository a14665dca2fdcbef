"""What people do with subscriptions, and what they ask of them."""

from datetime import date

from crmkit.domain.access.acting import Right
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.span import Span
from crmkit.domain.subscriptions.billing import Terms
from crmkit.domain.subscriptions.bridge import Bridge, bridges
from crmkit.domain.subscriptions.subscription import (
    Charge,
    Fact,
    FactKind,
    Subscription,
    SubscriptionId,
)
from crmkit.ports import Action
from crmkit.services.parties import find_customer
from crmkit.work import UnitOfWork

START_SUBSCRIPTION = Action(
    "subscription:start", "Start a subscription", zh="开通订阅", right=Right.CREATE
)
CHANGE_SUBSCRIPTION = Action(
    "subscription:change", "Upgrade or downgrade a subscription", zh="升降级订阅", right=Right.EDIT
)
PAUSE_SUBSCRIPTION = Action(
    "subscription:pause", "Pause or resume a subscription", zh="暂停或恢复订阅", right=Right.EDIT
)
CANCEL_SUBSCRIPTION = Action(
    "subscription:cancel", "Cancel a subscription", zh="取消订阅", right=Right.EDIT
)
SEE_MRR = Action("report:mrr", "See the recurring revenue", zh="查看月度经常性收入")


def start_subscription(
    work: UnitOfWork,
    customer: CustomerId,
    terms: Terms,
    *,
    on: date | None = None,
    trial_until: date | None = None,
    number: str | None = None,
) -> Subscription:
    """Start a subscription of a customer on a day, today; it is paid from the end of a trial."""
    work.permit(START_SUBSCRIPTION)
    buyer = find_customer(work, customer)
    work.hold(buyer)
    new = Subscription(
        id=SubscriptionId(work.new_id()),
        number=number,
        customer_id=buyer.id,
        owner_id=buyer.owner_id,
        trial_until=trial_until,
    )
    return work.subscriptions.add(new.start(_fact(work, FactKind.STARTED, terms, on, None)))


def change_subscription(
    work: UnitOfWork,
    subscription_id: SubscriptionId,
    terms: Terms,
    *,
    on: date | None = None,
    reason: str | None = None,
) -> Subscription:
    """Let other terms hold from a day on, today; a fact says that it went up or down."""
    found = work.subscriptions.get(subscription_id)
    work.permit(CHANGE_SUBSCRIPTION, on=found)
    fact = _fact(work, FactKind.UPGRADED, terms, on, reason)
    return work.subscriptions.save(found.change(terms, fact))


def pause_subscription(
    work: UnitOfWork,
    subscription_id: SubscriptionId,
    *,
    on: date | None = None,
    reason: str | None = None,
) -> Subscription:
    """Pause a subscription from a day on, today."""
    found = work.subscriptions.get(subscription_id)
    work.permit(PAUSE_SUBSCRIPTION, on=found)
    fact = _fact(work, FactKind.PAUSED, found.terms, on, reason)
    return work.subscriptions.save(found.pause(fact))


def resume_subscription(
    work: UnitOfWork, subscription_id: SubscriptionId, *, on: date | None = None
) -> Subscription:
    """Let a paused subscription go on from a day on, today."""
    found = work.subscriptions.get(subscription_id)
    work.permit(PAUSE_SUBSCRIPTION, on=found)
    return work.subscriptions.save(
        found.resume(_fact(work, FactKind.RESUMED, found.terms, on, None))
    )


def cancel_subscription(
    work: UnitOfWork,
    subscription_id: SubscriptionId,
    *,
    on: date | None = None,
    reason: str | None = None,
) -> Subscription:
    """End a subscription; the day, today unless given, is the first one without it."""
    found = work.subscriptions.get(subscription_id)
    work.permit(CANCEL_SUBSCRIPTION, on=found)
    fact = _fact(work, FactKind.CANCELLED, found.terms, on, reason)
    return work.subscriptions.save(found.cancel(fact))


def charges_of(work: UnitOfWork, subscription_id: SubscriptionId, span: Span) -> tuple[Charge, ...]:
    """Return what a subscription costs in a span, period by period, renewals ahead included."""
    after = date.fromordinal(span.last.toordinal() + 1)
    return work.subscriptions.get(subscription_id).charges(span.first, after)


def mrr_bridge(work: UnitOfWork, year: int, month: int) -> tuple[Bridge, ...]:
    """Tell how recurring revenue moved in a month, per currency, as far as the actor sees it.

    It reads every subscription, for the facts of each decide.
    """
    work.permit(SEE_MRR)
    return bridges(work.subscriptions.stream(), Span.month(year, month))


def _fact(
    work: UnitOfWork, kind: FactKind, terms: Terms, on: date | None, reason: str | None
) -> Fact:
    return Fact(
        kind=kind,
        on=on or work.now.date(),
        terms=terms,
        at=work.now,
        by=work.actor.id,
        reason=reason,
    )
