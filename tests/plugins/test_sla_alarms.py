"""Alarms become tasks, once each, for whoever they name, on every store."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from crmkit.crm import CRM
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.filters.where import where
from crmkit.domain.parties.activity import Activity, link_to
from crmkit.domain.support.clock_rules import Alarm, resolution, targets
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.ticket import Ticket
from crmkit.errors import InvalidSettings
from crmkit.plugins.builtin import SlaAlarms
from crmkit.services.calendars import absences
from crmkit.services.support import assigning, setting_up, sla, tickets
from crmkit.testing.plugins import PluginContract
from tests.services.stopped_clock import Stopped
from tests.services.support.conftest import MONDAY, Desk, new_desk

HOUR = timedelta(hours=1)
ALARMS = (
    Alarm(name="half", percent=50, tell=("agent", "watchers")),
    Alarm(name="late", minutes_late=60, tell=("lead", "manager", "chief@example.com")),
)


class TestSlaAlarms(PluginContract):
    """Keeps the promises of every plugin."""

    @pytest.fixture
    def plugin(self) -> object:
        """Give the plugin."""
        return SlaAlarms()


@pytest.fixture
def desk(ready_url: str) -> Any:
    """Give a desk whose alarms become tasks, on each store in turn."""
    clock = Stopped(MONDAY)
    with CRM.open(ready_url, plugins=[SlaAlarms()], plugin_names=(), clock=clock) as crm:
        desk = new_desk(crm, clock)
        with desk.work() as unit:
            solve = resolution(targets({Priority.NORMAL: 8 * HOUR}), ALARMS)
            setting_up.define_policy(unit, "told", desk.calendar.id, solve, precedence=9)
        yield desk


def people(desk: Desk) -> dict[str, UserId]:
    """Register an agent below a lead below a manager, a chief and a deputy."""
    with desk.work() as unit:
        ids = {name: UserId(unit.new_id()) for name in ("boss", "lead", "li", "chief", "wang")}
        above = {"lead": ids["boss"], "li": ids["lead"]}
        for name, own in ids.items():
            login = f"{name}-{uuid4().hex}" if name != "chief" else "chief@example.com"
            unit.users.add(User(id=own, name=name, login=login, manager_id=above.get(name)))
    return ids


def tasks(desk: Desk, ticket: Ticket) -> Counter[tuple[str, UserId | None]]:
    """Count the tasks about a ticket by words and person."""
    with desk.work() as unit:
        about = where(Activity).links.has_any([link_to(ticket)])
        return Counter((one.subject, one.owner_id) for one in unit.activities.find(about))


def deliver(desk: Desk) -> None:
    """Let three workers deliver all that waits."""
    with ThreadPoolExecutor(3) as threads:
        for _round in range(2):
            done = [threads.submit(desk.crm.deliver_due, tenant=desk.tenant) for _ in range(3)]
            assert [one.result().failed for one in done] == [0, 0, 0]


def test_an_alarm_becomes_one_task_for_each_whom_it_names(desk: Desk) -> None:
    """Warnings and breaches, with many workers and second deliveries; deputies stand in."""
    who = people(desk)
    ticket = desk.run(tickets.open_ticket, "press", queue=desk.queue.id)
    desk.run(assigning.assign_ticket, ticket.id, who["li"])
    desk.run(assigning.watch_ticket, ticket.id, who["chief"])
    desk.run(absences.note_absence, who["chief"], deputy=who["wang"])
    desk.at(2, 14, 30)
    with ThreadPoolExecutor(4) as threads:
        rings = [threads.submit(desk.run, sla.ring_alarms) for _ in range(4)]
        assert [one.result() for one in rings]
    deliver(desk)
    half = "half of resolution: press"
    assert tasks(desk, ticket) == {(half, who["li"]): 1, (half, who["wang"]): 1}
    desk.at(3, 10, 30)
    desk.run(sla.ring_alarms)
    deliver(desk)
    late = "late of resolution: press"
    told = [(late, who[name]) for name in ("lead", "boss", "wang")]
    told += [("breach of resolution: press", who["li"]), (half, who["li"]), (half, who["wang"])]
    assert tasks(desk, ticket) == Counter(told)


def test_a_second_delivery_of_a_message_writes_nothing(desk: Desk) -> None:
    """The plugin may be called again after it had done its work; nobody is told twice."""
    (li,) = desk.users("li")
    ticket = desk.run(tickets.open_ticket, "press", queue=desk.queue.id)
    desk.run(assigning.assign_ticket, ticket.id, li)
    desk.at(2, 14, 30)
    with desk.crm.rehearse(by="li", tenant=desk.tenant) as unit:
        sla.ring_alarms(unit)
    (rang,) = unit.messages
    for _time in range(3):
        SlaAlarms().after_commit(rang, desk.crm)
    assert tasks(desk, ticket) == {("half of resolution: press", li): 1}


def test_nothing_is_told_of_a_ring_that_was_forgotten(desk: Desk) -> None:
    """What rang in a work that failed rings again, and is told then."""
    ticket = desk.run(tickets.open_ticket, "press", queue=desk.queue.id)
    desk.at(2, 14, 30)
    with pytest.raises(RuntimeError), desk.work() as unit:
        assert len(sla.ring_alarms(unit)) == 1
        raise RuntimeError
    deliver(desk)
    assert tasks(desk, ticket) == {}
    desk.run(sla.ring_alarms)
    deliver(desk)
    assert tasks(desk, ticket) == {("half of resolution: press", None): 1}


def test_an_unknown_language_is_refused() -> None:
    """The settings name it."""
    with pytest.raises(InvalidSettings) as caught:
        SlaAlarms(language="fr")
    assert caught.value.path == "language"
