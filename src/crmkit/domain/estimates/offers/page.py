"""An offer as one page of HTML, ready to print."""

from collections.abc import Iterable
from datetime import date
from html import escape
from typing import TYPE_CHECKING

from crmkit.domain.estimates.assumptions import EXCLUSIONS
from crmkit.domain.estimates.explaining import in_wan
from crmkit.domain.estimates.figures import plain
from crmkit.domain.estimates.lines import GROUPS, EstimateLine, LineGroup
from crmkit.domain.estimates.offers import wording as words
from crmkit.domain.estimates.offers.style import STYLE
from crmkit.domain.estimates.words import Label
from crmkit.domain.money_words import capital_cny

if TYPE_CHECKING:
    from crmkit.domain.estimates.offers.offer import Offer


def page(offer: "Offer") -> str:
    """Write the whole document; every text of the scope is escaped."""
    said = offer.estimate.language
    title = escape(f"{words.OFFER.said(said)} - {offer.estimate.scope.name}")
    body = "".join(
        part(offer)
        for part in (_header, _price, _lines, _milestones, _payments, _notes, _signatures)
    )
    tongue = "zh-CN" if said == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{tongue}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def _header(offer: "Offer") -> str:
    scope, said = offer.estimate.scope, offer.estimate.language
    facts = (
        (words.FOR, scope.client),
        (words.FROM, offer.vendor),
        (words.NUMBER, offer.number),
        (words.DATE, offer.on.isoformat()),
        (words.VALID, offer.until.isoformat()),
    )
    listed = "".join(
        f"<dt>{label.said(said)}</dt><dd>{escape(value)}</dd>" for label, value in facts if value
    )
    return (
        f'<header><div><p class="kind">{words.OFFER.said(said)}</p>'
        f"<h1>{escape(scope.name)}</h1></div>"
        f'<dl class="facts">{listed}</dl></header>'
    )


def _price(offer: "Offer") -> str:
    estimate, said = offer.estimate, offer.estimate.language
    days = plain(estimate.hours / 8, 0)
    capital = f"人民币{capital_cny(estimate.total)}"
    return (
        f'<div class="price"><div class="main"><small>{words.PRICE.said(said)}</small>'
        f"<strong>{estimate.total.format(said)}</strong><small>{capital}</small></div>"
        f"<div><small>{words.NET.said(said)}</small><strong>{estimate.net.format(said)}</strong>"
        f"<small>{estimate.costing.vat.label.said(said)}: {estimate.vat.format(said)}</small></div>"
        f"<div><small>{words.DURATION.said(said)}</small>"
        f"<strong>{plain(offer.months, 1)} {words.MONTHS.said(said)}</strong>"
        f"<small>{words.WORK.said(said)}: {days} {words.DAYS.said(said)}</small></div></div>"
    )


def _lines(offer: "Offer") -> str:
    estimate, said = offer.estimate, offer.estimate.language
    heads = "".join(
        f"<th{number}>{label.said(said)}</th>"
        for label, number in (
            (words.ITEM, ""),
            (words.QUANTITY, ' class="n"'),
            (words.UNIT_PRICE, ' class="n"'),
            (words.AMOUNT, ' class="n"'),
        )
    )
    groups = "".join(_group(offer, group) for group in LineGroup)
    wan = f"（{in_wan(estimate.total)}）" if said == "zh" else ""
    total = f'<tr class="total"><td colspan="3">{words.TOTAL.said(said)}{wan}</td>'
    return (
        f"<h2>{words.SCOPE.said(said)}</h2><table><thead><tr>{heads}</tr></thead>"
        f'<tbody>{groups}{total}<td class="n">{estimate.total.amount:,}</td></tr></tbody></table>'
        f'<p class="fine">{words.ROUNDING.said(said)}</p>'
    )


def _group(offer: "Offer", group: LineGroup) -> str:
    estimate, said = offer.estimate, offer.estimate.language
    lines = [line for line in estimate.lines if line.group is group]
    if not lines:
        return ""
    subtotal = f"{estimate.subtotal(group).amount:,}"
    rows = "".join(_line(line, said) for line in lines)
    return (
        f'<tr class="group"><th colspan="3">{GROUPS[group].said(said)}</th>'
        f'<th class="n">{subtotal}</th></tr>{rows}'
    )


def _line(line: EstimateLine, said: str) -> str:
    included = escape(line.draft.included.said(said))
    below = f"<small>{included}</small>" if included else ""
    return (
        f"<tr><td>{escape(line.label.said(said))}{below}</td>"
        f'<td class="n">{plain(line.quantity, 2)} <span class="unit">{line.unit.said(said)}</span>'
        f'</td><td class="n">{line.unit_price.amount:,}</td>'
        f'<td class="n">{line.amount.amount:,}</td></tr>'
    )


def _milestones(offer: "Offer") -> str:
    said = offer.estimate.language
    parts = [
        (each.share * 100, each.label.said(said), f"{each.share:.0%}", each.on)
        for each in offer.estimate.milestones(offer.starts)
    ]
    return f"<h2>{words.PLAN.said(said)}</h2>{_bar(parts)}"


def _payments(offer: "Offer") -> str:
    said = offer.estimate.language
    parts = [
        (each.share, each.label.said(said), f"{each.share} % · {each.amount.amount:,}", each.on)
        for each in offer.estimate.payments(start=offer.starts)
    ]
    return f"<h2>{words.PAYMENTS.said(said)}</h2>{_bar(parts)}"


def _bar(parts: Iterable[tuple[object, str, str, date | None]]) -> str:
    """Draw parts of a whole, each as wide as its share, with what it is below."""
    drawn = "".join(
        f'<div style="flex:{share}"><i></i><span>{escape(name)}<small>{detail}</small>'
        f"<small>{day.isoformat() if day else ''}</small></span></div>"
        for share, name, detail, day in parts
    )
    return f'<div class="bar">{drawn}</div>'


def _notes(offer: "Offer") -> str:
    estimate, said = offer.estimate, offer.estimate.language
    left = _list(words.ASSUMED, [label.said(said) for label in estimate.assumptions], said)
    right = _list(words.EXCLUDED, [label.said(said) for label in EXCLUSIONS], said)
    sources = _list(words.SOURCES, offer.sources, said)
    return f'<div class="notes"><div>{left}</div><div>{right}{sources}</div></div>'


def _list(title: Label, notes: Iterable[str], said: str) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<section><h2>{title.said(said)}</h2><ul>{items}</ul></section>"


def _signatures(offer: "Offer") -> str:
    said = offer.estimate.language
    signed = words.SIGNED.said(said)
    sides = ((words.CLIENT, offer.estimate.scope.client), (words.VENDOR, offer.vendor))
    return (
        '<div class="sign">'
        + "".join(f"<div>{side.said(said)} {escape(name)} · {signed}</div>" for side, name in sides)
        + "</div>"
    )
