"""Calendars told twice: to crmkit, and to a clerk who looks at the wall clock every minute."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs

from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.calendars.hours import WEEKDAYS, Week, Window
from crmkit.domain.calendars.sources import Source, day_off, work_on

MINUTE = timedelta(minutes=1)
ONE_DAY = timedelta(days=1)
OFFICE = ((540, 720), (780, 1080))
NIGHT = ((1320, 1800),)
ALWAYS = ((0, 1440),)
SHIFTS = ((0, 360), (1080, 1440))


@attrs.frozen(kw_only=True, eq=False)
class Told:
    """A calendar in plain numbers: hours per weekday, days off, and days worked like a weekday."""

    name: str
    zone: str
    hours: Mapping[int, tuple[tuple[int, int], ...]]
    off: frozenset[date] = frozenset()
    worked: Mapping[date, int] = attrs.field(factory=dict)

    def calendar(self) -> BusinessCalendar:
        """Tell it to crmkit."""
        week = Week(
            **{
                name: tuple(Window(*pair) for pair in self.hours.get(at, ()))
                for at, name in enumerate(WEEKDAYS)
            }
        )
        days = [day_off(on) for on in self.off]
        days += [work_on(on, like=like) for on, like in self.worked.items()]
        source = Source(name="list", days=tuple(days))
        return BusinessCalendar(name=self.name, zone=self.zone, weeks=(week,), sources=(source,))

    def is_working(self, minute: datetime) -> bool:
        """Look at the wall clock: hours of today, and those of last night."""
        wall = minute.astimezone(self._tz)
        on, past = wall.date(), wall.hour * 60 + wall.minute
        return any(opens <= past < closes for opens, closes in self._on(on)) or any(
            opens <= past + 1440 < closes for opens, closes in self._on(on - ONE_DAY)
        )

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Count the worked minutes between two whole minutes."""
        minutes = (end - start) // MINUTE
        return sum(self.is_working(start + at * MINUTE) for at in range(minutes)) * MINUTE

    def add(self, start: datetime, minutes: int) -> datetime:
        """Walk on until so many minutes are worked."""
        while minutes:
            minutes -= self.is_working(start)
            start += MINUTE
        return start

    @property
    def _tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def _on(self, on: date) -> tuple[tuple[int, int], ...]:
        if on in self.worked:
            return self.hours[self.worked[on]]
        return () if on in self.off else self.hours.get(on.weekday(), ())


def workdays(hours: tuple[tuple[int, int], ...]) -> dict[int, tuple[tuple[int, int], ...]]:
    """Give Monday to Friday the same hours."""
    return dict.fromkeys(range(5), hours)


def daily(hours: tuple[tuple[int, int], ...]) -> dict[int, tuple[tuple[int, int], ...]]:
    """Give all days the same hours."""
    return dict.fromkeys(range(7), hours)


SPRING = frozenset(date(2026, 2, day) for day in range(15, 24))
TOLD = (
    Told(name="New York office", zone="America/New_York", hours=workdays(OFFICE)),
    Told(name="New York nights", zone="America/New_York", hours=daily(NIGHT)),
    Told(name="New York always", zone="America/New_York", hours=daily(ALWAYS)),
    Told(
        name="Shanghai with make-up days",
        zone="Asia/Shanghai",
        hours={**workdays(OFFICE), 4: ((540, 720), (780, 1020))},
        off=SPRING,
        worked={date(2026, 2, 14): 0, date(2026, 2, 28): 4},
    ),
    Told(name="London nights", zone="Europe/London", hours=workdays(NIGHT)),
    Told(name="Lord Howe always", zone="Australia/Lord_Howe", hours=daily(ALWAYS)),
    Told(
        name="Cairo, whose clocks change at midnight",
        zone="Africa/Cairo",
        hours=dict.fromkeys((6, 0, 1, 2, 3), OFFICE),
    ),
    Told(name="Kathmandu split shifts", zone="Asia/Kathmandu", hours=daily(SHIFTS)),
    Told(name="Santiago Saturdays", zone="America/Santiago", hours={5: ((600, 845),)}),
)
TURNS = (
    datetime(2026, 2, 12, tzinfo=UTC),
    datetime(2026, 2, 26, tzinfo=UTC),
    datetime(2026, 3, 7, tzinfo=UTC),
    datetime(2026, 3, 28, tzinfo=UTC),
    datetime(2026, 4, 3, tzinfo=UTC),
    datetime(2026, 4, 23, tzinfo=UTC),
    datetime(2026, 9, 5, tzinfo=UTC),
    datetime(2026, 10, 2, tzinfo=UTC),
    datetime(2026, 10, 24, tzinfo=UTC),
    datetime(2026, 10, 29, tzinfo=UTC),
    datetime(2026, 12, 30, tzinfo=UTC),
)
"""Days before clocks change somewhere, before a holiday, and before the turn of the year."""
