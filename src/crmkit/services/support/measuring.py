"""Metrics of support over the moments of tickets, for each team, priority, channel and so on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.calendars.calendar import Calendar, CalendarId
from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.filters.where import where
from crmkit.domain.support.facts import Facts, in_step
from crmkit.domain.support.metrics import (
    Figure,
    Period,
    Population,
    Reopening,
    figure,
    metric_named,
    reopening,
)
from crmkit.domain.support.moments import Moment
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import TicketId
from crmkit.domain.support.ticket_record import TicketMoment
from crmkit.services.calendars.keeping import business_calendar
from crmkit.services.support.sla import must_see_whole
from crmkit.work import UnitOfWork

ALL_HOURS: Final = BusinessCalendar.of("all hours", "UTC", "mon-sun 00:00-24:00")
_PART: Final = 200


class Per(StrEnum):
    """What tickets are told apart by, as they stand now."""

    NOTHING = "nothing"
    TEAM = "team_id"
    QUEUE = "queue_id"
    ASSIGNEE = "assignee_id"
    PRIORITY = "priority"
    CHANNEL = "channel"
    POLICY = "sla_policy_id"


def measure_tickets(
    work: UnitOfWork,
    metric: str,
    population: Population,
    period: Period,
    *,
    per: Per = Per.NOTHING,
    calendar: CalendarId | None = None,
    which: Filter = EVERYTHING,
) -> dict[Any, Figure]:
    """Return the figure of each group of tickets, by what they are told apart by.

    Without a calendar every hour counts. Told apart by nothing, the only key is None. Raises
    `NotPermitted` where a part of tickets, moments or calendars is kept from the actor.
    """
    definition, groups = metric_named(metric), defaultdict[Any, list[Facts]](list)
    for ticket, facts in _facts(work, period.ends_at, calendar, which):
        if period.has(facts, population):
            groups[None if per is Per.NOTHING else getattr(ticket, per.value)].append(facts)
    return {key: figure(definition, some) for key, some in groups.items()}


def reopen_rate(work: UnitOfWork, period: Period, which: Filter = EVERYTHING) -> Reopening:
    """Return how many of the tickets that were solved in a period were opened again by its end."""
    return reopening((one for _, one in _facts(work, period.ends_at, None, which)), period)


def backlog(work: UnitOfWork, at: datetime, which: Filter = EVERYTHING) -> int:
    """Count the tickets that were unfinished at an instant."""
    return sum(one.is_unfinished for _, one in _facts(work, at, None, which))


def _facts(
    work: UnitOfWork, until: datetime, calendar: CalendarId | None, which: Filter
) -> Iterator[tuple[Ticket, Facts]]:
    """Bring the tickets that were opened before an instant, as their moments tell of them."""
    must_see_whole(work, Ticket, TicketMoment)
    hours = ALL_HOURS if calendar is None else _hours(work, calendar)
    opened = where(Ticket).opened_at.le(until) & which
    tickets = work.tickets.find(opened)
    for start in range(0, len(tickets), _PART):
        part = tickets[start : start + _PART]
        moments = _moments(work, part, until)
        for ticket in part:
            if known := moments.get(ticket.id):
                yield ticket, Facts(moments=in_step(known), calendar=hours, until=until)


def _hours(work: UnitOfWork, calendar: CalendarId) -> BusinessCalendar:
    must_see_whole(work, Calendar)
    return business_calendar(work, work.calendars.get(calendar).id)


def _moments(
    work: UnitOfWork, tickets: Sequence[Ticket], until: datetime
) -> Mapping[TicketId, list[Moment]]:
    """Return what happened before an instant, in order."""
    moment, found = where(TicketMoment), defaultdict[TicketId, list[Moment]](list)
    mine = moment.ticket_id.in_([one.id for one in tickets]) & moment.at.lt(until)
    order = [moment.ticket_id.asc(), moment.revision.asc(), moment.id.asc()]
    for record in work.ticket_moments.find(mine, order=order):
        found[record.ticket_id].append(record.moment)
    return found
