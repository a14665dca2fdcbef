"""The business calendar: what a date is, how much was worked, and when so much will be."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo

import attrs

from crmkit.domain.calendars.hours import Week, Windows, without
from crmkit.domain.calendars.local_time import midnight, spans_of, time_zone
from crmkit.domain.calendars.sources import DayKind, Source, SpecialDay, known_until
from crmkit.domain.calendars.working_year import Span, WorkingYear
from crmkit.domain.calendars.working_years import WorkingYears
from crmkit.domain.instants import MILLISECOND, as_instant, from_milliseconds, to_milliseconds
from crmkit.domain.kinds import Text
from crmkit.errors import InvalidValue, OutOfRange, WrongType

THE_WEEK: Final = "week"
"""The source of a date that no other source speaks of."""
ONE_DAY: Final = timedelta(days=1)
KEPT_YEARS: Final = 256
"""How many worked out years are kept at hand, of all calendars together."""
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199


@attrs.frozen
class Deadline:
    """When something is due; provisional when the calendar is not published that far."""

    at: datetime
    provisional: bool = False


@attrs.frozen(kw_only=True)
class Day:
    """What a date is, its hours, and who said so: a source, or the week."""

    on: date
    kind: DayKind
    windows: Windows
    source: str = THE_WEEK
    name: str = ""
    provisional: bool = False


@attrs.frozen(kw_only=True)
class BusinessCalendar:
    """Working time in a time zone: weeks by the date they begin, and sources of special days.

    A later source overrules an earlier one: statutory days first, then the company's list, then
    one person's absence. Each year is worked out once for all calendars that agree on it.
    """

    name: Annotated[str, Text(max_length=200)]
    zone: Annotated[str, Text(max_length=100)]
    weeks: tuple[Week, ...]
    sources: tuple[Source, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Refuse an unknown time zone, and weeks that do not follow each other."""
        time_zone(self.zone, "calendar.zone")
        begins = [week.from_on or date.min for week in self.weeks]
        pairs = pairwise(begins)
        if not begins or begins[0] > date.min or any(one >= other for one, other in pairs):
            raise InvalidValue(
                "weeks begin with one that was ever so, and follow each other by date",
                path="calendar.weeks",
                fix="give the first no date, the others theirs, in order",
            )

    @classmethod
    def of(cls, name: str, zone: str, *lines: str, sources: Iterable[Source] = ()) -> Self:
        """Make a calendar of one week, read from lines such as `mon-fri 09:00-18:00`."""
        return cls(name=name, zone=zone, weeks=(Week.read(*lines),), sources=tuple(sources))

    def with_sources(self, *sources: Source) -> Self:
        """Return a calendar in which more sources overrule those there are."""
        return attrs.evolve(self, sources=(*self.sources, *sources))

    def ignoring(self, *kinds: DayKind) -> Self:
        """Return the calendar as if no source had named days of some kinds."""
        return attrs.evolve(self, sources=tuple(one.ignoring(*kinds) for one in self.sources))

    @property
    def known_until(self) -> date | None:
        """Return the last date that all sources speak for, None when none of them ends."""
        return known_until(self.sources)

    def is_provisional(self, on: date) -> bool:
        """Say whether a source may yet publish something about a date."""
        known = self.known_until
        return known is not None and on > known

    def local_date(self, instant: datetime) -> date:
        """Return the date on which an instant falls here."""
        return as_instant(instant).astimezone(self._tz).date()

    def day(self, on: date) -> Day:
        """Return what a date is and who said so."""
        return attrs.evolve(self.verdicts(on)[-1], provisional=self.is_provisional(on))

    def verdicts(self, on: date) -> tuple[Day, ...]:
        """Return what a date is by the week alone, then after each source that speaks of it."""
        week = self._week(_date(on))
        windows = week.on(on.weekday())
        kind = DayKind.WORKDAY if windows else DayKind.WEEKEND
        days = [Day(on=on, kind=kind, windows=windows)]
        for source in self.sources:
            for special in source.on(on):
                days.append(_overruled(days[-1], special, week, source.name))
        return tuple(days)

    def is_workday(self, on: date) -> bool:
        """Say whether people work on a date; they do on a make-up day."""
        return self.verdicts(on)[-1].kind.is_worked

    def is_working(self, instant: datetime) -> bool:
        """Say whether it is working time."""
        moment, guess = _moment(instant)
        return self._time.year_of(moment, guess).is_working(moment)

    def add(self, instant: datetime, duration: timedelta) -> Deadline:
        """Return the first moment by which so much time is worked since an instant.

        It lies at the end of an hour of work, never at the opening after it; a duration that is
        not positive is over at once. Raises `NoWorkingTime` beyond the horizon of 50 years.
        """
        moment, guess = _moment(instant)
        wanted = _milliseconds(duration)
        if wanted <= 0:
            return Deadline(from_milliseconds(moment))
        due = self._time.add(moment, wanted, guess)
        known = self._known_moment
        return Deadline(from_milliseconds(due), known is not None and due > known)

    def subtract(self, instant: datetime, duration: timedelta) -> datetime:
        """Return the last moment since which so much time is worked until an instant."""
        moment, guess = _moment(instant)
        wanted = _milliseconds(duration)
        if wanted > 0:
            moment = self._time.subtract(moment, wanted, guess)
        return from_milliseconds(moment)

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Return how much is worked from one instant to another; less than nothing backwards.

        They lie at most 50 years apart, or `NoWorkingTime` is raised.
        """
        worked = self._time.between(_moment(start), _moment(end))
        return timedelta(milliseconds=worked)

    def spans(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return the pieces of working time between two instants."""
        found = self._time.spans(_moment(start), _moment(end))
        return [(from_milliseconds(begins), from_milliseconds(ends)) for begins, ends in found]

    def add_workdays(self, on: date, count: int) -> date:
        """Return the `count`-th workday after a date, or before it when negative.

        No workdays from a date is the date itself. Raises `NoWorkingTime` beyond the horizon.
        """
        return self._time.workday(_date(on), count) if count else _date(on)

    def count_workdays(self, start: date, end: date) -> int:
        """Count the workdays from one date up to another, which is not counted itself."""
        if _date(end) < _date(start):
            return -self._time.count_workdays(end, start)
        return self._time.count_workdays(start, end)

    @cached_property
    def _tz(self) -> ZoneInfo:
        return time_zone(self.zone, "calendar.zone")

    @cached_property
    def _time(self) -> WorkingYears:
        return WorkingYears(self._year)

    @cached_property
    def _known_moment(self) -> int | None:
        known = self.known_until
        if known is None or known.year > LAST_YEAR:
            return None
        return midnight(known + ONE_DAY, self._tz)

    def _year(self, number: int) -> WorkingYear:
        """Return a year by all that its hours follow from, whichever calendar asked for it."""
        first, last = date(number, 1, 1) - ONE_DAY, date(number, 12, 31)
        layers = (
            tuple(day for day in source.days if first <= day.on <= last) for source in self.sources
        )
        return _worked_out(number, self.zone, tuple(self.weeks), tuple(filter(None, layers)))

    def hours_of(self, on: date) -> tuple[Windows, bool]:
        """Return the windows of a date, and whether it is a workday."""
        if any(source.on(on) for source in self.sources):
            day = self.verdicts(on)[-1]
            return day.windows, day.kind.is_worked
        windows = self._week(on).on(on.weekday())
        return windows, bool(windows)

    def _week(self, on: date) -> Week:
        return next(
            week for week in reversed(self.weeks) if week.from_on is None or week.from_on <= on
        )


