"""An estimate in a notebook: a table in HTML, a chart in Vega-Lite, both without a library."""

from html import escape
from typing import TYPE_CHECKING, Any, Final

from crmkit.domain.estimates.lines import GROUPS, LineGroup
from crmkit.domain.estimates.texts import COLUMNS, facts_of, rows_of, table
from crmkit.domain.estimates.words import Label

if TYPE_CHECKING:
    from crmkit.domain.estimates.estimate import Estimate

VEGA: Final = "application/vnd.vegalite.v5+json"
_CURVE: Final = Label("chance that the price suffices", "不超支的概率")
_PRICE: Final = Label("price in CNY", "价格（元）")
_STYLE: Final = (
    "<style>.crmkit-estimate{border-collapse:collapse;font:14px/1.5 system-ui,'Noto Sans SC',"
    "'Noto Sans CJK SC',sans-serif}.crmkit-estimate td,.crmkit-estimate th{padding:.2em .8em;"
    "text-align:left}.crmkit-estimate .n{text-align:right;font-variant-numeric:tabular-nums}"
    ".crmkit-estimate .g th{border-top:1px solid #8884;padding-top:.6em}"
    ".crmkit-estimate tfoot td{border-top:1px solid #8884}</style>"
)
_NUMBERS: Final = (1, 3, 4)


def bundle(estimate: "Estimate") -> dict[str, Any]:
    """Return text, HTML and chart, for the notebook to choose from."""
    return {
        "text/plain": table(estimate),
        "text/html": html_table(estimate),
        VEGA: chart(estimate),
    }


def html_table(estimate: "Estimate") -> str:
    """Write the lines by group with their total below."""
    said = estimate.language
    heads = "".join(_cell("th", column.said(said), at) for at, column in enumerate(COLUMNS))
    body = "".join(
        f'<tr class="g"><th colspan="5">{escape(GROUPS[group].said(said))}</th></tr>'
        + "".join(_row(row) for row in rows)
        for group in LineGroup
        if (rows := rows_of(estimate, group))
    )
    feet = "".join(
        f'<tr><td colspan="2">{escape(name)}</td>'
        f'<td colspan="3" class="n">{escape(value)}</td></tr>'
        for name, value in facts_of(estimate)
    )
    return (
        f'{_STYLE}<table class="crmkit-estimate"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody><tfoot>{feet}</tfoot></table>"
    )


def chart(estimate: "Estimate") -> dict[str, Any]:
    """Draw how likely each price suffices, with the total as a line."""
    simulated = estimate.simulate()
    points = [
        {"price": float(simulated.at(share / 50).amount), "chance": share / 50}
        for share in range(1, 50)
    ]
    said = estimate.language
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 480,
        "height": 200,
        "layer": [
            {
                "data": {"values": points},
                "mark": {"type": "area", "line": True, "opacity": 0.3},
                "encoding": {
                    "x": {"field": "price", "type": "quantitative", "title": _PRICE.said(said)},
                    "y": {
                        "field": "chance",
                        "type": "quantitative",
                        "title": _CURVE.said(said),
                        "axis": {"format": "%"},
                    },
                },
            },
            {
                "data": {"values": [{"price": float(estimate.total.amount)}]},
                "mark": {"type": "rule", "strokeDash": [4, 4]},
                "encoding": {"x": {"field": "price", "type": "quantitative"}},
            },
        ],
    }


def _row(row: tuple[str, ...]) -> str:
    return "<tr>" + "".join(_cell("td", text, at) for at, text in enumerate(row)) + "</tr>"


def _cell(tag: str, text: str, at: int) -> str:
    kind = ' class="n"' if at in _NUMBERS else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"
