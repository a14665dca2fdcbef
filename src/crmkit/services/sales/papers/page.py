"""A quote as one HTML page, ready to print on A4: no script, nothing fetched."""

from collections.abc import Iterable
from html import escape
from typing import Final

from crmkit.services.sales.papers.paper import Paper, Row, RowKind

COLUMNS: Final = ("position", "item", "quantity", "unit", "price", "off", "tax", "amount")
STYLE: Final = """
@page { size: A4; margin: 12mm 15mm 15mm;
  @bottom-left { content: "%(checksum)s"; font: 7.5pt %(font)s; color: #8a929b; }
  @bottom-right { content: %(page)s; font: 7.5pt %(font)s; color: #8a929b; } }
* { box-sizing: border-box; margin: 0; }
body { font: 9.2pt/1.45 %(font)s; color: #22272e; max-width: 180mm; margin: 0 auto; }
header { display: flex; justify-content: space-between; align-items: flex-end;
  border-bottom: 2.5pt solid var(--brand); padding-bottom: 3.5mm; }
header img { max-height: 12mm; max-width: 60mm; display: block; margin-bottom: 2mm; }
.company { font-size: 12.5pt; font-weight: 600; }
h1 { font-size: 23pt; font-weight: 600; letter-spacing: .12em; line-height: 1.1;
  color: var(--brand); text-align: right; }
:lang(en) h1 { letter-spacing: .03em; }
.subject { font-size: 10.5pt; color: #57606a; text-align: right; margin-top: 1.5mm; }
.facts { display: flex; gap: 9mm; padding: 3mm 0; }
.facts dt, .party h2 { font-size: 7.5pt; color: #7a838d; font-weight: 400; }
.facts dd { font-weight: 600; font-variant-numeric: tabular-nums; }
.parties { display: flex; gap: 8mm; padding-bottom: 4mm; }
.party { flex: 1; border-left: 2pt solid #dfe4ea; padding-left: 3.5mm; }
.party p { color: #57606a; font-size: 8.5pt; }
.party p:first-of-type { color: #22272e; font-size: 10pt; font-weight: 600; }
table { width: 100%%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th { background: var(--brand); color: #fff; font-weight: 500; font-size: 8.5pt; text-align: left;
  padding: 1.8mm 2mm; white-space: nowrap; }
td { padding: 1.3mm 2mm; border-bottom: .4pt solid #e3e7ec; vertical-align: top; }
.position, .unit { text-align: center; white-space: nowrap; }
td.position, td.unit { color: #57606a; }
.quantity, .price, .off, .tax, .amount { text-align: right; white-space: nowrap; }
td.amount { font-weight: 600; }
td small { display: block; color: #7a838d; font-size: 8pt; }
tr.section td { padding-top: 3mm; font-weight: 600; font-size: 10.5pt; color: var(--brand);
  border-bottom: .8pt solid var(--brand); break-after: avoid; }
tr.note td { color: #57606a; font-style: normal; }
tr.subtotal td { background: #f4f6f8; font-weight: 600; text-align: right; }
tr.optional td { color: #8a929b; }
tr.optional td.amount { font-weight: 400; }
.sums { break-inside: avoid; padding-top: 3mm; }
.sums table { width: auto; min-width: 96mm; margin-left: auto; }
.sums td { border: 0; padding: .8mm 2mm; white-space: nowrap; }
.sums td:first-child { color: #57606a; }
.sums td:last-child { text-align: right; }
.sums tr.total td { border-top: 1.2pt solid var(--brand); padding-top: 2mm; font-size: 13.5pt;
  font-weight: 700; color: var(--brand); }
.capital { margin-top: 3mm; padding: 2.5mm 3.5mm; background: #f4f6f8; break-inside: avoid; }
.capital b { margin-left: 3mm; font-size: 10.5pt; letter-spacing: .06em; }
.words { display: flex; gap: 8mm; padding-top: 4mm; break-inside: avoid; }
.words section { flex: 1; }
.words section:first-child { flex: 1.4; }
.words h2 { font-size: 9pt; color: var(--brand); font-weight: 600; margin-bottom: 1mm; }
.words p { font-size: 8.8pt; }
.signs { display: flex; gap: 14mm; padding-top: 3mm; break-inside: avoid; }
.signs div { flex: 1; border-top: .6pt solid #57606a; padding-top: 1.5mm; font-size: 8.5pt;
  color: #57606a; display: flex; justify-content: space-between; margin-top: 10mm; }
.signs span:last-child { margin-right: 18mm; }
.stamp { position: fixed; top: 42%%; left: 0; right: 0; text-align: center; font-size: 66pt;
  font-weight: 700; color: var(--brand); opacity: .09; transform: rotate(-24deg); z-index: -1; }
@media screen { body { padding: 14mm 0; } }
"""
FONTS: Final = {
    "zh": '"Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif',
    "en": '"Inter", "Helvetica Neue", Arial, "Noto Sans CJK SC", sans-serif',
}


