"""Business calendars: golden deadlines, clocks that change, layers, what is not known yet."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest

from crmkit.domain.calendars.business_calendar import BusinessCalendar, Deadline
from crmkit.domain.calendars.closures import closed
from crmkit.domain.calendars.hours import Week, Window, read_windows
from crmkit.domain.calendars.sources import DayKind, Source, SpecialDay, day_off, work_on
from crmkit.domain.calendars.working_years import NoWorkingTime
from crmkit.errors import InvalidValue, OutOfRange, WrongType

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"
HOURS = timedelta(hours=1)
OFFICE = "mon-fri 09:00-12:00 13:00-18:00"
YEAR_2026 = Source(
    name="国务院办公厅",
    days=(
        *(day_off(date(2026, 2, day), "春节") for day in range(15, 24)),
        *(day_off(date(2026, 9, day), "中秋节") for day in (25, 26, 27)),
        *(day_off(date(2026, 10, day), "国庆节") for day in range(1, 8)),
        work_on(date(2026, 2, 14), "春节"),
        work_on(date(2026, 2, 28), "春节"),
        work_on(date(2026, 9, 20), "国庆节"),
        work_on(date(2026, 10, 10), "国庆节"),
    ),
    known_until=date(2026, 12, 31),
)
CHINA = BusinessCalendar.of("Shanghai", SHANGHAI, OFFICE, sources=[YEAR_2026])


def at(zone: str, *parts: int) -> datetime:
    """Return an instant by the clock of a place."""
    return datetime(*parts, tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "hours", "full", "without_make_up", "naive"),
    [
        ((2026, 2, 13, 16), 16, (2026, 2, 24, 16), (2026, 2, 25, 16), (2026, 2, 17, 16)),
        ((2026, 9, 18, 17), 8, (2026, 9, 20, 17), (2026, 9, 21, 17), (2026, 9, 21, 17)),
        ((2026, 9, 30, 17), 16, (2026, 10, 9, 17), (2026, 10, 9, 17), (2026, 10, 2, 17)),
    ],
)
def test_golden_deadlines_in_china(start, hours, full, without_make_up, naive) -> None:
    """Make-up workdays and holidays both move a deadline; each is seen when it is left out."""
    begin, length = at(SHANGHAI, *start), hours * HOURS
    assert CHINA.add(begin, length) == Deadline(at(SHANGHAI, *full))
    finance = CHINA.ignoring(DayKind.MAKE_UP)
    assert finance.add(begin, length).at == at(SHANGHAI, *without_make_up)
    week = BusinessCalendar.of("week", SHANGHAI, OFFICE)
    assert week.add(begin, length).at == at(SHANGHAI, *naive)


def test_a_deadline_beyond_the_published_days_is_provisional() -> None:
    """It is given, marked, and moves when the days of the next year are known."""
    begin = at(SHANGHAI, 2026, 12, 31, 17)
    assert CHINA.add(begin, 8 * HOURS) == Deadline(at(SHANGHAI, 2027, 1, 1, 17), True)
    assert CHINA.add(begin, 1 * HOURS) == Deadline(at(SHANGHAI, 2026, 12, 31, 18), False)
    assert (CHINA.is_provisional(date(2026, 12, 31)), CHINA.is_provisional(date(2027, 1, 1))) == (
        False,
        True,
    )
    assert CHINA.day(date(2027, 1, 1)).provisional
    known = attrs.evolve(
        YEAR_2026,
        days=(*YEAR_2026.days, day_off(date(2027, 1, 1), "元旦")),
        known_until=date(2027, 12, 31),
    )
    published = attrs.evolve(CHINA, sources=(known,))
    assert published.add(begin, 8 * HOURS) == Deadline(at(SHANGHAI, 2027, 1, 4, 17), False)


@pytest.mark.parametrize(
    ("zone", "lines", "on", "hours"),
    [
        (NEW_YORK, "mon-sun 22:00-06:00", date(2026, 3, 7), 7),
        (NEW_YORK, "mon-sun 22:00-06:00", date(2026, 10, 31), 9),
        (NEW_YORK, "mon-sun 00:00-24:00", date(2026, 3, 8), 23),
        (NEW_YORK, "mon-sun 00:00-24:00", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", "mon-sun 00:00-24:00", date(2026, 4, 5), 24.5),
        ("Australia/Lord_Howe", "mon-sun 00:00-24:00", date(2026, 10, 4), 23.5),
        ("Africa/Cairo", "mon-sun 00:00-24:00", date(2026, 4, 24), 23),
        (NEW_YORK, "sun 01:30-04:00", date(2026, 11, 1), 3.5),
        (NEW_YORK, "sun 02:30-10:00", date(2026, 3, 8), 6.5),
    ],
)
def test_hours_that_come_twice_or_never(zone: str, lines: str, on: date, hours: float) -> None:
    """A night in which clocks change has as many hours as really pass."""
    calendar = BusinessCalendar.of("shift", zone, lines)
    only = Source(name="only", days=tuple(day_off(on + timedelta(days=by)) for by in (-1, 1, 2)))
    noon = at(zone, on.year, on.month, on.day, 12)
    around = calendar.with_sources(only).elapsed(noon - 30 * HOURS, noon + 30 * HOURS)
    assert around == timedelta(hours=hours)


def test_windows_that_touch_over_a_leap_of_the_clock_still_touch() -> None:
    """A time that never comes is moved forward by the leap, as an end and as a beginning."""
    one = BusinessCalendar.of("one", NEW_YORK, "sun 00:00-02:30 02:30-06:00")
    day = one.elapsed(at(NEW_YORK, 2026, 3, 8), at(NEW_YORK, 2026, 3, 9))
    assert day == 5 * HOURS
    assert one.spans(at(NEW_YORK, 2026, 3, 8), at(NEW_YORK, 2026, 3, 9)) == [
        (at(NEW_YORK, 2026, 3, 8), at(NEW_YORK, 2026, 3, 8, 6))
    ]


def test_a_date_that_a_place_left_out_is_not_worked_twice() -> None:
    """Samoa had no 30 December 2011; its hours fall together with those of the next day."""
    samoa = BusinessCalendar.of("Apia", "Pacific/Apia", "mon-sun 09:00-17:00")
    begin = datetime(2011, 12, 29, 0, tzinfo=UTC)
    assert samoa.elapsed(begin, begin + 72 * HOURS) == 24 * HOURS


def test_a_due_time_never_lands_in_a_break() -> None:
    """Work that ends with the morning is due at noon, not after lunch (osTicket's backtracking)."""
    monday = at(SHANGHAI, 2026, 3, 2, 9)
    assert CHINA.add(monday, 3 * HOURS).at == at(SHANGHAI, 2026, 3, 2, 12)
    assert CHINA.add(monday, 3.5 * HOURS).at == at(SHANGHAI, 2026, 3, 2, 13, 30)
    assert CHINA.subtract(at(SHANGHAI, 2026, 3, 2, 13), 3 * HOURS) == monday
    assert CHINA.subtract(at(SHANGHAI, 2026, 3, 3, 12), 3 * HOURS) == at(SHANGHAI, 2026, 3, 3, 9)


def test_a_deadline_crosses_the_end_of_a_month_and_of_a_year() -> None:
    """The 30th comes before the 2nd of the next month, and the year is counted on."""
    office = BusinessCalendar.of("office", "Asia/Shanghai", "mon-fri 09:00-12:00 13:00-18:00")
    for start, due in (((2026, 1, 30), (2026, 2, 2)), ((2026, 12, 31), (2027, 1, 1))):
        opened, shut = (at(SHANGHAI, *day, 17) for day in (start, due))
        assert office.add(opened, 8 * HOURS).at == shut
        assert office.elapsed(opened, shut) == 8 * HOURS


def test_weekends_nights_and_nothing_to_do() -> None:
    """What begins out of hours runs from the opening; no duration is over at once."""
    saturday = at(SHANGHAI, 2026, 3, 7, 23)
    assert CHINA.add(saturday, HOURS).at == at(SHANGHAI, 2026, 3, 9, 10)
    for nothing in (timedelta(), -HOURS):
        assert CHINA.add(saturday, nothing).at == CHINA.subtract(saturday, nothing) == saturday
    assert (CHINA.is_working(saturday), CHINA.is_working(at(SHANGHAI, 2026, 2, 14, 9))) == (
        False,
        True,
    )
    assert not CHINA.is_working(at(SHANGHAI, 2026, 2, 14, 12))
    assert CHINA.local_date(datetime(2026, 2, 13, 16, tzinfo=UTC)) == date(2026, 2, 14)


def test_a_calendar_without_hours_says_so() -> None:
    """The search for working time ends (Frappe's never does when no weekday is workable)."""
    empty = BusinessCalendar.of("empty", SHANGHAI)
    begin = at(SHANGHAI, 2026, 1, 1)
    for ask in (
        lambda: empty.add(begin, HOURS),
        lambda: empty.subtract(begin, HOURS),
        lambda: empty.add_workdays(begin.date(), 1),
        lambda: empty.add_workdays(begin.date(), -1),
        lambda: empty.elapsed(begin, at(SHANGHAI, 2100, 1, 1)),
    ):
        with pytest.raises(NoWorkingTime) as caught:
            ask()
        assert caught.value.path == "calendar.weeks"
    assert empty.elapsed(begin, at(SHANGHAI, 2030, 1, 1)) == timedelta()


def test_two_windows_of_a_day_and_two_entries_of_a_date_all_count() -> None:
    """Neither the second slot of a weekday nor the second entry of a date is dropped."""
    source = Source(
        name="house",
        days=(
            *closed(at(SHANGHAI, 2026, 3, 2, 9), at(SHANGHAI, 2026, 3, 2, 10), SHANGHAI, name="a"),
            *closed(at(SHANGHAI, 2026, 3, 2, 15), at(SHANGHAI, 2026, 3, 2, 16), SHANGHAI, name="b"),
        ),
    )
    day = CHINA.with_sources(source).day(date(2026, 3, 2))
    assert day.windows == read_windows("10:00-12:00 13:00-15:00 16:00-18:00")
    assert (day.kind, day.source) == (DayKind.WORKDAY, "house")


def test_hours_change_from_a_date_on() -> None:
    """Each version of the week holds for its own time."""
    shorter = Week.read("mon-thu 09:00-17:00", from_on=date(2026, 3, 4))
    calendar = BusinessCalendar(name="x", zone=SHANGHAI, weeks=(Week.read(OFFICE), shorter))
    monday = at(SHANGHAI, 2026, 3, 2)
    assert calendar.elapsed(monday, monday + timedelta(days=7)) == (8 + 8 + 8 + 8) * HOURS
    assert not calendar.is_workday(date(2026, 3, 6))


def test_a_later_source_overrules_an_earlier_one_and_all_are_told() -> None:
    """Provenance: what the week says, the State Council, the company, and a person's absence."""
    company = Source(
        name="company",
        days=(
            SpecialDay(
                on=date(2026, 2, 15),
                kind=DayKind.WORKDAY,
                name="on duty",
                windows=(Window.read("09:00-11:00"),),
            ),
            day_off(date(2026, 2, 14), "annual party", kind=DayKind.COMPANY),
        ),
    )
    away = Source(name="Li Wei", days=(day_off(date(2026, 2, 15), "leave", kind=DayKind.ABSENCE),))
    layered = CHINA.with_sources(company, away)
    told = [(day.source, day.kind.value, day.name) for day in layered.verdicts(date(2026, 2, 15))]
    assert told == [
        ("week", "weekend", ""),
        ("国务院办公厅", "statutory", "春节"),
        ("company", "workday", "on duty"),
        ("Li Wei", "absence", "leave"),
    ]
    assert layered.day(date(2026, 2, 14)).kind is DayKind.COMPANY
    assert (
        CHINA.with_sources(company).elapsed(at(SHANGHAI, 2026, 2, 14), at(SHANGHAI, 2026, 2, 16))
        == 2 * HOURS
    )
    assert CHINA.day(date(2026, 2, 14)).kind is DayKind.MAKE_UP


def test_a_make_up_day_has_the_hours_of_the_day_it_is_worked_like() -> None:
    """Hours come from the named weekday, else from the first workday of the week."""
    lines = ("mon-thu 09:00-17:00", "fri 09:00-12:00")
    days = (work_on(date(2026, 3, 7), like=4), work_on(date(2026, 3, 8)))
    calendar = BusinessCalendar.of("x", SHANGHAI, *lines, sources=[Source(name="s", days=days)])
    assert calendar.day(date(2026, 3, 7)).windows == read_windows("09:00-12:00")
    assert calendar.day(date(2026, 3, 8)).windows == read_windows("09:00-17:00")
    assert calendar.add_workdays(date(2026, 3, 6), 2) == date(2026, 3, 8)


def test_an_absence_cuts_into_a_night_shift() -> None:
    """From two at night until noon, the shift of the evening before is cut, nothing else."""
    nights = BusinessCalendar.of("nights", SHANGHAI, "mon-sun 22:00-06:00")
    start, end = at(SHANGHAI, 2026, 3, 4, 2), at(SHANGHAI, 2026, 3, 4, 12)
    cut = nights.with_sources(Source(name="Li", days=closed(start, end, SHANGHAI)))
    begin = at(SHANGHAI, 2026, 3, 1)
    lost = nights.elapsed(begin, begin + 168 * HOURS) - cut.elapsed(begin, begin + 168 * HOURS)
    assert lost == 4 * HOURS
    assert cut.day(date(2026, 3, 4)).windows == nights.day(date(2026, 3, 4)).windows


def test_an_absence_of_days_takes_the_whole_days() -> None:
    """A person away from Tuesday two o'clock to Thursday ten has that time out, no more."""
    start, end = at(SHANGHAI, 2026, 3, 3, 14), at(SHANGHAI, 2026, 3, 5, 10)
    li = CHINA.with_sources(Source(name="Li", days=closed(start, end, SHANGHAI, name="leave")))
    assert li.elapsed(start, end) == timedelta()
    assert li.day(date(2026, 3, 4)).kind is DayKind.ABSENCE
    week = (at(SHANGHAI, 2026, 3, 2), at(SHANGHAI, 2026, 3, 7))
    assert CHINA.elapsed(*week) - li.elapsed(*week) == (4 + 8 + 1) * HOURS


def test_windows_are_written_as_they_are_read() -> None:
    """Hours of a day, of a night, and all day long."""
    for text in ("09:00-12:00", "22:00-06:00", "00:00-24:00", "22:00-24:00", "00:00-00:01"):
        assert str(Window.read(text)) == text
    assert Week.read("fri-mon 09:00-10:00").saturday == read_windows("09:00-10:00")


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: Window.read("9-12"), "window"),
        (lambda: Window.read("09:70-12:00"), "window"),
        (lambda: Window.read("09:00-25:00"), "window"),
        (lambda: Window(600, 600), "window"),
        (lambda: Window(0, 1441), "window"),
        (lambda: Week.read("mon 09:00-12:00 11:00-13:00"), "week.monday"),
        (lambda: Week.read("monday 09:00-12:00"), "week"),
        (lambda: Week.read("mon-wed 09:00-12:00", "tue 13:00-14:00"), "week"),
        (lambda: BusinessCalendar.of("x", "Asia/Beijing", OFFICE), "calendar.zone"),
        (lambda: BusinessCalendar.of("x", "../../etc/passwd", OFFICE), "calendar.zone"),
        (lambda: BusinessCalendar(name="x", zone="UTC", weeks=()), "calendar.weeks"),
        (
            lambda: BusinessCalendar(name="x", zone="UTC", weeks=(Week(from_on=date(2026, 1, 1)),)),
            "calendar.weeks",
        ),
        (
            lambda: SpecialDay(on=date(2026, 1, 1), kind=DayKind.MAKE_UP, like=7),
            "special_day.like",
        ),
        (
            lambda: SpecialDay(on=date(2026, 1, 1), kind=DayKind.WORKDAY, windows=(), like=1),
            "special_day",
        ),
        (
            lambda: closed(at(SHANGHAI, 2026, 1, 2), at(SHANGHAI, 2026, 1, 1), SHANGHAI),
            "closure.end",
        ),
        (lambda: CHINA.add(datetime(2026, 1, 1), HOURS), "instant"),
        (lambda: Week(monday=[Window(540, 720)]), "week.monday"),
        (
            lambda: SpecialDay(on=date(2026, 1, 1), kind=DayKind.WORKDAY, windows=[]),
            "special_day.windows",
        ),
        (
            lambda: SpecialDay(on=date(2026, 1, 1), kind=DayKind.COMPANY, closed=[Window(0, 9)]),
            "special_day.closed",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(make, path: str) -> None:
    """The error names the place and says how to write it."""
    with pytest.raises(InvalidValue) as caught:
        make()
    assert (caught.value.path, bool(caught.value.fix)) == (path, True)


def test_other_types_and_far_years_are_refused() -> None:
    """A number is no duration, an instant no date, and year 1 is in no calendar."""
    begin = at(SHANGHAI, 2026, 1, 1)
    with pytest.raises(WrongType):
        CHINA.add(begin, 8)  # type: ignore[arg-type]
    with pytest.raises(WrongType):
        CHINA.is_workday(begin)
    with pytest.raises(OutOfRange):
        CHINA.add(begin.replace(year=1800), HOURS)
    with pytest.raises(OutOfRange):
        CHINA.day(date(9999, 1, 1))
