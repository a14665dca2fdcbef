"""Bad input of every kind: one clear error that names the place and a way out, and nothing lost."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import attrs
import pytest

from crmkit.domain.approvals.telling import CommentMissing, NotYourTurn, OwnSubmission
from crmkit.domain.money import Money
from crmkit.domain.sales.bundles import BundleIsCircular
from crmkit.domain.sales.deal import DealAlreadyClosed
from crmkit.domain.sales.discount import Discount
from crmkit.domain.sales.moving import MoveRefused
from crmkit.domain.sales.pipeline import Move
from crmkit.domain.sales.product import Component, ProductKind
from crmkit.domain.sales.quote_line import item
from crmkit.domain.sales.quote_steps import QuoteExpired, QuoteNotSent
from crmkit.domain.sales.stage import Stage
from crmkit.errors import CrmkitError, InvalidValue, MixedCurrencies, NotFound, NotPermitted
from crmkit.services import approvals, leads, parties, sales
from crmkit.work import UnitOfWork
from tests.services.pricing.quote_office import QuoteOffice, quoting

STAGES = (Stage(name="new"), Stage(name="offer"), Stage(name="late"))


@attrs.frozen
class Shop:
    """An office with a deal, quotes, bundles and a case, and a customer of another tenant."""

    office: QuoteOffice
    deal: Any
    won: Any
    expired: Any
    draft: Any
    bundles: Any
    case: Any
    lead: Any
    foreign: Any


@pytest.fixture
def shop(ready_url: str, tenant: str) -> Iterator[Shop]:
    """Give a shop on each store in turn."""
    with quoting(ready_url, tenant) as office:
        with office.crm.work(by="x", tenant=f"{tenant}x") as work:
            foreign = parties.register_customer(work, "别家")
        with office.work() as work:
            moves = (Move(from_stage="new", to_stage="offer"),)
            pipeline = sales.define_pipeline(work, "strict", STAGES, moves=moves)
            deal, won = (
                sales.open_deal(work, name=name, pipeline=pipeline.id, value=Money("1", "CNY"))
                for name in ("open", "won")
            )
            won = sales.win_deal(work, won.id)
            inner, outer = (
                sales.add_product(work, name, kind=ProductKind.BUNDLE) for name in "甲乙"
            )
            sales.set_components(work, outer.id, [Component(product_id=inner.id)])
            lead = parties.capture_lead(work, "王芳")
            parties.disqualify_lead(work, lead.id, reason="x")
        expired = office.write(office.open(), 0)
        with office.work() as work:
            sales.send_version(work, expired.id)
        office.clock.go_on(days=31)
        draft = office.write(office.open(), 12)
        with office.work() as work:
            [case] = sales.submit_version(work, draft.id)
        yield Shop(office, deal, won, expired, draft, (inner, outer), case, lead, foreign)


def line(shop: Shop, **fields: Any) -> Callable[[UnitOfWork], Any]:
    """Return what writes a version with one line."""

    def write(work: UnitOfWork) -> Any:
        quote = work.quotes.get(shop.draft.quote_id)
        offer = shop.office.offer(work, quote, 0)
        given = {"price": Decimal(1), **fields}
        quantity = given.pop("quantity", 1)
        wrong = attrs.evolve(offer, lines=(item("x", quantity, **given),))
        return sales.write_version(work, quote.id, wrong)

    return write


def on_case(answer: Callable[..., Any]) -> Callable[[Shop, UnitOfWork], Any]:
    """Return what answers the case of the shop, without a comment."""
    return lambda shop, work: answer(work, shop.case.id)


def everything(shop: Shop) -> dict[str, Any]:
    """Return all records of the tenant."""
    with shop.office.work() as work:
        return {
            spec.name: sorted(work.of(spec.cls).find(removed=True), key=lambda one: one.id)
            for spec in work.registry
            if hasattr(spec.cls, "check_step")
        }


Case = tuple[str, str, Callable[[Shop, UnitOfWork], Any], type[CrmkitError], str]
CASES: list[Case] = [
    ("a line in another currency", "li",
     lambda shop, work: line(shop, price=Money(1, "USD"))(work),
     MixedCurrencies, "lines.1.unit_price"),
    ("a currency that is none", "li",
     lambda _shop, work: sales.open_quote(work, "x", currency="RMB"), InvalidValue, "currency"),
    ("a negative quantity", "li",
     lambda shop, work: line(shop, quantity=-1)(work), InvalidValue, "quantity"),
    ("a discount in another currency", "li",
     lambda shop, work: line(shop, discount=Discount(amount=Money(1, "USD")))(work),
     MixedCurrencies, "discount"),
    ("an expired quote", "li",
     lambda shop, work: sales.accept_version(work, shop.expired.id, by="王芳"),
     QuoteExpired, "quote_version.valid_until"),
    ("a quote that was never sent", "boss",
     lambda shop, work: sales.accept_version(work, _fresh(shop, work).id, by="王芳"),
     QuoteNotSent, "quote_version.sent_at"),
    ("a closed deal that is moved", "li",
     lambda shop, work: sales.move_deal(work, shop.won.id, to="offer"),
     DealAlreadyClosed, "deal.outcome"),
    ("a closed deal that is lost", "li",
     lambda shop, work: sales.lose_deal(work, shop.won.id), DealAlreadyClosed, "deal.outcome"),
    ("a customer of another tenant", "li",
     lambda shop, work: sales.open_deal(
         work, name="x", pipeline=shop.deal.pipeline_id, customer=shop.foreign.id),
     NotFound, "customer"),
    ("a deal of another tenant", "li",
     lambda _shop, work: sales.win_deal(work, uuid4()), NotFound, "deal"),
    ("an unknown stage", "li",
     lambda shop, work: sales.move_deal(work, shop.deal.id, to="nowhere"),
     InvalidValue, "stage"),
    ("a move that is not allowed", "li",
     lambda shop, work: sales.move_deal(work, shop.deal.id, to="late"), MoveRefused, "deal.stage"),
    ("shares that are no whole", "li",
     lambda shop, work: sales.split_deal(
         work, shop.deal.id, {shop.office.people["li"]: Decimal("99.9")}),
     InvalidValue, "deal.splits"),
    ("a circular bundle", "li",
     lambda shop, work: sales.set_components(
         work, shop.bundles[0].id, [Component(product_id=shop.bundles[1].id)]),
     BundleIsCircular, "product.components"),
    ("an approver without the role", "li",
     lambda shop, work: sales.approve_version(work, shop.draft.id),
     NotPermitted, "quote_version.approval"),
    ("an approver whom nobody asks", "wang",
     on_case(approvals.approve), NotYourTurn, "approval.waiting_for"),
    ("a submitter who approves", "li",
     on_case(approvals.approve), OwnSubmission, "approval.approver"),
    ("a no without a reason", "boss",
     on_case(approvals.reject), CommentMissing, "approval.comment"),
    ("a lead that is closed", "li",
     lambda shop, work: leads.convert(work, shop.lead.id), CrmkitError, "lead"),
    ("an offer that ends before it begins", "li",
     lambda shop, work: sales.write_version(work, shop.draft.quote_id, attrs.evolve(
         shop.office.offer(work, work.quotes.get(shop.draft.quote_id), 0),
         valid_until=date(2020, 1, 1))),
     InvalidValue, "quote_version.valid_until"),
]  # fmt: skip


def _fresh(shop: Shop, work: UnitOfWork) -> Any:
    quote = sales.open_quote(work, "x")
    return sales.write_version(work, quote.id, shop.office.offer(work, quote, 0))


def test_each_is_one_clear_error_and_nothing_is_lost(shop: Shop) -> None:
    """The error is of its kind, names the place, and leaves every record as it was.

    It says a way out where there is one: a refused move says its obstacles, and what is not there
    is not there.
    """
    before = everything(shop)
    told: dict[str, tuple[type[CrmkitError], str]] = {}
    without_fix: list[str] = []
    for name, by, call, _error, _path in CASES:
        with pytest.raises(CrmkitError) as caught, shop.office.work(by) as work:
            call(shop, work)
        told[name] = (type(caught.value), caught.value.path)
        if not caught.value.fix and not isinstance(caught.value, MoveRefused | NotFound):
            without_fix.append(name)
    wrong = [
        (name, told[name])
        for name, _by, _call, error, path in CASES
        if not issubclass(told[name][0], error) or path not in told[name][1]
    ]
    assert (wrong, without_fix) == ([], [])
    assert everything(shop) == before
