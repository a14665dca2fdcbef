"""Outgoing letters: written so that no value can add a header, a recipient or a second letter.

Control characters are refused before and after RFC 2047 decoding; each address is exactly one
mailbox, and the envelope is made of the same ones. The finished letter is read back, and its
headers are compared with those that were meant, before anything may be sent.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime
from typing import Final

import attrs

from crmkit.domain.instants import as_instant
from crmkit.domain.support.mail.answering import LOOP_HEADER
from crmkit.domain.support.mail.attachments import Attachment, safe_name
from crmkit.domain.text import check_text
from crmkit.errors import InvalidValue

_MAILBOX: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}"
)
_LONGEST_LOCAL: Final = 64
_LONGEST_ADDRESS: Final = 254
_ID: Final = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}@[A-Za-z0-9.-]{1,200}>")
_FORBIDDEN: Final = {"Cc", "Cs", "Zl", "Zp"}
_DIRECTIONS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@attrs.frozen(kw_only=True)
class Draft:
    """A letter that is meant; `automatic` marks one that no person wrote."""

    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    message_id: str
    at: datetime
    sender_name: str = ""
    reply_to: str = ""
    answers: tuple[str, ...] = ()
    loop_tag: str = ""
    automatic: bool = False
    attachments: tuple[Attachment, ...] = ()


@attrs.frozen(kw_only=True)
class Posting:
    """A finished letter: the envelope and the bytes, lines ending in CRLF."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes = attrs.field(repr=False)


def write_letter(draft: Draft) -> Posting:
    """Write a draft as a letter, or say which field cannot be sent."""
    meant = dict(_headers(draft))
    letter = EmailMessage(policy=policy.SMTP)
    for name, value in meant.items():
        letter[name] = value
    letter.set_content(check_text(draft.text, path="text"), cte="base64")
    for one in draft.attachments:
        _attach(letter, one)
    raw = letter.as_bytes()
    _read_back(raw, meant)
    envelope_sender = "" if draft.automatic else mailbox(draft.sender, path="sender")
    return Posting(sender=envelope_sender, recipients=_recipients(draft), raw=raw)


def mailbox(address: str, *, path: str) -> str:
    """Return an address that is exactly one mailbox; literals such as `a@[127.0.0.1]` are none."""
    text = header_value(address, path=path)
    local = text.rpartition("@")[0]
    fits = len(local) <= _LONGEST_LOCAL and len(text) <= _LONGEST_ADDRESS
    if not fits or not _MAILBOX.fullmatch(text):
        raise InvalidValue(f"{text!r} is not one mailbox", path=path, fix="write name@example.com")
    return text


def header_value(value: str, *, path: str) -> str:
    """Return a text that may stand in a header; no controls, as written or once decoded."""
    text = check_text(value, path=path, max_length=2000)
    for form in (text, _decoded(text)):
        for place, one in enumerate(form):
            if unicodedata.category(one) in _FORBIDDEN or one in _DIRECTIONS:
                raise InvalidValue(
                    f"a header cannot hold U+{ord(one):04X}, at position {place}",
                    path=path,
                    fix="write it on one line, without control characters",
                )
    return text


def one_line(text: str) -> str:
    """Return a text without what a header cannot hold, on one line."""
    kept = (
        " " if one in "\t\r\n" else one
        for one in text
        if one in "\t\r\n" or not (unicodedata.category(one) in _FORBIDDEN or one in _DIRECTIONS)
    )
    return " ".join("".join(kept).split())


def answerable_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Return the ids that can stand in a header, in their order, each once."""
    return tuple(dict.fromkeys(one for one in ids if _ID.fullmatch(one)))


def _headers(draft: Draft) -> Iterator[tuple[str, object]]:
    name = header_value(draft.sender_name, path="sender_name")
    yield "From", Address(display_name=name, addr_spec=mailbox(draft.sender, path="sender"))
    yield "To", tuple(Address(addr_spec=one) for one in _recipients(draft))
    yield "Subject", header_value(draft.subject, path="subject")
    yield "Date", format_datetime(as_instant(draft.at, path="at"))
    yield "Message-ID", _message_id(draft.message_id, path="message_id")
    if draft.reply_to:
        yield "Reply-To", Address(addr_spec=mailbox(draft.reply_to, path="reply_to"))
    if draft.answers:
        ids = [_message_id(one, path=f"answers[{n}]") for n, one in enumerate(draft.answers)]
        yield "In-Reply-To", ids[0]
        yield "References", " ".join(reversed(ids))
    if draft.loop_tag:
        yield LOOP_HEADER, header_value(draft.loop_tag, path="loop_tag")
    if draft.automatic:
        yield "Auto-Submitted", "auto-replied"
        yield "X-Auto-Response-Suppress", "All"


def _recipients(draft: Draft) -> tuple[str, ...]:
    if not draft.to:
        raise InvalidValue("a letter goes to somebody", path="to", fix="name a recipient")
    return tuple(mailbox(one, path=f"to[{n}]") for n, one in enumerate(draft.to))


def _message_id(text: str, *, path: str) -> str:
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise InvalidValue(f"{text!r} is no message id", path=path, fix="write <id@example.com>")
    return text


def _attach(letter: EmailMessage, one: Attachment) -> None:
    main, _, sub = one.media_type.partition("/")
    plain = re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", one.media_type) and main not in {
        "message",
        "multipart",
    }
    kind = (main, sub) if plain else ("application", "octet-stream")
    letter.add_attachment(
        one.content, maintype=kind[0], subtype=kind[1], filename=safe_name(one.name)
    )


def _decoded(text: str) -> str:
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, ValueError, MessageError):
        return text


def _read_back(raw: bytes, meant: dict[str, object]) -> None:
    added = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
    names = [name for name in BytesParser(policy=policy.SMTP).parsebytes(raw) if name not in added]
    if names != list(meant):
        raise InvalidValue(
            f"the letter would carry the headers {names}",
            path="letter",
            fix="take the encoded words out of its fields",
        )
