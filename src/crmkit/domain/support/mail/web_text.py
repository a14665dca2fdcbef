"""The words of an HTML body: no scripts, no styles; quoted blocks begin each line with `> `.

Reads tags by itself, in time that grows with the length only: the parser of the standard library
takes minutes for a page of tags that never end.
"""

import re
from html import unescape
from typing import Final

import attrs

_MARK: Final = re.compile(
    r"<!--|-->|<(/?)([A-Za-z][A-Za-z0-9]{0,20})[^<>]{0,20000}>|<![^<>]{0,200}>"
)
_SILENT: Final = {"script", "style", "head", "title", "template"}
_LINES: Final = {"p", "div", "tr", "li", "h1", "h2", "h3", "h4", "pre", "hr", "table", "blockquote"}
_DEEPEST: Final = 20


@attrs.define
class _Page:
    """What was read of a page so far."""

    written: list[str] = attrs.field(factory=list)
    comment: bool = False
    silent: int = 0
    quoted: int = 0

    def read(self, words: str) -> None:
        """Keep words that a reader sees."""
        if not self.silent and not self.comment:
            self.written.append(re.sub(r"\s+", " ", unescape(words)))

    def meet(self, mark: "re.Match[str]") -> None:
        """Follow a tag, or the begin or end of a comment."""
        if mark[0] in {"<!--", "-->"}:
            self.comment = mark[0] == "<!--"
        elif mark[2] and not self.comment:
            self._tag(mark[2].lower(), step=-1 if mark[1] else 1)

    def _tag(self, name: str, *, step: int) -> None:
        if name in _SILENT:
            self.silent = max(0, self.silent + step)
        if name == "blockquote":
            self.quoted = max(0, self.quoted + step)
        if name in _LINES or name == "br":
            self.written.append("\n" + "> " * min(self.quoted, _DEEPEST))


def words_of(html: str) -> str:
    """Return what a reader sees of an HTML body, one line for each of its lines."""
    page, place = _Page(), 0
    for mark in _MARK.finditer(html):
        page.read(html[place : mark.start()])
        page.meet(mark)
        place = mark.end()
    page.read(html[place:])
    lines = (line.strip() for line in "".join(page.written).replace("\xa0", " ").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
