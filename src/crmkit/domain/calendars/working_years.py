"""Working time without end: years worked out when they are first asked for."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import date
from typing import Final

from crmkit.domain.calendars.working_year import Span, WorkingYear
from crmkit.errors import RuleBroken

HORIZON: Final = 50
"""How many years ahead or back working time is looked for."""
YearOf = Callable[[int], WorkingYear]
"""Works out a year by its number."""


class NoWorkingTime(RuleBroken):
    """The calendar has not so much working time within its horizon."""


class WorkingYears:
    """The years of one calendar; moments and durations are in milliseconds."""

    __slots__ = ("_work_out", "_years")

    def __init__(self, work_out: YearOf) -> None:
        """Take what works out a year."""
        self._work_out = work_out
        self._years: dict[int, WorkingYear] = {}

    def year_of(self, moment: int, guess: int) -> WorkingYear:
        """Return the local year of a moment, which is the guessed one or a neighbour."""
        year = self._year(guess)
        if moment < year.begins:
            return self._year(guess - 1)
        return year if moment < year.ends else self._year(guess + 1)

    def add(self, moment: int, duration: int, guess: int) -> int:
        """Return the first moment by which so much is worked since another."""
        year = self.year_of(moment, guess)
        left = duration + year.worked_until(moment)
        while left > year.total:
            left -= year.total
            year = self._next(year, +1, guess)
        return year.earliest(left)

    def subtract(self, moment: int, duration: int, guess: int) -> int:
        """Return the last moment since which so much is worked until another."""
        year = self.year_of(moment, guess)
        left, worked = duration, year.worked_until(moment)
        while left > worked:
            left -= worked
            year = self._next(year, -1, guess)
            worked = year.total
        return year.latest(worked - left)

    def between(self, first: tuple[int, int], last: tuple[int, int]) -> int:
        """Return the work between two moments, each given with the guess of its year."""
        year, final = self.year_of(*first), self.year_of(*last)
        worked = final.worked_until(last[0]) - year.worked_until(first[0])
        while year.number < final.number:
            worked += year.total
            year = self._next(year, +1, first[1])
        while year.number > final.number:
            year = self._next(year, -1, first[1])
            worked -= year.total
        return worked

    def spans(self, first: tuple[int, int], last: tuple[int, int]) -> list[Span]:
        """Return the spans of work between two moments, cut at the turn of the year."""
        year, final = self.year_of(*first), self.year_of(*last)
        found = year.spans(first[0], last[0])
        while year.number < final.number:
            year = self._next(year, +1, first[1])
            found += year.spans(first[0], last[0])
        return found

    def workday(self, on: date, count: int) -> date:
        """Return the `count`-th workday after a date, or before it when negative."""
        year, ordinal = self._year(on.year), on.toordinal()
        if count > 0:
            at = bisect_right(year.workdays, ordinal) + count - 1
            while at >= len(year.workdays):
                at -= len(year.workdays)
                year = self._next(year, +1, on.year)
        else:
            at = bisect_left(year.workdays, ordinal) + count
            while at < 0:
                year = self._next(year, -1, on.year)
                at += len(year.workdays)
        return date.fromordinal(year.workdays[at])

    def count_workdays(self, start: date, end: date) -> int:
        """Count the workdays from one date up to a later one."""
        year, worked = self._year(start.year), 0
        while year.number < end.year:
            worked += len(year.workdays)
            year = self._next(year, +1, start.year)
        worked += bisect_left(year.workdays, end.toordinal())
        return worked - bisect_left(self._year(start.year).workdays, start.toordinal())

    def _next(self, year: WorkingYear, step: int, origin: int) -> WorkingYear:
        if abs(year.number + step - origin) > HORIZON:
            raise NoWorkingTime(
                f"not so much working time within {HORIZON} years of {origin}",
                path="calendar.weeks",
                fix="give the calendar hours, or ask for less",
            )
        return self._year(year.number + step)

    def _year(self, number: int) -> WorkingYear:
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = self._work_out(number)
        return year
