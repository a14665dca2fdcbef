"""What users of other systems ask for most, and hold here: see the page that lists it all."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from crmkit.crm import CRM
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.access.user import User, UserId
from crmkit.domain.approvals.node import Node
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.approvals.telling import ApprovalRequired
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.parties.contact_points import ContactKind, ContactPoint
from crmkit.domain.parties.lead import Lead, LeadStatus
from crmkit.domain.sales.deal import Deal
from crmkit.domain.sales.quote import QuoteOutcome
from crmkit.domain.span import Span
from crmkit.services import access, approvals, leads, parties, sales
from crmkit.services.duplicates import find_duplicates_of
from crmkit.services.forecasts.reporting import forecast
from crmkit.testing.storage.harness import Place
from crmkit.work.policies import Policies
from tests.services.pricing.quote_office import quoting

PHONE = ContactPoint(kind=ContactKind.PHONE, raw="0635-8230000")


@pytest.fixture
def place(ready_url: str) -> Iterator[Place]:
    """Give a tenant on each store in turn."""
    with CRM.open(ready_url, plugin_names=()) as crm:
        yield Place(crm, f"t{uuid4().hex}")


def test_removing_a_party_removes_nothing_that_refers_to_it(place: Place) -> None:
    """Deals, quotes, people in deals and activities stay as they are; restored, they are whole."""
    with place.work() as work:
        luxi = parties.register_customer(work, "鲁西机械")
        wang = parties.add_contact(work, "王芳")
        parties.relate_contact(work, wang.id, luxi.id)
        pipeline = sales.define_pipeline(work, "usual")
        deal = sales.open_deal(work, name="车床", pipeline=pipeline.id, customer=luxi.id)
        role = sales.involve(work, deal.id, wang.id)
        quote = sales.open_quote(work, "车床", customer=luxi.id, deal_id=deal.id)
        call = parties.follow_up(work, wang, "回访")
    for gone in (wang, luxi):
        place.remove(gone)
    for kept in (deal, role, quote, call):
        now = place.read(kept)
        assert (now.deleted_at, now.version) == (None, kept.version)
    assert place.read(deal).customer_id == luxi.id
    with place.work() as work:
        assert sales.move_deal(work, deal.id, to="proposal").stage == "proposal"


def test_every_twin_is_found_however_many_there_are(place: Place) -> None:
    """A dozen customers of one telephone number are told, not the first five."""
    with place.work() as work:
        twins = [
            parties.register_customer(work, f"聊城鲁西机械{at}", contact_points=(PHONE,))
            for at in range(12)
        ]
    with place.work() as work:
        found = find_duplicates_of(work, twins[0], threshold=0.0)
    assert {one.record.id for one in found} == {twin.id for twin in twins[1:]}


def test_what_was_sent_is_accepted_without_another_approval(ready_url: str, tenant: str) -> None:
    """The gate stands before the customer, so nobody signs what is blocked afterwards."""
    with quoting(ready_url, tenant) as office:
        version = office.write(office.open(), 12)
        with pytest.raises(ApprovalRequired), office.work("boss") as work:
            sales.approve_version(work, version.id)
            sales.share_version(work, version.id, until=work.now + timedelta(1), secret=b"s" * 32)
        with office.work() as work:
            [case] = sales.submit_version(work, version.id)
        with office.work("boss") as work:
            approvals.approve(work, case.id)
        with office.work() as work:
            sales.send_version(work, version.id)
        with office.work() as work:
            head = sales.accept_version(work, version.id, by="王芳")
    assert head.outcome is QuoteOutcome.ACCEPTED


def test_leads_and_their_conversion_go_through_approval_too(place: Place) -> None:
    """A flow on the conversion refuses it, with customer, contact and deal, until it is granted."""
    with place.work() as work:
        boss = User(id=UserId(work.new_id()), name="boss", login="boss")
        sales_ = User(id=UserId(work.new_id()), name="li", login="li")
        work.users.insert_many([boss, sales_])
        node = Node(name="boss", approvers=(Approvers.users(boss.id),))
        converted = where(Lead).status.eq(LeadStatus.CONVERTED)
        approvals.publish_flow(work, "convert", "lead", exit=converted, nodes=(node,))
        lead = parties.capture_lead(work, "王芳", company="鲁西机械")
    with pytest.raises(ApprovalRequired), place.work(by="li") as work:
        leads.convert(work, lead.id)
    with place.work(by="li") as work:
        assert (work.customers.count(), work.contacts.count()) == (0, 0)
        case = approvals.submit_for_approval(work, lead, "convert")
    place.run(approvals.approve, case.id, by="boss")
    done = place.run(leads.convert, lead.id, by="li")
    assert done.customer.name == "鲁西机械"


def test_a_report_is_about_every_pipeline_and_about_one(place: Place) -> None:
    """The forecast of all is the sum of those of each, though stages have the same names."""
    with place.work() as work:
        lines = [sales.define_pipeline(work, name) for name in ("新客户", "老客户")]
        for at, pipeline in enumerate(lines, 1):
            value = Money(f"{at}000", "CNY")
            sales.open_deal(work, name="d", pipeline=pipeline.id, value=value)
    with place.work() as work:
        day = work.now.date()
        span = Span(first=day, last=day + timedelta(days=90))
        deal = where(Deal)
        whole = forecast(work, span, into="CNY")
        parts = [
            forecast(work, span, into="CNY", where=deal.pipeline_id.eq(one.id)) for one in lines
        ]
    assert [part.undated for part in (whole, *parts)] == [2, 1, 1]


def test_who_may_create_creates_whatever_they_see() -> None:
    """With the ready roles a salesperson captures leads, and sees those of nobody else."""
    with CRM.open("memory:", plugin_names=()) as free:
        with free.work(by="setup", tenant="acme") as work:
            access.apply_policy(work, STANDARD)
            for name in ("li", "zhao"):
                unit = work.units.add(Unit(id=UnitId(work.new_id()), name=name))
                named: dict[str, Any] = {"name": name, "login": name, "roles": ("salesperson",)}
                work.users.add(User(id=UserId(work.new_id()), unit_id=unit.id, **named))
        with CRM(free.storage, access=Policies()) as crm:
            with crm.work(by="li", tenant="acme") as work:
                mine = parties.capture_lead(work, "王芳")
                assert [one.id for one in work.leads.find()] == [mine.id]
            with crm.work(by="zhao", tenant="acme") as work:
                parties.capture_lead(work, "李雷")
                assert mine.id not in {one.id for one in work.leads.find()}
