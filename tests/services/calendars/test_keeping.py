"""Calendars kept in a CRM: the same answer from every store, hours by date, absences."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from crmkit.crm import CRM
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.calendars.business_calendar import BusinessCalendar, Deadline
from crmkit.domain.calendars.calendar import CalendarId, DaysPublished
from crmkit.domain.calendars.hours import Week, Window
from crmkit.domain.calendars.sources import DayKind, Source, SpecialDay, day_off, work_on
from crmkit.errors import Duplicate, InvalidValue, NotFound
from crmkit.services.calendars import absences, keeping
from crmkit.work import UnitOfWork

Office = Callable[[], UnitOfWork]
SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
LINES = ("mon-fri 09:00-12:00 13:00-18:00", "sat 22:00-06:00")
DAYS = Source(
    name="国务院办公厅",
    days=(
        day_off(date(2026, 2, 16), "春节"),
        work_on(date(2026, 2, 14), "春节", like=4),
        SpecialDay(on=date(2026, 2, 17), kind=DayKind.WORKDAY, windows=(Window(600, 660),)),
        SpecialDay(on=date(2026, 2, 18), kind=DayKind.COMPANY, closed=(Window(0, 780),)),
    ),
    known_until=date(2026, 12, 31),
)


@pytest.fixture(scope="module")
def opened(lasting_url: str) -> Iterator[CRM]:
    """Give a CRM on each store in turn."""
    with CRM.open(lasting_url, plugin_names=()) as crm:
        crm.schema.apply()
        yield crm


@pytest.fixture
def acme(opened: CRM) -> Callable[[], UnitOfWork]:
    """Give a function that opens a unit of work for a tenant of the test's own."""
    tenant = uuid4().hex
    return lambda: opened.work(by="li", tenant=tenant)


def test_a_kept_calendar_answers_like_the_one_it_was_made_of(acme: Office) -> None:
    """Windows, nights, make-up days and closures come back whole; publishing tells an event."""
    with acme() as unit:
        source = keeping.publish_days(unit, DAYS)
        assert DaysPublished(source_id=source.id, known_until=DAYS.known_until) in unit.events
        office = keeping.define_calendar(
            unit, "office", "Asia/Shanghai", *LINES, sources=(source.id,)
        )
    with acme() as unit:
        kept = keeping.business_calendar(unit, office.id)
    plain = BusinessCalendar.of("office", "Asia/Shanghai", *LINES, sources=[DAYS])
    begin = datetime(2026, 2, 12, tzinfo=SHANGHAI)
    for day in range(12):
        on = date(2026, 2, 10) + timedelta(days=day)
        assert kept.day(on) == plain.day(on)
        assert kept.add(begin, day * 7 * HOUR) == plain.add(begin, day * 7 * HOUR)
    assert kept.name == "office v1, known to 2026-12-31"


def test_published_days_change_all_calendars_that_go_by_them(acme: Office) -> None:
    """A provisional deadline becomes certain, and the same days twice change nothing."""
    with acme() as unit:
        source = keeping.publish_days(unit, DAYS)
        one, other = (
            keeping.define_calendar(unit, name, "Asia/Shanghai", *LINES, sources=(source.id,))
            for name in ("one", "other")
        )
    late = datetime(2026, 12, 31, 17, tzinfo=SHANGHAI)
    with acme() as unit:
        assert keeping.business_calendar(unit, one.id).add(late, 8 * HOUR).provisional
        assert keeping.publish_days(unit, DAYS).version == source.version
        new = Source(
            name=DAYS.name,
            days=(*DAYS.days, day_off(date(2027, 1, 1), "元旦")),
            known_until=date(2027, 12, 31),
        )
        assert keeping.publish_days(unit, new).version == source.version + 1
    with acme() as unit:
        for calendar in (one, other):
            due = keeping.business_calendar(unit, calendar.id).add(late, 8 * HOUR)
            assert due == Deadline(datetime(2027, 1, 3, 5, tzinfo=SHANGHAI))


def test_hours_change_from_a_date_on(acme: Office) -> None:
    """The weeks before stay; a change for the same date replaces it."""
    with acme() as unit:
        office = keeping.define_calendar(unit, "office", "Asia/Shanghai", *LINES)
    for line in ("mon-thu 09:00-10:00", "mon-thu 09:00-11:00"):
        with acme() as unit:
            keeping.change_hours(unit, office.id, Week.read(line, from_on=date(2026, 3, 4)))
    with acme() as unit:
        calendar = keeping.business_calendar(unit, office.id)
    monday = datetime(2026, 3, 2, tzinfo=SHANGHAI)
    assert calendar.elapsed(monday, monday + 5 * 24 * HOUR) == (8 + 8 + 2 + 2) * HOUR
    with pytest.raises(InvalidValue) as caught, acme() as unit:
        keeping.change_hours(unit, office.id, Week.read("mon 09:00-10:00"))
    assert caught.value.path == "week.from_on"


def test_an_absent_person_has_less_working_time(acme: Office) -> None:
    """Absences of others do not count, nor does an absence that ends before it begins."""
    begin = datetime(2026, 3, 2, 10, tzinfo=SHANGHAI)
    with acme() as unit:
        people = [User(id=UserId(unit.new_id()), name=name) for name in ("Li", "Wang")]
        li, wang = (person.id for person in unit.users.insert_many(people))
        office = keeping.define_calendar(unit, "office", "Asia/Shanghai", *LINES)
        absences.note_absence(unit, li, begin, begin + 24 * HOUR, deputy=wang, reason="病假")
    with acme() as unit:
        of_li, of_wang = (
            keeping.calendar_of(unit, person, office.id).elapsed(begin, begin + 48 * HOUR)
            for person in (li, wang)
        )
    assert of_wang - of_li == 8 * HOUR
    for fields in ({"ends_at": begin}, {"ends_at": begin + HOUR, "deputy": li}):
        with pytest.raises(InvalidValue), acme() as unit:
            ends_at = fields.pop("ends_at")
            absences.note_absence(unit, li, begin, ends_at, **fields)


def test_wrong_calendars_are_refused(opened: CRM, acme: Office) -> None:
    """A name twice, an unknown source, an unknown calendar and one of another tenant."""
    with acme() as unit:
        office = keeping.define_calendar(unit, "office", "Asia/Shanghai", *LINES)
    with pytest.raises(Duplicate), acme() as unit:
        keeping.define_calendar(unit, "office", "Asia/Shanghai", *LINES)
    with pytest.raises(NotFound), acme() as unit:
        keeping.define_calendar(unit, "x", "Asia/Shanghai", sources=(uuid4(),))
    with pytest.raises(NotFound), acme() as unit:
        keeping.business_calendar(unit, CalendarId(uuid4()))
    with pytest.raises(NotFound), opened.work(by="li", tenant=uuid4().hex) as unit:
        keeping.business_calendar(unit, office.id)
