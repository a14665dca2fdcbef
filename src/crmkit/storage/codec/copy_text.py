"""Lines of text for COPY of PostgreSQL: generated code that writes records without a tuple each."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from crmkit.domain.columns import Column, columns_of
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Form
from crmkit.domain.making import Names
from crmkit.storage.codec.rows import ROW_NAMES, Forms, dumped_cells

CopyLines = Callable[[Iterable[Any]], str]
NULL: Final = "\\N"
_FORMS: Final = Forms(
    dump={
        Form.ID: "'%032x' % v.int",
        Form.INSTANT: "v.isoformat()",
        Form.DATE: "v.isoformat()",
        Form.BOOLEAN: "('t' if v else 'f')",
    },
    load={},
)
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_FREE: Final = frozenset({Form.TEXT, Form.TEXTS, Form.JSON})
"""Forms whose text may hold what separates cells."""


def copy_lines(spec: EntitySpec) -> CopyLines:
    """Generate the function that writes records as lines, one cell per column."""
    names = Names(**ROW_NAMES, _escaped=_escaped, _null=NULL)
    columns = list(columns_of(spec).values())
    dumped = dumped_cells(columns, _FORMS, names)
    lines = ["def lines(objects):", "  lines = []", "  add = lines.append"]
    lines += [f"  {line}" for line in dumped.begin]
    lines += ["  for o in objects:", *(f"    {line}" for line in dumped.lines)]
    lines += [f"    {line}" for line in _written(columns, dumped.cells)]
    lines += ["    add(line)", "  return ''.join(lines)", ""]
    names.define("\n".join(lines), f"copy of {spec.name}")
    made: CopyLines = names.objects["lines"]
    return made


def _written(columns: Sequence[Column], cells: list[str]) -> list[str]:
    """Write one line; only where free text holds a separator is each cell looked at."""
    shown = [
        f"{{_null if {cell} is None else {cell}}}" if column.optional else f"{{{cell}}}"
        for column, cell in zip(columns, cells, strict=True)
    ]
    pairs = zip(columns, cells, strict=True)
    loose = "".join(f"{{{cell}}}" for column, cell in pairs if column.form in _FREE)
    return [
        f'loose = f"{loose}"',
        r"if '\\' in loose or '\t' in loose or '\n' in loose or '\r' in loose:",
        f"  line = _escaped(({', '.join(cells)},))",
        "else:",
        '  line = f"' + r"\t".join(shown) + r'\n"',
    ]


def _escaped(cells: Iterable[Any]) -> str:
    written = (NULL if cell is None else str(cell).translate(_ESCAPES) for cell in cells)
    return "\t".join(written) + "\n"
