"""Letters: mail that came in, read without losing a byte.

Whatever the sender did to it, a letter is read: broken boundaries, unknown charsets, NUL bytes,
multiparts without end. `raw` is the mail as it came, to the byte; all else is a reading of it. No
header of a letter sets anything on a ticket; nor is what a letter says of its own checks (such as
`Authentication-Results`) believed.
"""

import re
from collections.abc import Iterator
from email import policy
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses
from typing import Any, Final

import attrs

from crmkit.domain.support.mail.attachments import Attachment, LeftOut, Limits, safe_name, take
from crmkit.domain.support.mail.decoding import (
    body_text,
    clean,
    header_text,
    headers_of,
    part_bytes,
)
from crmkit.domain.support.mail.web_text import words_of
from crmkit.errors import OutOfRange, WrongType

_ID: Final = re.compile(r"<[^<>\s]{1,500}>")
_ADDRESS: Final = re.compile(r"[^\s<>\"'(),;:@]{1,64}@[^\s<>\"'(),;:@]{1,255}")
_MOST_IDS: Final = 100
_DEEPEST: Final = 50
_USUAL: Final = Limits()


@attrs.frozen(kw_only=True)
class Letter:
    """One mail as it came, and what is read in it."""

    raw: bytes = attrs.field(repr=False)
    headers: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    text: str = ""
    html: str = attrs.field(default="", repr=False)
    attachments: tuple[Attachment, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def header(self, name: str) -> str:
        """Return the first header of that name, or empty text."""
        return next(iter(self.all_of(name)), "")

    def all_of(self, name: str) -> tuple[str, ...]:
        """Return every header of that name, in order."""
        wanted = name.lower()
        return tuple(value for found, value in self.headers if found.lower() == wanted)

    @property
    def subject(self) -> str:
        """The subject, decoded, on one line."""
        return self.header("Subject")

    @property
    def sender(self) -> str:
        """The address of the first author, in small letters; anybody can write any address here."""
        return next(iter(self.addresses("From")), "")

    @property
    def recipients(self) -> tuple[str, ...]:
        """The addresses that the letter was sent to, in small letters, each once."""
        named = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
        return self.addresses(*named)

    @property
    def message_id(self) -> str:
        """The id that the sender gave the letter, with its angle brackets."""
        return next(iter(_ID.findall(self.header("Message-ID"))), "")

    @property
    def answers(self) -> tuple[str, ...]:
        """The ids that the letter answers: the direct one first, then from the newest back."""
        direct = [one for value in self.all_of("In-Reply-To") for one in _ID.findall(value)]
        older = [one for value in self.all_of("References") for one in _ID.findall(value)]
        return tuple(dict.fromkeys([*direct, *reversed(older)]))[:_MOST_IDS]

    def addresses(self, *names: str) -> tuple[str, ...]:
        """Return the addresses in the headers of these names, in small letters, each once."""
        values = [value for name in names for value in self.all_of(name)]
        found = (address.strip().lower() for address in _found_in(values))
        return tuple(dict.fromkeys(one for one in found if "@" in one))


def read_letter(raw: bytes, *, limits: Limits = _USUAL) -> Letter:
    """Read a mail; the only refusals are what is no bytes and what is larger than the limit."""
    if not isinstance(raw, bytes):
        raise WrongType(f"expected bytes, got {type(raw).__name__}", path="letter")
    if len(raw) > limits.letter:
        raise OutOfRange(
            f"{len(raw)} bytes, at most {limits.letter} are taken",
            path="letter",
            fix="raise Limits.letter, or ask for a link",
        )
    message = parsed(raw)
    leaves = list(leaves_of(message))
    texts = [body_text(part) for part in leaves if _is_body(part, "text/plain")]
    pages = [body_text(part) for part in leaves if _is_body(part, "text/html")]
    files = [_attachment(part, n) for n, part in enumerate(leaves, 1) if not _is_text(part)]
    taken, left = take(files, limits)
    words = "\n".join(texts).strip() or words_of("\n".join(pages))
    return Letter(
        raw=raw,
        headers=tuple(headers_of(message)),
        text=words or clean(message.preamble or "").strip(),
        html="\n".join(pages),
        attachments=taken,
        left_out=left,
    )


def parsed(raw: bytes) -> "Message[Any, Any]":
    """Parse a mail; one that nests without end is read as headers and one long text."""
    whole = raw.replace(b"\r", b"\n") if b"\n" not in raw else raw
    parser = BytesParser(policy=policy.compat32)
    try:
        return parser.parsebytes(whole)
    except RecursionError:
        flat = parser.parsebytes(whole, headersonly=True)
        del flat["Content-Type"]
        return flat


def leaves_of(message: "Message[Any, Any]", *, depth: int = 0) -> Iterator["Message[Any, Any]"]:
    """Give the parts that hold content, in order; a letter within a letter is one part."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in _parts(message):
            if depth < _DEEPEST:
                yield from leaves_of(part, depth=depth + 1)
            else:
                yield part
    else:
        yield message


def nested_bytes(part: "Message[Any, Any]") -> bytes:
    """Return the bytes of a part: its content, or the letters that it holds."""
    if not part.is_multipart():
        return part_bytes(part)
    return b"\n".join(_whole(one) for one in _parts(part))


def _found_in(values: list[str]) -> list[str]:
    try:
        return [address for _, address in getaddresses(values)]
    except (RecursionError, IndexError, ValueError):
        return _ADDRESS.findall(" ".join(values))


def _whole(message: "Message[Any, Any]") -> bytes:
    try:
        return message.as_bytes(policy=policy.compat32)
    except (LookupError, ValueError, TypeError, RecursionError):
        return clean(str(message.get_payload())).encode()


def _parts(message: "Message[Any, Any]") -> list["Message[Any, Any]"]:
    payload = message.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _is_text(part: "Message[Any, Any]") -> bool:
    return _is_body(part, "text/plain") or _is_body(part, "text/html")


def _is_body(part: "Message[Any, Any]", kind: str) -> bool:
    if part.is_multipart():
        return False
    named = part.get_content_type()
    taken_as = "text/plain" if named.startswith("multipart/") else named
    return taken_as == kind and not _is_file(part)


def _is_file(part: "Message[Any, Any]") -> bool:
    return part.get_content_disposition() == "attachment" or bool(_named(part))


def _named(part: "Message[Any, Any]") -> str:
    try:
        return header_text(str(part.get_filename() or ""))
    except (LookupError, ValueError, TypeError):
        return ""


def _attachment(part: "Message[Any, Any]", place: int) -> Attachment:
    return Attachment(
        name=safe_name(_named(part), otherwise=f"part-{place}"),
        media_type=clean(part.get_content_type()),
        content=nested_bytes(part),
        content_id=header_text(str(part.get("Content-ID", "")))[:200],
    )
