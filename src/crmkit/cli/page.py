"""The pipeline report as one HTML page: its charts are drawn inline, nothing is loaded."""

from collections.abc import Mapping, Sequence
from html import escape

from crmkit.cli.pipeline_text import LABELS, money, summary_rows
from crmkit.services.reports import Figure, PipelineReport

_BAR, _GAP, _LEFT, _SPAN = 26, 10, 190, 420

_STYLE = """
body { font: 16px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2rem auto;
       max-width: 46rem; padding: 0 1rem; color: #1c2733; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
th { text-align: left; font-weight: 500; padding-right: 2rem; color: #5a6b7b; }
svg { width: 100%; height: auto; } text { font-size: 14px; fill: #1c2733; }
rect { fill: #2f6fb3; } .value { fill: #5a6b7b; }
@media (prefers-color-scheme: dark) {
  body { background: #12181f; color: #e6edf3; } text { fill: #e6edf3; }
  th, .value { fill: #9fb0c0; color: #9fb0c0; } rect { fill: #5fa0e6; } }
"""


def pipeline_page(report: PipelineReport, language: str) -> str:
    """Write the report as a self-contained page."""
    words = LABELS[language]
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(text)}</td></tr>"
        for name, text in summary_rows(report, words)
    )
    charts = "".join(
        f"<h2>{escape(words[title])}</h2>{_chart(words[title], figures)}"
        for title, figures in (
            ("open", report.stages),
            ("quarters", report.quarters),
            ("managers", report.managers),
        )
    )
    return _page(language, words, f"<table>{rows}</table>{charts}")


def _page(language: str, words: Mapping[str, str], body: str) -> str:
    title = escape(words["title"])
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>\n"
    )


def _chart(title: str, figures: Sequence[Figure]) -> str:
    """Draw one bar per figure: as long as its value, or its count where nothing has a value."""
    sizes = [_size(figure, figures) for figure in figures]
    longest = max(sizes, default=0) or 1
    bars = "".join(
        _bar(at, figure, size / longest)
        for at, (figure, size) in enumerate(zip(figures, sizes, strict=True))
    )
    height = max(1, len(figures)) * (_BAR + _GAP)
    return (
        f'<svg viewBox="0 0 {_LEFT + _SPAN + 160} {height}" role="img" '
        f'aria-label="{escape(title)}">{bars}</svg>'
    )


def _bar(at: int, figure: Figure, share: float) -> str:
    top = at * (_BAR + _GAP)
    middle = top + _BAR * 0.7
    width = max(1, round(share * _SPAN))
    said = f"{figure.deals:,}" + (f" · {money(figure.value)}" if figure.value else "")
    return (
        f'<text x="0" y="{middle}">{escape(figure.label)}</text>'
        f'<rect x="{_LEFT}" y="{top}" width="{width}" height="{_BAR}" rx="3"/>'
        f'<text class="value" x="{_LEFT + width + 8}" y="{middle}">{escape(said)}</text>'
    )


def _size(figure: Figure, figures: Sequence[Figure]) -> int:
    if any(other.value is not None for other in figures):
        return max(0, figure.value.minor) if figure.value else 0
    return figure.deals
