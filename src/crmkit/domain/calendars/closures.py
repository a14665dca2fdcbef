"""Closures: time taken out of a calendar, from one instant to another."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from crmkit.domain.calendars.hours import DAY, Window, Windows
from crmkit.domain.calendars.local_time import time_zone
from crmkit.domain.calendars.sources import DayKind, SpecialDay
from crmkit.domain.instants import as_instant
from crmkit.domain.span import check_end

_MINUTE = timedelta(minutes=1)
_ONE_DAY = timedelta(days=1)


def closed(
    start: datetime,
    end: datetime,
    zone: str,
    *,
    name: str = "",
    kind: DayKind = DayKind.ABSENCE,
) -> tuple[SpecialDay, ...]:
    """Return the days of a closure in a time zone; a night shift is cut where the closure begins.

    Hours begin and end on the minute: a minute that is closed in part is closed.
    """
    check_end(as_instant(start), as_instant(end), path="closure.end", lasts=True)
    first, last = (moment.astimezone(time_zone(zone, "closure.zone")) for moment in (start, end))
    begins, ends = first.replace(tzinfo=None), last.replace(tzinfo=None)
    return tuple(
        SpecialDay(on=on, kind=kind, name=name, closed=windows)
        for on, windows in _by_date(begins, ends)
    )


def _by_date(begins: datetime, ends: datetime) -> Iterator[tuple[date, Windows]]:
    on = begins.date() - _ONE_DAY
    while on <= ends.date():
        midnight = datetime(on.year, on.month, on.day)  # noqa: DTZ001 - the clock on the wall
        opens = max((begins - midnight) // _MINUTE, 0)
        closes = min(-((midnight - ends) // _MINUTE), 2 * DAY)
        pieces = ((opens, min(closes, DAY)), (max(opens, DAY), closes))
        windows = tuple(Window(*piece) for piece in pieces if piece[0] < piece[1])
        if windows:
            yield on, windows
        on += _ONE_DAY
