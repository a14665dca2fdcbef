"""Mailboxes: where customers write to, what is done with their letters; and addresses' standing."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.parties.contact_points import email_key
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import CUSTOMER_CARE, LegalBasis, Retention
from crmkit.domain.support.mail.answering import Rate, answered_lately
from crmkit.domain.support.mail.letter_events import AddressFailed
from crmkit.domain.support.mail.outgoing import mailbox as one_mailbox
from crmkit.domain.support.ticket_events import QueueId
from crmkit.errors import InvalidValue, OutOfRange

MailboxId = NewType("MailboxId", UUID)
MailAddressId = NewType("MailAddressId", UUID)
LONGEST_LOCAL: Final = 18
"""Of a local part that leaves room for a mark (46 of 64 octets, RFC 5321)."""
_LONGEST_KEY: Final = 320


class UnknownSender(StrEnum):
    """What is done with a letter of a person who is no contact."""

    ADD = "add"
    """They become one."""
    OPEN = "open"
    """A ticket is opened without a contact."""
    REFUSE = "refuse"


@keeps()
@entity("mailbox", unique=[Unique("address")], labels={"en": "Mailbox", "zh": "服务邮箱"})
@attrs.frozen(kw_only=True)
class Mailbox(Aggregate):
    """An address that customers write to; its letters open tickets in a queue.

    With an `acknowledgement` its text is the automatic answer to a letter that opens a ticket, at
    most `most_answers` within `rate_minutes` to one address. `opens_for_machines` lets letters of
    programs (alerts, forms) open tickets too, never automatic answers.
    """

    id: MailboxId
    address: Annotated[str, Text(max_length=254)]
    name: Annotated[str, Text(max_length=200)] = ""
    queue_id: QueueId | None = None
    unknown: UnknownSender = UnknownSender.ADD
    has_marked_address: bool = True
    opens_for_machines: bool = False
    acknowledgement: Annotated[str, Text(max_length=10_000)] | None = None
    most_answers: int = 3
    rate_minutes: int = 60

    def __attrs_post_init__(self) -> None:
        """Refuse what is no mailbox, what leaves no room for a mark, and rates that are none."""
        super().__attrs_post_init__()
        one_mailbox(self.address, path="mailbox.address")
        local = self.address.partition("@")[0]
        if self.has_marked_address and len(local) > LONGEST_LOCAL:
            raise InvalidValue(
                f"leaves no room for a mark beyond {LONGEST_LOCAL} characters before the @",
                path="mailbox.address",
                fix="set has_marked_address=False",
            )
        if not 0 <= self.most_answers <= 100 or not 1 <= self.rate_minutes <= 10_080:
            raise OutOfRange(
                "0 to 100 answers within 1 to 10080 minutes", path="mailbox.most_answers"
            )

    @property
    def rate(self) -> Rate:
        """Return how many automatic answers one address gets."""
        return Rate(most=self.most_answers, within=timedelta(minutes=self.rate_minutes))

    @property
    def domain(self) -> str:
        """Return what stands after the @."""
        return self.address.partition("@")[2]


@keeps(
    personal=("failure",),
    purpose=CUSTOMER_CARE,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=Retention(days=365, after="updated_at"),
)
@entity(
    "mail_address",
    unique=[Unique("key")],
    labels={"en": "Mail address", "zh": "邮件地址"},
    events=(AddressFailed,),
)
@attrs.frozen(kw_only=True)
class MailAddress(Aggregate):
    """How an address stands with us: whether letters reach it, and our latest automatic answers.

    `key` is that of the contact points of kind e-mail, so it marks them whoever has them.
    """

    id: MailAddressId
    key: Annotated[str, Text(max_length=_LONGEST_KEY)]
    failed_at: datetime | None = None
    failure: Annotated[str, Text(max_length=1000)] | None = None
    is_lasting: bool = False
    complained_at: datetime | None = None
    answered_at: tuple[datetime, ...] = ()

    def fail(self, failure: str, *, lasting: bool, at: datetime) -> Self:
        """Be marked as not reached; for good once anybody said so."""
        event = AddressFailed(address=self.key, lasting=lasting)
        return self.evolve(
            failed_at=at, failure=failure[:1000], is_lasting=lasting or self.is_lasting
        ).recording(event)

    def complain(self, *, at: datetime) -> Self:
        """Be marked as one that calls our letters unwanted."""
        return self.evolve(complained_at=at)

    def trust(self) -> Self:
        """Be taken for one that letters reach, because somebody knows better."""
        return self.evolve(failed_at=None, failure=None, is_lasting=False, complained_at=None)

    def answered(self, *, at: datetime, rate: Rate) -> Self:
        """Count one more automatic answer; those that no longer weigh are forgotten."""
        kept = tuple(one for one in self.answered_at if at - one < rate.within)
        return self.evolve(answered_at=(*kept, at))

    def lately(self, *, at: datetime, rate: Rate) -> int:
        """Count the automatic answers within the rate's time."""
        return answered_lately(self.answered_at, now=at, rate=rate)


def address_key(address: str) -> str:
    """Return an address as contact points keep it, or in small letters where those refuse it."""
    try:
        return email_key(address)
    except InvalidValue:
        return address.lower()[:_LONGEST_KEY]
