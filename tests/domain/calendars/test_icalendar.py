"""Calendar files: whole days, hours, what comes every year, and files of every kind."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.calendars.icalendar import read_icalendar
from crmkit.domain.calendars.sources import DayKind, Source
from crmkit.errors import BrokenFile

ZONE = "Asia/Shanghai"
HEAD, TAIL = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "END:VCALENDAR\r\n"


def read(*events: str) -> Source:
    """Read events, each given by its lines."""
    text = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return read_icalendar(HEAD + text + TAIL, "house", ZONE, through=2028)


def dates(source: Source) -> list[str]:
    """List the dates of a source."""
    return [day.on.isoformat() for day in source.days]


def test_whole_days_are_off_with_their_names() -> None:
    """The end is not part of it; folded and escaped text is one name."""
    source = read(
        "DTSTART;VALUE=DATE:20260301\r\nDTEND;VALUE=DATE:20260303"
        "\r\nSUMMARY:Stock\r\n  taking\\, 盘点",
        "DTSTART;VALUE=DATE:20260401\r\nSUMMARY:Party",
    )
    assert dates(source) == ["2026-03-01", "2026-03-02", "2026-04-01"]
    assert source.days[0].name == "Stock taking, 盘点"
    assert {day.kind for day in source.days} == {DayKind.COMPANY}


def test_what_comes_every_year_is_told_through_a_year() -> None:
    """Interval, count, end and exceptions are kept; the leap day comes in leap years."""
    yearly = "DTSTART;VALUE=DATE:20240501\r\nRRULE:FREQ=YEARLY"
    assert dates(read(yearly)) == [f"{year}-05-01" for year in range(2024, 2029)]
    assert dates(read(yearly + ";INTERVAL=2;COUNT=2")) == ["2024-05-01", "2026-05-01"]
    assert dates(read(yearly + ";UNTIL=20260430")) == ["2024-05-01", "2025-05-01"]
    without = yearly + "\r\nEXDATE;VALUE=DATE:20250501,20270501"
    assert dates(read(without)) == ["2024-05-01", "2026-05-01", "2028-05-01"]
    leap = "DTSTART;VALUE=DATE:20240229\r\nRRULE:FREQ=YEARLY"
    assert dates(read(leap)) == ["2024-02-29", "2028-02-29"]


@pytest.mark.parametrize(
    "hours",
    [
        "DTSTART:20260302T060000Z\r\nDTEND:20260302T070000Z",
        "DTSTART;TZID=Asia/Shanghai:20260302T140000\r\nDURATION:PT1H",
        "DTSTART:20260302T140000\r\nDTEND:20260302T150000",
        "DTSTART;TZID=Asia/Tokyo:20260302T150000\r\nDTEND;TZID=Asia/Tokyo:20260302T160000",
    ],
)
def test_hours_are_taken_out_of_the_day(hours: str) -> None:
    """An event of an hour closes that hour, in whatever zone it is written."""
    calendar = BusinessCalendar.of(
        "x", ZONE, "mon-fri 09:00-12:00 13:00-18:00", sources=[read(hours)]
    )
    begin = datetime(2026, 3, 2, tzinfo=ZoneInfo(ZONE))
    assert calendar.elapsed(begin, begin + timedelta(days=1)) == timedelta(hours=7)
    assert calendar.is_workday(date(2026, 3, 2))


def test_what_is_cancelled_free_or_no_time_closes_nothing() -> None:
    """Alarms inside an event do not speak for it either."""
    day = "DTSTART;VALUE=DATE:20260301"
    moment = "DTSTART:20260302T140000"
    free = (day + "\r\nSTATUS:CANCELLED", day + "\r\nTRANSP:TRANSPARENT", moment)
    assert read(*free).days == ()
    alarm = day + "\r\nBEGIN:VALARM\r\nDURATION:PT5M\r\nSUMMARY:ring\r\nEND:VALARM"
    assert [item.name for item in read(alarm).days] == [""]


@pytest.mark.parametrize(
    "event",
    [
        "SUMMARY:no start",
        "DTSTART;VALUE=DATE:20261301",
        "DTSTART:20260302T140000\r\nDTEND;VALUE=DATE:20260303",
        "DTSTART;VALUE=DATE:20260303\r\nDTEND;VALUE=DATE:20260301",
        "DTSTART;TZID=Nowhere/City:20260302T140000\r\nDURATION:PT1H",
        "DTSTART;VALUE=DATE:20260301\r\nRRULE:FREQ=WEEKLY",
        "DTSTART;VALUE=DATE:20260301\r\nRRULE:FREQ=YEARLY;BYDAY=1MO",
        "DTSTART;VALUE=DATE:20260301\r\nRRULE:FREQ=YEARLY;BYMONTH=4",
        "DTSTART;VALUE=DATE:20260301\r\nDURATION:1H",
        "DTSTART;VALUE=DATE:00010101\r\nDTEND;VALUE=DATE:99991231",
    ],
)
def test_what_cannot_be_read_is_refused(event: str) -> None:
    """A deadline never rests on a day that was guessed."""
    with pytest.raises(BrokenFile):
        read(event)


def test_files_of_every_kind_are_read_or_refused(shared: Path, figure) -> None:
    """No file of other programs crashes the reader."""
    found = {"read": 0, "refused": 0}
    for path in sorted((shared / "data/ics").rglob("*.ics")):
        try:
            read_icalendar(path.read_bytes().decode("utf-8", "replace"), "x", ZONE, through=2030)
            found["read"] += 1
        except BrokenFile:
            found["refused"] += 1
    assert found["read"] > found["refused"]
    figure(f"iCalendar files: {found['read']} read, {found['refused']} refused")
