"""Until when a complaint must be answered: a rule of law or of the house, kept as data."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.calendars.calendar import CalendarId
from crmkit.domain.calendars.local_time import midnight, time_zone
from crmkit.domain.entity import Unique, entity
from crmkit.domain.instants import from_milliseconds
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import InvalidValue

ComplaintRuleId = NewType("ComplaintRuleId", UUID)


class Counting(StrEnum):
    """How days are counted; the day on which the complaint came in does not count."""

    WORKDAYS = "workdays"
    DAYS = "days"
    DAYS_TO_WORKDAY = "days_to_workday"
    """Calendar days; a last day on which nobody works moves to the next workday."""


@attrs.frozen(kw_only=True)
class AnswerBy:
    """The last day for an answer, and the instant at which it is over.

    It is provisional while the days of the calendar are not published that far.
    """

    on: date
    at: datetime
    provisional: bool


@keeps()
@entity(
    "complaint_rule", unique=[Unique("name")], labels={"en": "Complaint rule", "zh": "投诉时限"}
)
@attrs.frozen(kw_only=True)
class ComplaintRule(Aggregate):
    """So many days for an answer, counted on a calendar; `source` is the law or the promise."""

    id: ComplaintRuleId
    name: Annotated[str, Text(max_length=100)]
    days: int
    calendar_id: CalendarId
    counting: Counting = Counting.WORKDAYS
    source: Annotated[str, Text(max_length=500)] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a rule that leaves no day."""
        super().__attrs_post_init__()
        if not 1 <= self.days <= 366:
            raise InvalidValue(
                "a rule gives 1 to 366 days", path="complaint_rule.days", fix="give such a number"
            )

    def answer_by(self, received_at: datetime, calendar: BusinessCalendar) -> AnswerBy:
        """Return until when a complaint that came in then is to be answered."""
        received = calendar.local_date(received_at)
        if self.counting is Counting.WORKDAYS:
            last = calendar.add_workdays(received, self.days)
        else:
            last = received + timedelta(days=self.days)
            if self.counting is Counting.DAYS_TO_WORKDAY and not calendar.is_workday(last):
                last = calendar.add_workdays(last, 1)
        end = midnight(last + timedelta(days=1), time_zone(calendar.zone, "calendar.zone"))
        counts_work = self.counting is not Counting.DAYS
        provisional = counts_work and calendar.is_provisional(last)
        return AnswerBy(on=last, at=from_milliseconds(end), provisional=provisional)
