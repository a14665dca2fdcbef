"""Threads: an answer finds its ticket, whatever its program sends; a stranger is only suggested."""

from collections.abc import Mapping
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.support.mail.letter import Letter, read_letter
from crmkit.domain.support.mail.marks import Marks
from crmkit.domain.support.mail.threads import Found, Sign, find_ticket
from crmkit.domain.support.mail.verdicts import judge
from crmkit.domain.support.ticket_events import TicketId
from crmkit.errors import InvalidSettings

PRESS, LATHE, GONE = (TicketId(UUID(int=n)) for n in (1, 2, 3))
LETTER = UUID(int=9)
MARKS = Marks(secret=b"k" * 32, tenant="acme")
OTHER = Marks(secret=b"k" * 32, tenant="other")
OWN_ID = MARKS.message_id(PRESS, LETTER, domain="desk.example.com")
ADDRESS = MARKS.address(PRESS, mailbox="support@example.com")


@attrs.frozen
class Desk:
    """Tickets 1 (its requester is li) and 2, merged into 1 or not; ticket 3 is gone."""

    merged: Mapping[TicketId, TicketId] = attrs.field(factory=dict)

    def ticket_of_message(self, message_id: str) -> TicketId | None:
        """One letter of each requester was filed."""
        return {"<li-1@example.com>": PRESS, "<wang-1@example.com>": LATHE}.get(message_id)

    def ticket_of_number(self, number: str) -> TicketId | None:
        """Numbers as people write them."""
        return {"T-1": PRESS, "T-2": LATHE, "T-3": GONE}.get(number)

    def takes_part(self, ticket_id: TicketId, address: str) -> bool:
        """Only the requesters take part."""
        return (ticket_id, address) in {(PRESS, "li@example.com"), (LATHE, "wang@example.com")}

    def leads_to(self, ticket_id: TicketId) -> TicketId | None:
        """Follow the merge."""
        return None if ticket_id == GONE else self.merged.get(ticket_id, ticket_id)


@pytest.mark.parametrize(
    ("headers", "body", "sign"),
    [
        (f"In-Reply-To: {OWN_ID}", "", Sign.OWN_ID),
        (f"References: <x@y> {OWN_ID} <z@y>", "", Sign.OWN_ID),
        (f"In-Reply-To: {OWN_ID.upper()}", "", Sign.OWN_ID),
        (f"To: Support <{ADDRESS}>", "", Sign.ADDRESS),
        (f"Delivered-To: {ADDRESS.upper()}", "", Sign.ADDRESS),
        ("References: <li-1@example.com>", "", Sign.KNOWN_ID),
        ("Subject: Re: stop", f"好的\n> {MARKS.body_line(PRESS)}", Sign.BODY),
        ("Subject: 回复：[#T-1] stop", "", Sign.SUBJECT),
        ("Subject: 回复：【#T-1】停机", "", Sign.SUBJECT),
    ],
)
def test_an_answer_finds_its_ticket(headers: str, body: str, sign: Sign) -> None:
    """Each sign alone is enough for who takes part, also without References and In-Reply-To."""
    letter = _letter(headers, body)
    assert find_ticket(letter, MARKS, known=Desk()) == _found(PRESS, sign)


@pytest.mark.parametrize("headers", ["Subject: [#T-1] stop", "References: <li-1@example.com>"])
def test_a_stranger_is_only_suggested(headers: str) -> None:
    """What anybody could write is a suggestion when it comes from somebody else."""
    found = find_ticket(_letter(headers, "", sender="eve@example.net"), MARKS, known=Desk())
    assert found
    assert (found.ticket_id, found.sure) == (PRESS, False)


def test_a_surer_sign_wins() -> None:
    """A mark of ours beats a number in the subject; a proof beats an earlier suggestion."""
    both = _letter(f"In-Reply-To: {OWN_ID}\nSubject: [#T-2]", "")
    assert find_ticket(both, MARKS, known=Desk()) == _found(PRESS, Sign.OWN_ID)
    later = _letter("References: <wang-1@example.com>", MARKS.body_line(PRESS))
    assert find_ticket(later, MARKS, known=Desk()) == _found(PRESS, Sign.BODY)


def test_merged_tickets_lead_on_and_lost_ones_nowhere() -> None:
    """A merged ticket leads to the one it went into; one that is gone is passed over."""
    letter = _letter("Subject: [#T-2]", "")
    found = find_ticket(letter, MARKS, known=Desk({LATHE: PRESS}))
    assert found == _found(PRESS, Sign.SUBJECT)
    assert find_ticket(_letter("Subject: [#T-3]", ""), MARKS, known=Desk()) is None


def test_a_bounce_finds_the_ticket_it_came_from() -> None:
    """The id of the letter that came back leads to its ticket."""
    raw = (
        "From: mailer-daemon@example.net\nSubject: Undelivered Mail\n"
        "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status"
        "\n\nFinal-Recipient: rfc822; li@example.com\nAction: failed\nStatus: 5.1.1\n\n--b\n"
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: {OWN_ID}\n\n--b--\n"
    )
    letter = read_letter(raw.encode())
    report = judge(letter).report
    found = find_ticket(letter, MARKS, known=Desk(), report=report)
    assert found == _found(PRESS, Sign.REPORT)


@given(st.uuids(), st.uuids(), st.data())
def test_marks_are_read_and_never_forged(ticket: UUID, letter: UUID, data: st.DataObject) -> None:
    """A mark leads to its ticket; changed, or at another tenant, it leads nowhere."""
    ticket_id = TicketId(ticket)
    message_id = MARKS.message_id(ticket_id, letter, domain="example.com")
    address = MARKS.address(ticket_id, mailbox="support@example.com")
    assert len(address.partition("@")[0]) <= 64
    line = MARKS.body_line(ticket_id)
    readers = [
        (Marks.in_message_id, message_id),
        (Marks.in_address, address),
        (Marks.in_body, line),
    ]
    for read, mark in readers:
        assert read(MARKS, mark) == ticket_id
        assert read(OTHER, mark) is None
        start = mark.index(".")
        place = data.draw(st.integers(start + 1, start + 43))
        changed = mark[:place] + ("a" if mark[place] != "a" else "b") + mark[place + 1 :]
        assert read(MARKS, changed) is None


def test_a_mark_of_one_kind_is_none_of_another() -> None:
    """What stands in an address, visible to all, is no proof in a body."""
    mark = ADDRESS.partition("+")[2].partition("@")[0]
    assert MARKS.in_body(f"[ref:{mark}]") is None


def test_a_short_secret_is_refused() -> None:
    """A secret has at least 32 bytes, and is not shown."""
    with pytest.raises(InvalidSettings, match=r"secret: a secret has at least 32 bytes"):
        Marks(secret=b"short", tenant="acme")
    assert "kkk" not in repr(MARKS)


def _letter(headers: str, body: str, *, sender: str = "li@example.com") -> Letter:
    kind = "Content-Type: text/plain; charset=utf-8"
    return read_letter(f"From: {sender}\n{kind}\n{headers}\n\n{body}".encode())


def _found(ticket_id: TicketId, sign: Sign) -> Found:
    return Found(ticket_id=ticket_id, sign=sign, sure=True)