def quote_html(paper: Paper) -> str:
    """Return a whole HTML document; all texts are escaped."""
    language = "zh-CN" if paper.language == "zh" else paper.language
    stamp = f'<div class="stamp">{escape(paper.stamp)}</div>' if paper.stamp else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}"><head><meta charset="utf-8">'
        f"<title>{escape(paper.title)} {escape(paper.facts[0][1])}</title>"
        f"<style>:root {{ --brand: {paper.brand.colour}; }}{_style(paper)}</style></head><body>"
        f"{stamp}{_head(paper)}{_table(paper)}{_sums(paper)}{_foot(paper)}</body></html>\n"
    )


def _style(paper: Paper) -> str:
    before, _page, rest = paper.page.partition("{page}")
    between, _pages, after = rest.partition("{pages}")
    numbers = f'"{before}" counter(page) "{between}" counter(pages) "{after}"'
    font = FONTS.get(paper.language, FONTS["en"])
    return STYLE % {"font": font, "page": numbers, "checksum": paper.checksum}


def _head(paper: Paper) -> str:
    logo = f'<img src="{escape(paper.brand.logo)}" alt="">' if paper.brand.logo else ""
    facts = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{escape(text)}</dd></div>" for label, text in paper.facts
    )
    parties = "".join(
        f'<div class="party"><h2>{escape(label)}</h2>{_paragraphs(lines)}</div>'
        for label, lines in paper.parties
    )
    return (
        f'<header><div>{logo}<div class="company">'
        f"{escape(paper.brand.name(paper.language))}</div></div>"
        f'<div><h1>{escape(paper.title)}</h1><div class="subject">{escape(paper.name)}</div></div>'
        f'</header><dl class="facts">{facts}</dl><div class="parties">{parties}</div>'
    )


def _table(paper: Paper) -> str:
    heads = "".join(
        f'<th class="{name}">{escape(head)}</th>'
        for name, head in zip(COLUMNS, paper.headings, strict=True)
    )
    return (
        f"<table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(map(_row, paper.rows))}</tbody></table>"
    )


def _row(row: Row) -> str:
    name, last = escape(row.name), len(COLUMNS)
    match row.kind:
        case RowKind.SECTION | RowKind.NOTE:
            cells = f'<td colspan="{last}">{name}</td>'
        case RowKind.SUBTOTAL:
            amount = f'<td class="amount">{escape(row.amount)}</td>'
            cells = f'<td colspan="{last - 1}">{name}</td>{amount}'
        case _:
            detail = f"<small>{escape(row.detail)}</small>" if row.detail else ""
            texts = (row.quantity, row.unit, row.price, row.off, row.tax, row.amount)
            figures = zip(COLUMNS[2:], map(escape, texts), strict=True)
            cells = (
                f'<td class="position">{escape(row.position)}</td><td>{name}{detail}</td>'
                + "".join(f'<td class="{column}">{text}</td>' for column, text in figures)
            )
    return f'<tr class="{row.kind}">{cells}</tr>'


def _sums(paper: Paper) -> str:
    pairs = "".join(
        f"<tr><td>{escape(label)}</td><td>{escape(text)}</td></tr>" for label, text in paper.sums
    )
    label, text = map(escape, paper.total)
    total = f'<tr class="total"><td>{label}</td><td>{text}</td></tr>'
    capital = ""
    if paper.capital is not None:
        head, written = map(escape, paper.capital)
        capital = f'<div class="capital">{head}<b>{written}</b></div>'
    return f'<div class="sums"><table>{pairs}{total}</table></div>{capital}'


def _foot(paper: Paper) -> str:
    sections = "".join(
        f"<section><h2>{escape(label)}</h2>{_paragraphs(lines)}</section>"
        for label, lines in paper.sections
    )
    signs = "".join(
        f"<div><span>{escape(name)}</span><span>{escape(paper.date_word)}</span></div>"
        for name in paper.signatures
    )
    words = f'<div class="words">{sections}</div>' if sections else ""
    return f'{words}<div class="signs">{signs}</div>'


def _paragraphs(lines: Iterable[str]) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in lines if line)
