"""A quote as texts ready to be set: every figure written, every line in its place."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

import attrs

from crmkit.domain.brand import Brand
from crmkit.domain.currencies import EXPONENTS
from crmkit.domain.money import Money
from crmkit.domain.money_words import capital_cny
from crmkit.domain.sales.millionths import short
from crmkit.domain.sales.quote import Quote
from crmkit.domain.sales.quote_line import LineKind, QuoteLine
from crmkit.domain.sales.quote_version import QuoteVersion, VersionStatus
from crmkit.services.sales.papers.words import unit_in, words_in

_ON_SHEET = 12
"""So much of the hash stands on the paper."""


class RowKind(StrEnum):
    """How a row of the table is set."""

    ITEM = "item"
    OPTIONAL = "optional"
    SECTION = "section"
    NOTE = "note"
    SUBTOTAL = "subtotal"


@attrs.frozen(kw_only=True)
class Row:
    """One row of the table; a section or a note has only a name."""

    kind: RowKind
    name: str
    position: str = ""
    detail: str = ""
    quantity: str = ""
    unit: str = ""
    price: str = ""
    off: str = ""
    tax: str = ""
    amount: str = ""


@attrs.frozen(kw_only=True)
class Paper:
    """All that is printed, in one language; pairs are a label and its text."""

    language: str
    title: str
    name: str
    stamp: str
    brand: Brand
    facts: tuple[tuple[str, str], ...]
    parties: tuple[tuple[str, tuple[str, ...]], ...]
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    sums: tuple[tuple[str, str], ...]
    total: tuple[str, str]
    capital: tuple[str, str] | None
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    signatures: tuple[str, str]
    date_word: str
    page: str
    checksum: str


def paper_of(
    quote: Quote,
    version: QuoteVersion,
    brand: Brand,
    *,
    language: str | None = None,
    buyer: Sequence[str] = (),
    words: str | None = None,
) -> Paper:
    """Return a version as texts, in a language or in that of the quote.

    `buyer` are further lines about the customer, `words` what is printed in place of the version's
    own words, such as their translation. Descriptions are printed in the quote's language only.
    """
    said = language or quote.language
    word = words_in(said)
    setter = _Setter(said, version, is_own=said == quote.language)
    seller = (brand.name(said), *brand.lines_in(said))
    terms = tuple((version.words if words is None else words).splitlines())
    sections = ((word["terms"], terms), (word["bank"], brand.bank_in(said)))
    return Paper(
        language=said,
        title=word["title"],
        name=quote.name,
        stamp=_stamp(version, word),
        brand=brand,
        facts=_facts(quote, version, word),
        parties=((word["seller"], seller), (word["buyer"], (version.buyer, *buyer))),
        headings=setter.headings(),
        rows=tuple(setter.rows()),
        sums=tuple(setter.sums()),
        total=(word["total"], version.totals.gross.format(said)),
        capital=_capital(version.totals.gross, said, word["capital"]),
        sections=tuple(part for part in sections if part[1]),
        signatures=(word["seller_signs"], word["buyer_signs"]),
        date_word=word["date"],
        page=word["page"],
        checksum=f"{word['checksum']} {version.content_hash[:_ON_SHEET]}",
    )


class _Setter:
    """Writes the figures of one version in one language."""

    def __init__(self, language: str, version: QuoteVersion, *, is_own: bool) -> None:
        self._language = language
        self._is_own = is_own
        self._version = version
        self._word = words_in(language)
        self._with_tax = version.terms.tax_included

    def headings(self) -> tuple[str, ...]:
        """Return the heads of the columns."""
        price, amount = ("price_with_tax", "gross") if self._with_tax else ("price", "net")
        names = ("position", "item", "quantity", "unit", price, "off", "tax", amount)
        return tuple(self._word[name] for name in names)

    def rows(self) -> list[Row]:
        """Return the rows; items are numbered."""
        found: list[Row] = []
        count = 0
        for line in self._version.lines:
            count += line.kind is LineKind.ITEM
            found.append(self._row(line, str(count)))
        return found

    def sums(self) -> list[tuple[str, str]]:
        """Return what stands above the total."""
        totals, word = self._version.totals, self._word
        found: list[tuple[str, str]] = []
        if totals.discount:
            found += [
                (word["amount"], self._money(totals.amount)),
                (word["discount"], self._money(-totals.discount)),
            ]
        found.append((word["net_total"], self._money(totals.net)))
        for rate in totals.taxes:
            label = word["vat"].format(percent=f"{short(rate.percent)}%")
            if len(totals.taxes) > 1:
                label += word["vat_base"].format(net=self._money(rate.net))
            found.append((label, self._money(rate.tax)))
        return found

    def _row(self, line: QuoteLine, position: str) -> Row:
        name = line.label(self._language)
        if line.kind is LineKind.SECTION:
            return Row(kind=RowKind.SECTION, name=name)
        if line.kind is LineKind.NOTE:
            return Row(kind=RowKind.NOTE, name=name)
        amount = line.gross if self._with_tax else line.net
        written = "" if amount is None else self._money(amount)
        if line.kind is LineKind.SUBTOTAL:
            return Row(kind=RowKind.SUBTOTAL, name=name or self._word["subtotal"], amount=written)
        return Row(
            kind=RowKind.ITEM if line.counts else RowKind.OPTIONAL,
            name=name,
            position=position,
            detail=self._detail(line),
            quantity=short(line.draft.quantity),
            unit=unit_in(self._language, line.unit or ""),
            price=self._price(line.unit_price),
            off=self._off(line),
            tax="" if line.tax_percent is None else f"{short(line.tax_percent)}%",
            amount=written,
        )

    def _detail(self, line: QuoteLine) -> str:
        option = ""
        if line.draft.is_optional:
            option = self._word["chosen" if line.draft.is_chosen else "optional"]
        code = None if line.code is None or line.code in line.name else line.code
        described = line.draft.description if self._is_own else None
        parts = (code, described, option)
        return " · ".join(part for part in parts if part)

    def _off(self, line: QuoteLine) -> str:
        return self._money(-line.discount) if line.discount else ""

    def _price(self, price: Decimal | None) -> str:
        """Write a unit price with the places of the currency, or more when it has more."""
        if price is None:
            return ""
        whole, _dot, places = short(price).partition(".")
        least = EXPONENTS[self._version.terms.currency]
        digits = places.ljust(least, "0")
        return f"{int(whole):,}" + (f".{digits}" if digits else "")

    def _money(self, money: Money) -> str:
        return money.format(self._language)


def _stamp(version: QuoteVersion, word: Mapping[str, str]) -> str:
    """Return what is printed across a version that is not to be signed."""
    names = {VersionStatus.SUPERSEDED: "superseded", VersionStatus.CLOSED: "closed"}
    if version.status in names:
        return word[names[version.status]]
    if not version.is_approved:
        return word["unapproved"]
    return word["draft"] if version.status is VersionStatus.DRAFT else ""


def _facts(
    quote: Quote, version: QuoteVersion, word: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    return (
        (word["number"], quote.number or ""),
        (word["version"], f"{version.number} · {version.alternative}"),
        (word["dated"], version.priced_on.isoformat()),
        (word["valid"], version.valid_until.isoformat()),
    )


def _capital(gross: Money, language: str, label: str) -> tuple[str, str] | None:
    if gross.currency != "CNY" or language != "zh":
        return None
    return (label, f"人民币{capital_cny(gross)}")
