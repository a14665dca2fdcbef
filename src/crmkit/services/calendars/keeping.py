"""Calendars kept in the CRM: defined, changed from a date on, and asked."""

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import UserId
from crmkit.domain.calendars.absence import Absence
from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.calendars.calendar import (
    Calendar,
    CalendarId,
    CalendarSource,
    CalendarSourceId,
)
from crmkit.domain.calendars.hours import Week
from crmkit.domain.calendars.sources import Source
from crmkit.domain.filters.where import where
from crmkit.errors import NotFound
from crmkit.ports import Action
from crmkit.work import UnitOfWork

DEFINE_CALENDAR = Action(
    "calendar:define", "Define a business calendar", zh="定义工作日历", right=Right.CREATE
)
CHANGE_HOURS = Action(
    "calendar:change_hours", "Change working hours", zh="调整工作时间", right=Right.EDIT
)
PUBLISH_DAYS = Action(
    "calendar_source:publish", "Publish the days of a source", zh="发布节假日安排", right=Right.EDIT
)


def define_calendar(
    work: UnitOfWork,
    name: str,
    zone: str,
    *lines: str,
    sources: tuple[CalendarSourceId, ...] = (),
) -> Calendar:
    """Define a calendar by its time zone, lines such as `mon-fri 09:00-18:00`, and its sources."""
    work.permit(DEFINE_CALENDAR)
    for source_id in sources:
        work.calendar_sources.get(source_id)
    calendar = Calendar(
        id=CalendarId(work.new_id()),
        name=name,
        zone=zone,
        weeks=(Week.read(*lines),),
        source_ids=sources,
    )
    return work.calendars.add(calendar)


def change_hours(work: UnitOfWork, calendar_id: CalendarId, week: Week) -> Calendar:
    """Let other hours hold from a date on."""
    calendar = work.calendars.get(calendar_id)
    work.permit(CHANGE_HOURS, on=calendar)
    return work.calendars.save(calendar.change_hours(week))


def publish_days(work: UnitOfWork, source: Source) -> CalendarSource:
    """Keep the days of a source under its name; all calendars that go by it know them at once."""
    known = work.calendar_sources.first(where(CalendarSource).name.eq(source.name))
    work.permit(PUBLISH_DAYS, on=known)
    if known is not None:
        return work.calendar_sources.save(known.publish(source))
    new = CalendarSource(id=CalendarSourceId(work.new_id()), name=source.name)
    return work.calendar_sources.add(new.publish(source))


def business_calendar(work: UnitOfWork, calendar_id: CalendarId) -> BusinessCalendar:
    """Return a calendar with its sources, to ask for working time, or raise `NotFound`.

    Whoever works by a calendar may ask it. It is not guarded: all that count by it would wait for
    each other.
    """
    calendar = work.behind(Calendar).first(where(Calendar).id.eq(calendar_id))
    if calendar is None:
        raise NotFound(f"there is no calendar {calendar_id}", path="calendar.id")
    named = where(CalendarSource).id.in_(calendar.source_ids)
    sources = work.behind(CalendarSource).find(named)
    return calendar.with_sources({source.id: source for source in sources})


def calendar_of(work: UnitOfWork, user_id: UserId, calendar_id: CalendarId) -> BusinessCalendar:
    """Return a calendar as it holds for one person, without the times of absence."""
    calendar = business_calendar(work, calendar_id)
    absences = work.absences.find(where(Absence).user_id.eq(user_id))
    days = tuple(day for absence in absences for day in absence.days(calendar.zone))
    return calendar.with_sources(Source(name=f"absences of {user_id}", days=days))
