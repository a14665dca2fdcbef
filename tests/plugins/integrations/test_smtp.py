"""Sending by SMTP: a real server takes the letters, refuses them for now and for good."""

import importlib.resources
import smtplib
import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import aiosmtpd.tests.certs
import attrs
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from crmkit.crm import CRM
from crmkit.domain.support.mail.attachments import Attachment
from crmkit.domain.support.mail.filed import FiledLetter, LetterState
from crmkit.domain.support.mail.letter import Letter, read_letter
from crmkit.domain.support.mail.mailbox import Mailbox
from crmkit.domain.support.mail.marks import Marks
from crmkit.domain.support.mail.verdicts import Kind, judge
from crmkit.errors import InvalidSettings
from crmkit.plugins.integrations.smtp import LettersBySmtp, Security, SmtpSettings
from crmkit.services.delivery import DeliveryReport
from crmkit.services.outbox import Retries
from crmkit.services.support import filing, mailboxes, receiving, sending, tickets
from crmkit.testing.plugins import PluginContract

AT_ONCE = Retries(attempts=3, first_rest=timedelta(milliseconds=1), longest_rest=timedelta(0, 0, 1))
CERTS = importlib.resources.files(aiosmtpd.tests.certs)


class PostOffice:
    """Takes letters; `says` holds what it answers about an address instead, until told otherwise.

    The address `data` stands for the letter itself.
    """

    def __init__(self) -> None:
        """Have taken nothing."""
        self.taken: list[tuple[str, tuple[str, ...], bytes]] = []
        self.says: dict[str, str] = {}

    async def handle_RCPT(  # noqa: N802 - called so by aiosmtpd
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take an address, or answer as told."""
        if address in self.says:
            return self.says[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a letter, or answer as told."""
        if "data" in self.says:
            return self.says["data"]
        self.taken.append((envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content))
        return "250 taken"

    @property
    def letters(self) -> list[Letter]:
        """Return the letters that were taken."""
        return [read_letter(raw) for _, _, raw in self.taken]


@attrs.frozen
class Desk:
    """A tenant with a mailbox, and the server that its letters go to."""

    crm: CRM
    tenant: str
    box: Mailbox
    office: PostOffice

    @property
    def marks(self) -> Marks:
        """Give the marks of the tenant."""
        return Marks(secret=bytes(32), tenant=self.tenant)

    def run(self, service: Any, *args: Any, **fields: Any) -> Any:
        """Run a service."""
        return self.crm.run(service, *args, by="li", tenant=self.tenant, **fields)

    def receive(self, raw: bytes) -> FiledLetter:
        """Take in a letter."""
        return self.run(receiving.receive_letter, raw, self.box.id, marks=self.marks)

    def write(self, *to: str, **more: Any) -> FiledLetter:
        """Open a ticket and write about it."""
        ticket = self.run(tickets.open_ticket, "停机")
        fields = {"mailbox_id": self.box.id, "marks": self.marks, **more}
        return self.run(sending.reply_by_mail, ticket.id, "师傅明天到。", to=to, **fields)

    def deliver(self) -> DeliveryReport:
        """Deliver the next letter, once."""
        return self.crm.deliver_due(tenant=self.tenant, limit=1, retries=AT_ONCE)

    def letter(self, letter_id: Any) -> FiledLetter:
        """Return a letter as it is now."""
        with self.crm.work(by="li", tenant=self.tenant) as work:
            return work.filed_letters.get(letter_id)


@pytest.fixture
def office() -> Iterator[tuple[PostOffice, int]]:
    """Give a server in the clear, and its port."""
    yield from _served()


@pytest.fixture
def desk(ready_url: str, tenant: str, office: tuple[PostOffice, int]) -> Iterator[Desk]:
    """Give a desk on each store in turn, whose letters go to the server."""
    yield from _desk(ready_url, tenant, office)


@pytest.fixture
def near_desk(tenant: str, office: tuple[PostOffice, int]) -> Iterator[Desk]:
    """Give a desk in memory."""
    yield from _desk("memory:", tenant, office)


class TestLettersBySmtp(PluginContract):
    """Sending by SMTP keeps the contract for plugins."""

    @pytest.fixture
    def plugin(self) -> object:
        """Give the plugin, for a server that is never asked."""
        return LettersBySmtp(SmtpSettings(host="localhost", security=Security.NONE))


def test_a_letter_arrives_as_it_is_on_file(desk: Desk) -> None:
    """The bytes, the envelope and the file are those on file; then it is sent, and only once."""
    file = Attachment(name="图纸.pdf", media_type="application/pdf", content=b"%PDF-1.7")
    sent = desk.write("wang@a.example", "li@b.example", attachments=[file])
    assert desk.deliver() == DeliveryReport(delivered=1)
    assert desk.deliver() == DeliveryReport()
    (sender, to, raw), (letter,) = desk.office.taken[0], desk.office.letters
    assert (sender, to) == (desk.box.address, ("wang@a.example", "li@b.example"))
    with desk.crm.work(by="li", tenant=desk.tenant) as work:
        assert filing.raw_letter(work, sent.id) == raw
    assert (letter.message_id, letter.subject) == (sent.message_id, "Re: 停机")
    assert [(one.name, one.content) for one in letter.attachments] == [("图纸.pdf", b"%PDF-1.7")]
    assert judge(letter).kind is Kind.PERSON
    after = desk.letter(sent.id)
    assert (after.state, after.accepted) == (LetterState.SENT, to)


def test_an_acknowledgement_says_that_it_is_one(desk: Desk) -> None:
    """It has a null return path, answers the letter, and is judged an automatic answer."""
    came = desk.receive(b"From: wang@a.example\nMessage-ID: <1@a.example>\nSubject: x\n\nhelp")
    desk.deliver()
    (sender, to, _), (letter,) = desk.office.taken[0], desk.office.letters
    assert (sender, to) == ("<>", ("wang@a.example",))
    assert (letter.header("Auto-Submitted"), letter.answers) == (
        "auto-replied",
        ("<1@a.example>",),
    )
    assert judge(letter).kind is Kind.AUTO_REPLY
    answered = desk.receive(
        b"From: wang@a.example\nMessage-ID: <2@a.example>\nTo: "
        + letter.addresses("Reply-To")[0].encode()
        + b"\n\nthanks"
    )
    assert (answered.state, answered.ticket_id) == (LetterState.APPENDED, came.ticket_id)


def test_what_is_refused_for_now_is_tried_again_for_those_alone(desk: Desk) -> None:
    """Who took it does not get it twice; who is refused for good is not asked again."""
    desk.office.says = {"busy@a.example": "451 later", "gone@a.example": "550 5.1.1 no such user"}
    sent = desk.write("wang@a.example", "busy@a.example", "gone@a.example")
    assert desk.deliver().failed == 1
    half = desk.letter(sent.id)
    assert (half.state, half.accepted) == (LetterState.QUEUED, ("wang@a.example",))
    assert (half.failed, half.waiting) == (("gone@a.example",), ("busy@a.example",))
    assert "550 5.1.1 no such user" in half.reason
    desk.office.says = {}
    assert _until_done(desk).delivered == 1
    assert [to for _, to, _ in desk.office.taken] == [("wang@a.example",), ("busy@a.example",)]
    assert len({letter.message_id for letter in desk.office.letters}) == 1
    assert desk.letter(sent.id).state is LetterState.SENT


def test_a_refusal_for_good_is_kept_and_not_tried_again(desk: Desk) -> None:
    """Whether of every address or of the letter, with what the server said."""
    desk.office.says = {"gone@a.example": "550 5.1.1 no such user"}
    one = desk.write("gone@a.example")
    assert desk.deliver() == DeliveryReport(delivered=1)
    desk.office.says = {"data": "554 5.7.1 spam"}
    other = desk.write("wang@a.example")
    assert desk.deliver() == DeliveryReport(delivered=1)
    letters = [desk.letter(one.id), desk.letter(other.id)]
    assert [letter.state for letter in letters] == [LetterState.FAILED, LetterState.FAILED]
    assert [letter.reason for letter in letters] == [
        "gone@a.example: 550 5.1.1 no such user",
        "554 5.7.1 spam",
    ]


def test_a_server_that_stays_away_makes_a_dead_letter_that_can_be_replayed(desk: Desk) -> None:
    """After the attempts it is dead with the error, still queued; replayed, it arrives."""
    desk.office.says = {"data": "451 try later"}
    sent = desk.write("wang@a.example")
    assert _until_done(desk).dead == 1
    (dead,) = desk.crm.dead_letters(desk.tenant)
    assert "451" in (dead.error or "")
    assert desk.letter(sent.id).state is LetterState.QUEUED
    desk.office.says = {}
    desk.crm.replay(dead)
    assert desk.deliver().delivered == 1
    assert desk.letter(sent.id).state is LetterState.SENT


def test_nothing_is_sent_when_the_work_is_forgotten(near_desk: Desk) -> None:
    """A letter leaves with the commit, or not at all."""
    desk = near_desk
    ticket = desk.run(tickets.open_ticket, "停机")
    with pytest.raises(RuntimeError), desk.crm.work(by="li", tenant=desk.tenant) as work:
        more: dict[str, Any] = {"mailbox_id": desk.box.id, "marks": desk.marks}
        sending.reply_by_mail(work, ticket.id, "x", to=("wang@a.example",), **more)
        raise RuntimeError
    assert desk.deliver() == DeliveryReport()
    assert desk.office.taken == []


def test_the_connection_is_private_before_the_password(tenant: str) -> None:
    """With STARTTLS and a login the letter arrives; a server without it is told nothing."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(str(CERTS / "server.crt"), str(CERTS / "server.key"))
    trust = ssl.create_default_context(cafile=str(CERTS / "server.crt"))
    trust.check_hostname = False
    secure = {
        "tls_context": context,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": lambda *_given: AuthResult(success=True),
    }
    login = {"security": Security.STARTTLS, "user": "li", "password": "secret", "trust": trust}
    for office in _served(**secure):
        for desk in _desk("memory:", tenant, office, **login):
            desk.write("wang@a.example")
            assert desk.deliver().delivered == 1
            assert len(desk.office.taken) == 1
    for office in _served():
        for desk in _desk("memory:", tenant, office, **login):
            desk.write("wang@a.example")
            assert desk.deliver().failed == 1
            assert desk.office.taken == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": ""},
        {"port": 0},
        {"timeout": 0},
        {"security": Security.NONE, "user": "li", "password": "secret"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    """No server, no port, no time, and a password in the clear."""
    with pytest.raises(InvalidSettings):
        SmtpSettings(**{"host": "localhost", **wrong})


def test_a_password_is_not_shown() -> None:
    """Settings that are printed do not tell it."""
    assert "secret" not in repr(SmtpSettings(host="localhost", user="li", password="secret"))


def _served(**secure: Any) -> Iterator[tuple[PostOffice, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    office = PostOffice()
    controller = Controller(office, hostname="127.0.0.1", port=port, **secure)
    controller.start()
    yield office, port
    controller.stop()


def _desk(url: str, tenant: str, served: tuple[PostOffice, int], **login: Any) -> Iterator[Desk]:
    office, port = served
    settings = SmtpSettings(
        **{"host": "127.0.0.1", "port": port, "security": Security.NONE, **login}
    )
    plugin = LettersBySmtp(settings)
    with CRM.open(url, plugins=[plugin], plugin_names=()) as crm:
        box = crm.run(
            mailboxes.define_mailbox,
            "help@example.com",
            by="li",
            tenant=tenant,
            acknowledgement="收到了。",
        )
        yield Desk(crm, tenant, box, office)


def _until_done(desk: Desk) -> DeliveryReport:
    """Deliver until nothing is tried again."""
    for _round in range(200):
        report = desk.deliver()
        if report.delivered or report.dead:
            return report
    raise smtplib.SMTPException("it is tried without end")
