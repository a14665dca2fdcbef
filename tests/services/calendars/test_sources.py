"""Official days: every day of China since 2007, eight countries, and what is not published yet."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.calendars.official_china import read_announcements
from crmkit.domain.calendars.sources import DayKind, Source
from crmkit.errors import BrokenFile, InvalidValue
from crmkit.services.calendars.packages import chinese_days, public_holidays

ONE_DAY = timedelta(days=1)
COUNTRIES = ("CN", "US", "DE", "GB", "JP", "FR", "BR", "IN")


def announced(shared: Path) -> Source:
    """Read the announcements of all years."""
    files = sorted((shared / "data/cn_holidays").glob("*.json"))
    return read_announcements(json.loads(path.read_text(encoding="utf-8")) for path in files)


def china(*sources: Source) -> BusinessCalendar:
    """Make a calendar of five days a week in China."""
    return BusinessCalendar.of("China", "Asia/Shanghai", "mon-fri 09:00-18:00", sources=sources)


def days(first: date, last: date) -> list[date]:
    """List the dates from the first to the last."""
    return [first + at * ONE_DAY for at in range((last - first).days + 1)]


@pytest.mark.parametrize(
    "package", [chinese_days, lambda: public_holidays("CN", range(2007, 2028))]
)
def test_every_day_since_2007_is_as_announced(shared: Path, package) -> None:
    """Both packages and the announcements agree on every day of 2007 to 2026."""
    official, packaged = china(announced(shared)), china(package())
    differ = [
        day
        for day in days(date(2007, 1, 1), date(2026, 12, 31))
        if official.is_workday(day) != packaged.is_workday(day)
    ]
    assert differ == []


def test_every_announced_day_is_told_as_it_was_announced(shared: Path) -> None:
    """A day off is off under its name, a make-up day is worked, any other is as the week has it."""
    calendar, told = china(announced(shared)), {}
    for year in range(2007, 2027):
        text = (shared / f"data/cn_holidays/{year}.json").read_text(encoding="utf-8")
        told |= {date.fromisoformat(day["date"]): day for day in json.loads(text)["days"]}
    for on in days(date(2007, 1, 1), date(2026, 12, 31)):
        day = calendar.day(on)
        if on in told:
            assert day.kind.is_worked is not told[on]["isOffDay"]
            assert (day.name, day.source) == (told[on]["name"], "国务院办公厅")
        else:
            assert day.kind is (DayKind.WORKDAY if on.weekday() < 5 else DayKind.WEEKEND)
        assert not day.provisional


@pytest.mark.parametrize("kind", ["announcements", "chinesecalendar", "holidays"])
def test_2027_is_provisional(shared: Path, kind: str) -> None:
    """No source pretends to know the days of a year that was not announced."""
    source = {
        "announcements": lambda: announced(shared),
        "chinesecalendar": chinese_days,
        "holidays": lambda: public_holidays("CN", range(2026, 2029)),
    }[kind]()
    assert source.known_until == date(2026, 12, 31)
    assert china(source).is_provisional(date(2027, 1, 1))


def test_days_in_lieu_are_told_from_statutory_ones() -> None:
    """Pay differs: of National Day 2026, three days are statutory and the rest are in lieu."""
    for source in (chinese_days(), public_holidays("CN", [2026])):
        calendar = china(source)
        kinds = {day: calendar.day(date(2026, 10, day)).kind for day in range(1, 8)}
        assert {kinds[day] for day in (1, 2, 3)} == {DayKind.STATUTORY}
        assert kinds[7] is DayKind.IN_LIEU
        assert calendar.day(date(2026, 10, 10)).kind is DayKind.MAKE_UP


def test_a_gap_in_the_announcements_ends_what_is_known() -> None:
    """Days announced beyond a year that is missing do not hide the hole."""
    known = {"days": [{"name": "元旦", "date": "2025-01-01", "isOffDay": True}], "year": 2025}
    late = {"days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": True}], "year": 2027}
    assert read_announcements([known, late]).known_until == date(2025, 12, 31)
    assert china(read_announcements([])).is_provisional(date(2025, 1, 1))
    for broken in ({}, {"year": 2025, "days": [{"date": "1 January"}]}, {"days": 5}):
        with pytest.raises(BrokenFile):
            read_announcements([broken])


@pytest.mark.parametrize("country", COUNTRIES)
def test_workdays_of_eight_countries(shared: Path, country: str) -> None:
    """Going on by workdays and counting them is walking over the listed holidays."""
    listed = json.loads((shared / "corpora/holidays/holidays_2018_2026.json").read_text("utf-8"))
    off = {date.fromisoformat(on): name for on, name in listed[country].items()}
    worked = set()
    if country == "CN":
        text = (shared / "corpora/holidays/cn_weekend_workdays_2018_2026.json").read_text()
        worked = {date.fromisoformat(on) for on in json.loads(text)}
    calendar = BusinessCalendar.of(
        country, "UTC", "mon-fri 09:00-17:00", sources=[public_holidays(country, range(2018, 2027))]
    )
    every = days(date(2018, 1, 1), date(2026, 12, 31))
    expected = [day for day in every if day in worked or (day.weekday() < 5 and day not in off)]
    assert [day for day in every if calendar.is_workday(day)] == expected
    assert calendar.count_workdays(every[0], every[-1] + ONE_DAY) == len(expected)
    assert calendar.add_workdays(expected[0], 1000) == expected[1000]
    assert calendar.add_workdays(expected[1500], -1500) == expected[0]


def test_an_unknown_country_is_refused() -> None:
    """It names what is unknown."""
    with pytest.raises(InvalidValue) as caught:
        public_holidays("XX", [2026])
    assert caught.value.path == "country"
