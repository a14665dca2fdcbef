"""A quote as PDF, made by reportlab; the same texts as on the HTML page."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from crmkit.errors import MissingExtra
from crmkit.services.sales.papers.paper import Paper, Row, RowKind

SONG: Final = "STSong-Light"
"""A font that readers bring for Chinese; it is named, not embedded."""
WIDTHS: Final = (12, 50, 16, 13, 24, 24, 13, 28)
"""Of the columns, in millimetres."""
GREY: Final = "#6b747e"
LIGHT: Final = "#f4f6f8"


def quote_pdf(paper: Paper, *, font: Path | None = None) -> bytes:
    """Return a quote as PDF on A4.

    `font` is a TrueType file to embed; without one Chinese is set in a font that PDF readers bring,
    English in Helvetica. Raises `MissingExtra` without the extra `pdf`.
    """
    try:
        from reportlab.lib.pagesizes import A4
        from reportlab.lib.units import mm
        from reportlab.platypus import SimpleDocTemplate
    except ImportError:
        raise MissingExtra("a quote as PDF", "pdf") from None
    target = BytesIO()
    document = SimpleDocTemplate(
        target,
        pagesize=A4,
        leftMargin=15 * mm,
        rightMargin=15 * mm,
        topMargin=15 * mm,
        bottomMargin=18 * mm,
        title=f"{paper.title} {paper.facts[0][1]}",
        author=paper.brand.name(paper.language),
        invariant=1,
    )
    setter = _Setter(paper, _font(paper, font))
    document.build(setter.story(), canvasmaker=setter.canvas())
    return target.getvalue()


class _Setter:
    """Sets one paper in one font."""

    def __init__(self, paper: Paper, font: str) -> None:
        from reportlab.lib.units import mm

        self._paper = paper
        self._font = font
        self._mm = mm

    def story(self) -> list[Any]:
        """Return all parts of the document from top to bottom."""
        parts = [self._head(), self._gap(4), self._facts(), self._gap(3), self._parties()]
        parts += [self._gap(5), self._table(), self._gap(4), self._sums()]
        if self._paper.capital is not None:
            label, text = self._paper.capital
            capital = self._grid([[self._text(f"{label}　{text}", size=10)]], (180,))
            capital.setStyle([("BACKGROUND", (0, 0), (-1, -1), LIGHT)])
            parts += [self._gap(3), capital]
        if self._paper.sections:
            parts += [self._gap(3), self._sections()]
        return [*parts, self._gap(16), self._signatures()]

    def canvas(self) -> type[Any]:
        """Return the class of page that knows how many there are, and prints foot and stamp."""
        from reportlab.pdfgen.canvas import Canvas

        finish, mm = self._finish, self._mm

        class Pages(Canvas):  # type: ignore[misc]
            """Pages that are finished when all are there."""

            def __init__(self, *arguments: Any, **options: Any) -> None:
                """Begin without a page."""
                super().__init__(*arguments, **options)
                self._kept: list[dict[str, Any]] = []

            def showPage(self) -> None:  # noqa: N802 - the name is reportlab's
                """Put a page aside."""
                self._kept.append(dict(self.__dict__))
                self._startPage()  # pyright: ignore[reportAttributeAccessIssue]

            def save(self) -> None:
                """Finish the pages that were put aside."""
                for at, kept in enumerate(self._kept, 1):
                    self.__dict__.update(kept)
                    finish(self, at, len(self._kept), mm)
                    super().showPage()
                super().save()

        return Pages

    @property
    def _colour(self) -> str:
        return self._paper.brand.colour

    def _finish(self, canvas: Any, page: int, pages: int, mm: float) -> None:
        canvas.setFont(self._font, 7.5)
        canvas.setFillColor(GREY)
        canvas.drawString(15 * mm, 10 * mm, self._paper.checksum)
        canvas.drawRightString(195 * mm, 10 * mm, self._paper.page.format(page=page, pages=pages))
        if self._paper.stamp:
            canvas.saveState()
            canvas.setFillColor(self._colour, alpha=0.1)
            canvas.setFont(self._font, 66)
            canvas.translate(105 * mm, 148 * mm)
            canvas.rotate(24)
            canvas.drawCentredString(0, 0, self._paper.stamp)
            canvas.restoreState()

    def _head(self) -> Any:
        company = self._text(self._paper.brand.name(self._paper.language), size=13)
        title = self._text(self._paper.title, size=22, colour=self._colour, right=True)
        name = self._text(self._paper.name, size=10, colour=GREY, right=True)
        table = self._grid([[company, [title, name]]], (80, 100))
        table.setStyle([("LINEBELOW", (0, 0), (-1, -1), 2, self._colour)])
        table.setStyle([("VALIGN", (0, 0), (-1, -1), "BOTTOM"), *_flush()])
        return table

    def _facts(self) -> Any:
        cells = [
            [self._text(label, size=7.5, colour=GREY), self._text(text)]
            for label, text in self._paper.facts
        ]
        table = self._grid([cells], (55, 30, 45, 50))
        table.setStyle(_flush())
        return table

    def _parties(self) -> Any:
        cells = [
            [
                self._text(label, size=7.5, colour=GREY),
                *(self._text(line, size=9 if at else 10.5) for at, line in enumerate(lines)),
            ]
            for label, lines in self._paper.parties
        ]
        table = self._grid([cells], (90, 90))
        table.setStyle([("LINEBEFORE", (0, 0), (-1, -1), 1.5, "#dfe4ea")])
        return table

    def _table(self) -> Any:
        heads = [
            self._text(head, size=8.5, colour="#ffffff", right=at > 1)
            for at, head in enumerate(self._paper.headings)
        ]
        rows = [heads, *(self._cells(row) for row in self._paper.rows)]
        table = self._grid(rows, WIDTHS, repeat=1)
        table.setStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), self._colour),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, "#e3e7ec"),
            ]
        )
        for at, row in enumerate(self._paper.rows, 1):
            table.setStyle(self._row_style(row, at))
        return table

    def _cells(self, row: Row) -> list[Any]:
        blank = [""] * len(WIDTHS)
        match row.kind:
            case RowKind.SECTION:
                return [self._text(row.name, size=10.5, colour=self._colour), *blank[1:]]
            case RowKind.NOTE:
                return [self._text(row.name, size=9, colour=GREY), *blank[1:]]
            case RowKind.SUBTOTAL:
                amount = self._text(row.amount, right=True)
                return [self._text(row.name, right=True), *blank[2:], amount]
            case _:
                return self._item_cells(row)

    def _item_cells(self, row: Row) -> list[Any]:
        colour = GREY if row.kind is RowKind.OPTIONAL else "#22272e"
        name: list[Any] = [self._text(row.name, colour=colour)]
        if row.detail:
            name.append(self._text(row.detail, size=8, colour=GREY))
        figures = (row.quantity, row.unit, row.price, row.off, row.tax, row.amount)
        set_ = [self._text(text, size=9, colour=colour, right=True) for text in figures]
        return [self._text(row.position, colour=GREY), name, *set_]

    def _row_style(self, row: Row, at: int) -> list[tuple[Any, ...]]:
        match row.kind:
            case RowKind.SECTION:
                under = ("LINEBELOW", (0, at), (-1, at), 0.8, self._colour)
                return [("SPAN", (0, at), (-1, at)), ("TOPPADDING", (0, at), (-1, at), 9), under]
            case RowKind.NOTE:
                return [("SPAN", (0, at), (-1, at))]
            case RowKind.SUBTOTAL:
                shaded = ("BACKGROUND", (0, at), (-1, at), LIGHT)
                return [("SPAN", (0, at), (-2, at)), shaded]
            case _:
                return []

    def _sums(self) -> Any:
        rows = [
            ["", self._text(label, colour=GREY), self._text(text, right=True)]
            for label, text in self._paper.sums
        ]
        label, text = self._paper.total
        last = [self._text(label, size=13, colour=self._colour)]
        last.append(self._text(text, size=13, colour=self._colour, right=True))
        table = self._grid([*rows, ["", *last]], (84, 52, 44))
        table.setStyle([("LINEABOVE", (1, -1), (-1, -1), 1.2, self._colour)])
        return table

    def _sections(self) -> Any:
        cells = [
            [
                self._text(label, size=9.5, colour=self._colour),
                *(self._text(line, size=8.8) for line in lines),
            ]
            for label, lines in self._paper.sections
        ]
        widths = (108, 72) if len(cells) > 1 else (180,)
        table = self._grid([cells], widths)
        table.setStyle(_flush())
        return table

    def _signatures(self) -> Any:
        words = [f"{name}　　{self._paper.date_word}" for name in self._paper.signatures]
        cells = [self._text(text, size=8.5, colour=GREY) for text in words]
        table = self._grid([[cells[0], "", cells[1]]], (83, 14, 83))
        table.setStyle([("LINEABOVE", (at, 0), (at, 0), 0.6, GREY) for at in (0, 2)])
        return table

    def _grid(self, rows: Sequence[Sequence[Any]], widths: Sequence[float], repeat: int = 0) -> Any:
        from reportlab.platypus import Table

        table = Table(
            [list(row) for row in rows],
            colWidths=[width * self._mm for width in widths],
            repeatRows=repeat,
        )
        table.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 2.5)])
        return table

    def _text(
        self, text: str, *, size: float = 9.5, colour: str = "#22272e", right: bool = False
    ) -> Any:
        from xml.sax.saxutils import escape

        from reportlab.lib.colors import HexColor
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph

        style = ParagraphStyle(
            "text",
            fontName=self._font,
            fontSize=size,
            leading=size * 1.4,
            textColor=HexColor(colour),
            alignment=2 if right else 0,
            wordWrap="CJK" if self._font != "Helvetica" else None,
        )
        return Paragraph(escape(text), style)

    def _gap(self, height: float) -> Any:
        from reportlab.platypus import Spacer

        return Spacer(1, height * self._mm)


def _flush() -> list[tuple[Any, ...]]:
    return [("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0)]


def _font(paper: Paper, font: Path | None) -> str:
    """Make a font known to reportlab and return its name."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    if font is not None:
        name = f"embedded {font.name}"
        pdfmetrics.registerFont(TTFont(name, str(font)))
        return name
    if _is_latin(paper):
        return "Helvetica"
    pdfmetrics.registerFont(UnicodeCIDFont(SONG))
    return SONG


def _is_latin(paper: Paper) -> bool:
    told = repr(paper.rows) + repr(paper.parties) + repr(paper.sections) + paper.name
    try:
        told.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
