"""Who is refused what, in which words, and what is told of it: one sentence, a place, a way out."""

from collections.abc import Callable
from typing import Any

import pytest

from crmkit.domain.access.acting import Action, Actor, Right
from crmkit.domain.access.policy import PolicyUnsound, Rules
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.rules import FieldLevel, FieldRule, Grant, Role, Scope
from crmkit.domain.access.share import ShareLevel
from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.access.user import User, UserKind
from crmkit.domain.access.veils import Hidden
from crmkit.domain.aggregate import UserId
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.sales.deal import Deal
from crmkit.errors import CrmkitError, NotPermitted
from crmkit.services import parties
from crmkit.services.access import (
    activate_user,
    add_user,
    apply_policy,
    change_roles,
    current_rules,
    deactivate_user,
    end_share,
    explain,
    look_through,
    move_unit,
    share_record,
    shares_of,
)
from crmkit.services.custom_fields import define_field
from crmkit.work import UnitOfWork
from tests.services.access.conftest import SECRET_INDUSTRY, TENANT, Company

pytestmark = pytest.mark.parametrize("near_url", ["memory"], indirect=True)
RIGHTS = ("read", "edit", "create", "share", "user:change_roles")
OF_THE_NORTH = Rules(
    roles=(Role(name="hr"),),
    grants=(
        Grant(role="hr", entity="user", actions=("read",), scope=Scope.ALL),
        Grant(role="hr", entity="user", actions=RIGHTS, scope=Scope.UNIT),
        Grant(role="hr", entity="unit", actions=("read",), scope=Scope.ALL),
        Grant(
            role="hr",
            entity="unit",
            actions=("edit",),
            scope=Scope.ALL,
            condition={"field": "name", "op": "eq", "value": "north"},
        ),
    ),
)


def told(company: Company, name: str, act: Callable[[UnitOfWork], Any]) -> str:
    """Return the words in which something is refused."""
    with pytest.raises(CrmkitError) as refused, company.work(name) as work:
        act(work)
    return str(refused.value)


def become(company: Company, name: str, *roles: str) -> User:
    """Let somebody play other roles."""
    with company.as_program() as work:
        return work.users.save(work.users.get(company.people[name].id).play(*roles))


@pytest.mark.parametrize(
    ("act", "action", "summary"),
    [
        (lambda work, who: change_roles(work, who, "x"), "user:change_roles", "Change the roles"),
        (deactivate_user, "user:deactivate", "Deactivate a user"),
        (activate_user, "user:activate", "Let a user work again"),
    ],
)
def test_users_beyond_the_scope_are_left_alone(
    company: Company, act: Callable[[UnitOfWork, UserId], Any], action: str, summary: str
) -> None:
    """Whoever looks after the people of the north does nothing to those of the south."""
    company.apply(OF_THE_NORTH)
    become(company, "wang", "hr")
    refusal = told(company, "wang", lambda work: act(work, company.people["zhao"].id))
    assert refusal.startswith(f"{action}: you may not do this: {summary}")
    assert refusal.endswith(" (ask for a role that may)")
    with company.work("wang") as work:
        act(work, company.people["li"].id)


def test_units_beyond_the_scope_stay_where_they_are(company: Company) -> None:
    """One within it moves, also to the top."""
    company.apply(OF_THE_NORTH)
    become(company, "wang", "hr")
    with company.as_program() as work:
        north, south = work.units.find(order=[work.where(Unit).name.asc()])
    refusal = told(company, "wang", lambda work: move_unit(work, south.id, below=north.id))
    assert refusal == (
        "unit:move: you may not do this: Move a unit in the tree (ask for a role that may)"
    )
    with company.work("wang") as work:
        assert move_unit(work, north.id, below=south.id).parent_id == south.id
        assert move_unit(work, north.id, below=None).parent_id is None


def test_a_seat_too_many_is_refused(company: Company) -> None:
    """It says how many there are."""
    refusal = told(company, "root", lambda work: add_user(work, "new", seats=6))
    assert refusal == (
        "user.deactivated_at: all 6 seats are taken (deactivate somebody, or take more seats)"
    )


