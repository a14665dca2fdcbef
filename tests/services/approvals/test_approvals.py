"""Approvals on each store: submitted, decided, delegated, escalated, migrated, applied."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import attrs
import pytest

from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.approvals import telling
from crmkit.domain.approvals.case import ApprovalStatus
from crmkit.domain.approvals.flow import ApprovalFlow, FlowIsInForce
from crmkit.domain.approvals.node import Mode, NobodyCanApprove, Node
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import Customer
from crmkit.domain.sales.deal import Deal, DealOutcome
from crmkit.errors import (
    Duplicate,
    InvalidFilter,
    InvalidSettings,
    InvalidValue,
    NotFound,
    UnknownField,
)
from crmkit.services import approvals, parties, sales
from tests.services.approvals.office import FLOW, LINE, Office, opened, publish

CREDIT = "credit"


@pytest.fixture
def office(ready_url: str, tenant: str) -> Iterator[Office]:
    """Give an office on each store in turn."""
    with opened(ready_url, tenant) as office:
        yield office


@pytest.fixture
def near_office(tenant: str) -> Iterator[Office]:
    """Give an office in memory."""
    with opened("memory:", tenant) as office:
        yield office


def waiting(office: Office, name: str) -> int:
    """Count what waits for somebody."""
    return len(office.run(name, approvals.approvals_waiting_for))


def test_the_superiors_approve_in_turn(office: Office) -> None:
    """Each finds it waiting when the turn comes, and what is kept is what was decided."""
    approval = office.submit(office.open_deal())
    assert (waiting(office, "wang"), waiting(office, "boss")) == (1, 0)
    first = office.run("wang", approvals.approve, approval.id, comment="好")
    assert (waiting(office, "wang"), waiting(office, "boss")) == (0, 1)
    with pytest.raises(telling.NotYourTurn):
        office.run("wang", approvals.approve, approval.id)
    second = office.run("boss", approvals.approve, approval.id)
    with office.work("li") as work:
        assert work.approvals.get(approval.id) == second
    assert (first.status, second.status) == (ApprovalStatus.PENDING, ApprovalStatus.APPROVED)
    lines = [(line.did, line.comment) for line in second.log]
    assert lines == [("submit", None), ("approve", "好"), ("approve", None)]


def test_nothing_is_approved_that_has_changed_since(office: Office) -> None:
    """The field is named; sent back and submitted again, it is judged anew."""
    deal = office.open_deal()
    approval = office.submit(deal)
    with office.work("li") as work:
        work.deals.save(deal.evolve(name="ERP"))
    with pytest.raises(telling.ContentHasChanged) as caught:
        office.run("wang", approvals.approve, approval.id)
    assert caught.value.path == "deal.name"
    office.run("wang", approvals.send_back, approval.id, comment="名称改了")
    again = office.run("li", approvals.resubmit, approval.id)
    assert again.content_hash != approval.content_hash
    office.run("wang", approvals.approve, approval.id)
    office.run("boss", approvals.approve, approval.id)
    assert office.run("li", sales.win_deal, deal.id).outcome is DealOutcome.WON


def test_a_record_is_under_way_once_per_flow(office: Office) -> None:
    """Withdrawn, it may be submitted again."""
    deal = office.open_deal()
    approval = office.submit(deal)
    with pytest.raises(telling.AlreadySubmitted):
        office.submit(deal)
    withdrawn = office.run("li", approvals.withdraw_approval, approval.id)
    assert withdrawn.status is ApprovalStatus.WITHDRAWN
    assert office.submit(deal).status is ApprovalStatus.PENDING


def test_changes_are_held_aside_until_they_are_approved(office: Office) -> None:
    """Then they take effect in the same work as the last yes; a field that moved is named."""
    office.run("boss", _protect_the_number)
    with office.work("li") as work:
        luxi = parties.register_customer(work, "鲁西科技")
    with pytest.raises(telling.ApprovalRequired):
        office.run("li", parties.update_customer, luxi.id, number="K1")
    office.run("li", parties.update_customer, luxi.id, notes="free")
    held = office.run("li", approvals.propose_change, luxi, CREDIT, number="K1")
    assert held.changes == {"number": "K1"}
    done = office.run("sun", approvals.approve, held.id)
    with office.work("li") as work:
        assert work.customers.get(luxi.id).number == "K1"
    assert done.applied_at is not None
    late = office.run("li", approvals.propose_change, luxi, CREDIT, number="K2")
    other = office.run("boss", _change_freely, luxi.id, number="K3")
    with pytest.raises(telling.ContentHasChanged) as caught:
        office.run("sun", approvals.approve, late.id)
    assert (caught.value.path, other.number) == ("customer.number", "K3")


def test_a_new_record_is_made_when_it_is_approved(office: Office) -> None:
    """Until then there is none."""
    office.run("boss", _protect_the_number)
    with pytest.raises(telling.ApprovalRequired):
        office.run("li", parties.register_customer, "鲁西科技", number="K1")
    held = office.run(
        "li", approvals.propose_record, Customer, CREDIT, name="鲁西科技", number="K1"
    )
    with office.work("li") as work:
        assert work.customers.count() == 0
    office.run("sun", approvals.approve, held.id)
    with office.work("li") as work:
        [customer] = work.customers.find()
    assert (customer.id, customer.number) == (held.record_id, "K1")


def test_who_is_away_lets_another_decide(office: Office) -> None:
    """From one moment to another, for one flow; the submitter never decides that way."""
    approval = office.submit(office.open_deal())
    until = office.clock.at + timedelta(days=7)
    for name in ("sun", "li"):
        to = office.people[name]
        office.run("wang", approvals.delegate_approvals, to, until=until, flow=FLOW)
    with pytest.raises(telling.OwnSubmission):
        office.run("li", approvals.approve, approval.id)
    assert waiting(office, "sun") == 1
    done = office.run("sun", approvals.approve, approval.id)
    assert done.log[-1].in_place_of == office.people["wang"]
    second = office.submit(office.open_deal())
    office.clock.go_on(days=7)
    assert waiting(office, "sun") == 0
    with pytest.raises(telling.NotYourTurn):
        office.run("sun", approvals.approve, second.id)


def test_a_delegation_ends_early_or_never_begins(near_office: Office) -> None:
    """Ended, it counts no more; one for later is removed."""
    office = near_office
    sun, until = office.people["sun"], office.clock.at + timedelta(days=7)
    approval = office.submit(office.open_deal())
    running = office.run("wang", approvals.delegate_approvals, sun, until=until)
    since = office.clock.at + timedelta(days=1)
    later = office.run("wang", approvals.delegate_approvals, sun, since=since, until=until)
    office.clock.go_on(hours=1)
    assert office.run("wang", approvals.end_delegation, running.id).until_at == office.clock.at
    assert office.run("wang", approvals.end_delegation, later.id).deleted_at is not None
    with pytest.raises(telling.NotYourTurn):
        office.run("sun", approvals.approve, approval.id)
    with pytest.raises(InvalidValue):
        office.run("wang", approvals.delegate_approvals, office.people["wang"], until=until)


class OfficeHours:
    """Working time of which a day has only its first hours."""

    def add(self, instant: Any, duration: timedelta) -> Any:
        """Count three hours of the clock for each of work."""
        return attrs.make_class("Due", {"at": attrs.field()})(instant + 3 * duration)

    def elapsed(self, start: Any, end: Any) -> timedelta:
        """Count a third."""
        return (end - start) / 3


def test_what_is_late_by_working_time_goes_to_the_superior(ready_url: str, tenant: str) -> None:
    """Both may decide then; it happens once, and not before."""
    node = Node(name="n", approvers=(Approvers.superior(),), late_after=60)
    with opened(ready_url, tenant, node) as office:
        deal, hours = office.open_deal(), OfficeHours()
        approval = office.run("li", approvals.submit_for_approval, deal, FLOW, calendar=hours)
        office.clock.go_on(hours=2)
        assert office.run("boss", approvals.escalate_late_approvals, calendar=hours) == []
        office.clock.go_on(hours=1)
        [late] = office.run("boss", approvals.escalate_late_approvals, calendar=hours)
        assert set(late.waiting_for) == {str(office.people[name]) for name in ("wang", "boss")}
        assert office.run("boss", approvals.escalate_late_approvals, calendar=hours) == []
        done = office.run("boss", approvals.approve, approval.id)
        assert done.status is ApprovalStatus.APPROVED


def test_a_case_stays_with_its_edition_until_it_is_migrated(office: Office) -> None:
    """New cases go by the new one; what was published does not change."""
    approval = office.submit(office.open_deal())
    finance = Node(name="finance", approvers=(Approvers.in_role("finance"),))
    revised = office.run("boss", approvals.revise_flow, FLOW, nodes=(finance,))
    assert revised.number == 2
    assert office.submit(office.open_deal()).waiting_for == (str(office.people["sun"]),)
    assert waiting(office, "wang") == 1
    with pytest.raises(InvalidValue):
        office.run("boss", approvals.migrate_approval, approval.id)
    moved = office.run("boss", approvals.migrate_approval, approval.id, node="finance")
    assert (moved.flow_id, moved.waiting_for) == (revised.id, (str(office.people["sun"]),))
    with pytest.raises(FlowIsInForce), office.work("boss") as work:
        work.approval_flows.save(revised.evolve(nodes=(LINE,)))


def test_a_retired_flow_asks_for_nothing(near_office: Office) -> None:
    """Deals are won freely; cases that run can still be decided."""
    office = near_office
    deal = office.open_deal()
    approval = office.submit(deal)
    office.run("boss", approvals.retire_flow, FLOW)
    assert office.run("li", sales.win_deal, deal.id).outcome is DealOutcome.WON
    with pytest.raises(NotFound):
        office.submit(office.open_deal())
    assert office.run("boss", approvals.flows_of, "deal") == []
    with office.work("wang") as work:
        assert work.approvals.get(approval.id).status is ApprovalStatus.PENDING


def test_the_route_is_shown_before_it_is_gone(near_office: Office) -> None:
    """Whom each node would ask, or which node has nobody; a rehearsal keeps nothing."""
    office = near_office
    deal = office.open_deal()
    [stop] = office.run("li", approvals.preview_route, deal, FLOW)
    assert stop.asked == (office.people["wang"], office.people["boss"])
    with pytest.raises(NobodyCanApprove):
        office.run("boss", approvals.submit_for_approval, deal, FLOW)
    with office.crm.rehearse(by="li", tenant=office.tenant) as rehearsal:
        approvals.submit_for_approval(rehearsal, deal, FLOW)
    assert {change.entity for change in rehearsal.changes} == {"approval"}
    with office.work("li") as work:
        assert work.approvals.count() == 0


def test_nodes_apply_by_their_condition(tenant: str) -> None:
    """A node whose condition the record does not fit is passed over."""
    deal = where(Deal)
    huge = {"field": "value", "op": "gt", "value": "500000 CNY"}
    finance = Node(name="finance", approvers=(Approvers.in_role("finance"),), when=huge)
    last = Node(name="boss", approvers=(Approvers.superior(2),))
    with opened("memory:", tenant, finance, last, when=deal.value.gt(Money("1", "CNY"))) as office:
        small = office.submit(office.open_deal())
        large = office.submit(office.open_deal(Money("600000", "CNY")))
        assert small.waiting_for == (str(office.people["boss"]),)
        assert large.waiting_for == (str(office.people["sun"]),)


def test_a_flow_that_cannot_be_meant_is_refused(near_office: Office) -> None:
    """Unknown fields, relations, codes taken, fields that name nobody: by path."""
    deal = where(Deal)
    of_customer = deal.customer_id.exists(Customer)
    by_name = Node(name="n", approvers=(Approvers.named_by("name"),))
    names = list(near_office.crm.registry["deal"].parts)
    cases: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"moves": ("nothing",)}, UnknownField),
        ({"exit": of_customer}, InvalidFilter),
        ({"when": {"field": "nothing", "op": "eq", "value": "1"}}, UnknownField),
        ({"nodes": (by_name,)}, InvalidSettings),
        ({"nodes": (LINE, LINE)}, InvalidValue),
        ({"nodes": ()}, InvalidValue),
        ({"content": ("name",), "moves": ("stage",)}, InvalidValue),
        ({"moves": tuple(names)}, InvalidSettings),
        ({"valid_days": 0}, InvalidValue),
    ]
    for settings, error in cases:
        with pytest.raises(error), near_office.work("boss") as work:
            publish(work, LINE, code="wrong", **settings)
    with pytest.raises(Duplicate), near_office.work("boss") as work:
        publish(work, LINE)


def test_who_is_no_user_decides_nothing(near_office: Office) -> None:
    """Nor does another tenant see the case."""
    deal = near_office.open_deal()
    approval = near_office.submit(deal)
    with pytest.raises(telling.NotAUser):
        near_office.run("stranger", approvals.approve, approval.id)
    with pytest.raises(NotFound), near_office.crm.work(by="wang", tenant="nobody") as work:
        approvals.approve(work, approval.id)
    with pytest.raises(InvalidValue):
        near_office.run("li", approvals.submit_removal, deal, FLOW)


def _protect_the_number(work: Any) -> ApprovalFlow:
    customer = where(Customer)
    node = Node(name="finance", approvers=(Approvers.in_role("finance"),))
    numbered = ~customer.number.is_none()
    return approvals.publish_flow(
        work, CREDIT, "customer", exit=numbered, content=("number",), nodes=(node,)
    )


def _change_freely(work: Any, customer_id: Any, **fields: Any) -> Customer:
    approvals.retire_flow(work, CREDIT)
    changed = parties.update_customer(work, customer_id, **fields)
    node = Node(name="finance", approvers=(Approvers.in_role("finance"),))
    customer = where(Customer)
    approvals.publish_flow(
        work,
        CREDIT,
        "customer",
        number=2,
        exit=~customer.number.is_none(),
        content=("number",),
        nodes=(node,),
    )
    return changed


def test_heads_of_departments_are_those_of_the_tree_of_units(tenant: str) -> None:
    """From the submitter's own unit upwards, as they stand today, but who is not active."""
    heads = Node(name="heads", approvers=(Approvers.heads(3),), mode=Mode.SEQUENCE)
    with opened("memory:", tenant, heads) as office:
        with office.work("boss") as work:
            above = None
            for name in ("boss", "sun", "wang"):
                unit = Unit(
                    id=UnitId(work.new_id()),
                    name=name,
                    parent_id=above,
                    head_id=office.people[name],
                )
                above = work.units.add(unit).id
            work.users.save(work.users.get(office.people["li"]).evolve(unit_id=above))
            work.users.save(work.users.get(office.people["sun"]).deactivate(at=work.now))
        [stop] = office.run("li", approvals.preview_route, office.open_deal(), FLOW)
        assert stop.asked == (office.people["wang"], office.people["boss"])
