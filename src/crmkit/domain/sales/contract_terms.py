"""The terms of a contract, and amendments that change some of them."""

import calendar
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

import attrs

from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.span import check_end
from crmkit.errors import InvalidValue, OutOfRange

MOST_NOTICE: Final = 366
MOST_MONTHS: Final = 1200


class Renewal(StrEnum):
    """What becomes of a contract at the end of its term."""

    NONE = "none"
    MANUAL = "manual"
    AUTO = "auto"


@attrs.frozen(kw_only=True)
class ContractTerms:
    """First and last day (None: open-ended), value, renewal by months, notice in working days."""

    starts_on: date
    ends_on: date | None = None
    value: Money | None = None
    renewal: Renewal = Renewal.NONE
    renewal_months: int = 12
    notice_days: int = 0

    def __attrs_post_init__(self) -> None:
        """Refuse terms that end before they begin, and odd figures."""
        check_end(self.starts_on, self.ends_on, path="terms.ends_on")
        if not 0 <= self.notice_days <= MOST_NOTICE:
            raise OutOfRange(f"is 0 to {MOST_NOTICE} working days", path="terms.notice_days")
        if not 1 <= self.renewal_months <= MOST_MONTHS:
            raise OutOfRange(f"is 1 to {MOST_MONTHS} months", path="terms.renewal_months")
        if self.value is not None and self.value.minor < 0:
            raise InvalidValue("is below zero", path="terms.value", fix="0 or more")

    @property
    def next_end(self) -> date | None:
        """Return the last day of the next term; None without an end."""
        if self.ends_on is None:
            return None
        first = self.ends_on + timedelta(days=1)
        return _months_on(first, self.renewal_months) - timedelta(days=1)


@attrs.frozen(kw_only=True)
class ContractAmendment:
    """What was changed in the terms, when, by whom and why; None leaves a term as it is.

    `is_open_ended` takes the last day away.
    """

    number: int
    at: datetime
    by: Annotated[str, Text(max_length=200)]
    reason: Annotated[str, Text(max_length=2000)]
    starts_on: date | None = None
    ends_on: date | None = None
    is_open_ended: bool = False
    value: Money | None = None
    renewal: Renewal | None = None
    renewal_months: int | None = None
    notice_days: int | None = None

    def applied(self, terms: ContractTerms) -> ContractTerms:
        """Return the terms after the amendment."""
        names = [field.name for field in attrs.fields(ContractTerms)]
        kept = {name: getattr(terms, name) for name in names}
        told = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if self.is_open_ended:
            told["ends_on"] = None
        return ContractTerms(**{**kept, **told})


def _months_on(day: date, months: int) -> date:
    """Return the same day so many months on, or the last of the month when there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
