"""Steps of quotes: what their versions tell when they go on, and the refusal of any other way."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import attrs

from crmkit.domain.aggregate import Event
from crmkit.domain.kinds import Text
from crmkit.domain.sales.quote import QuoteId, QuoteVersionId
from crmkit.errors import RuleBroken


class VersionStatus(StrEnum):
    """How a version stands; whether it has expired depends on the day."""

    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    CLOSED = "closed"


@attrs.frozen(kw_only=True)
class Acceptance:
    """The evidence that a customer accepted: who, when, from where, what exactly, how signed."""

    by: Annotated[str, Text(max_length=200)]
    at: datetime
    content_hash: Annotated[str, Text(max_length=64)]
    address: Annotated[str, Text(max_length=100)] = ""
    signature: Annotated[str, Text(max_length=10_000)] = ""
    via: Annotated[str, Text(max_length=60)] = ""


@attrs.frozen(kw_only=True)
class QuoteStep(Event):
    """A version of a quote went on; the events below derive from it."""

    quote_id: QuoteId
    version_id: QuoteVersionId


@attrs.frozen(kw_only=True)
class QuoteVersionWritten(QuoteStep):
    """A version of a quote was written, at the prices of its day."""


@attrs.frozen(kw_only=True)
class QuoteNeedsApproval(QuoteStep):
    """A version was written that somebody must approve before it goes out."""

    roles: tuple[str, ...]


@attrs.frozen(kw_only=True)
class QuoteApproved(QuoteStep):
    """What a version says was approved."""


@attrs.frozen(kw_only=True)
class QuoteSent(QuoteStep):
    """A version of a quote went to the customer."""


@attrs.frozen(kw_only=True)
class QuoteVersionAccepted(QuoteStep):
    """The customer accepted a version."""


@attrs.frozen(kw_only=True)
class QuoteVersionTakenBack(QuoteStep):
    """An undo took back what was done with a version."""


VERSION_EVENTS = (
    QuoteVersionWritten,
    QuoteNeedsApproval,
    QuoteApproved,
    QuoteSent,
    QuoteVersionAccepted,
    QuoteVersionTakenBack,
)


class StepsOnly(RuleBroken):
    """A quote goes on by its steps alone: no import, copy, undo or plain save moves it."""


class QuoteExpired(RuleBroken):
    """The offer was good until a day that is over."""


class QuoteNotSent(RuleBroken):
    """The version never went to the customer."""


class VersionIsOver(RuleBroken):
    """A newer version, an accepted one or the end of the quote took its place."""


class VersionIsImmutable(RuleBroken):
    """The content of a version is not what it was when it was written."""
