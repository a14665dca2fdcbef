"""Share links: a text that lets a customer see one version of a quote until an instant.

The text names the version and the end, signed by HMAC-SHA256 under a secret of the host's; it is
checked in constant time and before anything is read. RFC 2104.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Final
from uuid import UUID

from crmkit.domain.instants import as_instant, from_milliseconds, to_milliseconds
from crmkit.domain.sales.quote import QuoteVersionId
from crmkit.errors import InvalidSettings, RuleBroken

LEAST_SECRET: Final = 32
_PURPOSE: Final = b"crmkit share link of a quote 1"
_ID: Final = 16
_UNTIL: Final = 8


class ShareLinkInvalid(RuleBroken):
    """The link was not made here, or was changed on the way."""


class ShareLinkExpired(RuleBroken):
    """The link was good until an instant that is over."""


def sign_share_link(
    version_id: QuoteVersionId, *, until: datetime, tenant: str, secret: bytes
) -> str:
    """Return the text of a link to a version, good until an instant."""
    end = to_milliseconds(as_instant(until, path="until"))
    payload = version_id.bytes + end.to_bytes(_UNTIL, "big", signed=True)
    return f"{_text(payload)}.{_text(_signed(payload, tenant, secret))}"


def read_share_link(link: str, *, now: datetime, tenant: str, secret: bytes) -> QuoteVersionId:
    """Return the version that a link leads to, or raise `ShareLinkInvalid` or `ShareLinkExpired`.

    A link of another tenant or another secret is as invalid as one that was made up.
    """
    payload = _bytes(link.partition(".")[0])
    expected = f"{_text(payload)}.{_text(_signed(payload, tenant, secret))}"
    genuine = hmac.compare_digest(link.encode("utf-8", "replace"), expected.encode("ascii"))
    if not genuine or len(payload) != _ID + _UNTIL:
        raise ShareLinkInvalid("the link is not genuine", path="link", fix="ask for another one")
    until = from_milliseconds(int.from_bytes(payload[_ID:], "big", signed=True))
    if now >= until:
        raise ShareLinkExpired(
            f"the link was good until {until:%Y-%m-%d %H:%M} UTC",
            path="link",
            fix="ask for another one",
        )
    return QuoteVersionId(UUID(bytes=payload[:_ID]))


def _signed(payload: bytes, tenant: str, secret: bytes) -> bytes:
    if len(secret) < LEAST_SECRET:
        raise InvalidSettings(
            f"a secret has at least {LEAST_SECRET} bytes",
            path="secret",
            fix="make one with secrets.token_bytes(32), and keep it",
        )
    name = tenant.encode("utf-8")
    told = b"".join((_PURPOSE, len(name).to_bytes(4, "big"), name, payload))
    return hmac.digest(secret, told, hashlib.sha256)


def _text(payload: bytes) -> str:
    return base64.urlsafe_b64encode(payload).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
