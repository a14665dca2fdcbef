"""The collections of business calendars."""

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.calendars.absence import Absence
from crmkit.domain.calendars.calendar import Calendar, CalendarSource
from crmkit.work.collection import Collection
from crmkit.work.departments.reaching import Reaching

ENTITIES: tuple[type[Aggregate], ...] = (CalendarSource, Calendar, Absence)


class CalendarRecords(Reaching):
    """The collections of business calendars."""

    @property
    def calendar_sources(self) -> Collection[CalendarSource]:
        """Return the sources of days."""
        return self.of(CalendarSource)

    @property
    def calendars(self) -> Collection[Calendar]:
        """Return the calendars."""
        return self.of(Calendar)

    @property
    def absences(self) -> Collection[Absence]:
        """Return the absences of people."""
        return self.of(Absence)
