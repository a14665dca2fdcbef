"""Approvals and pools where a policy decides: asked means allowed, and nothing else is shown."""

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.access.user import User
from crmkit.domain.access.veils import Veil
from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.node import Node
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.approvals.telling import ApprovalRequired, NotYourTurn
from crmkit.domain.parties.pool import RecycleRule
from crmkit.domain.sales.deal import Deal, DealOutcome
from crmkit.errors import NotFound, NotPermitted
from crmkit.ports import Actor
from crmkit.services import access, approvals, leads, parties, sales
from crmkit.storage.memory import MemoryStorage
from crmkit.work.policies import Policies
from tests.services.approvals.office import BIG, FLOW, publish
from tests.services.stopped_clock import Stopped

PEOPLE = {"li": "salesperson", "zhao": "salesperson", "fang": "finance", "mei": "marketing"}
FINANCE = Node(name="finance", approvers=(Approvers.in_role("finance"),))


@attrs.frozen
class Firm:
    """A CRM in which the standard policy decides, with a deal of Li's."""

    crm: CRM
    free: CRM
    clock: Stopped
    deal: Deal

    def run(self, by: str | Actor, service: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a service for somebody."""
        return self.crm.run(service, *args, by=by, tenant="acme", **kwargs)


@pytest.fixture
def firm() -> Iterator[Firm]:
    """Give a firm of four people, each in a unit of their own."""
    clock = Stopped()
    free = CRM(MemoryStorage(), clock=clock)
    with free.work(by="setup", tenant="acme") as work:
        access.apply_policy(work, STANDARD)
        for name, role in PEOPLE.items():
            unit = work.units.add(Unit(id=UnitId(work.new_id()), name=name))
            user = User(
                id=UserId(work.new_id()), name=name, login=name, roles=(role,), unit_id=unit.id
            )
            work.users.add(user)
        publish(work, FINANCE)
        pipeline = sales.define_pipeline(work, "usual")
        owner = work.users.find()[0].id
        deal = sales.open_deal(work, name="CRM", pipeline=pipeline.id, value=BIG, owner=owner)
    with CRM(free.storage, access=Policies(), clock=clock) as crm:
        yield Firm(crm, free, clock, deal)


def test_who_is_asked_decides_and_who_is_not_learns_nothing(firm: Firm) -> None:
    """Finance approves what it may not change; a colleague sees neither the deal nor the case."""
    with pytest.raises(ApprovalRequired):
        firm.run("li", sales.win_deal, firm.deal.id)
    case = firm.run("li", approvals.submit_for_approval, firm.deal, FLOW)
    with pytest.raises(NotFound):
        firm.run("zhao", approvals.submit_for_approval, firm.deal, FLOW)
    with pytest.raises(NotYourTurn):
        firm.run("zhao", approvals.approve, case.id)
    assert firm.run("zhao", approvals.approvals_waiting_for) == []
    with firm.crm.work(by="zhao", tenant="acme") as work:
        assert work.approvals.find() == []
    with pytest.raises((NotPermitted, NotFound)):
        firm.run("fang", sales.win_deal, firm.deal.id)
    [waiting] = firm.run("fang", approvals.approvals_waiting_for)
    firm.run("fang", approvals.approve, waiting.id)
    assert firm.run("li", sales.win_deal, firm.deal.id).outcome is DealOutcome.WON


def test_what_is_approved_takes_effect_by_the_right_of_the_approval(firm: Firm) -> None:
    """Who approves a change need not have the right to make it, nor to see all of the record."""
    held = firm.run("li", approvals.propose_change, firm.deal, FLOW, name="ERP")
    firm.run("fang", approvals.approve, held.id)
    with firm.crm.work(by="li", tenant="acme") as work:
        assert work.deals.get(firm.deal.id).name == "ERP"


def test_the_hash_is_that_of_the_whole_record_whoever_submits_it(firm: Firm) -> None:
    """A field that is hidden from the submitter is approved too, and is not shown to them by it."""
    for_all = tuple(rule for rule in STANDARD.field_rules if not rule.role)
    hidden = attrs.evolve(STANDARD, field_rules=for_all)
    with firm.free.work(by="setup", tenant="acme") as work:
        access.apply_policy(work, hidden)
        whole = work.deals.get(firm.deal.id)
        expected = approvals.flows_of(work, "deal")[0].hash_of(work.deals.spec, whole)
    case = firm.run("li", approvals.submit_for_approval, firm.deal, FLOW)
    assert "value" not in case.content
    assert case.content["name"] == "CRM"
    with firm.crm.work(by="li", tenant="acme") as work:
        assert isinstance(work.approvals.get(case.id).content, Veil)
    with firm.free.work(by="setup", tenant="acme") as work:
        kept = work.approvals.get(case.id)
    assert (kept.content_hash, "value" in kept.content) == (expected, True)


def test_only_an_administrator_publishes_flows(firm: Firm) -> None:
    """Neither salespeople nor finance open the gate."""
    for name in ("li", "fang"):
        with pytest.raises(NotPermitted):
            firm.run(name, approvals.retire_flow, FLOW)


def test_a_salesperson_claims_what_nobody_sees_and_a_job_recycles_it(firm: Firm) -> None:
    """Members find the pool's leads through the pool alone; the system role takes them back."""
    with firm.free.work(by="setup", tenant="acme") as work:
        pool = leads.define_pool(work, "公海", recycle=(RecycleRule(name="x", after_days=1),))
        lead = parties.capture_lead(work, "王芳")
        leads.release_to_pool(work, lead, pool.id, reason="new")
    with firm.crm.work(by="zhao", tenant="acme") as work:
        assert work.leads.find() == []
        assert [one.id for one in leads.records_in(work, pool.id)] == [lead.id]
        leads.claim(work, pool.id, lead.id)
    with firm.crm.work(by="zhao", tenant="acme") as work:
        assert [one.id for one in work.leads.find()] == [lead.id]
    firm.clock.go_on(days=1)
    with pytest.raises(NotPermitted):
        firm.run("li", leads.recycle, pool.id)
    job = Actor(id="job", roles=frozenset({"system"}))
    [taken] = firm.run(job, leads.recycle, pool.id)
    assert taken.record.id == lead.id
