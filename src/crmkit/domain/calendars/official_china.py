"""The days off and make-up workdays that the State Council of China announces, year by year."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from crmkit.domain.calendars.sources import Source, SpecialDay, day_off, work_on
from crmkit.errors import BrokenFile

STATE_COUNCIL: Final = "国务院办公厅"


def read_announcements(years: Iterable[Mapping[str, Any]]) -> Source:
    """Make a source of yearly announcements, as the public holiday-cn files tell them.

    Each is `{"year": 2026, "days": [{"name", "date", "isOffDay"}]}`. A year without days is not
    announced: what lies after the last year before it is provisional. The format does not tell
    statutory days from days in lieu, so all days off count as statutory.
    """
    days: list[SpecialDay] = []
    announced: set[int] = set()
    for year in years:
        try:
            told = [_day(entry) for entry in year["days"]]
            if told:
                announced.add(int(year["year"]))
        except (LookupError, TypeError, ValueError) as wrong:
            raise BrokenFile(
                f"not the announcement of a year: {wrong!r}",
                path="days",
                fix="each day has name, date and isOffDay",
            ) from None
        days += told
    days.sort(key=lambda day: day.on)
    return Source(name=STATE_COUNCIL, days=tuple(days), known_until=last_of_run(announced))


def last_of_run(years: Iterable[int]) -> date | None:
    """Return the last day before the first gap in a run of years; of no years, the year 1."""
    ordered = sorted(years)
    if not ordered:
        return date.min
    last = ordered[0]
    while last + 1 in ordered:
        last += 1
    return date(last, 12, 31)


def _day(entry: Mapping[str, Any]) -> SpecialDay:
    on, name = date.fromisoformat(entry["date"]), str(entry["name"])
    return day_off(on, name) if entry["isOffDay"] else work_on(on, name)
