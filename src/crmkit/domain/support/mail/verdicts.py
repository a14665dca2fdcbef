"""Verdicts: whether a person wrote a letter, or a machine, and what the machine wants to say.

Automatic answers are known by RFC 3834 and by what older programs write in its place. A verdict
carries every sign that it rests on.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import attrs

from crmkit.domain.support.mail.letter import Letter
from crmkit.domain.support.mail.reports import Report, read_report

_SUPPRESSING: Final = {"all", "autoreply", "oof"}
_BULK: Final = {"bulk", "junk", "list"}
_ANSWERED_BY_PROGRAM: Final = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Apple-Action")
_LISTS: Final = ("List-Id", "List-Unsubscribe", "List-Post", "Feedback-ID")
_DAEMON: Final = re.compile(
    r"(?i)^\W*(mailer-?daemon|postmaster|mail-?administrator|mdaemon|double-bounce|bounces?)\b"
)
_NO_REPLY: Final = re.compile(r"^(no|do-?not)[-_.]?reply\b")
_AWAY: Final = re.compile(
    r"(?i)^\W*(auto(matic)?[- ]?(reply|response|answer)|autoreply|out of (the )?office|vacation|"
    r"away (until|from)|自动回复|自動回覆|外出)"
)
_BOUNCED: Final = re.compile(
    r"(?i)undeliver|non.?deliver|delivery (status|failure|error|has failed|problem|notification)|"
    r"returned (mail|e-?mail)|returning message|failure notice|mail system error|rejected|"
    r"(message|mail|delivery).{0,30}(fail|delay|not (be )?deliver|bounced|returned)|"
    r"fail(ed|ure) delivery|could not (be )?(send|deliver)|unable to deliver|still being retried|"
    r"退信|退回|无法送达|投递失败|未送达|エラー通知"
)
_PROSE: Final = re.compile(
    r"(?i)(could|was|can|would|has|is|did)( ?n.t| not|not)( been| be)?( able to)?"
    r"( deliver| reach| sen[dt])|undeliverable|delivery.{0,40}fail|user unknown|unknown user|"
    r"no such (user|mailbox|recipient)|(address|mailbox|recipient).{0,40}(not found|rejected|"
    r"unavailable|disabled|full)|无法(投递|送达)|(error|fail).{0,60}(recipient|address|deliver)|"
    r"(?<!\d)5\d\d[ -]5\.\d\.\d"
)
_COMPLAINED: Final = re.compile(r"(?i)^complaint about message from ")


class Kind(StrEnum):
    """Who speaks in a letter."""

    PERSON = "person"
    AUTO_REPLY = "auto_reply"
    BULK = "bulk"
    BOUNCE = "bounce"
    DELAY = "delay"
    COMPLAINT = "complaint"
    RECEIPT = "receipt"


@attrs.frozen(kw_only=True)
class Verdict:
    """What a letter is, by which signs, and what it reports."""

    kind: Kind
    signs: tuple[str, ...] = ()
    report: Report = attrs.field(factory=Report)


def judge(letter: Letter) -> Verdict:
    """Say what a letter is."""
    report = read_report(letter)
    signs = tuple(signs_of_a_machine(letter))
    kind = _reported(letter, report) or _announced(letter, signs)
    told = report if kind in {Kind.BOUNCE, Kind.DELAY, Kind.COMPLAINT, Kind.RECEIPT} else Report()
    return Verdict(kind=kind, signs=signs, report=told)


def signs_of_a_machine(letter: Letter) -> Iterator[str]:
    """Give every sign in the headers that no person wrote or awaits an answer."""
    submitted = letter.header("Auto-Submitted").partition(";")[0].partition("(")[0].strip().lower()
    if submitted not in {"", "no"}:
        yield f"Auto-Submitted: {submitted}"
    precedence = letter.header("Precedence").strip().lower()
    if precedence in _BULK | {"auto_reply", "auto-reply"}:
        yield f"Precedence: {precedence}"
    suppressed = {
        one.strip().lower() for one in letter.header("X-Auto-Response-Suppress").split(",")
    }
    if suppressed & _SUPPRESSING:
        yield "X-Auto-Response-Suppress"
    if has_null_path(letter):
        yield "Return-Path: <>"
    yield from (name for name in (*_ANSWERED_BY_PROGRAM, *_LISTS) if letter.header(name))
    if is_from_system(letter) or _NO_REPLY.match(letter.sender):
        yield f"From: {letter.sender.partition('@')[0] or 'a mail system'}"
    if letter.header("Content-Type").lower().startswith("multipart/report"):
        yield "Content-Type: multipart/report"


def has_null_path(letter: Letter) -> bool:
    """Tell whether the envelope named no sender, so that nothing may be sent back."""
    return any(value.replace(" ", "") == "<>" for value in letter.all_of("Return-Path"))


def is_from_system(letter: Letter) -> bool:
    """Tell whether the author is called as mail systems are."""
    return bool(_DAEMON.match(letter.sender) or _DAEMON.match(letter.header("From")))


def _reported(letter: Letter, report: Report) -> Kind | None:
    if report.complaint not in {"", "not-spam"} or _COMPLAINED.match(letter.subject):
        return Kind.COMPLAINT
    if report.by_machine and report.failures:
        return _outcome(report)
    if _is_receipt(letter):
        return Kind.RECEIPT
    if _AWAY.match(letter.subject) or not _looks_returned(letter):
        return None
    return (
        Kind.DELAY if re.search(r"(?i)delay|still being retried", letter.subject) else Kind.BOUNCE
    )


def _outcome(report: Report) -> Kind:
    if "failed" in report.actions or not report.failures:
        return Kind.BOUNCE
    return Kind.DELAY if "delayed" in report.actions else Kind.RECEIPT


def _is_receipt(letter: Letter) -> bool:
    return any(one.media_type == "message/disposition-notification" for one in letter.attachments)


def _looks_returned(letter: Letter) -> bool:
    """Tell by who sends and by what is said; a person who forwards a bounce does not send it."""
    sent_by_system = has_null_path(letter) or is_from_system(letter)
    if letter.header("X-Failed-Recipients"):
        return True
    said = bool(_BOUNCED.search(letter.subject)) or bool(_PROSE.search(letter.text[:20_000]))
    return said and (sent_by_system or letter.header("Content-Type").startswith("multipart/report"))


def _announced(letter: Letter, signs: tuple[str, ...]) -> Kind:
    if _AWAY.match(letter.subject) or any("auto-replied" in sign for sign in signs):
        return Kind.AUTO_REPLY
    if not signs:
        return Kind.PERSON
    lists = any(sign in _LISTS or sign.startswith("Precedence") for sign in signs)
    return Kind.BULK if lists else Kind.AUTO_REPLY
