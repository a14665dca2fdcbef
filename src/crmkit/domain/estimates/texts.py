"""An estimate as plain text: a table that stands in a terminal, also with Chinese characters."""

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from crmkit.domain.estimates.explaining import in_wan
from crmkit.domain.estimates.figures import plain
from crmkit.domain.estimates.lines import GROUPS, LineGroup
from crmkit.domain.estimates.words import Label

if TYPE_CHECKING:
    from crmkit.domain.estimates.estimate import Estimate

COLUMNS: Final = (
    Label("item", "项目"),
    Label("quantity", "数量"),
    Label("unit", "单位"),
    Label("unit price", "单价（元）"),
    Label("amount", "金额（元）"),
)
TOTAL: Final = Label("Total with VAT", "含税合计")
NET: Final = Label("without VAT", "不含税")
BAND: Final = Label("80 % of such projects", "80% 区间")
TIER: Final = Label("tier", "档位")


def rows_of(estimate: "Estimate", group: LineGroup) -> list[tuple[str, ...]]:
    """Return the lines of a group as texts, in the order of the columns."""
    said = estimate.language
    return [
        (
            line.label.said(said),
            plain(line.quantity, 2),
            line.unit.said(said),
            f"{line.unit_price.amount:,}",
            f"{line.amount.amount:,}",
        )
        for line in estimate.lines
        if line.group is group
    ]


def facts_of(estimate: "Estimate") -> list[tuple[str, str]]:
    """Return what is said below the table: total, net and tax, range, tier."""
    said = estimate.language
    band = estimate.range(0.8)
    vat = estimate.costing.vat.label.said(said)
    return [
        (TOTAL.said(said), f"{estimate.total.amount:,} CNY ({in_wan(estimate.total)})"),
        (NET.said(said), f"{estimate.net.amount:,} CNY"),
        (vat, f"{estimate.vat.amount:,} CNY"),
        (BAND.said(said), f"{band.low.amount:,.0f} - {band.high.amount:,.0f} CNY"),
        (TIER.said(said), estimate.tier.tier.label.said(said)),
    ]


def table(estimate: "Estimate") -> str:
    """Write title, lines by group, and what they come to."""
    facts = _aligned(facts_of(estimate), right=())
    return "\n".join([_title(estimate), "", *lines_of(estimate), "", *facts])


def lines_of(estimate: "Estimate") -> list[str]:
    """Write the lines by group below the heads of the columns."""
    said = estimate.language
    rows = [tuple(column.said(said) for column in COLUMNS)]
    for group in LineGroup:
        lines = rows_of(estimate, group)
        if lines:
            rows += [(f"[{GROUPS[group].said(said)}]", "", "", "", ""), *lines]
    return _aligned(rows, right=(1, 3, 4))


def _title(estimate: "Estimate") -> str:
    scope = estimate.scope
    for_whom = f" - {scope.client}" if scope.client else ""
    return f"{scope.name}{for_whom} ({estimate.profile.name})"


def _aligned(rows: Sequence[Sequence[str]], right: tuple[int, ...]) -> list[str]:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            _padded(text, width, left=at not in right)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _padded(text: str, width: int, *, left: bool) -> str:
    space = " " * (width - _width(text))
    return text + space if left else space + text


def _width(text: str) -> int:
    """Count columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
