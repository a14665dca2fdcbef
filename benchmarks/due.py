"""`python -m benchmarks.due`: service levels over many open tickets.

On each store the due times of all open tickets are worked out anew, page by page, each page a work
of its own: every ticket is read, its clocks are counted through the calendar and compared. Three
turns: nothing has changed; the company gives a day off, which moves those whose time runs through
it; the day ends an hour earlier, which moves all. What moves is saved with its log and its events,
under the check of its version. Then the tickets of one team that are about to breach are listed.

Tickets have two clocks and are spread over 50 teams; a calendar of China with all announced days
and the company's list counts. Times are seconds on the clock and, in brackets, of this process.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

from benchmarks.contact import ACTOR, TENANT
from benchmarks.places import place_of
from benchmarks.subjects import STORES
from benchmarks.subjects.crmkit_places import place_of as own_place_of
from crmkit.crm import CRM
from crmkit.domain.access.team import Team, TeamId
from crmkit.domain.calendars.hours import Week
from crmkit.domain.calendars.sources import DayKind, Source, day_off
from crmkit.domain.support.clock_rules import first_response, resolution, targets
from crmkit.domain.support.moments import Happening
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.sla import Clocks, Level, fold
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import TicketId
from crmkit.ports import BATCH
from crmkit.services.calendars import keeping
from crmkit.services.calendars.packages import chinese_days
from crmkit.services.support import setting_up, sla
from crmkit.services.support.levels import Levels

TEAMS: Final = 50
HOUR: Final = timedelta(hours=1)
BEGIN: Final = datetime(2026, 9, 1, 1, tzinfo=UTC)
LISTED: Final = 21
PAGE: Final = 5000
COMPANY: Final = "company"


class Redated(NamedTuple):
    """How long it took on the clock and in this process, in seconds, and how many tickets moved."""

    seconds: float
    busy: float
    moved: int

    def __str__(self) -> str:
        """Write it as a part of a line."""
        return f"{self.seconds:.1f} s ({self.busy:.1f}), {self.moved:,} moved"


class Stopped:
    """A clock that stands in the middle of the due times."""

    def now(self) -> datetime:
        """Return its instant."""
        return BEGIN + timedelta(days=30)


class Desk:
    """One database with open tickets."""

    def __init__(self, target: object, schema: str | None, size: int) -> None:
        """Set up teams, a calendar and a policy, and open the tickets."""
        self._crm = CRM.open(target, schema=schema, clock=Stopped(), plugin_names=())
        self._crm.schema.apply()
        with self._work() as work:
            made = (Team(id=TeamId(work.new_id()), name=f"team {at}") for at in range(TEAMS))
            self._teams = [team.id for team in work.teams.insert_many(made)]
            days = keeping.publish_days(work, chinese_days())
            company = keeping.publish_days(work, Source(name=COMPANY))
            hours = "mon-fri 09:00-12:00 13:00-18:00"
            office = keeping.define_calendar(
                work, "office", "Asia/Shanghai", hours, sources=(days.id, company.id)
            )
            self._office = office.id
            limits = targets({Priority.NORMAL: 40 * HOUR})
            rules = (first_response(limits), resolution(limits))
            self._policy = setting_up.define_policy(work, "standard", office.id, *rules)
        self._fill(size)

    def redate(self) -> Redated:
        """Work out all due times anew, each page in a work of its own."""
        began, busy = time.perf_counter(), time.process_time()
        moved, after, goes_on = 0, None, True
        while goes_on:
            with self._work() as work:
                page = sla.redate_page(work, size=PAGE, after=after)
            moved, after = moved + len(page.items), page.next
            goes_on = after is not None
        return Redated(time.perf_counter() - began, time.process_time() - busy, moved)

    def give_a_day_off(self) -> None:
        """Let a Monday be off, which moves the due times that lie behind it."""
        with self._work() as work:
            days = (day_off(date(2026, 9, 14), "founding day", kind=DayKind.COMPANY),)
            keeping.publish_days(work, Source(name=COMPANY, days=days))

    def shorten_the_day(self) -> None:
        """Let work end an hour earlier, which moves every due time."""
        with self._work() as work:
            week = Week.read("mon-fri 09:00-12:00 13:00-17:00", from_on=date(2026, 1, 1))
            keeping.change_hours(work, self._office, week)

    def list_due(self) -> float:
        """List what is about to breach in a team; return the seconds."""
        with self._work() as work:
            started = time.perf_counter()
            sla.about_to_breach(work, self._teams[7], 4 * HOUR, limit=50)
            return time.perf_counter() - started

    def close(self) -> None:
        """Let go of the store."""
        self._crm.close()

    def _work(self) -> Any:
        return self._crm.work(by=ACTOR, tenant=TENANT)

    def _fill(self, size: int) -> None:
        with self._work() as work:
            policy = work.sla_policies.get(self._policy.id)
            level = Levels(work).level(policy)
        spec, made = self._crm.registry[Ticket], self._tickets(level, size)
        while part := list(islice(made, 10 * BATCH)):
            session = self._crm.storage.session(TENANT)
            session.insert_many(spec, part)
            session.commit()

    def _tickets(self, level: Level, size: int) -> Iterator[Ticket]:
        folded: dict[datetime, Clocks] = {}
        for at in range(size):
            opened = BEGIN + at % 20_000 * timedelta(minutes=2)
            ticket = Ticket(
                id=TicketId(self._crm.ids.next_id(opened)),
                subject=f"machine {at} stopped",
                team_id=self._teams[at % TEAMS],
                sla_policy_id=self._policy.id,
                opened_at=opened,
            )
            if opened not in folded:
                folded[opened] = fold((ticket.moment(opened, Happening.OPENED),), level)
            ticked = ticket.evolve(clocks=folded[opened])
            marks = {"created_at": opened, "updated_at": opened, "created_by": ACTOR}
            yield ticked.replaced(tenant=TENANT, version=1, updated_by=ACTOR, **marks)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the seconds of each task on each store."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.due", description=__doc__)
    parser.add_argument("--store", action="append", choices=STORES)
    parser.add_argument("--size", type=int, default=100_000)
    asked = parser.parse_args(arguments)
    print(f"{asked.size:,} open tickets")
    for store in asked.store or STORES:
        with place_of(store) as place:
            own = own_place_of(place, f"due_{asked.size}")
            own.make()
            desk = Desk(own.url, own.schema, asked.size)
            own.settle()
            listed = statistics.median(desk.list_due() for _ in range(LISTED))
            same = desk.redate()
            desk.give_a_day_off()
            some = desk.redate()
            desk.shorten_the_day()
            turns = f"unchanged {same}; a day off {some}; shorter days {desk.redate()}"
            print(f"{store:<9} {turns}; a team's list {listed * 1e3:.1f} ms", flush=True)
            desk.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
