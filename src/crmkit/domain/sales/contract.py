"""Contracts: terms in amendable versions, renewal, and until when notice must be given."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.calendars.calendar import CalendarId
from crmkit.domain.calendars.local_time import midnight, time_zone
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.instants import from_milliseconds
from crmkit.domain.kinds import Text
from crmkit.domain.parties.contact import ContactId
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.contract_terms import ContractAmendment, ContractTerms, Renewal
from crmkit.errors import OutOfRange, RuleBroken

ContractId = NewType("ContractId", UUID)


class ContractStatus(StrEnum):
    """How a contract stands on a day."""

    DRAFT = "draft"
    SIGNED = "signed"
    ACTIVE = "active"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    VOID = "void"


@attrs.frozen(kw_only=True)
class ContractSigned(Event):
    """Both parties signed a contract."""

    contract_id: ContractId


@attrs.frozen(kw_only=True)
class ContractAmended(Event):
    """The terms of a contract were changed, by an amendment or a renewal."""

    contract_id: ContractId
    number: int


@attrs.frozen(kw_only=True)
class ContractEnded(Event):
    """Notice was given, or the contract was declared void."""

    contract_id: ContractId
    reason: str


@attrs.frozen(kw_only=True)
class NoticeReminded(Event):
    """The last day for notice comes near, so somebody is to decide whether to go on."""

    contract_id: ContractId
    notice_by: date


class ContractIsOver(RuleBroken):
    """The contract was terminated or is void."""


class ContractNotSigned(RuleBroken):
    """The contract is a draft."""


class ContractDoesNotRenew(RuleBroken):
    """The contract has no end, or its terms say that it is not renewed."""


class NoticeTooLate(RuleBroken):
    """The last day for notice is over, or the contract goes on by then."""


@keeps(financial=("original", "terms", "amendments"), about=("customer_id", "contact_id"))
@entity(
    "contract",
    unique=[Unique("number")],
    indexes=[Index("customer_id"), Index("notice_until")],
    labels={"en": "Contract", "zh": "合同"},
    events=(ContractSigned, ContractAmended, ContractEnded, NoticeReminded),
)
@attrs.frozen(kw_only=True)
class Contract(Aggregate):
    """What two parties agreed on for a term; `original` and `amendments` replay to every version.

    `notice_by` is the last day for notice, `notice_until` the instant at which it is over where
    the calendar is; None without an end. They are provisional while the days of the calendar are
    not published that far. `bound_until` is the last day of the term before a renewal,
    `reminded_of` the last day for notice of which somebody was reminded.
    """

    step_names: ClassVar = (
        *("terms", "amendments", "notice_by", "notice_until", "is_provisional"),
        *("signed_at", "terminated_on", "voided_at", "end_reason", "bound_until", "reminded_of"),
    )

    id: ContractId
    name: Annotated[str, Text(max_length=300, searchable=True)]
    original: ContractTerms
    terms: ContractTerms
    calendar_id: CalendarId
    number: Annotated[str, Text(max_length=100)] | None = None
    customer_id: CustomerId | None = None
    contact_id: ContactId | None = None
    amendments: tuple[ContractAmendment, ...] = ()
    notice_by: date | None = None
    notice_until: datetime | None = None
    is_provisional: bool = False
    bound_until: date | None = None
    reminded_of: date | None = None
    signed_at: datetime | None = None
    terminated_on: date | None = None
    voided_at: datetime | None = None
    end_reason: Annotated[str, Text(max_length=2000)] | None = None

    def status_on(self, day: date) -> ContractStatus:
        """Say how the contract stands on a day; nobody needs to set it."""
        if self.voided_at is not None:
            return ContractStatus.VOID
        if self.signed_at is None:
            return ContractStatus.DRAFT
        if self.terminated_on is not None and day >= self.terminated_on:
            return ContractStatus.TERMINATED
        if day < self.terms.starts_on:
            return ContractStatus.SIGNED
        over = self.terms.ends_on is not None and day > self.terms.ends_on
        return ContractStatus.EXPIRED if over else ContractStatus.ACTIVE

    def at_version(self, number: int) -> ContractTerms:
        """Return the terms after so many amendments; 0 is as it was written."""
        if not 0 <= number <= len(self.amendments):
            raise OutOfRange(
                f"has {len(self.amendments)} amendments", path="contract.amendments", fix="fewer"
            )
        terms = self.original
        for one in self.amendments[:number]:
            terms = one.applied(terms)
        return terms

    def dated(self, calendar: BusinessCalendar) -> Self:
        """Work out the last day for notice: so many working days before the last day."""
        if self.terms.ends_on is None:
            return self.evolve(notice_by=None, notice_until=None, is_provisional=False)
        last = calendar.add_workdays(self.terms.ends_on, -self.terms.notice_days)
        end = midnight(last + timedelta(days=1), time_zone(calendar.zone, "calendar.zone"))
        return self.evolve(
            notice_by=last,
            notice_until=from_milliseconds(end),
            is_provisional=calendar.is_provisional(self.terms.ends_on),
        )

    def sign(self, *, at: datetime) -> Self:
        """Be binding."""
        self._must_live()
        if self.signed_at is not None:
            return self
        return self.evolve(signed_at=at).recording(ContractSigned(contract_id=self.id))

    def amend(self, changes: Mapping[str, Any], *, at: datetime, by: str, reason: str) -> Self:
        """Change terms; what was agreed before stays readable."""
        self._must_live()
        number = len(self.amendments) + 1
        kept = ContractAmendment(number=number, at=at, by=by, reason=reason, **changes)
        amended = self.evolve(terms=kept.applied(self.terms), amendments=(*self.amendments, kept))
        return amended.recording(ContractAmended(contract_id=self.id, number=number))

    def renew(self, *, at: datetime, by: str) -> Self:
        """Go on for the next term, from the day after the last; an amendment says so."""
        self._must_be_signed()
        ends_on = self.terms.next_end
        if self.terms.renewal is Renewal.NONE or ends_on is None or self.terminated_on:
            raise ContractDoesNotRenew(
                "is not renewed", path="contract.terms.renewal", fix="amend its terms first"
            )
        reason, bound_until = f"renewed until {ends_on}", self.terms.ends_on
        renewed = self.amend({"ends_on": ends_on}, at=at, by=by, reason=reason)
        return renewed.evolve(bound_until=bound_until)

    def goes_on(self, *, at: datetime) -> bool:
        """Say whether the next term is certain: it renews itself and notice is over."""
        is_over = self.notice_until is not None and self.notice_until <= at
        return is_over and self.terms.renewal is Renewal.AUTO

    def remind(self) -> Self:
        """Remind of the last day for notice, once for each."""
        if self.notice_by is None or self.reminded_of == self.notice_by:
            return self
        reminded = NoticeReminded(contract_id=self.id, notice_by=self.notice_by)
        return self.evolve(reminded_of=self.notice_by).recording(reminded)

    def terminate(self, on: date, reason: str, *, at: datetime) -> Self:
        """End on a day, or with the last day when notice comes in time; `NoticeTooLate` else."""
        self._must_be_signed()
        if self.notice_until is not None and at >= self.notice_until:
            raise NoticeTooLate(
                f"notice was due by {self.notice_by}",
                path="contract.notice_by",
                fix="amend the contract with the other party",
            )
        if self.bound_until is not None and on <= self.bound_until:
            raise NoticeTooLate(
                f"was renewed, and holds until {self.bound_until}",
                path="contract.bound_until",
                fix="end it on a later day",
            )
        ended = ContractEnded(contract_id=self.id, reason=reason)
        return self.evolve(terminated_on=on, end_reason=reason).recording(ended)

    def void(self, reason: str, *, at: datetime) -> Self:
        """Never have been (作废)."""
        self._must_live()
        ended = ContractEnded(contract_id=self.id, reason=reason)
        return self.evolve(voided_at=at, end_reason=reason).recording(ended)

    def _must_be_signed(self) -> None:
        self._must_live()
        if self.signed_at is None:
            raise ContractNotSigned("is a draft", path="contract.signed_at", fix="sign it first")

    def _must_live(self) -> None:
        if self.voided_at is not None or self.terminated_on is not None:
            raise ContractIsOver(
                "was terminated or is void", path="contract.status", fix="write another contract"
            )
