"""Traps that others fell into, each with the ground it is laid on."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from crmkit.domain.access.policy import Rules
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.rules import Grant, ParentRule, Restriction, Role, Scope
from crmkit.domain.access.share import Share, ShareEnded, ShareId, ShareLevel
from crmkit.domain.changes import Change, Changeset, OutboxMessage
from crmkit.domain.filters.where import where
from crmkit.domain.parties.customer import Customer, CustomerId
from crmkit.domain.parties.merge import Merge
from crmkit.errors import Duplicate, InvalidValue, NotFound, NotPermitted, VersionConflict
from crmkit.services import merging, parties, sales
from crmkit.services.access import assign
from tests.services.access.conftest import Company

IN_MEMORY = pytest.mark.parametrize("near_url", ["memory"], indirect=True)
EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)


@EVERYWHERE
def test_a_removed_parent_opens_nothing(company: Company) -> None:
    """A deal follows its customer while the customer lives, in lists and one by one."""
    rules = Rules(
        roles=(Role(name="marketing"),),
        grants=(Grant(role="marketing", entity="customer", actions=("read",), scope=Scope.ALL),),
        parent_rules=(ParentRule(entity="deal", path="customer_id"),),
    )
    company.apply(rules)
    deal = company.deals["li"]
    with company.work("mei") as work:
        assert work.deals.count() == 2
        assert work.deals.get(deal.id).id == deal.id
    with company.as_program() as work:
        work.customers.remove(work.customers.get(company.customers["li"].id))
    with company.work("mei") as work:
        assert [one.id for one in work.deals.find()] == [company.deals["zhao"].id]
        with pytest.raises(NotFound):
            work.deals.get(deal.id)


@EVERYWHERE
def test_a_contact_follows_the_customers_it_is_tied_to(company: Company) -> None:
    """Through the ties between them, as far as those customers are seen."""
    with company.as_program() as work:
        parties.relate_contact(work, company.contacts["zhao"].id, company.customers["li"].id)
    with company.work("li") as work:
        seen = {contact.id for contact in work.contacts.find()}
        assert seen == {company.contacts["li"].id, company.contacts["zhao"].id}
        assert work.contacts.get(company.contacts["zhao"].id).name
    with pytest.raises(NotPermitted), company.work("li") as work:
        parties.update_contact(work, company.contacts["zhao"].id, notes="x")


@EVERYWHERE
def test_pages_go_on_while_what_is_seen_changes(company: Company) -> None:
    """Records that come into sight, or go, between two pages neither repeat nor break anything."""
    with company.as_program() as work:
        made = [parties.register_customer(work, f"客户 {at}") for at in range(6)]
        for customer in made[:4]:
            assign(work, customer, company.people["li"].id)
    by_name = [where(Customer).name.asc()]
    with company.work("li") as work:
        first = work.customers.page(order=by_name, size=3)
    with company.as_program() as work:
        assign(work, made[0], company.people["zhao"].id)
        assign(work, made[5], company.people["li"].id)
    with company.work("li") as work:
        rest = work.customers.page(order=by_name, size=10, after=first.next)
    assert [one.name for one in (*first.items, *rest.items)] == sorted(
        {company.customers["li"].name, *(made[at].name for at in (0, 1, 2, 3, 5))}
    )


@IN_MEMORY
def test_what_the_machinery_read_is_not_shown_to_the_user(company: Company) -> None:
    """A record that was read past the policy in the same work stays unseen."""
    foreign = company.customers["zhao"].id
    with company.work("li") as work:
        whole = work.behind(Customer).get(foreign)
        with pytest.raises(NotFound):
            work.customers.get(foreign)
    with pytest.raises(VersionConflict) as hidden, company.work("li") as work:
        work.customers.save(whole.evolve(industry="x"))
    with pytest.raises(VersionConflict) as absent, company.work("li") as work:
        work.customers.save(whole.evolve(id=CustomerId(uuid4()), industry="x"))
    told = str(absent.value).replace(str(absent.value.record_id), str(foreign))
    assert str(hidden.value) == told


@IN_MEMORY
def test_journals_and_log_rows_are_not_read_around_the_records(company: Company) -> None:
    """Not even by the administrator, whose history and merges go through what is shown."""
    with company.as_program() as work:
        merged = company.customers["li"].id, company.customers["zhao"].id
        merging.merge_customers(work, *merged)
    with company.work("root") as work:
        for entity in (Merge, Change, Changeset, OutboxMessage):
            assert work.of(entity).count() == 0
        assert len(merging.merges_of(work, work.customers.get(merged[0]))) == 1


@IN_MEMORY
def test_many_are_changed_or_none(company: Company) -> None:
    """One record that may not be changed refuses all of them."""
    with company.as_program() as work:
        both = [work.customers.get(one.id) for one in company.customers.values()]
    with pytest.raises(VersionConflict), company.work("li") as work:
        work.customers.save_many(one.evolve(industry="x") for one in both)
    with company.as_program() as work:
        assert {one.industry for one in work.customers.find()} == {None}


@IN_MEMORY
def test_a_taken_value_says_nothing_of_who_has_it(company: Company) -> None:
    """The refusal names the field alone, whether the other record is seen or not."""
    with company.as_program() as work:
        for name in ("li", "zhao"):
            parties.update_customer(work, company.customers[name].id, number=f"no {name}")
    told = []
    for taken in ("no li", "no zhao"):
        with pytest.raises(Duplicate) as caught, company.work("li") as work:
            parties.register_customer(work, "x", number=taken)
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert "zhao" not in told[0]


@IN_MEMORY
def test_an_old_id_of_a_merged_record_tells_nothing_more(company: Company) -> None:
    """Who sees only the winner does not reach it by the id of a loser they never saw."""
    li, zhao = company.customers["li"].id, company.customers["zhao"].id
    with company.as_program() as work:
        merging.merge_customers(work, li, zhao)
    with company.work("li") as work:
        assert parties.find_customer(work, li).id == li
        with pytest.raises(NotFound):
            parties.find_customer(work, zhao)


@IN_MEMORY
def test_a_restriction_holds_for_whoever_shares_or_delegates(company: Company) -> None:
    """A shared record is barred like any other, by the condition as it is now."""
    won = {"field": "outcome", "op": "eq", "value": "won"}
    barred = Restriction(entity="deal", actions=("edit",), condition=won)
    company.apply(STANDARD + Rules(restrictions=(barred,)))
    with pytest.raises(NotPermitted), company.work("li") as work:
        sales.win_deal(work, company.deals["li"].id)
    with company.as_program() as work:
        sales.win_deal(work, company.deals["li"].id)
    with pytest.raises(NotPermitted), company.work("root") as work:
        sales.reopen_deal(work, company.deals["li"].id)


def test_a_share_is_over_exactly_at_its_time() -> None:
    """Open the instant before, over at the instant itself; who it is for must be somebody."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    share = Share(
        id=ShareId(uuid4()),
        entity="deal",
        record_id=uuid4(),
        grantee="role:x",
        level=ShareLevel.READ,
        reason="x",
        until=at,
    )
    assert share.is_open(at - timedelta(milliseconds=1))
    assert not share.is_open(at)
    with pytest.raises(ShareEnded):
        share.end(at=at)
    with pytest.raises(InvalidValue):
        share.evolve(grantee="everybody")
