"""`python -m benchmarks.due`: service levels over many open tickets.

On each store, the due times of all open tickets are worked out anew (none moves, then all move and
are saved with their log), and the tickets of one team that are about to breach are listed. Tickets
have two clocks and are spread over 50 teams; a calendar of China with all announced days counts.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Final

from benchmarks.contact import ACTOR, TENANT
from benchmarks.places import place_of
from benchmarks.subjects import STORES
from benchmarks.subjects.crmkit_places import place_of as own_place_of
from crmkit.crm import CRM
from crmkit.domain.access.team import Team, TeamId
from crmkit.domain.calendars.hours import Week
from crmkit.domain.support.clock_rules import first_response, resolution, targets
from crmkit.domain.support.moments import Happening
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.sla import Level, fold
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


class Stopped:
    """A clock that stands in the middle of the due times."""

    def now(self) -> datetime:
        """Return its instant."""
        return BEGIN + timedelta(days=30)


class Desk:
    """One database with open tickets."""

    def __init__(self, url: str, schema: str | None, size: int) -> None:
        """Set up teams, a calendar and a policy, and open the tickets."""
        self._crm = CRM.open(url, schema=schema, clock=Stopped(), plugin_names=())
        self._crm.schema.apply()
        with self._work() as work:
            made = (Team(id=TeamId(work.new_id()), name=f"team {at}") for at in range(TEAMS))
            self._teams = [team.id for team in work.teams.insert_many(made)]
            days = keeping.publish_days(work, chinese_days())
            hours = "mon-fri 09:00-12:00 13:00-18:00"
            office = keeping.define_calendar(
                work, "office", "Asia/Shanghai", hours, sources=(days.id,)
            )
            self._office = office.id
            limits = targets({Priority.NORMAL: 40 * HOUR})
            rules = (first_response(limits), resolution(limits))
            self._policy = setting_up.define_policy(work, "standard", office.id, *rules)
        self._fill(size)

    def redate(self) -> tuple[float, int]:
        """Work out all due times anew; return the seconds, and how many tickets moved."""
        started = time.perf_counter()
        with self._work() as work:
            moved = len(sla.redate_tickets(work))
        return time.perf_counter() - started, moved

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
        for at in range(size):
            opened = BEGIN + at % 20_000 * timedelta(minutes=2)
            ticket = Ticket(
                id=TicketId(self._crm.ids.next_id(opened)),
                subject=f"machine {at} stopped",
                team_id=self._teams[at % TEAMS],
                sla_policy_id=self._policy.id,
                opened_at=opened,
            )
            moment = ticket.moment(opened, Happening.OPENED)
            ticked = ticket.evolve(clocks=fold((moment,), level))
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
            seconds, moved = desk.redate()
            desk.shorten_the_day()
            saving, saved = desk.redate()
            again = f"due again {seconds:.1f} s ({moved} moved), {saving:.1f} s ({saved:,} saved)"
            print(f"{store:<9} {again}; a team's list {listed * 1e3:.1f} ms", flush=True)
            desk.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