@lru_cache(maxsize=KEPT_YEARS)
def _worked_out(
    number: int, zone: str, weeks: tuple[Week, ...], layers: tuple[tuple[SpecialDay, ...], ...]
) -> WorkingYear:
    sources = tuple(Source(name="", days=days) for days in layers)
    calendar = BusinessCalendar(name="", zone=zone, weeks=weeks, sources=sources)
    tz = time_zone(zone, "calendar.zone")
    first, after = date(number, 1, 1), date(number + 1, 1, 1)
    spans: list[Span] = []
    workdays: list[int] = []
    day = first - ONE_DAY
    while day < after:
        windows, is_workday = calendar.hours_of(day)
        spans += spans_of(day, windows, tz)
        if is_workday and day >= first:
            workdays.append(day.toordinal())
        day += ONE_DAY
    bounds = (midnight(first, tz), midnight(after, tz))
    return WorkingYear(number, bounds, spans=spans, workdays=workdays)


def _overruled(day: Day, special: SpecialDay, week: Week, source: str) -> Day:
    """Return what a date is after one more entry for it."""
    windows: Windows = ()
    if special.closed:
        windows = without(day.windows, special.closed)
    elif special.windows is not None:
        windows = special.windows
    elif special.kind.is_worked:
        like = week.first_workday if special.like is None else special.like
        windows = () if like is None else week.on(like)
    is_partly = bool(special.closed and windows)
    kind = day.kind if is_partly else special.kind
    return Day(on=day.on, kind=kind, windows=windows, source=source, name=special.name)


def _moment(instant: datetime) -> tuple[int, int]:
    """Return the milliseconds of an instant, and the year in which it lies or nearly so."""
    checked = as_instant(instant)
    if FIRST_YEAR <= checked.year <= LAST_YEAR:
        return to_milliseconds(checked), checked.year
    raise _too_far()


def _date(on: object) -> date:
    if type(on) is not date:
        raise WrongType(f"expected a date, got {type(on).__name__}", path="date")
    if FIRST_YEAR <= on.year <= LAST_YEAR:
        return on
    raise _too_far()


def _milliseconds(duration: object) -> int:
    if not isinstance(duration, timedelta):
        raise WrongType(f"expected a duration, got {type(duration).__name__}", path="duration")
    return duration // MILLISECOND


def _too_far() -> OutOfRange:
    return OutOfRange(
        f"calendars know the years {FIRST_YEAR} to {LAST_YEAR}", path="instant", fix="stay in them"
    )
