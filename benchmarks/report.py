"""The table: ratios to the raw driver as text, Markdown or JSON."""

import json
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from benchmarks.measure import WORKS, Outcome
from benchmarks.subjects import RAW
from benchmarks.worker import Size

GOALS: Final[Mapping[tuple[str, str, str], float]] = {
    ("sqlite", "insert", "crmkit store"): 1.9,
    ("sqlite", "stream", "crmkit"): 2.1,
    ("sqlite", "pages", "crmkit"): 1.9,
    ("sqlite", "get", "crmkit"): 2.3,
    ("sqlite", "save", "crmkit store"): 2.0,
    ("sqlite", "totals", "crmkit"): 1.05,
    ("postgres", "insert", "crmkit store"): 0.6,
    ("postgres", "stream", "crmkit"): 1.6,
    ("postgres", "pages", "crmkit"): 1.5,
    ("postgres", "get", "crmkit"): 2.0,
    ("postgres", "save", "crmkit store"): 1.3,
    ("postgres", "totals", "crmkit"): 1.05,
    ("mongo", "insert", "crmkit store"): 1.5,
    ("mongo", "stream", "crmkit"): 1.5,
    ("mongo", "pages", "crmkit"): 1.5,
    ("mongo", "get", "crmkit"): 1.5,
    ("mongo", "save", "crmkit store"): 1.5,
    ("mongo", "totals", "crmkit"): 1.05,
}
LOGGED_GOAL: Final = 2.5
_TITLES: Final = {"sqlite": "SQLite", "postgres": "PostgreSQL", "mongo": "MongoDB"}


def as_text(outcomes: Sequence[Outcome], size: Size) -> str:
    """Draw one table per store: a row per work, a column per subject, median (least..most)."""
    return "\n".join(
        _block(store, _of(outcomes, store), size, markdown=False) for store in _stores(outcomes)
    )


def as_markdown(outcomes: Sequence[Outcome], size: Size) -> str:
    """Draw the same tables in Markdown."""
    return "\n".join(
        _block(store, _of(outcomes, store), size, markdown=True) for store in _stores(outcomes)
    )


def as_json(outcomes: Sequence[Outcome], size: Size) -> str:
    """Write every time in seconds with the machine and versions it was measured on."""
    return json.dumps(
        {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "size": size._asdict(),
            "outcomes": [outcome._asdict() for outcome in outcomes],
        },
        indent=1,
        ensure_ascii=False,
    )


def _block(store: str, outcomes: Sequence[Outcome], size: Size, *, markdown: bool) -> str:
    subjects = list(dict.fromkeys(outcome.subject for outcome in outcomes))
    works = list(dict.fromkeys(outcome.work for outcome in outcomes))
    found = {(outcome.work, outcome.subject): outcome for outcome in outcomes}
    rows = [["work", *subjects]]
    for work in works:
        cells = [_cell(found[work, name], found[work, RAW], size) for name in subjects]
        rows.append([WORKS[work].format(**size._asdict()), *cells])
    lines = _markdown(rows) if markdown else _aligned(rows)
    mark = "### " if markdown else ""
    title = f"{mark}{_TITLES[store]}: times the raw driver, median (least..most)"
    return "\n".join([title, "", *lines, "", *_logged(found), *_notes(outcomes), ""])


def _logged(found: dict[tuple[str, str], Outcome]) -> list[str]:
    """Compare the inserts with change log and outbox to those of the storage port alone."""
    whole = found.get(("insert", "crmkit + outbox"))
    bare = found.get(("insert", "crmkit store"))
    if not (whole and bare and whole.seconds and bare.seconds):
        return []
    ratio = whole.over(bare)
    verdict = "met" if ratio.median <= LOGGED_GOAL else "MISSED"
    spread = f"{ratio.median:.2f}x ({ratio.least:.2f}..{ratio.most:.2f})"
    told = "inserts with change log and outbox, to those of the storage port"
    return [f"- {told}: {spread} {verdict} {LOGGED_GOAL}x"]


def _cell(outcome: Outcome, raw: Outcome, size: Size) -> str:
    if not outcome.seconds or not raw.seconds:
        return "-"
    if outcome.subject == RAW:
        per_one = statistics.median(raw.seconds) / _count(raw.work, size)
        return f"1.00x = {per_one * 1e6:,.1f} us"
    ratio = outcome.over(raw)
    text = f"{ratio.median:.2f}x ({ratio.least:.2f}..{ratio.most:.2f})"
    goal = GOALS.get((outcome.store, outcome.work, outcome.subject))
    if goal is None:
        return text
    return f"{text} {'met' if ratio.median <= goal else 'MISSED'} {goal}x"


def _count(work: str, size: Size) -> int:
    return {
        "insert": size.rows,
        "stream": size.rows,
        "pages": size.pages,
        "get": size.gets,
        "save": size.saves,
        "totals": 1,
    }[work]


def _notes(outcomes: Iterable[Outcome]) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.reason:
            reasons.setdefault(f"{outcome.subject}: {outcome.reason}", []).append(outcome.work)
    return [f"- {', '.join(works)}: {reason}" for reason, works in reasons.items()]


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _markdown(rows: list[list[str]]) -> list[str]:
    head, *body = rows
    return [_line(head), _line(["---"] * len(head)), *map(_line, body)]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _stores(outcomes: Iterable[Outcome]) -> list[str]:
    return list(dict.fromkeys(outcome.store for outcome in outcomes))


def _of(outcomes: Iterable[Outcome], store: str) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.store == store]
