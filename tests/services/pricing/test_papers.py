"""Quotes on paper: figures as people write them, in Chinese and English, safe to print."""

from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser

import attrs
import pytest

from crmkit.domain.brand import Brand
from crmkit.domain.money import Money
from crmkit.domain.sales.chinese_vat import CHINESE_VAT
from crmkit.domain.sales.discount import Discount
from crmkit.domain.sales.offer import Offer
from crmkit.domain.sales.quote import Quote
from crmkit.domain.sales.quote_line import item, note, section, subtotal
from crmkit.domain.sales.quote_version import QuoteVersion
from crmkit.errors import InvalidValue
from crmkit.services import parties, sales
from crmkit.services.sales.papers import Paper, paper_of, quote_html, quote_pdf
from crmkit.services.sales.papers.paper import RowKind
from tests.services.pricing.desk import Desk

BRAND = Brand(
    names={"zh": "聊城鲁机数控设备有限公司", "en": "Luji CNC"},
    lines={"zh": ("聊城市东昌府区",), "en": ("Liaocheng, Shandong",)},
    bank={"zh": ("工商银行 1611",)},
)


class Reader(HTMLParser):
    """Collects the texts of a page, and sees whether every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the last element, which must be of that name."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append(data)


def offered(desk: Desk) -> tuple[Quote, QuoteVersion]:
    """Offer two lathes, an option and a service."""
    with desk.work() as work:
        sales.load_tax_rates(work, CHINESE_VAT)
        lathe = sales.add_product(
            work,
            "数控车床",
            code="CK6140",
            unit="台",
            list_price=Money(49000, "CNY"),
            tax_kind="goods",
            labels={"en": "CNC lathe"},
        )
        buyer = parties.register_customer(work, "鲁西 <b>科技</b>")
        quote = sales.open_quote(work, "车床 & 服务", customer=buyer.id)
        offer = Offer(
            lines=(
                section("设备", en="Machines"),
                item(lathe.id, 2, discount=Decimal("1.5"), description="含<卡盘>"),
                item(lathe.id, 1, is_optional=True),
                subtotal(),
                item("螺栓", Decimal("12.5"), price=Decimal("0.0375"), unit="个", tax_kind="goods"),
                item("培训", price=Decimal(1000), tax_kind="services", labels={"en": "Training"}),
                note("45 天", en="45 days"),
            ),
            discount=Discount(amount=Money(30, "CNY")),
            valid_until=quote.day_of(work.now) + timedelta(30),
            words="第一条\n第二条",
        )
        return quote, sales.write_version(work, quote.id, offer)


@pytest.fixture
def chinese(near_desk: Desk) -> Paper:
    """Give the quote in Chinese."""
    return paper_of(*offered(near_desk), BRAND, buyer=("东阿县",))


def test_every_figure_is_written_as_people_write_it(chinese: Paper) -> None:
    """Money with its sign, unit prices with all their places, capitals for the total."""
    kinds = [row.kind.value for row in chinese.rows]
    assert kinds == ["section", "item", "optional", "subtotal", "item", "item", "note"]
    lathe, option, subtotal_row, bolt = chinese.rows[1:5]
    assert (lathe.position, lathe.quantity, lathe.unit, lathe.price, lathe.tax) == (
        "1",
        "2",
        "台",
        "49,000.00",
        "13%",
    )
    assert (lathe.detail, lathe.off) == ("CK6140 · 含<卡盘>", "-¥1,499.69")
    assert option.detail == "CK6140 · 可选，未计入合计"
    assert subtotal_row.amount == lathe.amount == "¥96,500.31"
    assert (bolt.quantity, bolt.price, bolt.amount) == ("12.5", "0.0375", "¥0.47")
    assert chinese.sums[:3] == (
        ("原价合计", "¥99,000.47"),
        ("优惠合计", "-¥1,500.00"),
        ("不含税金额", "¥97,500.47"),
    )
    assert chinese.total == ("价税合计", "¥110,105.55")
    assert chinese.capital == ("大写金额", "人民币壹拾壹万零壹佰零伍元伍角伍分")
    assert chinese.sections == (("说明", ("第一条", "第二条")), ("收款账户", ("工商银行 1611",)))


def test_the_same_quote_in_english(near_desk: Desk) -> None:
    """Names, units and words are English; figures are the same; no capitals."""
    quote, version = offered(near_desk)
    paper = paper_of(quote, version, BRAND, language="en", words="First\nSecond")
    assert (paper.title, paper.total) == ("Quotation", ("Total", "CN¥110,105.55"))
    assert [row.name for row in paper.rows if row.kind is not RowKind.OPTIONAL] == [
        "Machines",
        "CNC lathe",
        "Subtotal",
        "螺栓",
        "Training",
        "45 days",
    ]
    assert (paper.rows[1].unit, paper.rows[1].detail) == ("unit", "CK6140")
    assert paper.capital is None
    assert paper.sections[0] == ("Terms", ("First", "Second"))
    with pytest.raises(InvalidValue, match="one of zh, en"):
        paper_of(quote, version, BRAND, language="fr")


def test_prices_that_hold_the_tax_are_printed_with_it(near_desk: Desk) -> None:
    """The columns say so, and the rows show what is paid."""
    quote, version = offered(near_desk)
    with near_desk.work() as work:
        offer = Offer.of(version, tax_included=True, discount=None)
        version = sales.write_version(work, quote.id, offer)
    paper = paper_of(quote, version, BRAND)
    assert paper.headings[4] == "含税单价"
    assert paper.headings[7] == "含税金额"
    assert paper.rows[1].price == "55,370.00"


def test_a_page_is_whole_and_escapes_what_people_wrote(chinese: Paper) -> None:
    """Every element is closed, no text becomes markup, nothing is fetched, no script runs."""
    page = quote_html(chinese)
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert {"鲁西 <b>科技</b>", "车床 & 服务", "¥110,105.55", "草稿"} <= set(reader.texts)
    assert "<b>科技" not in page
    assert not any(word in page for word in ("<script", "http://", "https://", "url(", "@import"))
    assert page.startswith('<!DOCTYPE html>\n<html lang="zh-CN">')


def test_a_version_that_is_not_to_be_signed_is_stamped(near_desk: Desk) -> None:
    """A draft, one that awaits approval, a superseded one; the sent one is clean."""
    quote, version = offered(near_desk)
    with near_desk.work() as work:
        sent = sales.send_version(work, version.id)
        other = sales.write_version(work, quote.id, Offer.of(version))
        superseded = work.quote_versions.get(version.id)
    stamps = [paper_of(quote, one, BRAND).stamp for one in (version, sent, superseded, other)]
    assert stamps == ["草稿", "", "已更新", "草稿"]
    assert 'stamp"' not in quote_html(paper_of(quote, sent, BRAND))


def test_a_pdf_holds_all_lines_on_as_many_pages_as_it_takes(near_desk: Desk) -> None:
    """The same paper gives the same bytes; 200 lines take several pages."""
    quote, version = offered(near_desk)
    short = paper_of(quote, version, BRAND)
    made = quote_pdf(short)
    assert made.startswith(b"%PDF-")
    assert made == quote_pdf(short)
    assert b"STSong-Light" in made
    long = attrs.evolve(short, rows=short.rows * 30)
    assert _pages(quote_pdf(long)) > _pages(made) == 1
    latin = Brand(names={"en": "Luji CNC"})
    with near_desk.work() as work:
        plain = sales.open_quote(work, "Bolts", language="en", currency="EUR")
        line = item("Bolt", price=Decimal(2), tax_percent=Decimal(19))
        offer = Offer(lines=(line,), valid_until=plain.day_of(work.now))
        bolts = sales.write_version(work, plain.id, offer)
    english = quote_pdf(paper_of(plain, bolts, latin))
    assert b"STSong-Light" not in english


def test_a_brand_can_be_read() -> None:
    """A colour too light for white paper is refused, as is what is no colour, and no name."""
    assert round(BRAND.contrast, 1) == 8.7
    for colour in ("#ffcc00", "red", "#12345"):
        with pytest.raises(InvalidValue) as caught:
            Brand(names={"zh": "x"}, colour=colour)
        assert caught.value.path == "brand.colour"
    with pytest.raises(InvalidValue):
        Brand(names={})
    assert BRAND.bank_in("en") == ("工商银行 1611",)


def _pages(pdf: bytes) -> int:
    return pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ")
