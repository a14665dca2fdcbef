"""Loops: two mailers that answer each other by machine come to an end by themselves."""

from collections.abc import Callable

import attrs
import pytest

from crmkit.domain.filters.where import where
from crmkit.domain.support.mail.filed import FiledLetter, LetterState
from crmkit.domain.support.mail.letter import Letter, read_letter
from crmkit.domain.support.mail.mailbox import Mailbox
from crmkit.services.support import filing, mailboxes, sending, tickets
from tests.services.stopped_clock import Stopped
from tests.services.support.conftest import Desk, new_desk
from tests.services.support.test_receiving import marks, receive

MOST = 3
Relay = Callable[[Letter], bytes]


@attrs.define
class Mailer:
    """A tenant with a mailbox that acknowledges, and what was carried away from it."""

    desk: Desk
    box: Mailbox
    carried: set[object] = attrs.field(factory=set)

    def collect(self) -> list[bytes]:
        """Take the letters that wait to be sent, each once."""
        with self.desk.work() as unit:
            queued = where(FiledLetter).state.eq(LetterState.QUEUED)
            found = [one.id for one in unit.filed_letters.find(queued)]
            fresh = [one for one in found if one not in self.carried]
            self.carried.update(fresh)
            return [filing.raw_letter(unit, one) for one in fresh]


def untouched(letter: Letter) -> bytes:
    """Carry a letter as it is."""
    return letter.raw


def without_signs(letter: Letter) -> bytes:
    """Take away all headers that say that a machine wrote it, as some gateways do."""
    gone = (b"auto-submitted", b"x-auto-response-suppress", b"x-crmkit-loop", b"return-path")
    head, _, body = letter.raw.partition(b"\r\n\r\n")
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(gone)]
    return b"\r\n".join(kept) + b"\r\n\r\n" + body


def without_anything(letter: Letter) -> bytes:
    """Write a letter anew, without any sign that it answers another or that a machine wrote it."""
    to = letter.addresses("To")[0]
    text = letter.text.partition("[ref:")[0]
    again = (
        f"From: {letter.sender}\nTo: {to}\nSubject: hello\nMessage-ID: <x{letter.message_id[1:]}"
    )
    return f"{again}\n\n{text}".encode()


@pytest.mark.parametrize(
    ("relay", "bound"), [(untouched, 1), (without_signs, 1), (without_anything, 2 * MOST)]
)
def test_two_that_acknowledge_each_other_come_to_an_end(
    near_desk: Desk, relay: Relay, bound: int
) -> None:
    """One answer where any sign is left; else as many as the rates of both allow."""
    one, two = _mailer(near_desk, "a@a.example"), _mailer(_another(near_desk), "b@b.example")
    ticket = one.desk.run(tickets.open_ticket, "停机")
    one.desk.run(
        sending.reply_by_mail,
        ticket.id,
        "are you there?",
        mailbox_id=one.box.id,
        marks=marks(one.desk),
        to=("b@b.example",),
    )
    sent, rounds = 0, 0
    while carried := [*_carry(one, two, relay), *_carry(two, one, relay)]:
        sent, rounds = sent + len(carried), rounds + 1
        assert rounds < 50
    answers = sent - 1
    assert 1 <= answers <= bound
    with two.desk.work() as unit:
        assert unit.tickets.count() <= MOST + 1


def test_two_mailboxes_of_one_tenant_do_not_answer_each_other(near_desk: Desk) -> None:
    """What one sends to the other is our own letter, and is refused."""
    mailer = _mailer(near_desk, "a@a.example")
    other = Mailer(near_desk, _box(near_desk, "b@a.example"))
    ticket = near_desk.run(tickets.open_ticket, "停机")
    more = {"mailbox_id": mailer.box.id, "marks": marks(near_desk), "to": ("b@a.example",)}
    near_desk.run(sending.reply_by_mail, ticket.id, "hi", **more)
    assert [one.state for one in _carry(mailer, other, untouched)] == [LetterState.REFUSED]
    assert mailer.collect() == []


def test_the_rate_holds_for_an_address_and_ends_with_time(near_desk: Desk) -> None:
    """The fourth within the hour gets none and says why; after it, an answer again."""
    mailer = _mailer(near_desk, "a@a.example")
    letter = "From: wang@c.example\nMessage-ID: <{}@c>\n\nhelp {}"
    filed = [receive(near_desk, mailer.box, letter.format(n, n).encode()) for n in range(MOST + 1)]
    assert [bool(one.against) for one in filed] == [False] * MOST + [True]
    assert filed[-1].against == ("3 answers within 1:00:00",)
    assert len(mailer.collect()) == MOST
    near_desk.at(2, 10, 1)
    assert receive(near_desk, mailer.box, letter.format(9, 9).encode()).against == ()


def _mailer(desk: Desk, address: str) -> Mailer:
    return Mailer(desk, _box(desk, address))


def _box(desk: Desk, address: str) -> Mailbox:
    fields = {"acknowledgement": "we got it", "most_answers": MOST}
    box: Mailbox = desk.run(mailboxes.define_mailbox, address, **fields)
    return box


def _another(desk: Desk) -> Desk:
    clock = desk.clock
    assert isinstance(clock, Stopped)
    return new_desk(desk.crm, clock)


def _carry(sender: Mailer, receiver: Mailer, relay: Relay) -> list[FiledLetter]:
    return [
        receive(receiver.desk, receiver.box, relay(read_letter(raw))) for raw in sender.collect()
    ]
