r"""Several items in one text, as files have them: `a; b`.

A backslash keeps a semicolon and an outer blank; `\e` is an empty item.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

_EMPTY: Final = "\\e"
_ITEM: Final = re.compile(r"(?:\\.|[^\\;])+", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_OUTER_BLANKS: Final = re.compile(r"\A\s+|(?<!\\)\s+\Z")


def write_items(items: Iterable[str]) -> str:
    """Write items so that `read_items` finds them again."""
    return "; ".join(_kept(item) for item in items)


def read_items(text: str) -> Iterator[str]:
    """Give the items that a text holds; nothing between two semicolons is no item."""
    for written in _ITEM.findall(text):
        item = _OUTER_BLANKS.sub("", written)
        if item == _EMPTY:
            yield ""
        elif item:
            yield _ESCAPED.sub(r"\1", item)


def _kept(text: str) -> str:
    """Write an item so that it is found again."""
    if not text:
        return _EMPTY
    kept = text.replace("\\", "\\\\").replace(";", "\\;")
    if kept[0].isspace():
        kept = "\\" + kept
    return kept[:-1] + "\\" + kept[-1] if kept[-1].isspace() and len(text) > 1 else kept
