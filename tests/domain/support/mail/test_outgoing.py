"""Outgoing letters: nothing in a field adds a header, a recipient or a letter; loops end."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.support.mail.answering import LOOP_HEADER, Rate, answered_lately, may_answer
from crmkit.domain.support.mail.attachments import Attachment
from crmkit.domain.support.mail.letter import read_letter
from crmkit.domain.support.mail.marks import Marks
from crmkit.domain.support.mail.outgoing import Draft, write_letter
from crmkit.domain.support.mail.verdicts import Verdict, judge
from crmkit.domain.support.ticket_events import TicketId
from crmkit.errors import InvalidValue

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DRAFT = Draft(
    sender="support@example.com",
    to=("li@example.com",),
    subject="停机 stop",
    text="你好\n.\nIt runs.\n",
    message_id="<m.1@example.com>",
    at=NOW,
)
FIELDS = ("subject", "sender_name", "sender", "reply_to", "message_id", "loop_tag")
CATEGORIES = {"mail_header", "crlf", "value_edge"}


def test_hostile_strings_add_no_header(shared: Path, figure: Callable[[str], None]) -> None:
    """Each is refused by the name of its field, or the headers read back are those meant."""
    rows = (shared / "corpora/hostile_strings.jsonl").read_text(encoding="utf-8").splitlines()
    strings = [row["s"] for row in map(json.loads, rows) if row["cat"] in CATEGORIES]
    refused = sent = 0
    for text in strings:
        for field in (*FIELDS, "to"):
            if _is_sent(field, text):
                sent += 1
            else:
                refused += 1
    figure(f"outgoing mail: {len(strings)} hostile strings in 7 fields, {refused} refused")
    assert refused > 4 * len(strings)
    assert sent


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_text_is_refused_or_arrives_as_it_was(subject: str, name: str) -> None:
    """What is sent has the headers that were meant, and the subject that was meant."""
    draft = attrs.evolve(DRAFT, subject=subject, sender_name=name)
    try:
        raw = write_letter(draft).raw
    except InvalidValue as refused:
        assert refused.path in {"subject", "sender_name", "letter"}
    else:
        read = message_from_bytes(raw, policy=policy.SMTP)
        assert read_letter(raw).subject.split() == subject.split()
        assert read.keys()[:5] == ["From", "To", "Subject", "Date", "Message-ID"]


@pytest.mark.parametrize("encoded", ["=?utf-8?q?=0D=0ABcc:_v@w.invalid?=", "=?utf-8?b?DQpCY2M=?="])
def test_an_encoded_line_break_is_refused(encoded: str) -> None:
    """A word that decodes to a line break is refused by the name of its field."""
    with pytest.raises(InvalidValue, match=r"subject: a header cannot hold U\+000D"):
        write_letter(attrs.evolve(DRAFT, subject=encoded))


def test_a_letter_arrives_whole() -> None:
    """Text, file, ids and loop header arrive; a lone dot cannot end the letter."""
    file = Attachment(name="../报价.pdf", media_type="application/pdf", content=b"%PDF")
    draft = attrs.evolve(DRAFT, answers=("<b@x>", "<a@x>"), attachments=(file,), loop_tag="tag")
    posting = write_letter(draft)
    letter = read_letter(posting.raw)
    assert (letter.subject, letter.text) == ("停机 stop", "你好\n.\nIt runs.")
    assert letter.answers == ("<b@x>", "<a@x>")
    assert [(one.name, one.content) for one in letter.attachments] == [("报价.pdf", b"%PDF")]
    assert letter.header(LOOP_HEADER) == "tag"
    assert b"\n.\r\n" not in posting.raw
    assert posting.raw.count(b"\n") == posting.raw.count(b"\r\n")
    assert (posting.sender, posting.recipients) == ("support@example.com", ("li@example.com",))


def test_an_automatic_letter_says_so() -> None:
    """It says so in its headers and has an empty envelope sender, so that no machine answers."""
    posting = write_letter(attrs.evolve(DRAFT, automatic=True))
    verdict = judge(read_letter(posting.raw))
    assert posting.sender == ""
    assert {"Auto-Submitted: auto-replied", "X-Auto-Response-Suppress"} <= set(verdict.signs)


@pytest.mark.parametrize(
    "headers",
    [
        "Return-Path: <>\nFrom: a@x.com",
        "Auto-Submitted: auto-replied\nFrom: a@x.com",
        "From: mailer-daemon@x.com",
        "Subject: no sender",
    ],
)
def test_machines_get_no_answer(headers: str) -> None:
    """A machine, and who names no sender, gets no automatic answer."""
    letter = read_letter(f"{headers}\n\nhi".encode())
    permission = may_answer(letter, judge(letter), _marks(), rate=Rate(), answered=0)
    assert not permission.given


def test_a_person_gets_an_answer() -> None:
    """Nothing speaks against a person's first letter."""
    letter = read_letter(b"From: li@example.com\nSubject: stop\n\nhi")
    assert may_answer(letter, judge(letter), _marks(), rate=Rate(), answered=0).given


def test_our_own_letter_is_known() -> None:
    """A letter of ours that came back is known by its loop header and by its id alone."""
    marks = _marks()
    own_id = marks.message_id(TicketId(UUID(int=1)), UUID(int=2), domain="x.com")
    for header in (f"{LOOP_HEADER}: {marks.loop_tag}", f"Message-ID: {own_id}"):
        letter = read_letter(f"From: a@x.com\n{header}\n\nhi".encode())
        against = may_answer(
            letter, Verdict(kind=judge(letter).kind), marks, rate=Rate(), answered=0
        )
        assert against.against == ("it is our own letter",)


@pytest.mark.parametrize("honest", [True, False])
def test_two_mailers_that_answer_each_other_end(honest: bool) -> None:
    """Two desks end at once; a desk and a mute machine that answers everything end by the rate."""
    answered: list[datetime] = []
    arrived, now = b"From: robot@x.com\nSubject: hi\n\nhello", NOW
    for _ in range(100):
        now += timedelta(seconds=30)
        letter = read_letter(arrived)
        count = answered_lately(answered, now=now, rate=Rate())
        if not may_answer(letter, judge(letter), _marks(), rate=Rate(), answered=count).given:
            break
        answered.append(now)
        ours = write_letter(attrs.evolve(DRAFT, to=(letter.sender,), automatic=True)).raw
        arrived = ours if honest else b"From: robot@x.com\nSubject: Re: hi\n\nI got it"
    assert len(answered) == (1 if honest else Rate().most)


def test_old_answers_weigh_no_more() -> None:
    """Answers count for the time of the rate and not longer."""
    earlier = [NOW - timedelta(minutes=59), NOW - timedelta(minutes=60)]
    assert answered_lately(earlier, now=NOW, rate=Rate()) == 1


def _is_sent(field: str, text: str) -> bool:
    value: Any = (text,) if field == "to" else text
    try:
        posting = write_letter(attrs.evolve(DRAFT, **{field: value}))
    except InvalidValue as refused:
        assert refused.path.startswith(field) or refused.path == "letter"
        return False
    read = message_from_bytes(posting.raw, policy=policy.SMTP)
    meant = {"From", "To", "Subject", "Date", "Message-ID", "Reply-To", LOOP_HEADER}
    added = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
    assert set(read.keys()) <= meant | added
    assert len(posting.recipients) == 1
    return True


def _marks() -> Marks:
    return Marks(secret=b"k" * 32, tenant="acme")