def test_records_are_refused_in_the_words_of_what_was_tried(company: Company) -> None:
    """Creating, editing and sharing, each with what to ask for."""
    reads = Grant(role="reader", entity="*", actions=("read",), scope=Scope.ALL)
    company.apply(Rules(roles=(Role(name="reader"),), grants=(reads,)))
    become(company, "li", "reader")
    deal = company.deals["li"]
    assert told(company, "li", lambda work: work.deals.save(deal.evolve(name="x"))) == (
        "deal: you may not edit this deal"
        " (ask for a role that may edit it, as it is and as it will be)"
    )
    new = deal.replaced(id=UserId(deal.customer_id), version=0, owner_id=None)
    assert told(company, "li", lambda work: work.deals.add(new)) == (
        "deal: you may not create this deal"
        " (create it as your own, or ask for a role that may create it)"
    )
    nameless = Action("nobody:knows")
    assert told(company, "li", lambda work: work.permit(nameless)) == (
        "nobody:knows: you may not do this: nobody:knows (ask for a role that may)"
    )


def test_a_policy_with_faults_is_refused_with_all_of_them(company: Company) -> None:
    """In one line; at most twenty are named."""
    unknown = [Grant(role=f"r{at}", entity="deal", actions=("read",)) for at in range(21)]
    with pytest.raises(PolicyUnsound) as refused, company.as_program() as work:
        apply_policy(work, Rules(grants=tuple(unknown[:2])))
    assert refused.value.message == (
        "grants[0]: there is no role 'r0'; grants[1]: there is no role 'r1'"
    )
    assert (refused.value.path, refused.value.fix) == ("grants[0]", "")
    with pytest.raises(PolicyUnsound) as many, company.as_program() as work:
        apply_policy(work, Rules(grants=tuple(unknown)))
    assert many.value.message.count(";") == 19


def test_a_fault_says_how_to_mend_it(company: Company) -> None:
    """The first fault's remedy is that of the refusal; a remedy stands in brackets."""
    rule = FieldRule(entity="customer", fields=("address.city",), level=FieldLevel.HIDDEN)
    with pytest.raises(PolicyUnsound) as refused, company.as_program() as work:
        apply_policy(work, Rules(field_rules=(rule,)))
    assert str(refused.value) == (
        "field_rules[0]: field_rules[0]: address.city is a part of a field (rule over address)"
        " (rule over address)"
    )


def test_rules_may_speak_of_the_own_fields_of_a_tenant(company: Company) -> None:
    """In conditions and in levels; where none apply, there are no rules."""
    with company.guarded.work(by="setup", tenant="other") as work:
        assert current_rules(work) == Rules()
    with company.as_program() as work:
        define_field(work, "deal", "region", FieldKind.TEXT)
    condition = {"field": "custom.region", "op": "eq", "value": "north"}
    grant = Grant(
        role="salesperson", entity="deal", actions=("read",), scope=Scope.ALL, condition=condition
    )
    hidden = FieldRule(entity="deal", fields=("custom.region",), level=FieldLevel.HIDDEN)
    rules = STANDARD + Rules(grants=(grant,), field_rules=(hidden,))
    with company.as_program() as work:
        assert look_through(work, rules) == ()
        apply_policy(work, rules)
        deal = work.deals.get(company.deals["zhao"].id)
        work.deals.save(deal.evolve(custom={"region": "north"}))
    with company.work("li") as work:
        assert work.deals.count() == 2


def test_shares_are_told_to_whoever_may_share_the_record(company: Company) -> None:
    """Those of this record alone, as long as they are open; others learn of no share."""
    li, zhao = company.people["li"], company.people["zhao"]
    with company.work("li") as work:
        first = share_record(work, company.deals["li"], zhao, reason="a")
        second = share_record(work, company.deals["li"], f"role:{'finance'}", reason="b")
        share_record(work, company.contacts["li"], zhao, reason="c")
    with company.work("zhao") as work:
        share_record(work, company.deals["zhao"], li, reason="d")
    with company.work("li") as work:
        assert [one.id for one in shares_of(work, company.deals["li"])] == [first.id, second.id]
        ended = end_share(work, first.id)
        assert ended.until == work.now
        assert [one.id for one in shares_of(work, company.deals["li"])] == [second.id]
    become(company, "zhao", "marketing")
    refusal = told(company, "mei", lambda work: end_share(work, second.id))
    assert refusal == f"share.id: there is no share {second.id}"


