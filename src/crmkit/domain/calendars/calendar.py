"""Calendars that are kept: hours under a name, and the sources they go by."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.calendars.hours import Week
from crmkit.domain.calendars.local_time import time_zone
from crmkit.domain.calendars.sources import Source, SpecialDay
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import InvalidValue

CalendarId = NewType("CalendarId", UUID)
CalendarSourceId = NewType("CalendarSourceId", UUID)


@attrs.frozen(kw_only=True)
class DaysPublished(Event):
    """A source tells other days, or further ahead."""

    source_id: CalendarSourceId
    known_until: date | None


@keeps()
@entity(
    "calendar_source",
    unique=[Unique("name")],
    labels={"en": "Calendar source", "zh": "日历来源"},
    events=(DaysPublished,),
)
@attrs.frozen(kw_only=True)
class CalendarSource(Aggregate):
    """Days that differ from the week, kept once for all calendars that go by them."""

    id: CalendarSourceId
    name: Annotated[str, Text(max_length=200)]
    days: tuple[SpecialDay, ...] = ()
    known_until: date | None = None

    @property
    def source(self) -> Source:
        """Return it as calendars read it."""
        return Source(name=self.name, days=self.days, known_until=self.known_until)

    def publish(self, source: Source) -> Self:
        """Take over the days of a source."""
        told = DaysPublished(source_id=self.id, known_until=source.known_until)
        changed = self.evolve(days=source.days, known_until=source.known_until)
        return self if changed == self else changed.recording(told)


@keeps()
@entity("calendar", unique=[Unique("name")], labels={"en": "Business calendar", "zh": "工作日历"})
@attrs.frozen(kw_only=True)
class Calendar(Aggregate):
    """Hours in a time zone, by the date from which they hold, and the sources in their order."""

    id: CalendarId
    name: Annotated[str, Text(max_length=100)]
    zone: Annotated[str, Text(max_length=100)]
    weeks: tuple[Week, ...]
    source_ids: tuple[CalendarSourceId, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Refuse what no business calendar would take."""
        super().__attrs_post_init__()
        time_zone(self.zone, "calendar.zone")
        BusinessCalendar(name=self.name, zone=self.zone, weeks=self.weeks)

    def with_sources(self, sources: Mapping[CalendarSourceId, CalendarSource]) -> BusinessCalendar:
        """Return the calendar to ask; its name tells its version and how far it is known."""
        layers = tuple(sources[one].source for one in self.source_ids)
        made = BusinessCalendar(name=self.name, zone=self.zone, weeks=self.weeks, sources=layers)
        known = made.known_until
        label = f"{self.name} v{self.version}" + ("" if known is None else f", known to {known}")
        return attrs.evolve(made, name=label)

    def change_hours(self, week: Week) -> Self:
        """Let other hours hold from a date on; those before it stay as they were."""
        if week.from_on is None:
            raise InvalidValue("hours change on a date", path="week.from_on", fix="give it")
        begins = week.from_on
        kept = tuple(one for one in self.weeks if one.from_on is None or one.from_on < begins)
        return self.evolve(weeks=(*kept, week))
