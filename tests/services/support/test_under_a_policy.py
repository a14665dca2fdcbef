"""Support under a policy: an agent works on tickets without seeing how the desk is set up."""

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.filters.where import where
from crmkit.domain.parties.customer import Customer
from crmkit.domain.support.automation import Command, Do
from crmkit.domain.support.metrics import Period, Population
from crmkit.domain.support.moments import Author, Happening, When
from crmkit.domain.support.statuses import StatusCategory
from crmkit.domain.support.ticket import Ticket
from crmkit.errors import InvalidValue, NotFound, NotPermitted
from crmkit.ports import Actor
from crmkit.services import access, parties
from crmkit.services.support import assigning, measuring, merging, setting_up, sla, tickets
from crmkit.work import UnitOfWork
from crmkit.work.policies import Policies
from tests.services.support.conftest import HOUR, Desk, moment

SET_UP = ("ticket_status", "automation_rule", "macro", "calendar", "calendar_source")
"""What nobody but the administrator may read here."""


@pytest.fixture
def people(near_desk: Desk) -> Desk:
    """Give a desk with a policy, a support agent, a salesperson, and a rule on all tickets."""
    grants = tuple(one for one in STANDARD.grants if one.entity not in SET_UP)
    with near_desk.work() as unit:
        access.apply_policy(unit, attrs.evolve(STANDARD, grants=grants))
        for name, role in (("mei", "support"), ("li", "salesperson")):
            user_id = UserId(unit.new_id())
            unit.users.add(User(id=user_id, name=name, login=name, roles=(role,)))
            setting_up.register_agent(unit, user_id, team_ids=(near_desk.team,))
        opened = When(happenings=(Happening.OPENED,))
        gold = where(Ticket).customer_id.exists(Customer, where(Customer).tags.has_any(["gold"]))
        setting_up.define_rule(unit, "tag", opened, Command(do=Do.TAG, to="gold"), condition=gold)
        parties.register_customer(unit, "金", tags=("gold",))
    return near_desk


def work(desk: Desk, by: str | Actor) -> UnitOfWork:
    """Open a work in which the policy decides."""
    guarded = CRM(desk.crm.storage, access=Policies(), clock=desk.clock)
    return guarded.work(by=by, tenant=desk.tenant)


def test_a_support_agent_does_the_whole_work(people: Desk) -> None:
    """Level, clocks, rules and turns work for one who cannot read policies, rules or calendars."""
    with work(people, "mei") as unit:
        assert unit.automation_rules.find() == []
        assert unit.calendars.find() == []
        customer = unit.customers.find()[0]
        ticket = tickets.open_ticket(unit, "停机", queue=people.queue.id, customer_id=customer.id)
        twin = tickets.open_ticket(unit, "停机", queue=people.queue.id)
    assert (ticket.sla_policy_id, ticket.tags) == (people.policy.id, ("gold",))
    assert len(ticket.clocks) == 2
    with work(people, "mei") as unit:
        assigning.assign_next(unit, ticket.id)
        tickets.reply_to_ticket(unit, ticket.id)
        merging.merge_tickets(unit, ticket.id, twin.id)
    with work(people, "mei") as unit:
        assert [one.happening for one in sla.moments_of(unit, ticket.id)] == [
            Happening.OPENED,
            Happening.ASSIGNED,
            Happening.REPLIED,
        ]


def test_a_wrong_status_is_told_without_those_that_are_not_read(people: Desk) -> None:
    """The client's own names are a way out for whoever may read them, and for nobody else."""
    with people.work() as unit:
        setting_up.define_status(unit, "等客户", StatusCategory.PENDING_CUSTOMER)
        ticket = tickets.open_ticket(unit, "停机", queue=people.queue.id)
    ways: list[str] = []
    for opened in (work(people, "mei"), people.work()):
        with pytest.raises(InvalidValue) as caught, opened as unit:
            tickets.move_ticket(unit, ticket.id, "nowhere")
        ways.append(caught.value.fix)
    assert ["等客户" in way for way in ways] == [False, True]
    assert all("pending_customer" in way for way in ways)
    with work(people, "mei") as unit:
        assert tickets.move_ticket(unit, ticket.id, "等客户").status == "等客户"


def test_who_has_no_right_on_tickets_changes_none(people: Desk) -> None:
    """A salesperson opens none, a support agent sets up nothing and rings no alarms."""
    with pytest.raises(NotPermitted), work(people, "li") as unit:
        tickets.open_ticket(unit, "停机", queue=people.queue.id)
    with pytest.raises(NotPermitted), work(people, "mei") as unit:
        setting_up.define_queue(unit, "mine")
    with pytest.raises(NotPermitted), work(people, "mei") as unit:
        sla.ring_alarms(unit)


def test_the_jobs_of_the_program_ring_the_alarms(people: Desk) -> None:
    """The system role may, for all tickets."""
    with work(people, "mei") as unit:
        ticket = tickets.open_ticket(unit, "停机", queue=people.queue.id)
        tickets.reply_to_ticket(unit, ticket.id, Author.BOT)
    people.at(2, 15)
    with work(people, Actor(id="worker", roles=frozenset({"system"}))) as unit:
        (rung,) = sla.ring_alarms(unit)
    assert (rung.id, rung.is_breached) == (ticket.id, True)


def test_figures_speak_only_of_what_their_reader_sees(people: Desk) -> None:
    """Tickets that a salesperson does not see are in no figure, nor is a hidden calendar used."""
    with work(people, "mei") as unit:
        tickets.open_ticket(unit, "停机", queue=people.queue.id)
    people.clock.at += HOUR
    for name in ("mei", "li"):
        with work(people, name) as unit:
            assert measuring.backlog(unit, unit.now) == len(unit.tickets.find())
    month = Period(begins_at=moment(1, 0), ends_at=moment(31, 0))
    with work(people, "mei") as unit:
        asked = ("first_reply", Population.CREATED_IN, month)
        assert measuring.measure_tickets(unit, *asked)[None].tickets == 1
        with pytest.raises(NotFound):
            measuring.measure_tickets(unit, *asked, calendar=people.calendar.id)
