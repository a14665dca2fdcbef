"""A desk in Shanghai, for a tenant of each test's own, on a clock that the test sets."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.team import Team, TeamId
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.calendars.calendar import Calendar
from crmkit.domain.calendars.sources import Source, day_off, work_on
from crmkit.domain.support.clock_rules import Alarm, first_response, resolution, targets
from crmkit.domain.support.desk import Queue
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.sla_policy import SlaPolicy
from crmkit.services.calendars import keeping
from crmkit.services.support import setting_up
from crmkit.work import UnitOfWork
from tests.services.stopped_clock import Stopped

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI).astimezone(UTC)
DAYS = Source(
    name="国务院办公厅",
    days=(
        *(day_off(date(2026, 2, day), "春节") for day in range(15, 24)),
        work_on(date(2026, 2, 14), "春节"),
        work_on(date(2026, 2, 28), "春节"),
    ),
    known_until=date(2026, 12, 31),
)
ANSWER = targets({Priority.CRITICAL: 1 * HOUR, Priority.HIGH: 2 * HOUR, Priority.NORMAL: 4 * HOUR})
SOLVE = targets({Priority.CRITICAL: 4 * HOUR, Priority.HIGH: 8 * HOUR, Priority.NORMAL: 16 * HOUR})
ALARMS = (
    Alarm(name="half", percent=50, tell=("agent",)),
    Alarm(name="hour left", minutes_left=60, tell=("agent", "lead")),
    Alarm(name="escalated", minutes_late=60, tell=("manager",)),
)


@attrs.frozen
class Desk:
    """A tenant's desk: a team, its queue and calendar, a policy, and the clock to set."""

    crm: CRM
    clock: Stopped
    tenant: str
    team: TeamId
    queue: Queue
    calendar: Calendar
    policy: SlaPolicy

    def work(self) -> UnitOfWork:
        """Open a unit of work."""
        return self.crm.work(by="li", tenant=self.tenant)

    def run(self, service: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a service in a work of its own."""
        return self.crm.run(service, *args, by="li", tenant=self.tenant, attempts=50, **kwargs)

    def at(self, day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
        """Set the clock to a time in Shanghai in 2026, and return it; 2 March is a Monday."""
        moment = datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)
        self.clock.at = moment.astimezone(UTC)
        return self.clock.at

    def users(self, *names: str) -> list[UserId]:
        """Register users."""
        with self.work() as unit:
            people = [User(id=UserId(unit.new_id()), name=name) for name in names]
            return [person.id for person in unit.users.insert_many(people)]

    def agents(self, *names: str, **fields: Any) -> list[UserId]:
        """Register users as agents of the team."""
        users = self.users(*names)
        with self.work() as unit:
            for user in users:
                setting_up.register_agent(unit, user, team_ids=(self.team,), **fields)
        return users


def moment(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    """Return a time in Shanghai in 2026."""
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.fixture(scope="module")
def opened(lasting_url: str) -> Iterator[tuple[CRM, Stopped]]:
    """Give a CRM on each store in turn, for all tests of a module."""
    clock = Stopped(MONDAY)
    with CRM.open(lasting_url, plugin_names=(), clock=clock) as crm:
        crm.schema.apply()
        yield crm, clock


@pytest.fixture
def desk(opened: tuple[CRM, Stopped]) -> Desk:
    """Give a desk of a tenant of the test's own."""
    crm, clock = opened
    return new_desk(crm, clock)


@pytest.fixture
def near_desk() -> Iterator[Desk]:
    """Give a desk in memory, where only logic is at stake."""
    clock = Stopped(MONDAY)
    with CRM.open("memory:", plugin_names=(), clock=clock) as crm:
        yield new_desk(crm, clock)


def new_desk(crm: CRM, clock: Stopped) -> Desk:
    """Set up a desk with a service level for all tickets."""
    clock.at, tenant = MONDAY, uuid4().hex
    with crm.work(by="li", tenant=tenant) as unit:
        team = unit.teams.add(Team(id=TeamId(unit.new_id()), name="support")).id
        source = keeping.publish_days(unit, DAYS)
        calendar = keeping.define_calendar(
            unit,
            "office",
            "Asia/Shanghai",
            "mon-fri 09:00-12:00 13:00-18:00",
            sources=(source.id,),
        )
        queue = setting_up.define_queue(unit, "machines", team=team)
        clocks = (first_response(ANSWER, ALARMS), resolution(SOLVE, ALARMS))
        policy = setting_up.define_policy(unit, "standard", calendar.id, *clocks)
    return Desk(crm, clock, tenant, team, queue, calendar, policy)
