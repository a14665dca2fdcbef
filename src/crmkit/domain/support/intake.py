"""Intake: what people send by a form on a page, or programs by an API."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.parties.contact import ContactId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import CUSTOMER_CARE, LegalBasis, Retention
from crmkit.domain.support.ticket_events import QueueId, TicketId
from crmkit.errors import InvalidValue, OutOfRange

IntakeFormId = NewType("IntakeFormId", UUID)
IntakeRecordId = NewType("IntakeRecordId", UUID)
Name = Annotated[str, Text(max_length=100)]


class IntakeState(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


@attrs.frozen(kw_only=True)
class Intake:
    """One message: `key` is the same when it is sent again, `source` tells senders apart.

    `fields` are all others that the form has, as they were filled in.
    """

    key: str
    subject: str
    text: str = ""
    name: str = ""
    email: str = ""
    language: str = ""
    source: str = ""
    fields: Mapping[str, str] = attrs.field(factory=dict)

    def told(self) -> dict[str, str]:
        """Return everything that was filled in, by name."""
        own = ("subject", "text", "name", "email", "language")
        return {**self.fields, **{one: getattr(self, one) for one in own if getattr(self, one)}}


@keeps()
@entity("intake_form", unique=[Unique("name")], labels={"en": "Intake form", "zh": "受理表单"})
@attrs.frozen(kw_only=True)
class IntakeForm(Aggregate):
    """A way in beside mail: what must be filled in, into which queue, how often from one source.

    `trap` names a field that people do not see; whoever fills it in is a program.
    """

    id: IntakeFormId
    name: Name
    channel: Name = "web"
    queue_id: QueueId | None = None
    required: tuple[Name, ...] = ("subject",)
    trap: Name | None = None
    most: int = 20
    minutes: int = 60

    def __attrs_post_init__(self) -> None:
        """Refuse rates that are none, and a trap that everybody must step into."""
        super().__attrs_post_init__()
        if not 1 <= self.most <= 100_000 or not 1 <= self.minutes <= 10_080:
            raise OutOfRange("1 to 100000 within 1 to 10080 minutes", path="intake_form.most")
        if self.trap in self.required:
            raise InvalidValue("a trap is not required", path="intake_form.trap")

    @property
    def within(self) -> timedelta:
        """Return the time in which a source is counted."""
        return timedelta(minutes=self.minutes)

    def why_not(self, intake: Intake, *, lately: int) -> str:
        """Return why a message is refused, nothing when it is not; `lately` counts its source."""
        told = intake.told()
        missing = [name for name in self.required if not told.get(name, "").strip()]
        if self.trap is not None and told.get(self.trap):
            return "a program filled in the trap"
        if intake.source and lately >= self.most:
            return f"{lately} messages of this source within {self.within}"
        return f"not filled in: {', '.join(missing)}"[:500] if missing else ""


@keeps(
    personal=("told", "source"),
    about=("contact_id",),
    purpose=CUSTOMER_CARE,
    basis=LegalBasis.CONTRACT,
    retention=Retention(days=3 * 365, after="created_at"),
)
@entity(
    "intake_record",
    unique=[Unique(("form_id", "key"))],
    indexes=[Index(("form_id", "source", "at")), Index("ticket_id")],
    labels={"en": "Intake record", "zh": "受理记录"},
)
@attrs.frozen(kw_only=True)
class IntakeRecord(Aggregate):
    """A message as it came, and what became of it; `told` is all that was filled in."""

    id: IntakeRecordId
    form_id: IntakeFormId
    key: Annotated[str, Text(max_length=200)]
    source: Annotated[str, Text(max_length=200)] = ""
    told: Mapping[str, str] = attrs.field(factory=dict)
    state: IntakeState = IntakeState.ACCEPTED
    reason: Annotated[str, Text(max_length=500)] = ""
    ticket_id: TicketId | None = None
    contact_id: ContactId | None = None
    at: datetime
