"""Bytes and headers of foreign mail as text that every store keeps; never an exception."""

import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import Message
from typing import Any, Final

_WIDER: Final = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030"}
"""Senders who name a part of GB 18030 write all of it."""
_GUESSES: Final = ("utf-8", "gb18030", "latin-1")
_NOT_KEPT: Final = re.compile("[\x00\ud800-\udfff]")
_LONGEST_HEADER: Final = 20_000


def body_text(part: "Message[Any, Any]") -> str:
    """Return the text of one part: its own charset, else UTF-8, GB 18030 or Latin-1 by trial."""
    content = part_bytes(part)
    named = str(part.get_param("charset", "", header="content-type") or "").strip("'\" ").lower()
    for charset in (_WIDER.get(named, named), *_GUESSES):
        try:
            return clean(content.decode(charset))
        except (LookupError, ValueError):
            continue
    return clean(content.decode("utf-8", "replace"))


def part_bytes(part: "Message[Any, Any]") -> bytes:
    """Return the content of one part without its transfer encoding."""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def headers_of(message: "Message[Any, Any]") -> Iterator[tuple[str, str]]:
    """Give every header in order, decoded, on one line each."""
    for name, value in message.raw_items():
        yield clean(str(name)), header_text(str(value))


def header_text(raw: str) -> str:
    """Decode one header (RFC 2047); what cannot be decoded stays as it was written."""
    folded = _from_surrogates(raw[:_LONGEST_HEADER])
    try:
        decoded = str(make_header(decode_header(folded)))
    except (LookupError, ValueError, TypeError):
        decoded = folded
    return " ".join(clean(decoded).split())


def clean(text: str) -> str:
    """Replace what no store keeps: U+0000 and lone surrogates; CRLF and CR become LF."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _NOT_KEPT.sub("\ufffd", lines)


def _from_surrogates(raw: str) -> str:
    try:
        content = raw.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return raw
    for charset in _GUESSES:
        try:
            return content.decode(charset)
        except ValueError:
            continue
    return raw
