"""What a work under a policy takes for there: far ends of relations, whole records, live shares."""

import pytest

from crmkit.domain.access.acting import Action, Right
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.rules import Grant, Scope
from crmkit.domain.access.share import Share
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.filters.where import where
from crmkit.domain.parties.customer import Customer
from crmkit.domain.privacy.audit import AuditEntry
from crmkit.domain.sales.deal import Deal
from crmkit.errors import NotPermitted
from crmkit.services import parties
from crmkit.services.access import apply_policy, preview_policy_change, share_record, shares_of
from crmkit.services.custom_fields import define_field
from tests.services.access.conftest import SECRET_INDUSTRY, TENANT, Company

pytestmark = pytest.mark.parametrize("near_url", ["memory"], indirect=True)
EDIT = Action("customer:look_after", "Look after a customer", right=Right.EDIT)


def test_a_relation_leads_to_live_records_that_are_seen(company: Company) -> None:
    """A customer whose deal is removed, or somebody else's, is not found by it."""
    every = Grant(role="salesperson", entity="customer", actions=("read",), scope=Scope.ALL)
    company.apply(STANDARD + Rules(grants=(every,)))
    by_deal = where(Deal).customer_id.exists(Customer)
    with company.work("li") as work:
        assert [deal.id for deal in work.deals.find(by_deal)] == [company.deals["li"].id]
    with company.as_program() as work:
        parties.update_customer(work, company.customers["li"].id, industry="x")
        assert work.deals.count(by_deal) == 2
        work.customers.remove(work.customers.get(company.customers["zhao"].id))
        assert work.deals.count(by_deal) == 1
    own = Grant(role="salesperson", entity="deal", actions=("read",), scope=Scope.ALL)
    company.apply(STANDARD + Rules(grants=(own,)))
    with company.as_program() as work:
        theirs = work.deals.get(company.deals["zhao"].id)
        mine = work.customers.get(company.customers["li"].id)
        work.customers.save(mine.evolve(owner_id=company.people["zhao"].id))
        work.deals.save(theirs.evolve(customer_id=mine.id))
    with company.work("li") as work:
        assert work.deals.count() == 2
        assert work.deals.count(by_deal) == 0
    with company.work("zhao") as work:
        assert work.deals.count(by_deal) == 2


def test_a_permission_is_decided_by_the_whole_record(company: Company) -> None:
    """What its reader does not see of it counts; a change that is not saved yet does as well."""
    company.apply(STANDARD + SECRET_INDUSTRY)
    mine = company.customers["li"].id
    with company.work("li") as work:
        work.permit(EDIT, on=work.customers.get(mine))
    with company.as_program() as work:
        parties.update_customer(work, mine, industry="secret")
    with company.work("li") as work:
        veiled = work.customers.get(mine)
        with pytest.raises(NotPermitted):
            work.permit(EDIT, on=veiled)


def test_a_share_that_was_removed_opens_nothing(company: Company) -> None:
    """Shares are told in the order in which they were given."""
    deal, zhao = company.deals["li"], company.people["zhao"]
    with company.work("li") as work:
        first = share_record(work, deal, zhao, reason="a")
    with company.work("li") as work:
        second = share_record(work, deal, "role:salesperson", reason="b")
        assert [one.reason for one in shares_of(work, deal)] == ["a", "b"]
    for share in (first, second):
        with company.work("zhao") as work:
            assert work.deals.count() == 2
        with company.as_program() as work:
            work.shares.remove(work.behind(Share).get(share.id))
    with company.work("zhao") as work:
        assert work.deals.count() == 1


def test_a_policy_that_was_removed_grants_nothing(company: Company) -> None:
    """As if there had never been one."""
    with company.as_program() as work:
        [policy] = work.policies.find()
        work.policies.remove(policy)
    with company.work("root") as work:
        assert work.deals.count() == 0


def test_a_policy_that_comes_into_force_is_written_down(company: Company) -> None:
    """With its version and the record it is kept in."""
    with company.as_program() as work:
        applied = apply_policy(work, STANDARD + Rules())
        assert apply_policy(work, STANDARD).version == applied.version
    with company.as_program() as work:
        kinds = {entry.kind for entry in work.behind(AuditEntry).find()}
        [policy] = work.policies.find()
    assert kinds == {"policy_change"}
    assert policy.id == applied.id


def test_a_filter_knows_the_own_fields_of_a_tenant(company: Company) -> None:
    """Of each entity those that were defined for it."""
    with company.as_program() as work:
        define_field(work, "deal", "region", FieldKind.TEXT)
        define_field(work, "customer", "size", FieldKind.NUMBER)
    with company.as_program() as work:
        deal = work.deals.get(company.deals["li"].id)
        work.deals.save(deal.evolve(custom={"region": "north"}))
        north = work.where(Deal).custom.region.eq("north")
        assert [one.id for one in work.deals.find(north)] == [deal.id]
        assert work.custom_fields(work.registry["deal"]).keys() == {"region"}
    with company.guarded.work(by="job", tenant=TENANT) as work:
        assert work.may_ask(work.where(Deal).name.eq("x"))


def test_a_preview_is_for_those_who_may_explain(company: Company) -> None:
    """It tells of records that its reader may not see."""
    with pytest.raises(NotPermitted) as refused, company.work("li") as work:
        list(preview_policy_change(work, STANDARD, ["deal"]))
    assert refused.value.path == "access:explain"
    with company.as_program() as work:
        lost = list(preview_policy_change(work, Rules(), ["deal"]))
    owners = {impact.user_id: impact for impact in lost}
    li = owners[company.people["li"].id]
    assert (li.gained, li.lost) == ((), (company.deals["li"].id,))
