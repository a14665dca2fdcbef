"""Sending letters by SMTP, from the outbox: at least once, each time the same bytes."""

import smtplib
import ssl
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import attrs

from crmkit.domain.changes import OutboxMessage
from crmkit.domain.filters.where import where
from crmkit.domain.support.mail.filed import FiledLetter, LetterPart, joined
from crmkit.domain.support.mail.letter_events import LetterQueued
from crmkit.errors import InvalidSettings
from crmkit.plugins.hookspecs import hookimpl
from crmkit.ports import Actor

if TYPE_CHECKING:
    from crmkit.work import UnitOfWork

_PERMANENT: Final = 500
_ABOUT_US: Final = frozenset({530, 534, 535, 538})
"""Codes that tell of our own login (RFC 4954): mended in the settings, not by giving up."""


class Security(StrEnum):
    """How the connection is kept private."""

    STARTTLS = "starttls"
    """Turned private before anything is said; a server that cannot is an error."""
    TLS = "tls"
    """Private from the first byte."""
    NONE = "none"
    """In the clear; no password is sent then."""


@attrs.frozen(kw_only=True)
class SmtpSettings:
    """The server that takes our letters; `timeout` in seconds, below the lease of the worker."""

    host: str
    port: int = 587
    security: Security = Security.STARTTLS
    user: str = ""
    password: str = attrs.field(default="", repr=False)
    timeout: float = 30.0
    own_name: str | None = None
    trust: ssl.SSLContext | None = attrs.field(default=None, repr=False, eq=False)
    """Which certificates are believed; those of the machine without it."""

    def __attrs_post_init__(self) -> None:
        """Refuse no server, ports and times that are none, and a password in the clear."""
        if not self.host or not 1 <= self.port <= 65_535:
            raise InvalidSettings("a server has a name and a port from 1 to 65535", path="host")
        if not 0 < self.timeout <= 600:
            raise InvalidSettings("is not above 0 and up to 600 seconds", path="timeout")
        if self.security is Security.NONE and self.user:
            raise InvalidSettings(
                "a password is not sent in the clear", path="security", fix="use starttls or tls"
            )


@attrs.frozen(kw_only=True)
class Answers:
    """What the server said: who is taken, who is refused for good, who may be tried again."""

    accepted: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    told: str = ""


class LettersBySmtp:
    """Sends each queued letter, and notes who took it.

    A refusal for good (5yz) is kept on the letter; anything else is tried again by the outbox until
    its attempts are over, and is a dead letter then. A letter that was sent when the program ended
    before noting it is sent again, with the same Message-ID.
    """

    name = "crmkit.smtp"
    topics = frozenset({LetterQueued})

    def __init__(self, settings: SmtpSettings) -> None:
        """Send through a server."""
        self._settings = settings
        self._actor = Actor(id=self.name, roles=frozenset({"system"}))

    @hookimpl
    def after_commit(self, message: OutboxMessage, crm: Any) -> None:
        """Send one letter to whoever has not taken it yet."""
        letter_id = UUID(message.payload["letter_id"])
        marks: dict[str, Any] = {"by": self._actor, "tenant": message.tenant}
        letter, raw = crm.run(fetch_letter, letter_id, **marks)
        if not letter.waiting:
            return
        sender = "" if letter.is_automatic else letter.sender
        answers = send(self._settings, sender, letter.waiting, raw)
        crm.run(note_answers, letter_id, answers, cause_id=message.changeset_id, **marks)
        if answers.waiting:
            raise smtplib.SMTPRecipientsRefused(
                {one: (450, answers.told.encode()) for one in answers.waiting}
            )


def fetch_letter(work: "UnitOfWork", letter_id: UUID) -> tuple[FiledLetter, bytes]:
    """Return a letter with its bytes."""
    letter = work.of(FiledLetter).get(letter_id)
    parts = work.of(LetterPart).find(where(LetterPart).letter_id.eq(letter_id))
    return letter, joined(parts)


def note_answers(work: "UnitOfWork", letter_id: UUID, answers: Answers) -> None:
    """Keep on a letter who took it and who never will."""
    letters = work.of(FiledLetter)
    letter = letters.get(letter_id)
    letters.save(letter.settle(answers.accepted, answers.failed, answers.told))


def send(settings: SmtpSettings, sender: str, to: tuple[str, ...], raw: bytes) -> Answers:
    """Hand a letter to the server; raises what may pass: no connection, no login, 4yz."""
    with _connected(settings) as server:
        try:
            refused = server.sendmail(sender, to, raw)
        except smtplib.SMTPRecipientsRefused as none:
            refused = dict(none.recipients)
        except smtplib.SMTPResponseException as error:
            if not _is_lasting(error.smtp_code):
                raise
            return Answers(failed=to, told=_words(error.smtp_code, error.smtp_error))
    return Answers(
        accepted=tuple(one for one in to if one not in refused),
        failed=tuple(one for one in to if one in refused and _is_lasting(refused[one][0])),
        waiting=tuple(one for one in to if one in refused and not _is_lasting(refused[one][0])),
        told="; ".join(f"{one}: {_words(*refused[one])}" for one in to if one in refused),
    )


def _connected(settings: SmtpSettings) -> smtplib.SMTP:
    """Open a connection, private as the settings say, and log in."""
    trust = settings.trust or ssl.create_default_context()
    where_to = (settings.host, settings.port, settings.own_name)
    if settings.security is Security.TLS:
        server: smtplib.SMTP = smtplib.SMTP_SSL(*where_to, timeout=settings.timeout, context=trust)
    else:
        server = smtplib.SMTP(*where_to, timeout=settings.timeout)
    try:
        if settings.security is Security.STARTTLS:
            server.starttls(context=trust)
        if settings.user:
            server.login(settings.user, settings.password)
    except BaseException:
        server.close()
        raise
    return server


def _is_lasting(code: int) -> bool:
    return code >= _PERMANENT and code not in _ABOUT_US


def _words(code: int, told: bytes | str) -> str:
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else told
    return f"{code} {' '.join(text.split())}"[:300]
