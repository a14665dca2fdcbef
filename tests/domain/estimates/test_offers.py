"""Offers: documents for the client, in Chinese as good as in English, ready to print."""

import re
from datetime import date, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given

from crmkit import estimates
from crmkit.domain.estimates.offers import Offer
from crmkit.domain.money import Money
from crmkit.domain.money_words import capital_cny
from crmkit.errors import InvalidInput
from tests.domain.estimates.scopes import scopes

SCOPE = estimates.Scope(
    name="客户管理系统 <二期>",
    client="鲁西 & 科技",
    modules={"customers": "standard", "pipeline": "adapted"},
    integrations=[estimates.Integration(system="<script>ERP")],
    maintenance=estimates.Maintenance(),
)
DAY = date(2026, 11, 30)
VOID = {"meta"}


class Tags(HTMLParser):
    """Checks that tags close in order, and keeps the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a tag, and note what it would load."""
        self.loads += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the tag that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append(data)


def offer(language: str = "zh", scope: estimates.Scope = SCOPE) -> Offer:
    """Make an offer of one day."""
    made = estimates.estimate(scope, language=language)
    return made.offer(on=DAY, vendor="聊城软件", number="BJ-2026-7", starts=date(2026, 12, 15))


def read(page: str) -> Tags:
    """Parse a page to its end."""
    tags = Tags()
    tags.feed(page)
    tags.close()
    assert tags.open == []
    return tags


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ["项目报价书", "含税总价", "人民币", "付款方式", "不含内容", "万元", "2026-12-30"]),
        ("en", ["Offer", "Price with VAT", "Payments", "What is not included", "2026-12-30"]),
    ],
)
def test_page_says_everything(language: str, words: list[str]) -> None:
    """Head, price in figures and capitals, lines, plan, payments, premises, in its language."""
    made = offer(language)
    text = " ".join(read(made.html()).texts)
    for word in (*words, "客户管理系统 <二期>", "鲁西 & 科技", "BJ-2026-7", "聊城软件"):
        assert word in text
    assert f"人民币{capital_cny(made.estimate.total)}" in text
    for line in made.estimate.lines:
        assert f"{line.amount.amount:,}" in text
        assert line.label.said(language) in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_text_says_the_same(language: str) -> None:
    """The plain offer has price, capitals, lines, payments and sources too."""
    made = offer(language)
    text = made.text()
    assert f"人民币{capital_cny(made.estimate.total)}" in text
    for payment in made.estimate.payments(start=made.starts):
        assert f"{payment.amount.amount:,} CNY" in text
    assert "CSBMK-202510" in text
    assert "财税〔2016〕36号" in text


def test_chinese_page_has_no_english_words() -> None:
    """Labels are all Chinese; what remains are names, units of currency and sources."""
    scope = estimates.Scope(
        name="客户管理",
        modules=[kind.name for kind in estimates.CRM_CATALOGUE],
        maintenance=estimates.Maintenance(backup=True),
        interface="redesigned",
        process="deep",
        integrations=[estimates.Integration(system="财务")],
        permissions="field",
    )
    made = estimates.estimate(scope, language="zh").offer(on=DAY, vendor="聊城软件")
    shown = made.text()
    words = set(re.findall(r"[A-Za-z]{3,}", shown))
    assert words <= {
        "CNY",
        "CSBMK",
        "CRM",
        "crmkit",
        "earlier",
        "editions",
        "haidsoft",
        "com",
        "html",
    }


@given(scopes)
def test_page_of_any_scope_is_well_formed(scope: estimates.Scope) -> None:
    """Tags close in order, names are escaped, nothing is loaded."""
    for language in ("zh", "en"):
        made = offer(language, scope.with_(name='<img src="x">'))
        tags = read(made.html())
        assert tags.loads == []
        assert any('<img src="x">' in text for text in tags.texts)
        assert "url(" not in made.html()


def test_offer_holds_for_some_days() -> None:
    """Thirty, from the day on which it is made; duration to the half month."""
    made = offer()
    assert made.until == date(2026, 12, 30)
    assert made.months * 2 == int(made.months * 2)
    assert made.months > 0


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"on": None}, "offer.on"),
        ({"on": datetime(2026, 1, 1)}, "offer.on"),
        ({"on": DAY, "valid_days": 0}, "offer.valid_days"),
    ],
)
def test_offer_needs_a_day(wrong: dict[str, object], path: str) -> None:
    """A date, and at least one day of validity."""
    with pytest.raises(InvalidInput) as refused:
        Offer(estimate=estimates.estimate(SCOPE), **wrong)
    assert refused.value.path == path


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("1409.50", "壹仟肆佰零玖元伍角"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("150000", "壹拾伍万元整"),
    ],
)
def test_capitals_are_those_of_the_payment_rules(amount: str, words: str) -> None:
    """The examples of the annex to 支付结算办法."""
    assert capital_cny(Money(amount, "CNY")) == words
