"""An office in which big deals need the superior: what the tests of approvals share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from crmkit.crm import CRM
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.node import Mode, Node
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal, DealOutcome
from crmkit.services import approvals, sales
from crmkit.work import UnitOfWork
from tests.services.stopped_clock import Stopped

LIMIT = Money("100000", "CNY")
BIG = Money("200000", "CNY")
FLOW = "big deals"
LINE = Node(name="line", approvers=(Approvers.superiors(2),), mode=Mode.SEQUENCE)


@attrs.frozen
class Office:
    """A CRM with Li, who is led by Wang, who is led by Boss, and with Sun beside them."""

    crm: CRM
    clock: Stopped
    tenant: str = "acme"
    people: dict[str, UserId] = attrs.field(factory=dict)

    def work(self, by: str) -> UnitOfWork:
        """Open a work of somebody."""
        return self.crm.work(by=by, tenant=self.tenant)

    def run(self, by: str, service: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a service for somebody."""
        return self.crm.run(service, *args, by=by, tenant=self.tenant, **kwargs)

    def open_deal(self, value: Money = BIG) -> Deal:
        """Open a deal of Li's."""
        with self.work("li") as work:
            pipeline = work.pipelines.first() or sales.define_pipeline(work, "usual")
            return sales.open_deal(work, name="CRM", pipeline=pipeline.id, value=value)

    def deal(self, deal: Deal) -> Deal:
        """Return a deal as it is now."""
        with self.work("li") as work:
            return work.deals.get(deal.id, removed=True)

    def submit(self, deal: Deal, flow: str = FLOW) -> Any:
        """Let Li submit a deal."""
        return self.run("li", approvals.submit_for_approval, deal, flow)


@contextmanager
def opened(url: str, tenant: str, *nodes: Node, **settings: Any) -> Iterator[Office]:
    """Open an office whose flow has these nodes."""
    clock = Stopped()
    with CRM.open(url, plugin_names=(), clock=clock) as crm:
        office = Office(crm, clock, tenant)
        with office.work("boss") as work:
            above = None
            for name in ("boss", "wang", "li", "sun"):
                user = User(id=UserId(work.new_id()), name=name, login=name, manager_id=above)
                office.people[name] = above = work.users.add(user).id
            work.users.save(work.users.get(above).evolve(manager_id=None, roles=("finance",)))
            publish(work, *nodes or (LINE,), **settings)
        yield office


def publish(work: UnitOfWork, *nodes: Node, code: str = FLOW, **settings: Any) -> None:
    """Publish a flow: a big deal is won only when it was approved."""
    deal = where(Deal)
    approvals.publish_flow(
        work,
        code,
        "deal",
        **{
            "exit": deal.outcome.eq(DealOutcome.WON),
            "when": deal.value.gt(LIMIT),
            "nodes": nodes,
            **settings,
        },
    )
