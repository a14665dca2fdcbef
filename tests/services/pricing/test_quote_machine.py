"""Any order of steps on a quote, beside a plain model: no path leads around approval or closing."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from crmkit.crm import CRM
from crmkit.domain.money import Money
from crmkit.domain.sales.approval_requirement import NotYetApproved
from crmkit.domain.sales.offer import Offer
from crmkit.domain.sales.order_events import OrderedBefore, QuoteNotAccepted
from crmkit.domain.sales.pricing_policy import DiscountAuthority
from crmkit.domain.sales.quote import QuoteIsClosed, QuoteVersionId
from crmkit.domain.sales.quote_line import item
from crmkit.domain.sales.quote_version import QuoteNotSent, VersionIsOver, VersionStatus
from crmkit.errors import CrmkitError, NotFound
from crmkit.ports import Actor
from crmkit.services import sales
from crmkit.work import UnitOfWork
from tests.machines import Length, run_machine
from tests.services.pricing.desk import Desk

QUICK = Length(memory=(20, 20), others=(1, 12))
FULL = Length(memory=(200, 50), others=(15, 30))
CLERK = Actor(id="li", roles=frozenset({"sales"}))
BOSS = Actor(id="zhao", roles=frozenset({"boss"}))


@attrs.define
class Known:
    """What the model knows of a version."""

    alternative: str
    needs: bool
    status: VersionStatus = VersionStatus.DRAFT
    approved: bool = False

    @property
    def is_live(self) -> bool:
        """Say whether it can still become something."""
        return self.status in (VersionStatus.DRAFT, VersionStatus.SENT)


class QuoteMachine(RuleBasedStateMachine):
    """Steps on one quote, and what must come of them."""

    versions = Bundle("versions")

    def __init__(self, url: str) -> None:
        super().__init__()
        self.crm = CRM.open(url, plugin_names=())
        self.desk = Desk(self.crm, f"t-{uuid4().hex}")
        self.model: dict[QuoteVersionId, Known] = {}
        self.is_open, self.ordered = True, False
        with self.desk.work() as work:
            authority = DiscountAuthority(role="sales", percent=Decimal(10))
            sales.set_pricing_policy(work, "p", authorities=(authority,))
            self.product = sales.add_product(work, "车床", list_price=Money(1000, "CNY"))
            self.quote = sales.open_quote(work, "报价", policy="p")
            self.today = self.quote.day_of(work.now)

    def teardown(self) -> None:
        """Close the CRM."""
        self.crm.close()

    @rule(target=versions, alternative=st.sampled_from("ABC"), off=st.sampled_from((0, 10, 30)))
    def write(self, alternative: str, off: int) -> QuoteVersionId:
        """Write a version; only an open quote takes one, and it supersedes its alternative's."""
        line = item(self.product.id, discount=Decimal(off))
        until = self.today + timedelta(1)
        offer = Offer(lines=(line,), valid_until=until, alternative=alternative)
        written = self._tried(CLERK, lambda work: sales.write_version(work, self.quote.id, offer))
        if not self.is_open:
            assert isinstance(written, QuoteIsClosed)
            return QuoteVersionId(uuid4())
        for known in self.model.values():
            if known.alternative == alternative and known.is_live:
                known.status = VersionStatus.SUPERSEDED
        self.model[written.id] = Known(alternative, needs=off > 10)
        return QuoteVersionId(written.id)

    @rule(version_id=versions)
    def approve(self, version_id: QuoteVersionId) -> None:
        """Approve what is live."""
        found = self._tried(BOSS, lambda work: sales.approve_version(work, version_id))
        known = self.model.get(version_id)
        if known is None or not known.is_live:
            assert isinstance(found, NotFound if known is None else VersionIsOver)
        else:
            known.approved = True

    @rule(version_id=versions)
    def send(self, version_id: QuoteVersionId) -> None:
        """Send what is live and approved."""
        found = self._tried(CLERK, lambda work: sales.send_version(work, version_id))
        wrong = self._obstacle(version_id)
        if wrong is not None:
            assert isinstance(found, wrong)
        else:
            self.model[version_id].status = VersionStatus.SENT

    @rule(version_id=versions)
    def accept(self, version_id: QuoteVersionId) -> None:
        """Accept what was sent; everything else is over with it."""
        found = self._tried(CLERK, lambda work: sales.accept_version(work, version_id, by="王芳"))
        wrong = self._obstacle(version_id)
        if wrong is None and self.model[version_id].status is VersionStatus.DRAFT:
            wrong = QuoteNotSent
        if wrong is not None:
            assert isinstance(found, wrong)
            return
        self.model[version_id].status = VersionStatus.ACCEPTED
        self._end()

    @rule(version_id=versions)
    def send_and_accept(self, version_id: QuoteVersionId) -> None:
        """Go straight to the end, from wherever the version is."""
        self.send(version_id)
        self.accept(version_id)

    @rule(version_id=versions)
    def order(self, version_id: QuoteVersionId) -> None:
        """Order what was accepted, once."""
        found = self._tried(CLERK, lambda work: sales.order_quote(work, version_id))
        known = self.model.get(version_id)
        if known is None:
            assert isinstance(found, NotFound)
        elif known.status is not VersionStatus.ACCEPTED:
            assert isinstance(found, QuoteNotAccepted)
        elif self.ordered:
            assert isinstance(found, OrderedBefore)
        else:
            assert found.version_id == version_id
            self.ordered = True

    @rule(version_id=versions)
    def go_all_the_way(self, version_id: QuoteVersionId) -> None:
        """Approve, send, accept and order, from wherever the version is."""
        self.approve(version_id)
        self.send_and_accept(version_id)
        self.order(version_id)

    @rule(is_withdrawn=st.booleans())
    def close(self, is_withdrawn: bool) -> None:
        """Decline or withdraw an open quote."""
        call = sales.withdraw_quote if is_withdrawn else sales.decline_quote
        found = self._tried(CLERK, lambda work: call(work, self.quote.id))
        if self.is_open:
            self._end()
        else:
            assert isinstance(found, QuoteIsClosed)

    @invariant()
    def stands_as_the_model_says(self) -> None:
        """Every version stands as in the model; at most one is accepted, and it was approved."""
        with self.desk.work() as work:
            found = {one.id: one for one in sales.versions_of(work, self.quote.id)}
            orders = [order.version_id for order in work.orders.find()]
        assert {key: one.status for key, one in found.items()} == {
            key: known.status for key, known in self.model.items()
        }
        accepted = [one for one in found.values() if one.status is VersionStatus.ACCEPTED]
        assert len(accepted) <= 1
        assert all(one.is_approved and one.sent_at for one in accepted)
        assert orders == ([one.id for one in accepted] if self.ordered else [])

    def _obstacle(self, version_id: QuoteVersionId) -> type[CrmkitError] | None:
        known = self.model.get(version_id)
        if known is None:
            return NotFound
        if not self.is_open:
            return QuoteIsClosed
        if not known.is_live:
            return VersionIsOver
        return NotYetApproved if known.needs and not known.approved else None

    def _end(self) -> None:
        self.is_open = False
        for known in self.model.values():
            if known.is_live:
                known.status = VersionStatus.CLOSED

    def _tried(self, by: Actor, call: Callable[[UnitOfWork], Any]) -> Any:
        """Return what a call gave, or its refusal."""
        try:
            with self.desk.work(by) as work:
                return call(work)
        except CrmkitError as refusal:
            return refusal


def test_no_path_from_quote_to_order_leads_round_the_steps(ready_url: str) -> None:
    """Any history stands as the model says, on every store."""
    run_machine(partial(QuoteMachine, ready_url), ready_url, quick=QUICK, full=FULL)
