"""Receiving on every store: real mail, threads, duplicates at once, bounces, and every reason."""

import hashlib
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from crmkit.domain.filters.where import where
from crmkit.domain.parties.contact import Contact
from crmkit.domain.parties.contact_points import ContactKind, ContactPoint
from crmkit.domain.support.mail.attachments import Limits
from crmkit.domain.support.mail.filed import FiledLetter, LetterState
from crmkit.domain.support.mail.letter import Letter, read_letter
from crmkit.domain.support.mail.mailbox import Mailbox, UnknownSender
from crmkit.domain.support.mail.marks import Marks
from crmkit.domain.support.refusals import AddressNotReached, LetterIsOurs, LetterNotWhole
from crmkit.domain.support.statuses import StatusCategory
from crmkit.errors import InvalidSettings, InvalidValue, OutOfRange, WrongType
from crmkit.services import parties
from crmkit.services.support import filing, mailboxes, merging, receiving, sending, tickets
from tests.services.support.conftest import Desk

SECRET = bytes(range(32))
ACKNOWLEDGED = "您的来信已收到,我们会尽快答复。"


def mail(text: str = "压力机停机", **headers: str) -> bytes:
    """Write a letter; `headers` with `_` for `-`."""
    told = {"From": "Wang Fang <wang@lc-machines.example>", "To": "help@example.com"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\n" for name, value in told.items())
    return f"{head}Content-Type: text/plain; charset=utf-8\n\n{text}\n".encode()


def marks(desk: Desk) -> Marks:
    """Give the marks of the desk's tenant."""
    return Marks(secret=SECRET, tenant=desk.tenant)


def a_box(desk: Desk, address: str = "help@example.com", **fields: Any) -> Mailbox:
    """Define a mailbox of the queue."""
    return desk.run(mailboxes.define_mailbox, address, queue_id=desk.queue.id, **fields)


def receive(desk: Desk, box: Mailbox, raw: bytes | Letter, **more: Any) -> FiledLetter:
    """Take in a letter."""
    return desk.run(receiving.receive_letter, raw, box.id, marks=marks(desk), **more)


def reply(desk: Desk, box: Mailbox, letter: FiledLetter, text: str = "师傅明天到。") -> FiledLetter:
    """Answer the ticket of a letter."""
    more: dict[str, Any] = {"mailbox_id": box.id, "marks": marks(desk)}
    return desk.run(sending.reply_by_mail, letter.ticket_id, text, **more)


def bounce(of: str, address: str, status: str = "5.1.1") -> bytes:
    """Write the report that a letter did not reach an address."""
    return (
        "From: MAILER-DAEMON@mx.example\nReturn-Path: <>\nSubject: Undelivered Mail\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nsorry\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: failed\nStatus: {status}\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {of}\n--b--\n"
    ).encode()


def test_a_letter_opens_a_ticket_and_its_writer_becomes_a_contact(desk: Desk) -> None:
    """The ticket has the words, the queue and the writer; every byte is kept; it is told."""
    box, raw = a_box(desk), mail(Subject="停机", Message_ID="<1@a>", X_Priority="1")
    filed = receive(desk, box, raw)
    assert (filed.state, filed.subject, filed.message_id) == (LetterState.OPENED, "停机", "<1@a>")
    with desk.work() as unit:
        ticket = unit.tickets.get(filed.ticket_id)
        contact = unit.contacts.get(filed.contact_id)
        assert filing.raw_letter(unit, filed.id) == raw
        assert filing.letters_of(unit, ticket.id) == [filed]
    assert (ticket.subject, ticket.description, ticket.channel) == ("停机", "压力机停机", "mail")
    assert (ticket.queue_id, ticket.requester_id) == (desk.queue.id, contact.id)
    assert (contact.name, [one.key for one in contact.contact_points]) == (
        "Wang Fang",
        ["wang@lc-machines.example"],
    )
    again = receive(desk, box, mail("另一台", Subject="泵", Message_ID="<2@a>"))
    assert (again.contact_id, again.ticket_id != filed.ticket_id) == (contact.id, True)


def test_a_second_delivery_changes_nothing(desk: Desk) -> None:
    """What mail systems wrote above it makes no difference; another body under the id does."""
    box, raw = a_box(desk), mail(Subject="停机", Message_ID="<1@a>")
    first = receive(desk, box, raw)
    again = receive(desk, box, b"Received: from elsewhere\nDelivered-To: x@y.example\n" + raw)
    assert again == first
    forged = receive(desk, box, mail("else", Subject="停机", Message_ID="<1@a>"))
    assert forged.id != first.id
    with desk.work() as unit:
        assert unit.tickets.count() == 2


def test_one_letter_at_once_makes_one_ticket(desk: Desk) -> None:
    """Of six deliveries at the same time one opens the ticket; the others find it so."""
    box, raw = a_box(desk), mail(Subject="停机", Message_ID="<1@a>")
    with ThreadPoolExecutor(6) as threads:
        calls = [threads.submit(receive, desk, box, raw) for _ in range(6)]
    assert len({call.result().id for call in calls}) == 1
    with desk.work() as unit:
        assert (unit.tickets.count(), unit.filed_letters.count()) == (1, 1)
        assert unit.contacts.count() == 1


def test_letters_of_one_writer_at_once_make_one_contact(desk: Desk) -> None:
    """Four letters of somebody unknown open four tickets of one person."""
    box = a_box(desk)
    raws = [mail(f"machine {n}", Message_ID=f"<{n}@a>") for n in range(4)]
    with ThreadPoolExecutor(4) as threads:
        filed = list(threads.map(lambda raw: receive(desk, box, raw), raws))
    assert (len({one.ticket_id for one in filed}), len({one.contact_id for one in filed})) == (4, 1)


@pytest.mark.parametrize("sign", ["own id", "address", "known id", "body", "subject"])
def test_each_sign_leads_an_answer_to_its_ticket(desk: Desk, sign: str) -> None:
    """By our id, the marked address, an id on file, the marked line, or the number."""
    box = a_box(desk)
    first = receive(desk, box, mail(Subject="停机", Message_ID="<1@a>"))
    sent = reply(desk, box, first)
    with desk.work() as unit:
        ticket = unit.tickets.get(first.ticket_id)
        numbered = unit.tickets.save(ticket.evolve(number="T-7"))
    signs = {
        "own id": mail("好", In_Reply_To=sent.message_id),
        "address": mail("好", To=marks(desk).address(numbered.id, mailbox=box.address)),
        "known id": mail("好", References="<1@a>"),
        "body": mail(f"好\n> {marks(desk).body_line(numbered.id)}"),
        "subject": mail("好", Subject="回复: 停机 [#T-7]"),
    }
    answer = receive(desk, box, signs[sign])
    assert (answer.state, answer.ticket_id) == (LetterState.APPENDED, numbered.id)
    with desk.work() as unit:
        assert unit.tickets.count() == 1


def test_a_stranger_gets_a_ticket_of_their_own(desk: Desk) -> None:
    """A number or an id on file is a suggestion from others, which a person may accept."""
    box = a_box(desk)
    first = receive(desk, box, mail(Message_ID="<1@a>"))
    other = receive(desk, box, mail("我也是", From="eve@else.example", References="<1@a>"))
    assert other.state is LetterState.OPENED
    assert (other.suggested_id, other.ticket_id != first.ticket_id) == (first.ticket_id, True)
    accepted = desk.run(filing.file_letter, other.id, first.ticket_id)
    assert (accepted.state, accepted.suggested_id) == (LetterState.APPENDED, None)
    with desk.work() as unit:
        ids = [one.id for one in filing.letters_of(unit, first.ticket_id)]
    assert sorted(ids) == sorted([first.id, other.id])
    ours = reply(desk, box, first)
    with pytest.raises(LetterIsOurs), desk.work() as unit:
        filing.file_letter(unit, ours.id, first.ticket_id)


def test_an_answer_opens_a_finished_ticket_again_or_follows_it(desk: Desk) -> None:
    """Within the days of the queue it is opened again; later a new ticket follows."""
    box = a_box(desk)
    first = receive(desk, box, mail(Message_ID="<1@a>"))
    desk.run(tickets.resolve_ticket, first.ticket_id)
    soon = receive(desk, box, mail("又坏了", References="<1@a>", Message_ID="<2@a>"))
    assert soon.ticket_id == first.ticket_id
    with desk.work() as unit:
        assert unit.tickets.get(first.ticket_id).category is StatusCategory.OPEN
    desk.run(tickets.resolve_ticket, first.ticket_id)
    desk.at(20, 9, month=4)
    late = receive(desk, box, mail("又坏了!", References="<2@a>", Message_ID="<3@a>"))
    assert (late.state, late.ticket_id != first.ticket_id) == (LetterState.APPENDED, True)


def test_an_answer_follows_a_merge(desk: Desk) -> None:
    """What was written to a merged ticket is filed under the one it leads to."""
    box = a_box(desk)
    one = receive(desk, box, mail(Message_ID="<1@a>"))
    two = receive(desk, box, mail("再", Message_ID="<2@a>"))
    desk.run(merging.merge_tickets, two.ticket_id, one.ticket_id)
    answer = receive(desk, box, mail("好", References="<1@a>"))
    assert answer.ticket_id == two.ticket_id


def test_letters_and_files_of_merged_tickets_are_seen_together(desk: Desk) -> None:
    """All files of all letters, also over two merges; each ticket has its own again afterwards."""
    box = a_box(desk)
    head = b"From: a@b.example\nMessage-ID: <%d@a>\nContent-Type: multipart/mixed; boundary=b\n\n"
    part = b"--b\nContent-Disposition: attachment; filename=%d-%d.txt\n\n%d\n"
    bodies = [b"".join(part % (at, no, no) for no in (1, 2, 3)) for at in range(3)]
    letters = [receive(desk, box, head % at + body + b"--b--") for at, body in enumerate(bodies)]
    first, second, third = (one.ticket_id for one in letters)
    desk.run(merging.merge_tickets, second, third)
    desk.run(merging.merge_tickets, first, second)

    def files(ticket_id: Any) -> list[str]:
        with desk.work() as unit:
            found = [one.id for one in filing.letters_of(unit, ticket_id)]
            kept = [file for one in found for file in filing.attachments_of(unit, one)]
        return sorted(file.name for file in kept)

    every = [f"{at}-{no}.txt" for at in range(3) for no in (1, 2, 3)]
    assert files(first) == files(third) == every
    desk.run(merging.unmerge_ticket, second)
    assert (files(first), files(second)) == (every[:3], every[3:])


def test_a_bounce_marks_the_address_and_opens_nothing(desk: Desk) -> None:
    """Only a report about our own letter counts, and only for whom that was sent to."""
    box = a_box(desk)
    first = receive(desk, box, mail(Message_ID="<1@a>"))
    sent = reply(desk, box, first)
    forged = receive(desk, box, bounce("<1@a>", "wang@lc-machines.example"))
    assert (forged.state, forged.ticket_id) == (LetterState.RECORDED, None)
    receive(desk, box, bounce(sent.message_id, "boss@else.example"))
    with desk.work() as unit:
        assert unit.mail_addresses.count() == 0
    soft = receive(desk, box, bounce(sent.message_id, "wang@lc-machines.example", "4.2.2"))
    assert (soft.state, soft.ticket_id) == (LetterState.RECORDED, first.ticket_id)
    reply(desk, box, first, "还在吗")
    hard = receive(desk, box, bounce(sent.message_id, "Wang@LC-machines.example"))
    assert hard.reason.startswith("bounce")
    with desk.work() as unit:
        standing = mailboxes.standing_of(unit, "WANG@lc-machines.example")
        assert (standing.is_lasting, unit.tickets.count()) == (True, 1)
    with pytest.raises(AddressNotReached):
        reply(desk, box, first)
    desk.run(mailboxes.trust_address, "wang@lc-machines.example")
    assert reply(desk, box, first).state is LetterState.QUEUED


def test_machines_open_nothing_unless_wanted(desk: Desk) -> None:
    """An automatic answer is filed under its ticket without counting; alerts open where wanted."""
    box, open_box = a_box(desk), a_box(desk, "alarm@example.com", opens_for_machines=True)
    first = receive(desk, box, mail(Message_ID="<1@a>"))
    desk.run(tickets.resolve_ticket, first.ticket_id)
    away = mail("外出", Auto_Submitted="auto-replied", References="<1@a>")
    filed = receive(desk, box, away)
    assert (filed.state, filed.ticket_id) == (LetterState.RECORDED, first.ticket_id)
    alert = mail("pump 3 is hot", Auto_Submitted="auto-generated", Message_ID="<9@a>")
    assert receive(desk, box, alert).state is LetterState.RECORDED
    assert receive(desk, open_box, alert).state is LetterState.OPENED
    assert receive(desk, open_box, away.replace(b"<1@a>", b"<x@a>")).ticket_id is None
    with desk.work() as unit:
        assert unit.tickets.get(first.ticket_id).category is StatusCategory.RESOLVED
        loose = filing.unfiled_letters(unit)
    assert {one.reason.partition(":")[0] for one in loose} == {"auto reply"}


def test_unknown_writers_are_treated_as_the_mailbox_says(desk: Desk) -> None:
    """They are refused with a reason, or get a ticket without a contact; who is known is not."""
    strict = a_box(desk, "vip@example.com", unknown=UnknownSender.REFUSE)
    loose = a_box(desk, "all@example.com", unknown=UnknownSender.OPEN)
    refused = receive(desk, strict, mail(Message_ID="<1@a>"))
    assert (refused.state, refused.reason) == (LetterState.REFUSED, "the sender is not known")
    opened = receive(desk, loose, mail(Message_ID="<1@a>"))
    assert (opened.state, opened.contact_id) == (LetterState.OPENED, None)
    point = ContactPoint(kind=ContactKind.EMAIL, raw="Wang@LC-Machines.example")
    wang = desk.run(parties.add_contact, "王芳", contact_points=(point,))
    assert receive(desk, strict, mail("有人吗", Message_ID="<2@a>")).contact_id == wang.id
    with desk.work() as unit:
        assert unit.contacts.find(where(Contact).name.eq("王芳")) == [wang]


def test_too_large_and_our_own_are_refused_with_a_reason(desk: Desk) -> None:
    """The head of a large one is on file; a letter of ours that comes back opens nothing."""
    box = a_box(desk)
    large = receive(desk, box, mail("x" * 5000, Subject="big"), limits=Limits(letter=3000))
    assert (large.state, large.subject, large.parts) == (LetterState.REFUSED, "big", 0)
    assert large.reason.endswith("at most 3000 are taken")
    with pytest.raises(LetterNotWhole), desk.work() as unit:
        filing.raw_letter(unit, large.id)
    sent = reply(desk, box, receive(desk, box, mail(Message_ID="<1@a>")))
    with desk.work() as unit:
        ours = filing.raw_letter(unit, sent.id)
    other = a_box(desk, "sales@example.com")
    back = receive(desk, other, ours)
    assert (back.state, back.reason) == (LetterState.REFUSED, "our own letter came back")


def test_files_are_listed_with_what_was_left_out(desk: Desk) -> None:
    """Each file taken has its digest and its content; each other one its reason; bytes are kept."""
    box = a_box(desk)
    head = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n"
    part = b"--b\nContent-Disposition: attachment; filename=%s\n\n%s\n"
    raw = head + part % (b"a.txt", b"one") + part % (b"b.txt", b"two" * 99) + b"--b--\n"
    filed = receive(desk, box, raw, limits=Limits(attachment=10))
    one, other = filed.files
    assert (one.name, one.digest) == ("a.txt", hashlib.sha256(b"one").hexdigest())
    assert (other.name, other.size, other.left_out) == ("b.txt", 297, "larger than 10 bytes")
    with desk.work() as unit:
        assert filing.raw_letter(unit, filed.id) == raw
        assert [x.content for x in filing.attachments_of(unit, filed.id)] == [b"one", b"two" * 99]


def test_a_letter_of_megabytes_comes_back_to_the_byte(desk: Desk) -> None:
    """It lies in several parts, in their order."""
    raw = mail("x" * 1_200_000 + "end", Subject="log")
    filed = receive(desk, a_box(desk), raw)
    assert filed.parts > 1
    with desk.work() as unit:
        assert filing.raw_letter(unit, filed.id) == raw
    assert len(filed.text) == 1_000_000


def test_wrong_calls_name_the_field(near_desk: Desk) -> None:
    """Other tenants' marks, no bytes, rates and addresses that are none are refused by name."""
    desk, box = near_desk, a_box(near_desk)
    other = Marks(secret=SECRET, tenant="else")
    for call, error, path in [
        (
            lambda: desk.run(receiving.receive_letter, mail(), box.id, marks=other),
            InvalidSettings,
            "marks.tenant",
        ),
        (lambda: receive(desk, box, "text"), WrongType, "letter"),  # type: ignore[arg-type]
        (lambda: a_box(desk, "a b@example.com"), InvalidValue, "mailbox.address"),
        (lambda: a_box(desk, f"{'x' * 19}@example.com"), InvalidValue, "mailbox.address"),
        (lambda: a_box(desk, "x@example.com", rate_minutes=0), OutOfRange, "mailbox.most_answers"),
    ]:
        with pytest.raises(error) as caught:
            call()
        assert caught.value.path == path


def test_every_real_letter_is_received_and_nothing_is_lost(
    near_desk: Desk, shared: Path, figure: Callable[[str], None]
) -> None:
    """All real letters end in a state, with a reason where no ticket holds them, to the byte."""
    desk, box = near_desk, a_box(near_desk, acknowledgement=ACKNOWLEDGED)
    states: Counter[str] = Counter()
    seen: dict[object, bytes] = {}
    for raw in _real(shared):
        filed = receive(desk, box, raw)
        states[str(filed.state) if filed.id not in seen else "seen before"] += 1
        seen.setdefault(filed.id, raw)
        assert filed.ticket_id is not None or filed.reason
    with desk.work() as unit:
        lost = [one for one, raw in seen.items() if filing.raw_letter(unit, one) != raw]
        assert lost == []
        sent = where(FiledLetter).state.eq(LetterState.QUEUED)
        answers = unit.filed_letters.count(sent)
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    figure(f"received letters: {states.total()} real ones, {told}; {answers} acknowledged")
    assert states.total() > 470


def test_a_sample_of_real_letters_is_received(desk: Desk, shared: Path) -> None:
    """Every twelfth real letter comes back from each store to the byte."""
    box = a_box(desk, acknowledgement=ACKNOWLEDGED)
    seen: set[object] = set()
    for raw in list(_real(shared))[::12]:
        filed = receive(desk, box, raw)
        with desk.work() as unit:
            assert filed.id in seen or filing.raw_letter(unit, filed.id) == raw
            assert unit.filed_letters.get(filed.id) == filed
        assert receive(desk, box, read_letter(raw)) == filed
        seen.add(filed.id)


def _real(shared: Path) -> Iterator[bytes]:
    for folder in ("data/inbound_mail", "corpora/mail/cpython_msgs"):
        for path in sorted((shared / folder).iterdir()):
            yield path.read_bytes()
    with tarfile.open(shared / "data/bounces/maildir_half.tar.gz") as archive:
        for member in archive:
            if content := archive.extractfile(member):
                yield content.read()
