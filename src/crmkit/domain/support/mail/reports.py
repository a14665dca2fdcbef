"""What mail systems report: who did not get a letter, whether for good, and which letter it was.

Machine-readable reports (RFC 3464, RFC 5965) are read first; where a system writes prose only, its
prose is.
"""

import re
from collections.abc import Iterator
from email.message import Message
from typing import Any, Final

import attrs

from crmkit.domain.support.mail.decoding import body_text, clean
from crmkit.domain.support.mail.letter import Letter, leaves_of, nested_bytes, parsed

_ADDRESS: Final = re.compile(r"[^\s<>\"'(),;:@]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,250}[A-Za-z0-9]")
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE: Final = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -][^\d])")
_ID: Final = re.compile(r"(?im)^message-id:\s*(<[^<>\s]{1,500}>)")
_COPY: Final = re.compile(
    r"(?im)^[^\w\n]{0,20}(-{2,9}.{0,40}(below this line|copy of|"
    r"original message|unsent message|undelivered "
    r"message|returned message|message (text|header|follows)).*|(original message|message headers?)"
    r".{0,30}(follow|:).*|received: .*|return-path: .*)$"
)
_FULL: Final = re.compile(
    r"(?i)mailbox (is )?full|over ?quota|quota exceeded|exceeded storage|邮箱已满"
)
_GONE: Final = re.compile(
    r"(?i)(user|recipient|mailbox|account|address|host|domain) ?(name )?(is )?(unknown|not found|"
    r"unavailable|disabled|rejected|not recognized|does ?n.t exist|inactive)|"
    r"(unknown|no such|invalid|bad) (\w+ )?(user|recipient|mailbox|address|account|host|domain)|"
    r"does ?n.t have an? .{0,20}account|permanent|用户不存在|地址不存在|收件人不存在"
)
_WAITS: Final = re.compile(r"(?i)timed? ?out|deferred|try again|temporar|delayed|will (be )?retr")
_DELAYED: Final = re.compile(r"(?i)\bdelay|still being retried|延迟")
_MOST: Final = 50
_LONGEST_PROSE: Final = 100_000


@attrs.frozen(kw_only=True)
class Failure:
    """One address that a letter did not reach (or not yet); `lasting` is None when nobody says."""

    address: str
    action: str = "failed"
    status: str = ""
    told: str = ""
    lasting: bool | None = None


@attrs.frozen(kw_only=True)
class Report:
    """What a letter reports of another one: failures, complaint, and the id of that other one."""

    failures: tuple[Failure, ...] = ()
    complaint: str = ""
    original_id: str = ""
    by_machine: bool = False

    @property
    def actions(self) -> frozenset[str]:
        """What became of the letter, for any of its recipients."""
        return frozenset(one.action for one in self.failures)


def read_report(letter: Letter) -> Report:
    """Read what a letter reports; empty where it reports nothing."""
    parts = list(leaves_of(parsed(letter.raw)))
    fields = "\n\n".join(_source(one) for one in parts if _holds(one, "delivery-status"))
    machine = tuple(_declared(fields))[:_MOST]
    feedback = "\n".join(_source(one) for one in parts if _holds(one, "feedback-report"))
    prose, copy = _prose(letter)
    copies = [_source(one) for one in parts if _holds(one, "rfc822", "rfc822-headers")]
    return Report(
        failures=machine or tuple(_told(letter, prose))[:_MOST],
        complaint=_field(feedback, "feedback-type").lower(),
        original_id=_original_id([*copies, copy]),
        by_machine=bool(machine or feedback),
    )


def _prose(letter: Letter) -> tuple[str, str]:
    text = letter.text[:_LONGEST_PROSE]
    found = _COPY.search(text)
    place = found.start() if found else len(text)
    return text[:place], text[place:]


def _holds(part: "Message[Any, Any]", *kinds: str) -> bool:
    return part.get_content_subtype() in kinds or (
        part.get_content_subtype() == "global-delivery-status" and "delivery-status" in kinds
    )


def _source(part: "Message[Any, Any]") -> str:
    if part.is_multipart():
        return clean(nested_bytes(part).decode("utf-8", "replace"))
    return body_text(part)


def _declared(fields: str) -> Iterator[Failure]:
    for block in re.split(r"\n\s*\n", fields):
        named = _field(block, "final-recipient") or _field(block, "original-recipient")
        address = named.partition(";")[2].strip() or named
        if address:
            told = _field(block, "diagnostic-code")
            status = _status(_field(block, "status")) or _status(told)
            yield Failure(
                address=_bare(address),
                action=_field(block, "action").split(" ")[0].lower() or "failed",
                status=status,
                told=told[:1000],
                lasting=_lasting(status, told),
            )


def _told(letter: Letter, prose: str) -> Iterator[Failure]:
    named = _ADDRESS.findall(" ".join(letter.all_of("X-Failed-Recipients")))
    ours = letter.addresses("From", "To", "Cc")
    found = named or [one for one in _ADDRESS.findall(prose) if one.lower() not in ours][:1]
    status = _status(prose)
    action = "delayed" if _DELAYED.search(letter.subject) else "failed"
    lasting = False if action == "delayed" else _lasting(status, prose)
    for address in dict.fromkeys(one.lower() for one in found):
        yield Failure(
            address=address, action=action, status=status, told=prose[:1000], lasting=lasting
        )


def _lasting(status: str, told: str) -> bool | None:
    code = _CODE.search(told)
    if status.endswith(".2.2") or _FULL.search(told):
        return False
    if status or code:
        return (status or (code[1] if code else "")).startswith("5")
    if _GONE.search(told):
        return True
    return False if _WAITS.search(told) else None


def _status(text: str) -> str:
    found = _STATUS.search(text)
    return found[1] if found else ""


def _field(block: str, name: str) -> str:
    found = re.search(rf"(?im)^{name}:[ \t]*(.*(?:\n[ \t]+.*)*)", block)
    return " ".join(found[1].split()) if found else ""


def _bare(address: str) -> str:
    found = _ADDRESS.search(address)
    return (found[0] if found else address).strip("<> ").lower()[:320]


def _original_id(copies: list[str]) -> str:
    return next((found[1] for one in copies if (found := _ID.search(one))), "")
