"""Marks: what an outgoing letter carries so that the answer finds its ticket, and forgers do not.

A mark names the ticket and is signed by HMAC-SHA256 under a secret of the host's and the tenant's
name (RFC 2104, cut to 80 bits). It is written in small letters and digits, because mail systems
change the case of addresses.
"""

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final
from uuid import UUID

import attrs

from crmkit.domain.support.ticket_events import TicketId
from crmkit.errors import InvalidSettings

LEAST_SECRET: Final = 32
_SIGNED: Final = 10
_MARK: Final = r"t\.([a-z2-7]{26})\.([a-z2-7]{16})"
_IN_BODY: Final = re.compile(rf"(?i)\[ref:{_MARK}\]")
_IN_ADDRESS: Final = re.compile(rf"(?i)^[^@\s]*\+{_MARK}@")
_IN_ID: Final = re.compile(r"(?i)^<m\.([a-z2-7]{26})\.([a-z2-7]{26})\.([a-z2-7]{16})@[^@\s]+>$")


def _long_enough(_: object, __: object, secret: bytes) -> None:
    if len(secret) < LEAST_SECRET:
        raise InvalidSettings(
            f"a secret has at least {LEAST_SECRET} bytes",
            path="secret",
            fix="make one with secrets.token_bytes(32), and keep it",
        )


@attrs.frozen(kw_only=True)
class Marks:
    """Makes and reads the marks of one tenant's tickets."""

    secret: bytes = attrs.field(repr=False, validator=_long_enough)
    tenant: str

    def message_id(self, ticket_id: TicketId, letter_id: UUID, *, domain: str) -> str:
        """Return the Message-ID of one letter about a ticket."""
        signed = self._signature(b"message", ticket_id, letter_id)
        return f"<m.{_text(ticket_id.bytes)}.{_text(letter_id.bytes)}.{signed}@{domain}>"

    def address(self, ticket_id: TicketId, *, mailbox: str) -> str:
        """Return `mailbox` with the ticket's mark: answers to it find the ticket by themselves."""
        local, _, domain = mailbox.rpartition("@")
        return f"{local}+{self._mark(b'address', ticket_id)}@{domain}"

    def body_line(self, ticket_id: TicketId) -> str:
        """Return the line for the end of a body, for programs that send neither ids nor address."""
        return f"[ref:{self._mark(b'body', ticket_id)}]"

    @property
    def loop_tag(self) -> str:
        """The value of our own loop header; the same for every letter of the tenant."""
        return self._signature(b"loop")

    def in_message_id(self, message_id: str) -> TicketId | None:
        """Return the ticket that a Message-ID of ours names, None when it is not ours."""
        found = _IN_ID.match(message_id)
        if not found:
            return None
        ticket, letter = _id(found[1]), _id(found[2])
        if ticket is None or letter is None:
            return None
        genuine = _same(found[3], self._signature(b"message", ticket, letter))
        return TicketId(ticket) if genuine else None

    def in_address(self, address: str) -> TicketId | None:
        """Return the ticket that an address of ours names, None when it names none."""
        found = _IN_ADDRESS.match(address)
        return self._read(b"address", found) if found else None

    def in_body(self, text: str) -> TicketId | None:
        """Return the ticket of the first genuine mark in a body."""
        read = (self._read(b"body", found) for found in _IN_BODY.finditer(text))
        return next((one for one in read if one), None)

    def _mark(self, purpose: bytes, ticket_id: UUID) -> str:
        return f"t.{_text(ticket_id.bytes)}.{self._signature(purpose, ticket_id)}"

    def _read(self, purpose: bytes, found: "re.Match[str]") -> TicketId | None:
        ticket = _id(found[1])
        if ticket is None or not _same(found[2], self._signature(purpose, ticket)):
            return None
        return TicketId(ticket)

    def _signature(self, purpose: bytes, *ids: UUID) -> str:
        name = self.tenant.encode("utf-8")
        told = [b"crmkit mail 1", purpose, name, *(one.bytes for one in ids)]
        framed = b"".join(len(one).to_bytes(4, "big") + one for one in told)
        return _text(hmac.digest(self.secret, framed, hashlib.sha256)[:_SIGNED])


def _same(given: str, genuine: str) -> bool:
    return hmac.compare_digest(given.lower().encode("utf-8"), genuine.encode("ascii"))


def _text(content: bytes) -> str:
    return base64.b32encode(content).rstrip(b"=").decode("ascii").lower()


def _id(text: str) -> UUID | None:
    try:
        read = UUID(bytes=base64.b32decode(text.upper() + "=" * (-len(text) % 8)))
    except (binascii.Error, ValueError):
        return None
    return read if _text(read.bytes) == text.lower() else None