def test_nobody_shares_more_than_they_have(company: Company) -> None:
    """Who may share and not edit opens reading alone."""
    shares = Grant(role="sharer", entity="deal", actions=("read", "share"), scope=Scope.OWN)
    company.apply(Rules(roles=(Role(name="sharer"),), grants=(shares,)))
    become(company, "li", "sharer")
    deal, zhao = company.deals["li"], company.people["zhao"]
    with company.work("li") as work:
        share_record(work, deal, zhao, reason="a")
    refusal = told(
        company,
        "li",
        lambda work: share_record(work, deal, zhao, reason="a", level=ShareLevel.EDIT),
    )
    assert refusal.startswith("record:edit: you may not do this: Change a record")


def test_an_explanation_says_who_and_what(company: Company) -> None:
    """The user, whether they are active, all roles they play, the action, the version."""
    li, deal = company.people["li"], company.deals["li"]
    with company.as_program() as work:
        told_of = explain(work, li, Right.EDIT, deal)
    assert (told_of.user_id, told_of.is_active, told_of.action) == (li.id, True, "edit")
    assert told_of.roles == tuple(sorted(told_of.roles))
    assert "salesperson" in told_of.roles
    with company.as_program() as work:
        deactivate_user(work, li.id)
        gone = explain(work, work.users.get(li.id), Action("deal:win", right=Right.EDIT), deal)
    assert (gone.is_active, gone.action, gone.allowed) == (False, "deal:win", False)
    refusal = told(company, "zhao", lambda work: explain(work, li, Right.READ, deal))
    assert refusal.startswith("access:explain: you may not do this: Learn who may do what")


def test_an_agent_whose_delegation_is_broken_has_no_roles(company: Company) -> None:
    """Nobody plays a role by claiming it, least of all who was removed."""
    with company.as_program() as work:
        agent = User(
            id=UserId(work.new_id()),
            name="agent",
            login="agent",
            kind=UserKind.AGENT,
            roles=("administrator",),
        )
        work.users.add(agent)
    claim = frozenset({"administrator"})

    def seen(name: str) -> tuple[int, bool]:
        actor = Actor(id=name, roles=claim)
        with company.guarded.work(by=actor, tenant=TENANT) as work:
            return work.of(Deal).count(), "administrator" in work.roles

    assert seen("agent") == (0, False)
    assert seen("a job") == (2, True)
    with company.as_program() as work:
        work.users.remove(work.users.get(company.people["root"].id))
    assert seen("root") == (0, True)


def test_a_share_with_a_unit_opens_to_all_below_it(company: Company) -> None:
    """However deep they stand; one that was removed, or is of another unit, opens nothing."""
    with company.as_program() as work:
        north = work.units.get(company.people["li"].unit_id)
        top = work.units.add(Unit(id=UnitId(work.new_id()), name="top"))
        middle = work.units.add(Unit(id=UnitId(work.new_id()), name="m", parent_id=top.id))
        move_unit(work, north.id, below=middle.id)
        share = share_record(work, company.deals["zhao"], f"unit:{top.id}", reason="all")
    with company.work("li") as work:
        assert work.deals.count() == 2
    with company.work("mei") as work:
        assert company.deals["zhao"].id not in work.deals.look_up([company.deals["zhao"].id])
    with company.as_program() as work:
        work.shares.remove(work.shares.get(share.id))
    with company.work("li") as work:
        assert work.deals.count() == 1


def test_services_show_a_record_with_its_veils(company: Company) -> None:
    """What was permitted is decided by the whole record; what is handed out is not whole."""
    company.apply(STANDARD + SECRET_INDUSTRY)
    mine = company.customers["li"].id
    with company.work("li") as work:
        changed = parties.update_customer(work, mine, notes="x")
        assert changed.industry == Hidden("customer.industry")
        assert work.shown(work.behind(type(changed)).get(mine)).industry == changed.industry
    with company.as_program() as work:
        parties.update_customer(work, mine, industry="secret")
    with pytest.raises(NotPermitted), company.work("li") as work:
        parties.update_customer(work, mine, notes="y")
