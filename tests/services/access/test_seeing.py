"""What people see: every way of reading gives the same records, and nothing of the others."""

from collections.abc import Callable
from typing import Any

import pytest

from crmkit.domain.access.deciding import FEW
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rules import FieldLevel, FieldRule, Grant, Restriction, Role, Scope
from crmkit.domain.access.unit import Unit
from crmkit.domain.access.user import User
from crmkit.domain.access.veils import Hidden, Masked
from crmkit.domain.aggregate import UserId
from crmkit.domain.filters.summary import Summary, by, count, total
from crmkit.domain.filters.where import where
from crmkit.domain.parties.customer import Customer
from crmkit.domain.sales.deal import Deal
from crmkit.errors import NotFound, NotPermitted, UnknownField
from crmkit.services import parties
from crmkit.services.searching import search
from crmkit.work import UnitOfWork
from tests.services.access.conftest import Company

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)


def names_by_each_path(work: UnitOfWork, company: Company) -> dict[str, set[str]]:
    """Return the names of the customers that each way of reading brings."""
    customer = where(Customer)
    every = [one.id for one in company.customers.values()]
    grouped = Summary(
        spec=work.customers.spec, by={"name": by(customer.name)}, measures={"n": count()}
    )
    return {
        "look_up": {one.name for one in work.customers.look_up(every).values()},
        "find": {one.name for one in work.customers.find()},
        "stream": {one.name for one in work.customers.stream()},
        "page": {one.name for one in work.customers.page(order=[customer.name.asc()]).items},
        "columns": {name for (name,) in work.customers.columns([customer.name])},
        "summarise": {row["name"] for row in work.customers.summarise(grouped)},
        "search": {one.name for one in search(work, "科技") if isinstance(one, Customer)},
    }


@EVERYWHERE
def test_everybody_sees_the_same_by_every_path(company: Company) -> None:
    """A salesperson sees only their own customers, the manager the unit's, the others all."""
    li, zhao = (company.customers[name].name for name in ("li", "zhao"))
    seen = {"li": {li}, "zhao": {zhao}, "wang": {li}, "fang": {li, zhao}, "root": {li, zhao}}
    for who, expected in seen.items():
        with company.work(who) as work:
            found = names_by_each_path(work, company)
            assert found == dict.fromkeys(found, expected), who
            assert work.customers.count() == len(expected)
            assert work.customers.exists()


@EVERYWHERE
def test_hidden_and_masked_fields_stay_so_by_every_path(company: Company) -> None:
    """Finance sees amounts; marketing sees neither amounts nor the phone numbers of contacts."""
    deal = where(Deal)
    valued = ~deal.value.is_none()
    with company.work("fang") as work:
        assert work.deals.get(company.deals["li"].id).value == company.deals["li"].value
    with company.work("mei") as work:
        contact = work.contacts.get(company.contacts["li"].id)
        assert isinstance(contact.contact_points, Masked)
        assert isinstance(contact.match_keys, Hidden)
        assert contact.name == company.contacts["li"].name
        assert "1234" not in repr(contact)
    company.apply(_with_deals_for_marketing(company))
    summed = Summary(spec=company.free.registry[Deal], measures={"sum": total(deal.value)})
    with company.work("mei") as work:
        assert isinstance(work.deals.get(company.deals["li"].id).value, Hidden)
        ways: list[Callable[[], Any]] = [
            lambda: work.deals.find(deal.value["minor"].gt(0)),
            lambda: work.deals.find(order=[deal.value.desc()]),
            lambda: list(work.deals.columns([deal.value["minor"]])),
            lambda: work.deals.summarise(summed),
            lambda: work.customers.find(where(Customer).referred_by(Deal, "customer_id", valued)),
        ]
        for way in ways:
            with pytest.raises(UnknownField) as hidden:
                way()
            with pytest.raises(UnknownField) as unknown:
                deal.valuf  # noqa: B018 - no such field
            assert str(hidden.value) == str(unknown.value).replace("valuf", "value")


