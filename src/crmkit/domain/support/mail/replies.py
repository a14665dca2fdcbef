"""Replies: what a person wrote now, apart from what their mail program quoted below or above.

Knows the habits of English and Chinese programs: QQ Mail, Foxmail, 163, Gmail, Apple Mail, Outlook.
It never throws a line away: a line is in `written` or in `rest`, and the letter keeps its text.
"""

import re
from typing import Final

import attrs

_RULE: Final = re.compile(
    r"^\s*[-_—=]{2,}\s*(original( message| email| appointment)?|reply message|原始邮件|原始信件|"
    r"原邮件|原始郵件|邮件原件|回复的原邮件|ursprüngliche nachricht|"
    r"message d'origine)\s*[-_—=]{2,}\s*$",
    re.IGNORECASE,
)
_WROTE: Final = re.compile(
    r"(wrote|writes|写道|寫道|schrieb [^:]{0,100}|a écrit)\s{0,3}[:：]$", re.IGNORECASE
)
_DIGIT: Final = re.compile(r"\d")
_OPENING: Final = re.compile(
    r"\s*(on |at |am |le |在|于|\d{4})|.*(<[^>]*@|@[^>]*>|于)", re.IGNORECASE
)
_FROM: Final = re.compile(
    r"^[\s>*]*(from|发件人|寄件者|寄件人|von|de)\s*\**\s*[:：]", re.IGNORECASE
)
_OTHER: Final = re.compile(
    r"^[\s>*]*(sent|date|to|cc|subject|发送时间|发送日期|日期|时间|收件人|抄送|抄送人|主题|"
    r"寄件日期|傳送時間|收件者|副本|主旨|gesendet|an|betreff)\s*\**\s*[:：]",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"^\s*[>＞]")
_LINE: Final = re.compile(r"^\s*[-_—]{3,}\s*$")
_SIGNATURE: Final = re.compile(r"^-- ?$")
_DEVICE: Final = re.compile(
    r"^\s*(sent from (my|mail for|outlook)\b.{0,60}|get outlook for .{0,40}|发自我的.{0,30}|"
    r"发自\s?(foxmail|qq|网易|163).{0,30}|来自\s?(我的|qq|foxmail).{0,30}|从我的.{0,20}发送|"
    r"从 windows 版邮件发送)\s*$",
    re.IGNORECASE,
)
_BLOCK: Final = 7
_LONGEST_WROTE: Final = 3
_LONGEST_LINE: Final = 600


@attrs.frozen(kw_only=True)
class Reply:
    """What was written now, and the other lines of the body: quotations and signatures."""

    written: str
    rest: str = ""


def split_reply(text: str) -> Reply:
    """Part a body; one that only quotes counts as written whole."""
    lines = text.replace("\r\n", "\n").split("\n")
    kept = _unquoted(lines, _end_of_writing(lines))
    written = "\n".join(lines[place] for place in kept).strip()
    if not written:
        return Reply(written=text.strip())
    chosen = set(kept)
    rest = [line for place, line in enumerate(lines) if place not in chosen]
    return Reply(written=written, rest="\n".join(rest).strip())


def _end_of_writing(lines: list[str]) -> int:
    for place, line in enumerate(lines):
        if _RULE.match(line[:_LONGEST_LINE]) or _is_header_block(lines, place):
            return place
        length = _introduction(lines, place)
        if length and not _quotes_follow(lines, place + length):
            return place
    return len(lines)


def _unquoted(lines: list[str], end: int) -> list[int]:
    """Return the places of the lines that are neither quoted nor signature."""
    kept: list[int] = []
    place = 0
    while place < end and not _SIGNATURE.match(lines[place]):
        length = _introduction(lines, place)
        if not length and not _QUOTED.match(lines[place]):
            kept.append(place)
        place += length or 1
    while kept and _is_tail(lines[kept[-1]]):
        kept.pop()
    return kept


def _is_tail(line: str) -> bool:
    cut = line[:_LONGEST_LINE]
    return not cut.strip() or bool(_DEVICE.match(cut) or _LINE.match(cut))


def _introduction(lines: list[str], place: int) -> int:
    """Return how many lines from here on say that somebody wrote; 0 when they do not."""
    if not lines[place].strip() or _QUOTED.match(lines[place]):
        return 0
    joined = ""
    for length, line in enumerate(lines[place : place + _LONGEST_WROTE], 1):
        if not line.strip() or _QUOTED.match(line):
            return 0
        joined = f"{joined} {line.strip()}"[:_LONGEST_LINE]
        if _WROTE.search(joined) and _DIGIT.search(joined):
            return length if length == 1 or _opens(lines[place]) else 0
    return 0


def _opens(line: str) -> bool:
    return _OPENING.match(line[:_LONGEST_LINE]) is not None


def _quotes_follow(lines: list[str], place: int) -> bool:
    following = (line for line in lines[place : place + 3] if line.strip())
    return bool(_QUOTED.match(next(following, "")))


def _is_header_block(lines: list[str], place: int) -> bool:
    if not _FROM.match(lines[place][:_LONGEST_LINE]) or _QUOTED.match(lines[place]):
        return False
    below = [line for line in lines[place + 1 : place + 1 + _BLOCK] if line.strip()]
    return sum(bool(_OTHER.match(line[:_LONGEST_LINE])) for line in below) >= 2
