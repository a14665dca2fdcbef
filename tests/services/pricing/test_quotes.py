"""Quotes: versions, alternatives, options, approval, expiry, acceptance; on every store."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from crmkit import estimates
from crmkit.crm import CRM
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rules import ALL, Grant, Role, Scope
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.money import Money
from crmkit.domain.sales.approval_requirement import ApprovalRule, NotYetApproved
from crmkit.domain.sales.chinese_vat import CHINESE_VAT
from crmkit.domain.sales.deal import DealId
from crmkit.domain.sales.discount import Discount
from crmkit.domain.sales.offer import ManualPricesUndecided, Offer
from crmkit.domain.sales.pricing import PriceUnknown
from crmkit.domain.sales.pricing_policy import (
    DiscountAuthority,
    FloorBasis,
    ManualPrices,
    PriceFloor,
)
from crmkit.domain.sales.product import Product, ProductIsRetired
from crmkit.domain.sales.quote import Quote, QuoteAccepted, QuoteIsClosed, QuoteOutcome
from crmkit.domain.sales.quote_diff import diff_versions
from crmkit.domain.sales.quote_line import (
    DraftLine,
    PriceSource,
    StepKind,
    item,
    note,
    section,
    subtotal,
)
from crmkit.domain.sales.quote_version import (
    QuoteExpired,
    QuoteNeedsApproval,
    QuoteNotSent,
    QuoteSent,
    QuoteVersion,
    VersionIsImmutable,
    VersionIsOver,
    VersionStatus,
)
from crmkit.domain.sales.share_link import ShareLinkExpired, ShareLinkInvalid
from crmkit.errors import (
    CrmkitError,
    InvalidSettings,
    InvalidValue,
    MixedCurrencies,
    NotFound,
    NotPermitted,
    OutOfRange,
)
from crmkit.ports import Actor
from crmkit.services import parties, sales
from crmkit.services.access import apply_policy
from crmkit.work import UnitOfWork
from crmkit.work.policies import Policies
from tests.services.pricing.desk import Desk

SECRET = b"0123456789abcdef0123456789abcdef"
BOSS = Actor(id="zhao", roles=frozenset({"boss", "head"}))
CLERK = Actor(id="li", roles=frozenset({"sales"}))


@attrs.frozen
class Shop:
    """A firm with two products, a policy and a customer."""

    lathe: Product
    bolt: Product
    quote: Quote


def opened(desk: Desk) -> Shop:
    """Set up the shop and begin a quote."""
    with desk.work() as work:
        sales.load_tax_rates(work, CHINESE_VAT)
        sales.set_pricing_policy(
            work,
            "usual",
            authorities=(
                DiscountAuthority(role="sales", percent=Decimal(5)),
                DiscountAuthority(role="head", percent=Decimal(15)),
            ),
            floors=(PriceFloor(basis=FloorBasis.COST, percent=Decimal(105)),),
        )
        lathe = sales.add_product(
            work,
            "数控车床",
            code="CK6140",
            unit="台",
            list_price=Money(98000, "CNY"),
            cost=Money(71000, "CNY"),
            tax_kind="goods",
        )
        bolt = sales.add_product(work, "螺栓", list_price=Money("0.5", "CNY"), tax_kind="goods")
        luxi = parties.register_customer(work, "鲁西科技")
        quote = sales.open_quote(
            work, "车床报价", customer=luxi.id, policy="usual", zone="Asia/Shanghai"
        )
    return Shop(lathe, bolt, quote)


def written(
    desk: Desk, shop: Shop, *lines: DraftLine, days: int = 30, by: object = CLERK, **terms: object
) -> QuoteVersion:
    """Write a version that is good for some days."""
    with desk.work(by) as work:
        until = shop.quote.day_of(work.now) + timedelta(days)
        given = lines or (item(shop.lathe.id, 2),)
        offer = Offer(lines=given, valid_until=until, **terms)  # type: ignore[arg-type]
        return sales.write_version(work, shop.quote.id, offer)


def accepted(desk: Desk, version: QuoteVersion) -> Quote:
    """Accept a version."""
    with desk.work() as work:
        return sales.accept_version(work, version.id, by="王芳", via="mail")


def test_a_version_is_kept_to_the_last_step_of_its_prices(desk: Desk) -> None:
    """Lines, waterfalls, totals, terms and the hash come back as they were written."""
    shop = opened(desk)
    version = written(
        desk,
        shop,
        section("设备"),
        item(shop.lathe.id, 2, discount=Decimal(4)),
        item("安装调试", 1, price=Money(3000, "CNY"), price_reason="现场", tax_kind="services"),
        subtotal("设备合计"),
        note("交货期 45 天"),
        item(shop.bolt.id, 100, is_optional=True),
        discount=Discount(amount=Money(100, "CNY"), reason="抹零"),
        words="质保一年",
    )
    with desk.work() as work:
        kept = work.quote_versions.get(version.id)
        assert kept == version
        assert kept.hash_now() == kept.content_hash
        assert work.quotes.get(shop.quote.id).number
    lathe = version.lines[1]
    assert [step.kind for step in lathe.steps] == [
        StepKind.LIST,
        StepKind.DISCOUNT,
        StepKind.DOCUMENT_DISCOUNT,
        StepKind.FLOOR,
        StepKind.TAX,
    ]
    assert lathe.steps[-1].amount == lathe.gross
    assert version.totals.amount == Money(199000, "CNY")
    assert version.totals.discount == Money("7940.00", "CNY")
    assert version.lines[3].amount == version.totals.amount
    assert [rate.percent for rate in version.totals.taxes] == [13, 6]


def test_who_may_take_off_how_much_is_policy(near_desk: Desk) -> None:
    """Within the authority nothing is asked; beyond it the least role that may, with figures."""
    shop = opened(near_desk)
    fine = written(near_desk, shop, item(shop.lathe.id, 2, discount=Decimal(5)))
    much = written(near_desk, shop, item(shop.lathe.id, 2, discount=Decimal(12)))
    most = written(
        near_desk, shop, item(shop.lathe.id, 2, price=Decimal(74000), price_reason="老客户")
    )
    assert fine.requirements == ()
    [needed] = much.requirements
    assert (needed.rule, needed.role, needed.limit, needed.actual) == (
        ApprovalRule.DISCOUNT,
        "head",
        5,
        12,
    )
    assert needed.reason == "12 % off on line 1, above 5 %: asks head"
    assert [one.rule for one in most.requirements] == [ApprovalRule.DISCOUNT, ApprovalRule.FLOOR]
    assert most.approver_roles == ("boss",)
    assert "74000 a unit on line 1, below 74550" in most.requirements[1].reason
    assert written(near_desk, shop, item(shop.lathe.id, discount=Decimal(12)), by=BOSS).is_approved


def test_no_exit_passes_without_the_approval(desk: Desk) -> None:
    """Neither sent nor shared nor accepted; the approval is for exactly this content."""
    shop = opened(desk)
    version = written(desk, shop, item(shop.lathe.id, discount=Decimal(12)))
    exits: list[Callable[[UnitOfWork], object]] = [
        lambda work: sales.send_version(work, version.id),
        lambda work: sales.share_version(
            work, version.id, until=work.now + timedelta(1), secret=SECRET
        ),
        lambda work: sales.accept_version(work, version.id, by="王芳"),
    ]
    for leave in exits:
        with pytest.raises(NotYetApproved) as caught, desk.work() as work:
            leave(work)
        assert caught.value.path == "quote_version.approval"
    with pytest.raises(NotPermitted), desk.work(CLERK) as work:
        sales.approve_version(work, version.id)
    with desk.work(BOSS) as work:
        approved = sales.approve_version(work, version.id, note="可以")
    with desk.work() as work:
        sent = sales.send_version(work, version.id)
        assert QuoteSent(quote_id=shop.quote.id, version_id=version.id) in work.events
    assert approved.approval
    assert approved.approval.content_hash == version.content_hash
    assert sent.status is VersionStatus.SENT
    again = written(desk, shop, item(shop.lathe.id, discount=Decimal(13)))
    assert not again.is_approved
    with desk.work() as work:
        assert work.quote_versions.get(version.id).status is VersionStatus.SUPERSEDED


def test_where_policies_decide_roles_are_not_claimed() -> None:
    """Who is no boss by the policy approves nothing, whatever the program says; the boss does."""
    with CRM.open("memory:", plugin_names=()) as free:
        guarded = CRM(free.storage, plugins=free.plugins, access=Policies())
        desk = Desk(free, "acme")
        shop = opened(desk)
        everything = {"entity": ALL, "actions": (ALL,), "scope": Scope.ALL}
        names = ("sales", "boss")
        rules = Rules(
            roles=tuple(Role(name=name) for name in names),
            grants=tuple(Grant(role=name, **everything) for name in names),
        )
        with desk.work() as work:
            apply_policy(work, rules)
            for name in names:
                made = User(id=UserId(work.new_id()), name=name, login=name, roles=(name,))
                work.users.add(made)
        clerk, boss = (Actor(id=name, roles=frozenset({"boss"})) for name in ("sales", "boss"))
        version = written(Desk(guarded, "acme"), shop, _cheap(shop), by=clerk)
        assert version.approver_roles == ("boss",)
        with pytest.raises(NotPermitted), guarded.work(by=clerk, tenant="acme") as work:
            sales.approve_version(work, version.id)
        with guarded.work(by=boss, tenant="acme") as work:
            assert sales.approve_version(work, version.id).is_approved


def test_an_approval_that_is_needed_is_told(near_desk: Desk) -> None:
    """An event carries the roles, for flows and messages to listen to."""
    shop = opened(near_desk)
    with near_desk.work(CLERK) as work:
        until = shop.quote.day_of(work.now)
        lines = (item(shop.lathe.id, discount=Decimal(50)),)
        version = sales.write_version(work, shop.quote.id, Offer(lines=lines, valid_until=until))
        asked = [told for told in work.events if isinstance(told, QuoteNeedsApproval)]
    assert asked == [
        QuoteNeedsApproval(quote_id=shop.quote.id, version_id=version.id, roles=("boss",))
    ]


def test_accepting_one_closes_the_rest(desk: Desk) -> None:
    """Versions follow each other within an alternative; one is accepted, with its evidence."""
    shop = opened(desk)
    first = written(desk, shop)
    second = written(desk, shop, item(shop.lathe.id, 3))
    other = written(desk, shop, item(shop.bolt.id, 1000), alternative="B")
    with desk.work() as work:
        for version in (second, other):
            sales.send_version(work, version.id)
    with desk.work() as work:
        closed = sales.accept_version(
            work, second.id, by="王芳", address="203.0.113.9", signature="ok", via="portal"
        )
        gross = second.totals.gross
        assert QuoteAccepted(quote_id=closed.id, version_id=second.id, gross=gross) in work.events
    assert (closed.outcome, closed.accepted_version_id) == (QuoteOutcome.ACCEPTED, second.id)
    with desk.work() as work:
        found = {one.id: one for one in sales.versions_of(work, shop.quote.id)}
    assert [one.number for one in found.values()] == [1, 2, 3]
    assert found[first.id].status is VersionStatus.SUPERSEDED
    assert found[other.id].status is VersionStatus.CLOSED
    acceptance = found[second.id].acceptance
    assert acceptance
    assert (acceptance.by, acceptance.address) == ("王芳", "203.0.113.9")
    assert acceptance.content_hash == second.content_hash
    for call in (sales.accept_version, sales.choose_lines):
        with pytest.raises((QuoteIsClosed, VersionIsOver)), desk.work() as work:
            call(work, other.id, **({"by": "x"} if call is sales.accept_version else {"keys": ()}))  # type: ignore[operator]


def test_an_offer_that_is_over_is_not_accepted(desk: Desk) -> None:
    """After its last day, before it was sent, under another hash, superseded or withdrawn."""
    shop = opened(desk)
    version = written(desk, shop, days=0)
    with pytest.raises(QuoteNotSent):
        accepted(desk, version)
    with desk.work() as work:
        sales.send_version(work, version.id)
    with pytest.raises(VersionIsImmutable), desk.work() as work:
        sales.accept_version(work, version.id, by="王芳", content_hash="0" * 64)
    today = version.valid_until
    assert version.must_be_good(today) is None
    with pytest.raises(QuoteExpired) as caught:
        version.must_be_good(today + timedelta(1))
    assert (caught.value.path, caught.value.fix) == ("quote_version.valid_until", "requote it")
    newer = written(desk, shop)
    with pytest.raises(VersionIsOver):
        accepted(desk, version)
    with desk.work() as work:
        sales.withdraw_quote(work, shop.quote.id, reason="停产")
    with pytest.raises(QuoteIsClosed):
        accepted(desk, newer)
    with pytest.raises(QuoteIsClosed):
        written(desk, shop)


def test_the_content_of_a_version_never_changes(desk: Desk) -> None:
    """Neither by a new value nor behind the back of the CRM."""
    shop = opened(desk)
    version = written(desk, shop)
    with pytest.raises(VersionIsImmutable):
        version.evolve(words="又一年")
    with pytest.raises(VersionIsImmutable):
        version.evolve(lines=version.lines[:0])
    with desk.work() as work:
        kept = sales.send_version(work, version.id)
    with pytest.raises(VersionIsImmutable), desk.work() as work:
        work.quote_versions.save(kept.replaced(words="又一年"))
    with desk.work() as work, work.storing() as session:
        forged = kept.replaced(words="又一年", version=kept.version + 1)
        session.save_many(work.quote_versions.spec, [forged], [kept.version])
    with pytest.raises(VersionIsImmutable):
        accepted(desk, version)


def test_requoting_shows_and_writes_what_today_costs(desk: Desk) -> None:
    """Showing writes nothing; the diff names the price of each line and what the total moves by."""
    shop = opened(desk)
    version = written(desk, shop, item(shop.lathe.id, 2), item(shop.bolt.id, 100))
    with desk.work() as work:
        sales.change_product(work, shop.lathe.id, list_price=Money(99000, "CNY"))
    with desk.work() as work:
        shown = sales.reprice(work, version.id)
        assert not work.changes
    [change] = shown.diff.changed
    assert (change.key, change.moves["unit_price"].before, change.moves["unit_price"].after) == (
        "1",
        98000,
        99000,
    )
    assert shown.diff.gross == Money(2260, "CNY")
    with desk.work() as work:
        newer = sales.requote(work, version.id)
    assert newer.totals.gross - version.totals.gross == Money(2260, "CNY")
    assert newer.valid_until == version.valid_until
    assert [line.key for line in newer.lines] == ["1", "2"]
    assert diff_versions(version, version).is_empty


def test_a_price_set_by_hand_stays_as_the_policy_says(near_desk: Desk) -> None:
    """Kept when the quantity changes, reset when asked for, or a question to somebody."""
    shop = opened(near_desk)
    own = item(shop.lathe.id, 2, price=Decimal(97000), price_reason="展会价")
    version = written(near_desk, shop, own)
    with near_desk.work() as work:
        more = attrs.evolve(version.lines[0].draft, quantity=Decimal(5))
        bigger = Offer.of(version, lines=(more,))
        kept = sales.write_version(work, shop.quote.id, bigger)
        assert (kept.lines[0].unit_price, kept.lines[0].price_source) == (
            97000,
            PriceSource.MANUAL,
        )
        assert kept.lines[0].steps[1].source == "展会价"
    with near_desk.work() as work:
        reset = sales.requote(work, kept.id, manual=ManualPrices.RESET)
        assert reset.lines[0].unit_price == 98000
        assert reset.lines[0].price_source is PriceSource.LIST
    with near_desk.work() as work:
        asked = sales.reprice(work, kept.id, manual=ManualPrices.ASK)
        assert asked.undecided == ("1",)
        sales.set_pricing_policy(work, "usual", manual_prices=ManualPrices.ASK)
    with near_desk.work() as work:
        free = sales.add_product(work, "定制件")
    only = written(near_desk, shop, item(free.id, price=Decimal(5)), alternative="C")
    for manual in ManualPrices:
        with near_desk.work() as work:
            assert sales.reprice(work, only.id, manual=manual).diff.is_empty
    with pytest.raises(ManualPricesUndecided, match="by hand on 1"), near_desk.work() as work:
        sales.requote(work, kept.id)


def test_optional_lines_count_when_they_are_chosen(near_desk: Desk) -> None:
    """They have a price, but no part in the totals; choosing them writes another version."""
    shop = opened(near_desk)
    version = written(
        near_desk, shop, item(shop.lathe.id, 1), item(shop.bolt.id, 100, is_optional=True)
    )
    assert version.totals.gross == Money("110740.00", "CNY")
    assert version.lines[1].gross == Money("56.50", "CNY")
    with near_desk.work() as work:
        chosen = sales.choose_lines(work, version.id, ["2"])
    assert chosen.totals.gross == Money("110796.50", "CNY")
    assert diff_versions(version, chosen).changed[0].moves["is_chosen"].after is True
    with near_desk.work() as work:
        assert sales.choose_lines(work, chosen.id, ()).totals == version.totals
    with pytest.raises(InvalidValue) as caught, near_desk.work() as work:
        sales.choose_lines(work, chosen.id, ["1"])
    assert caught.value.path == "lines.is_optional"


def test_a_deal_is_quoted_from_its_lines(desk: Desk) -> None:
    """With its customer, its name, and the lines as they were last said."""
    shop = opened(desk)
    with desk.work() as work:
        pipeline = sales.define_pipeline(work, "新客户")
        deal = sales.open_deal(
            work, name="扩产", pipeline=pipeline.id, customer=shop.quote.customer_id
        )
        sales.plan_deal(work, deal.id, [item(shop.bolt.id, 7)])
        sales.plan_deal(work, deal.id, [item(shop.lathe.id), item(shop.bolt.id, 20)])
    with desk.work() as work:
        version = sales.quote_deal(work, deal.id, tax_kind="goods", zone="Asia/Shanghai")
        quote = work.quotes.get(version.quote_id)
    assert (quote.deal_id, quote.customer_id, quote.name) == (
        deal.id,
        shop.quote.customer_id,
        "扩产",
    )
    assert [line.draft.quantity for line in version.lines] == [1, 20]
    assert version.buyer == "鲁西科技"


def test_an_estimate_is_quoted_to_the_cent(near_desk: Desk) -> None:
    """Its amounts hold the tax; each line and the total are what was estimated."""
    shop = opened(near_desk)
    scope = estimates.Scope(
        client="东阿机械",
        modules=["customers", "pipeline"],
        integrations=[estimates.Integration(system="ERP & 财务")],
    )
    plain = estimates.estimate(scope).to_quote()
    with near_desk.work() as work:
        offer = Offer.of_estimate(plain, valid_until=shop.quote.day_of(work.now))
        version = sales.write_version(work, shop.quote.id, offer)
    assert str(version.totals.gross.amount) == plain["total"]
    quoted = [(line.key, str(line.gross.amount)) for line in version.lines if line.gross]
    assert quoted == [(line["key"], line["amount"]) for line in plain["lines"]]
    assert {line.price_source for line in version.lines} == {PriceSource.MANUAL}
    assert [rate.percent for rate in version.totals.taxes] == [6]


def test_a_link_shows_a_version_until_its_time_is_over(desk: Desk) -> None:
    """Not to another tenant, not changed, not under another secret, not after the quote is gone."""
    shop = opened(desk)
    version = written(desk, shop)
    with desk.work() as work:
        until = work.now + timedelta(days=7)
        link = sales.share_version(work, version.id, until=until, secret=SECRET)
    with desk.work() as work:
        assert sales.open_shared(work, link, secret=SECRET).id == version.id
        past = sales.share_version(work, version.id, until=work.now, secret=SECRET)
        with pytest.raises(ShareLinkExpired):
            sales.open_shared(work, past, secret=SECRET)
    forged = ("Z" + link[1:], link[:-1], link.replace(".", ""), "", "不是链接.x", "=.=", link + "=")
    for wrong in forged:
        with pytest.raises(ShareLinkInvalid), desk.work() as work:
            sales.open_shared(work, wrong, secret=SECRET)
    with pytest.raises(ShareLinkInvalid), desk.work() as work:
        sales.open_shared(work, link, secret=SECRET[::-1])
    with pytest.raises(InvalidSettings), desk.work() as work:
        sales.open_shared(work, link, secret=b"short")
    with (
        pytest.raises(ShareLinkInvalid),
        desk.crm.work(by="li", tenant=f"{desk.tenant}x") as other,
    ):
        sales.open_shared(other, link, secret=SECRET)
    with desk.work() as work:
        sales.decline_quote(work, shop.quote.id, reason="价格")
    with pytest.raises(VersionIsOver), desk.work() as work:
        sales.open_shared(work, link, secret=SECRET)


def test_wrong_quotes_name_the_field(near_desk: Desk) -> None:
    """Wrong currency, negative quantity, unknown product, no price: one error each."""
    shop = opened(near_desk)
    with near_desk.work() as work:
        free = sales.add_product(work, "样品")
        euro = sales.add_product(work, "进口件", list_price=Money(5, "EUR"))
        old = sales.retire_product(work, sales.add_product(work, "旧款").id)
    lines: list[tuple[Callable[[], DraftLine], type[CrmkitError], str]] = [
        (lambda: item("x", -1, price=Decimal(1)), InvalidValue, "quantity"),
        (lambda: item("x", 0, price=Decimal(1)), InvalidValue, "quantity"),
        (lambda: item("x", price=Decimal(-1)), InvalidValue, "unit_price"),
        (lambda: item("x", price=Decimal("0.1234567")), InvalidValue, "unit_price"),
        (lambda: item("", price=Decimal(1)), InvalidValue, "name"),
        (
            lambda: item("x", price=Decimal(1), tax_percent=Decimal(101)),
            InvalidValue,
            "tax_percent",
        ),
        (lambda: item("x", price=Money(1, "USD")), MixedCurrencies, "lines.1.unit_price"),
        (lambda: item("x"), PriceUnknown, "lines.1.unit_price"),
        (lambda: item(free.id), PriceUnknown, "lines.1.unit_price"),
        (lambda: item(euro.id), PriceUnknown, "lines.1.unit_price"),
        (lambda: item(old.id), ProductIsRetired, "product.retired_at"),
        (lambda: item(DealId(shop.quote.id)), NotFound, "lines.1.product_id"),  # type: ignore[arg-type]
    ]
    for make, error, path in lines:
        with pytest.raises(error) as caught:
            written(near_desk, shop, make())
        assert caught.value.path == path
    with pytest.raises(InvalidValue, match="one key"):
        written(near_desk, shop, *[item("x", price=Decimal(1), key="1")] * 2)
    with pytest.raises(OutOfRange):
        written(near_desk, shop, *[item("x", price=Decimal(1))] * 5001)
    with pytest.raises(InvalidValue, match="before it is priced"):
        written(near_desk, shop, days=-1)
    heads: list[tuple[dict[str, str], type[CrmkitError], str]] = [
        ({"currency": "RMB"}, InvalidValue, "currency"),
        ({"zone": "Mars/Base"}, InvalidValue, "quote.zone"),
    ]
    for fields, error, path in heads:
        with pytest.raises(error) as caught, near_desk.work() as work:
            sales.open_quote(work, "x", **fields)
        assert caught.value.path == path
    with near_desk.work() as work:
        lost = sales.open_quote(work, "x", policy="nowhere")
    with pytest.raises(NotFound, match="nowhere"):
        written(near_desk, attrs.evolve(shop, quote=lost))


def _cheap(shop: Shop) -> DraftLine:
    return item(shop.lathe.id, discount=Decimal(50))
