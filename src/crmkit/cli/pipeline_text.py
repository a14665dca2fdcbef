"""The pipeline report as text, in English and Chinese."""

import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal

from crmkit.domain.money import Money
from crmkit.services.reports import Figure, PipelineReport

LABELS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Pipeline",
        "open": "Open deals by stage",
        "quarters": "Won by quarter",
        "managers": "Won by manager",
        "won": "won",
        "closed": "closed",
        "of": "of",
        "value": "won value",
        "mean": "mean",
        "days": "days to win",
        "median": "median",
        "max": "max",
        "against": "price against list",
        "tasks": "open tasks",
        "overdue": "overdue",
        "deals": "deals",
    },
    "zh": {
        "title": "销售管道",
        "open": "各阶段进行中商机",
        "quarters": "按季度赢单",
        "managers": "按经理赢单",
        "won": "赢单",
        "closed": "已关闭",
        "of": "/",
        "value": "赢单金额",
        "mean": "平均",
        "days": "赢单天数",
        "median": "中位数",
        "max": "最长",
        "against": "成交价对标价",
        "tasks": "未完成任务",
        "overdue": "已逾期",
        "deals": "商机数",
    },
}
_WIDTH = 24


def pipeline_text(report: PipelineReport, language: str) -> str:
    """Write the report for a terminal."""
    words = LABELS[language]
    lines = [words["title"], "", *_summary(report, words)]
    for title, figures in (
        ("open", report.stages),
        ("quarters", report.quarters),
        ("managers", report.managers),
    ):
        lines += ["", words[title], *_figures(figures)]
    return "\n".join(lines)


def money(value: Money | None) -> str:
    """Write money with thousands set off, without places when they are zero."""
    if value is None:
        return "-"
    whole = value.amount == value.amount.to_integral_value()
    return (
        f"{value.amount:,.0f} {value.currency}" if whole else f"{value.amount:,f} {value.currency}"
    )


def summary_rows(report: PipelineReport, words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the single figures of the report with their names."""
    closed = report.won.deals + report.lost.deals
    rate = "" if report.win_rate is None else f" = {report.win_rate:.6f}"
    rows = [
        (words["won"], f"{report.won.deals:,} {words['of']} {closed:,} {words['closed']}{rate}"),
        (words["value"], f"{money(report.won.value)} ({words['mean']} {money(report.mean_won)})"),
    ]
    if report.days_to_win is not None:
        mean, middle, longest = report.days_to_win
        half = f"{words['median']} {_short(middle)}, {words['max']} {longest}"
        rows.append((words["days"], f"{words['mean']} {mean:.2f}, {half}"))
    if report.price_against_list is not None:
        rows.append((words["against"], f"{report.price_against_list:+.2f} %"))
    rows.append(
        (words["tasks"], f"{report.open_tasks} ({report.overdue_tasks} {words['overdue']})")
    )
    return rows


def _summary(report: PipelineReport, words: Mapping[str, str]) -> list[str]:
    return [f"  {_pad(name, _WIDTH)}{text}" for name, text in summary_rows(report, words)]


def _figures(figures: Iterable[Figure]) -> list[str]:
    return [
        f"  {_pad(figure.label, _WIDTH)}{figure.deals:>7,}  {money(figure.value):>20}"
        for figure in figures
    ]


def _pad(text: str, width: int) -> str:
    """Fill up to a width on screen, where a Chinese character takes two places."""
    taken = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return text + " " * max(1, width - taken)


def _short(number: Decimal) -> str:
    return f"{number:f}".rstrip("0").rstrip(".") if "." in f"{number:f}" else f"{number:f}"
