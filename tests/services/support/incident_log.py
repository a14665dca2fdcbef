"""The log of a real service desk, told again through the services event by event."""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import attrs

from crmkit.domain.access.team import Team, TeamId
from crmkit.domain.aggregate import UserId
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.statuses import StatusCategory
from crmkit.domain.support.ticket import Ticket
from crmkit.errors import CrmkitError
from crmkit.services.support import assigning, setting_up, tickets
from crmkit.work import UnitOfWork
from tests.services.support.conftest import Desk

Row = dict[str, str]
NOTHING: Final = "?"
_C = StatusCategory
STATES: Final = {
    "New": _C.NEW,
    "Active": _C.OPEN,
    "Awaiting User Info": _C.PENDING_CUSTOMER,
    "Awaiting Evidence": _C.PENDING_CUSTOMER,
    "Awaiting Problem": _C.PENDING_INTERNAL,
    "Awaiting Vendor": _C.PENDING_THIRD_PARTY,
    "Resolved": _C.RESOLVED,
    "Closed": _C.CLOSED,
}
PRIORITIES: Final = {
    "1 - Critical": Priority.CRITICAL,
    "2 - High": Priority.HIGH,
    "3 - Moderate": Priority.NORMAL,
    "4 - Low": Priority.LOW,
}


class Backwards(CrmkitError):
    """An event says that it happened before the one told before it."""


def rows_of(shared: Path) -> list[Row]:
    """Read the log."""
    path = shared / "data" / "incident_log" / "incident_event_log_first_20000.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@attrs.define
class Replay:
    """A desk to which the log is told, and what became of each event."""

    desk: Desk
    people: dict[str, UserId] = attrs.field(factory=dict)
    teams: dict[str, TeamId] = attrs.field(factory=dict)
    outcomes: Counter[str] = attrs.field(factory=Counter)

    def tell(self, rows: list[Row]) -> None:
        """Tell all events, ticket by ticket, each in a work of its own at its own time."""
        self._set_up(rows)
        for _, events in groupby(rows, key=lambda row: row["number"]):
            self._tell_ticket(list(events))

    def _set_up(self, rows: list[Row]) -> None:
        names = sorted({row["assigned_to"] for row in rows} - {NOTHING})
        self.people = dict(zip(names, self.desk.users(*names), strict=True))
        with self.desk.work() as unit:
            for name, category in STATES.items():
                setting_up.define_status(unit, name, category)
            groups = sorted({row["assignment_group"] for row in rows} - {NOTHING})
            made = [Team(id=TeamId(unit.new_id()), name=name) for name in groups]
            self.teams = {team.name: team.id for team in unit.teams.insert_many(made)}

    def _tell_ticket(self, events: list[Row]) -> None:
        first = events[0]
        self.desk.clock.at = instant(first["opened_at"])
        with self.desk.work() as unit:
            priority, channel = PRIORITIES[first["priority"]], first["contact_type"].lower()
            ticket = tickets.open_ticket(unit, first["number"], priority=priority, channel=channel)
        for row in events:
            try:
                ticket, changed = self._tell_event(ticket, row)
                self.outcomes["changed" if changed else "nothing to change"] += 1
            except CrmkitError as refused:
                self.outcomes[f"refused: {type(refused).__name__}"] += 1

    def _tell_event(self, ticket: Ticket, row: Row) -> tuple[Ticket, bool]:
        at = instant(row["sys_updated_at"])
        if at < self.desk.clock.at:
            raise Backwards(f"{row['number']} at {at} comes after {self.desk.clock.at}")
        self.desk.clock.at = at
        with self.desk.work() as unit:
            after = ticket
            for deed, *arguments in self._deeds(ticket, row):
                after = deed(unit, ticket.id, *arguments)
        return after, after.version != ticket.version

    def _deeds(self, ticket: Ticket, row: Row) -> Iterator[tuple[Any, ...]]:
        """Say what must be done so that the ticket stands as the event says."""
        state, priority = row["incident_state"], PRIORITIES[row["priority"]]
        if STATES.get(state, _C.CLOSED).is_unfinished and not ticket.is_unfinished:
            yield (tickets.reopen_ticket,)
        team, person = self.teams.get(row["assignment_group"]), row["assigned_to"]
        if team != ticket.team_id:
            yield _hand_to, team
        if self.people.get(person) != ticket.assignee_id:
            yield assigning.assign_ticket, self.people.get(person)
        if priority is not ticket.priority:
            yield tickets.prioritise_ticket, priority
        if state not in (ticket.status, ticket.status.title()):
            yield tickets.move_ticket, state


def _hand_to(work: UnitOfWork, ticket_id: Any, team: TeamId | None) -> Ticket:
    return work.tickets.save(work.tickets.get(ticket_id).evolve(team_id=team))


def instant(text: str) -> datetime:
    """Read a time of the log."""
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)
