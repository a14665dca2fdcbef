"""Days off from an iCalendar file (RFC 5545): whole days, hours, and what comes every year."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

import attrs

from crmkit.domain.calendars.closures import closed
from crmkit.domain.calendars.local_time import time_zone
from crmkit.domain.calendars.sources import DayKind, Source, SpecialDay, day_off
from crmkit.errors import BrokenFile, InvalidInput

_ONE_DAY: Final = timedelta(days=1)
_DURATION: Final = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_YEARLY: Final = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "WKST"}
_ESCAPED: Final = re.compile(r"\\(.)")
MAX_DAYS: Final = 3_660
"""The longest event that is taken for days off."""


@attrs.frozen
class Line:
    """One content line: its name, parameters and value."""

    name: str
    params: Mapping[str, str]
    value: str


def read_icalendar(
    text: str,
    name: str,
    zone: str,
    *,
    through: int,
    kind: DayKind = DayKind.COMPANY,
) -> Source:
    """Make a source of the events in a file; what comes every year is told through a year.

    Events without length, cancelled ones and those marked as free time (`TRANSP:TRANSPARENT`) close
    nothing. Raises `BrokenFile` for what cannot be read, and for recurrence other than once a year.
    """
    days: list[SpecialDay] = []
    for event in _events(text):
        if _value(event, "STATUS") == "CANCELLED" or _value(event, "TRANSP") == "TRANSPARENT":
            continue
        try:
            days += _days_of(event, zone, through, kind)
        except BrokenFile:
            raise
        except (ValueError, OverflowError, LookupError, InvalidInput) as wrong:
            title = _value(event, "SUMMARY") or "an event"
            raise BrokenFile(f"{title!r} cannot be read: {wrong}", path="VEVENT") from None
    days.sort(key=lambda day: day.on)
    return Source(name=name, days=tuple(days))


def _events(text: str) -> Iterator[dict[str, list[Line]]]:
    """Gather the lines of each VEVENT by name; those of alarms inside are left out."""
    event: dict[str, list[Line]] | None = None
    depth = 0
    for line in _lines(text):
        match line.name, line.value.upper():
            case "BEGIN", "VEVENT":
                event, depth = {}, 0
            case "END", "VEVENT" if event is not None:
                yield event
                event = None
            case "BEGIN", _:
                depth += 1
            case "END", _:
                depth -= 1
            case _ if event is not None and depth == 0:
                event.setdefault(line.name, []).append(line)
            case _:
                pass
    if event is not None:
        raise BrokenFile("an event does not end", path="VEVENT", fix="export the file again")


def _lines(text: str) -> Iterator[Line]:
    unfolded = re.sub(r"\r?\n[ \t]", "", text)
    for raw in re.split(r"\r?\n", unfolded):
        head, colon, value = raw.partition(":")
        if colon:
            name, *params = head.split(";")
            pairs = (param.partition("=") for param in params)
            known = {key.upper(): inner.strip('"') for key, _, inner in pairs}
            yield Line(name.strip().upper(), known, value.strip())


def _days_of(
    event: Mapping[str, list[Line]], zone: str, through: int, kind: DayKind
) -> Iterator[SpecialDay]:
    title = _ESCAPED.sub(r"\1", _value(event, "SUMMARY"))[:300]
    start, length = _when(event, zone)
    left_out = {
        _moment(attrs.evolve(line, value=value), zone)
        for line in event.get("EXDATE", ())
        for value in line.value.split(",")
    }
    for begins in _occurrences(start, _value(event, "RRULE"), through, zone):
        if begins in left_out:
            continue
        if isinstance(begins, datetime):
            if length:
                yield from closed(begins, begins + length, zone, name=title, kind=kind)
        else:
            for at in range(length // _ONE_DAY):
                yield day_off(begins + at * _ONE_DAY, title, kind=kind)


def _when(event: Mapping[str, list[Line]], zone: str) -> tuple[date, timedelta]:
    """Return the start of an event, an instant or a date, and how long it lasts."""
    if "DTSTART" not in event:
        raise ValueError("it has no start")
    start = _moment(event["DTSTART"][0], zone)
    length = timedelta() if isinstance(start, datetime) else _ONE_DAY
    if "DTEND" in event:
        end = _moment(event["DTEND"][0], zone)
        if isinstance(end, datetime) is not isinstance(start, datetime):
            raise ValueError("start and end are not of one kind")
        length = end - start
    elif "DURATION" in event:
        length = _duration(_value(event, "DURATION"))
    if not timedelta() <= length <= MAX_DAYS * _ONE_DAY:
        raise ValueError(f"it lasts {length}")
    return start, length


def _occurrences(start: date, rule: str, through: int, zone: str) -> Iterator[date]:
    if not rule:
        yield start
        return
    parts = dict(part.upper().split("=", 1) for part in rule.split(";") if part)
    if parts.get("FREQ") != "YEARLY" or not parts.keys() <= _YEARLY or _moves(parts, start):
        raise BrokenFile(
            f"recurrence {rule!r} is not read", path="RRULE", fix="write out its dates"
        )
    until = parts.get("UNTIL")
    last = through if until is None else min(through, int(until[:4]))
    years = range(start.year, last + 1, int(parts.get("INTERVAL", "1")))
    for year in list(years)[: int(parts.get("COUNT", len(years)))]:
        if (start.month, start.day) != (2, 29) or _is_leap(year):
            begins = start.replace(year=year)
            if until is None or begins <= _moment(Line("UNTIL", {}, until), zone, like=start):
                yield begins


def _moves(parts: Mapping[str, str], start: date) -> bool:
    """Say whether a rule names another day than the start."""
    month, day = parts.get("BYMONTH", str(start.month)), parts.get("BYMONTHDAY", str(start.day))
    return (month, day) != (str(start.month), str(start.day))


def _moment(line: Line, zone: str, *, like: date | None = None) -> date:
    """Read a date or an instant; a time without a zone is that of the calendar."""
    text = line.value
    if len(text) == 8 or (like is not None and not isinstance(like, datetime)):
        return datetime.strptime(text[:8], "%Y%m%d").date()  # noqa: DTZ007 - only its date
    if text.endswith("Z"):
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    local = datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - its zone comes next
    return local.replace(tzinfo=time_zone(line.params.get("TZID", zone), "TZID"))


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text.lstrip("+"))
    if not found:
        raise ValueError(f"{text!r} is no duration")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _value(event: Mapping[str, list[Line]], name: str) -> str:
    lines = event.get(name)
    return lines[0].value if lines else ""
