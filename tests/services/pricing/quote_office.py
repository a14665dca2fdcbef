"""An office that writes quotes: Li of sales, led by Wang, led by Boss, who is head of sales."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs

from crmkit.crm import CRM
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.node import Node
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.sales.offer import Offer
from crmkit.domain.sales.pricing_policy import DiscountAuthority
from crmkit.domain.sales.product import Product
from crmkit.domain.sales.quote import Quote
from crmkit.domain.sales.quote_line import item
from crmkit.domain.sales.quote_version import QuoteVersion
from crmkit.ports import Actor
from crmkit.services import approvals, sales
from crmkit.work import UnitOfWork
from tests.services.stopped_clock import Stopped

ROLES = {"boss": "head", "wang": "sales", "li": "sales"}
LIMIT = 10
SEND = "discounts"
HEAD = Node(name="head", approvers=(Approvers.in_role("head"),))


@attrs.frozen
class QuoteOffice:
    """A CRM with a product of 98,000 CNY, and nobody but the head may take off more than 10 %."""

    crm: CRM
    clock: Stopped
    tenant: str
    people: dict[str, UserId]
    lathe: Product

    def work(self, by: str = "li") -> UnitOfWork:
        """Open a work of somebody in their role."""
        actor = Actor(id=by, roles=frozenset({ROLES[by]}))
        return self.crm.work(by=actor, tenant=self.tenant)

    def open(self) -> Quote:
        """Begin a quote."""
        with self.work() as work:
            return sales.open_quote(work, "车床", policy="p")

    def write(self, quote: Quote, off: int, alternative: str = "A") -> QuoteVersion:
        """Write a version with so many percent off."""
        with self.work() as work:
            return sales.write_version(work, quote.id, self.offer(work, quote, off, alternative))

    def offer(self, work: UnitOfWork, quote: Quote, off: int, alternative: str = "A") -> Offer:
        """Return an offer with so many percent off."""
        line = item(self.lathe.id, 2, discount=Decimal(off))
        until = quote.day_of(work.now) + timedelta(30)
        return Offer(lines=(line,), valid_until=until, alternative=alternative)


@contextmanager
def quoting(url: str, tenant: str, *nodes: Node, flow: bool = True) -> Iterator[QuoteOffice]:
    """Open the office; `nodes` are those of the flow for versions that ask for the head."""
    clock = Stopped()
    with CRM.open(url, plugin_names=(), clock=clock) as crm:
        people: dict[str, UserId] = {}
        with crm.work(by="boss", tenant=tenant) as work:
            above = None
            for name, role in ROLES.items():
                user = User(
                    id=UserId(work.new_id()),
                    name=name,
                    login=name,
                    manager_id=above,
                    roles=(role,),
                )
                people[name] = above = work.users.add(user).id
            authority = DiscountAuthority(role="sales", percent=Decimal(LIMIT))
            sales.set_pricing_policy(work, "p", authorities=(authority,), approver="head")
            lathe = sales.add_product(work, "车床", list_price=Money(98000, "CNY"))
            if flow:
                publish(work, *nodes or (HEAD,))
        yield QuoteOffice(crm, clock, tenant, people, lathe)


def publish(work: UnitOfWork, *nodes: Node, code: str = SEND, **settings: Any) -> None:
    """Publish a flow: a version that asks for the head goes out when it was approved."""
    version = where(QuoteVersion)
    given: dict[str, Any] = {
        "exit": ~version.sent_at.is_none(),
        "when": version.approver_roles.has_any(["head"]),
        "nodes": nodes,
        **settings,
    }
    approvals.publish_flow(work, code, "quote_version", **given)