def _with_deals_for_marketing(company: Company) -> Rules:
    with company.as_program() as work:
        policy = work.policies.first()
    assert policy is not None
    return policy.rules + Rules(
        grants=(Grant(role="marketing", entity="deal", actions=("read",), scope=Scope.ALL),)
    )


def test_a_masked_field_is_shown_and_not_asked_for(company: Company) -> None:
    """Filtering, sorting and grouping by a masked field is refused, as it would tell the value."""
    rules = Rules(
        roles=(Role(name="marketing"),),
        grants=(Grant(role="marketing", entity="deal", actions=("read",), scope=Scope.ALL),),
        field_rules=(
            FieldRule(role="marketing", entity="deal", fields=("name",), level=FieldLevel.MASKED),
        ),
    )
    company.apply(rules)
    deal = where(Deal)
    with company.work("mei") as work:
        assert {str(name) for (name,) in work.deals.columns([deal.name])} == {"d**"}
        for way in (
            lambda: work.deals.find(deal.name.starts_with("d")),
            lambda: work.deals.page(order=[deal.name.asc()]),
        ):
            with pytest.raises(NotPermitted):
                way()


def test_what_is_not_seen_is_not_there(company: Company) -> None:
    """A record of somebody else is refused in the words of one that never was."""
    foreign = company.customers["zhao"].id
    with company.work("li") as work:
        with pytest.raises(NotFound) as hidden:
            work.customers.get(foreign)
        missing = work.new_id()
        with pytest.raises(NotFound) as absent:
            work.customers.get(missing)
    assert str(hidden.value) == str(absent.value).replace(str(missing), str(foreign))


def test_without_a_grant_nothing_is_seen(company: Company) -> None:
    """No policy, no role, an unknown actor and a deactivated user see nothing at all."""
    with company.guarded.work(by="stranger", tenant="acme") as work:
        assert work.customers.count() == 0
    with company.guarded.work(by="li", tenant="acme") as work:
        assert work.customers.count() == 1
    with company.guarded.work(by=str(company.people["root"].id), tenant="empty") as work:
        assert work.users.count() == 0
    with company.as_program() as work:
        li = work.users.get(company.people["li"].id)
        work.users.save(li.deactivate(at=work.now))
    with company.work("li") as work:
        assert work.customers.count() == 0
    with company.work("wang") as work:
        assert work.customers.count() == 1


def test_a_restriction_beats_every_grant(company: Company) -> None:
    """What is restricted is not seen by anybody whom it names, the administrator included."""
    condition = {"field": "name", "op": "eq", "value": company.customers["li"].name}
    with company.as_program() as work:
        policy = work.policies.first()
    assert policy is not None
    barred = Restriction(entity="customer", actions=("read",), condition=condition)
    company.apply(policy.rules + Rules(restrictions=(barred,)))
    for who, expected in (("root", 1), ("li", 0), ("zhao", 1), ("wang", 0)):
        with company.work(who) as work:
            assert work.customers.count() == expected, who


@EVERYWHERE
def test_a_unit_of_many_people_is_seen_the_same_by_every_path(company: Company) -> None:
    """Lists, pages, counts and single records agree when their owners are many."""
    with company.as_program() as work:
        (north,) = work.units.find(where(Unit).name.eq("north"))
        many = work.users.insert_many(
            User(id=UserId(work.new_id()), name=f"n{at}", unit_id=north.id) for at in range(FEW + 8)
        )
        own = [
            parties.register_customer(work, f"客户 {at:02}", owner_id=user.id)
            for at, user in enumerate(many)
        ]
    by_name = [where(Customer).name.asc()]
    seen = [*sorted(one.name for one in own), company.customers["li"].name]
    with company.work("wang") as work:
        first = work.customers.page(order=by_name, size=30)
        rest = work.customers.page(order=by_name, size=30, after=first.next)
        paged = [one.name for one in (*first.items, *rest.items)]
        assert sorted(paged) == sorted(seen)
        assert paged == [one.name for one in work.customers.find(order=by_name)]
        assert work.customers.count() == len(seen)
        assert len(work.customers.look_up([one.id for one in own])) == len(own)
