"""Subscriptions on each store: started, changed, paused, cancelled, charged and summed up."""

from datetime import date
from typing import Any

import pytest

from crmkit.crm import CRM
from crmkit.domain.money import Money
from crmkit.domain.span import Span
from crmkit.domain.subscriptions.billing import Terms
from crmkit.domain.subscriptions.bridge import BridgeStep
from crmkit.domain.subscriptions.subscription import FactKind, FactsAreKept
from crmkit.services import parties
from crmkit.services.subscriptions import running


def test_a_subscription_lives_through_its_facts(ready_url: str, tenant: str) -> None:
    """Each deed is a fact that is kept; charges and the bridge follow from them."""
    base = Terms(plan="云监测", quantity=2, price=Money("150", "CNY"))
    more = Terms(plan="云监测", quantity=6, price=Money("150", "CNY"))
    with CRM.open(ready_url, plugin_names=()) as crm:

        def run(service: Any, *args: Any, **fields: Any) -> Any:
            with crm.work(by="li", tenant=tenant) as work:
                return service(work, *args, **fields)

        buyer = run(parties.register_customer, "聊城轴承")
        one = run(running.start_subscription, buyer.id, base, on=date(2026, 4, 1)).id
        run(running.change_subscription, one, more, on=date(2026, 4, 11), reason="扩产")
        (april,) = run(running.mrr_bridge, 2026, 4)
        charged = run(running.charges_of, one, Span.month(2026, 4))
        run(running.pause_subscription, one, on=date(2026, 5, 1))
        run(running.resume_subscription, one, on=date(2026, 6, 1))
        run(running.cancel_subscription, one, on=date(2026, 7, 1), reason="停产")
        (may,) = run(running.mrr_bridge, 2026, 5)
        with crm.work(by="li", tenant=tenant) as work:
            kept = work.subscriptions.get(one)
            with pytest.raises(FactsAreKept):
                work.subscriptions.save(kept.evolve(facts=kept.facts[1:]))
    assert [str(charge.amount) for charge in charged] == ["100.00 CNY", "600.00 CNY"]
    assert (april.steps[BridgeStep.NEW], april.closing) == (Money("900", "CNY"),) * 2
    assert may.steps[BridgeStep.CHURN] == Money("-900", "CNY")
    assert [fact.kind for fact in kept.facts] == [
        FactKind.STARTED,
        FactKind.UPGRADED,
        FactKind.PAUSED,
        FactKind.RESUMED,
        FactKind.CANCELLED,
    ]
    assert (kept.facts[1].reason, kept.facts[1].by) == ("扩产", "li")
