"""Deciding: what rules mean, one trap after the other."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.access.conditions import Conditions
from crmkit.domain.access.deciding import AnyOf, Deciding, all_of, among, any_of
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rulebook import Rulebook
from crmkit.domain.access.rules import (
    FieldLevel,
    FieldRule,
    Grant,
    ParentRule,
    Restriction,
    Role,
    Scope,
)
from crmkit.domain.access.standing import Standing
from crmkit.domain.access.unit import UnitId
from crmkit.domain.access.user import User
from crmkit.domain.access.veils import Level
from crmkit.domain.aggregate import UserId
from crmkit.domain.entity import Registry, spec_of
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.tree import EVERYTHING, MAX_LISTED, NOTHING, Exists, Filter
from crmkit.domain.filters.where import where
from crmkit.domain.parties.customer import Customer, CustomerId
from crmkit.domain.sales.deal import Deal, DealId
from crmkit.errors import InvalidInput
from crmkit.work.departments import ENTITIES

REGISTRY = Registry(ENTITIES)
ME, OTHER = UserId(uuid4()), UserId(uuid4())
UNIT = UnitId(uuid4())
USER = User(id=ME, name="li", roles=("sales",), unit_id=UNIT)
DEAL = spec_of(Deal)


@attrs.frozen
class Around:
    """People and shares as they are given."""

    people: dict[Scope, tuple[UUID, ...]] = attrs.field(factory=lambda: {Scope.OWN: (ME,)})
    shares: dict[tuple[str, str], tuple[UUID, ...]] = attrs.field(factory=dict)

    def owners(self, scope: Scope) -> Sequence[UUID]:
        """Return the users of a scope."""
        return self.people.get(scope, (ME,))

    def shared(self, entity: str, right: str) -> Sequence[UUID]:
        """Return the records shared."""
        return self.shares.get((entity, right), ())


def deciding(rules: Rules, **standing: Any) -> Deciding:
    """Return the rules as they apply to a salesperson."""
    book = Rulebook(attrs.evolve(rules, roles=(*rules.roles, Role(name="sales"))))
    given_standing = {"user": USER, "roles": book.roles_of(["sales"]), "around": Around()}
    return Deciding(REGISTRY, book, Conditions(REGISTRY), Standing(**given_standing | standing))


def deal(**fields: Any) -> Deal:
    """Return a deal of the salesperson."""
    return Deal(**{"id": DealId(uuid4()), "name": "x", "stage": "new", "owner_id": ME} | fields)


def granted(**fields: Any) -> Rules:
    """Return one grant to the salesperson."""
    given_fields = {"role": "sales", "entity": "deal", "actions": ("read",), "scope": Scope.ALL}
    return Rules(grants=(Grant(**given_fields | fields),))


def may(rules: Rules, record: Deal, *names: str, **standing: Any) -> bool:
    """Say whether the salesperson may read a deal."""
    allowed = deciding(rules, **standing).allowed(DEAL, names or ("read",))
    return matches(allowed, record)


def about_user(field: str, op: str, attribute: str) -> dict[str, Any]:
    """Return a condition that compares a field with something of the user."""
    return {"field": field, "op": op, "value": {"user": attribute}}


def test_nothing_is_granted_by_itself() -> None:
    """Without a grant, with one for another action, entity or role, nothing is allowed."""
    for rules in (
        Rules(),
        granted(actions=("edit",)),
        granted(entity="customer"),
        granted(role="finance"),
    ):
        assert deciding(rules).allowed(DEAL, ("read",)) == NOTHING


def test_who_is_not_active_may_do_nothing() -> None:
    """Whatever is granted."""
    assert may(granted(), deal())
    assert not may(granted(), deal(), is_active=False)


def test_a_record_without_an_owner_is_in_no_scope_of_people() -> None:
    """Only `all` reaches it."""
    for scope in Scope:
        assert may(granted(scope=scope), deal(owner_id=None)) == (scope is Scope.ALL)
        assert may(granted(scope=scope), deal())


def test_what_the_user_lacks_is_not_equal_to_what_the_record_lacks() -> None:
    """None on both sides grants nothing, and bars everything."""
    nobody = attrs.evolve(USER, unit=None)
    condition = about_user("stage", "eq", "unit")
    assert not may(granted(condition=condition), deal(), user=nobody)
    assert not may(granted(condition=about_user("lost_reason", "eq", "unit")), deal(), user=nobody)
    barred = Restriction(entity="deal", actions=("read",), condition=condition)
    rules = granted() + Rules(restrictions=(barred,))
    assert not may(rules, deal(), user=nobody)
    assert may(rules, deal(), user=attrs.evolve(USER, unit="other"))
    assert not may(rules, deal(stage="north"), user=attrs.evolve(USER, unit="north"))


@pytest.mark.parametrize("op", ["ne", "not"])
def test_a_condition_about_what_the_user_lacks_cannot_be_turned_into_a_grant(op: str) -> None:
    """Neither by different from, nor by the opposite of equal."""
    nobody = attrs.evolve(USER, unit=None)
    equal = about_user("stage", "eq", "unit")
    condition = about_user("stage", "ne", "unit") if op == "ne" else {"not": equal}
    assert not may(granted(condition=condition), deal(), user=nobody)
    assert may(granted(condition=condition), deal(), user=attrs.evolve(USER, unit="x"))


def test_a_job_of_the_program_has_nothing_of_a_user() -> None:
    """A condition about the user gives it nothing."""
    condition = about_user("stage", "ne", "name")
    assert not may(granted(condition=condition), deal(), user=None)
    assert may(granted(), deal(), user=None)


def test_a_user_without_teams_is_in_no_team() -> None:
    """An empty list matches nothing; the opposite of it matches everything, as it says."""
    condition = about_user("id", "in", "team_ids")
    assert not may(granted(condition=condition), deal())
    tagged = about_user("tags", "has_any", "roles")
    assert may(granted(condition=tagged), deal(tags=("sales",)))
    assert not may(granted(condition=tagged), deal(tags=("salesman",)))


@pytest.mark.parametrize(
    "condition",
    [
        about_user("stage", "eq", "nothing"),
        about_user("nothing", "eq", "name"),
        about_user("value", "eq", "name"),
        about_user("stage", "eq", "unit_id"),
        about_user("customer_id", "eq", "unit_id"),
        about_user("stage", "eq", "roles"),
        about_user("stage", "in", "name"),
        about_user("stage", "contains", "name"),
        {"field": "stage", "op": "eq", "value": 1},
        {"field": "stage", "op": "like", "value": "x"},
        {"stage": "x"},
        {
            "exists": "customer",
            "field": "customer_id",
            "remote": "id",
            "where": about_user("name", "eq", "name"),
        },
    ],
)
def test_a_wrong_condition_is_an_error_when_it_is_read(condition: Any) -> None:
    """Unknown fields and attributes, wrong kinds and operators are named."""
    with pytest.raises(InvalidInput):
        Conditions(REGISTRY).check(DEAL, condition)


def test_a_field_that_is_gone_denies() -> None:
    """A rule about a custom field that was retired gives nothing, and bars everything."""
    condition = {"field": "custom.gone", "op": "eq", "value": "x"}
    assert not may(granted(condition=condition), deal())
    barred = Restriction(entity="deal", actions=("read",), condition=condition)
    assert not may(granted() + Rules(restrictions=(barred,)), deal())


def test_restrictions_of_everybody_and_of_a_role() -> None:
    """Both beat the grant; that of another role does not."""
    for role, allowed in (("", False), ("sales", False), ("finance", True)):
        rules = granted() + Rules(
            restrictions=(Restriction(role=role, entity="*", actions=("*",)),)
        )
        assert may(rules, deal()) == allowed


def test_an_action_is_granted_by_its_name_or_its_right() -> None:
    """And restricted by either."""
    for actions in (("edit",), ("deal:win",), ("*",)):
        assert may(granted(actions=actions), deal(), "deal:win", "edit")
    barred = Restriction(entity="deal", actions=("deal:win",))
    rules = granted(actions=("edit",)) + Rules(restrictions=(barred,))
    assert not may(rules, deal(), "deal:win", "edit")
    assert may(rules, deal(), "edit")


def test_a_share_opens_a_record_for_its_rights() -> None:
    """Reading alone, or editing; restrictions beat it too."""
    shared = deal(owner_id=OTHER)
    around = Around(shares={("deal", "read"): (shared.id,)})
    assert may(Rules(), shared, around=around)
    assert not may(Rules(), shared, "edit", around=around)
    assert not may(Rules(), deal(owner_id=OTHER), around=around)
    barred = Rules(restrictions=(Restriction(entity="deal", actions=("read",)),))
    assert not may(barred, shared, around=around)


def test_a_parent_gives_what_it_allows() -> None:
    """The deals of a customer that is allowed are allowed, for the actions of the rule."""
    rules = Rules(
        grants=(Grant(role="sales", entity="customer", actions=("read", "edit")),),
        parent_rules=(ParentRule(entity="deal", path="customer_id"),),
    )
    mine = Customer(id=CustomerId(uuid4()), name="x", owner_id=ME)
    theirs = Customer(id=CustomerId(uuid4()), name="x", owner_id=OTHER)

    def exists(node: Exists, value: Any) -> bool:
        return any(one.id == value and matches(node.where, one) for one in (mine, theirs))

    reading = deciding(rules).allowed(DEAL, ("read",))
    assert matches(reading, deal(owner_id=None, customer_id=mine.id), exists)
    assert not matches(reading, deal(owner_id=None, customer_id=theirs.id), exists)
    assert not matches(reading, deal(owner_id=ME), exists)
    assert deciding(rules).allowed(DEAL, ("edit",)) == NOTHING


def test_roles_include_roles_and_circles_end() -> None:
    """Whoever plays a role plays what it includes, once."""
    roles = (
        Role(name="a", includes=("b",)),
        Role(name="b", includes=("c", "unknown")),
        Role(name="c", includes=("a",)),
    )
    assert Rulebook(Rules(roles=roles)).roles_of(["a", "nobody"]) == {"a", "b", "c"}


def test_the_highest_level_of_the_roles_counts_and_is_cut_after_that() -> None:
    """A role without a rule has the usual level; `at_most` is applied last."""
    hidden, masked, read = FieldLevel.HIDDEN, FieldLevel.MASKED, FieldLevel.READ

    def rule(role: str, level: FieldLevel, *, at_most: bool = False) -> FieldRule:
        return FieldRule(role=role, entity="deal", fields=("value",), level=level, at_most=at_most)

    def level(*rules: FieldRule, roles: Sequence[str] = ("a", "b")) -> Level | None:
        grants = tuple(Grant(role=role, entity="deal", actions=("read",)) for role in ("a", "b"))
        book = Rulebook(Rules(grants=grants, field_rules=rules))
        return book.levels(roles, "deal").get("value")

    assert level() is None
    assert level(rule("a", hidden)) is Level.EDIT
    assert level(rule("a", hidden), roles=["a"]) is Level.HIDDEN
    assert level(rule("a", hidden), roles=["a", "c"]) is Level.HIDDEN
    assert level(rule("", masked), rule("a", read)) is Level.READ
    assert level(rule("", masked), roles=["b"]) is Level.MASKED
    assert level(rule("a", read), rule("b", hidden)) is Level.READ
    assert level(rule("", hidden, at_most=True), rule("a", read)) is Level.HIDDEN
    assert level(rule("a", masked, at_most=True), roles=["b"]) is Level.EDIT


RULES = st.lists(
    st.one_of(
        st.builds(
            Grant,
            role=st.just("sales"),
            entity=st.sampled_from(["deal", "*"]),
            actions=st.sampled_from([("read",), ("edit",), ("*",)]),
            scope=st.sampled_from(Scope),
        ),
        st.builds(
            Restriction,
            role=st.sampled_from(["", "sales", "other"]),
            entity=st.just("deal"),
            actions=st.sampled_from([("read",), ("edit",)]),
            condition=st.sampled_from(
                [{"field": "stage", "op": "eq", "value": value} for value in ("new", "old")]
            ),
        ),
    ),
    max_size=6,
)
DEALS = [deal(owner_id=owner, stage=stage) for owner in (ME, OTHER, None) for stage in ("new", "x")]


def gathered(rules: Sequence[Any]) -> Rules:
    """Return rules by their kind."""
    return Rules(
        grants=tuple(rule for rule in rules if isinstance(rule, Grant)),
        restrictions=tuple(rule for rule in rules if isinstance(rule, Restriction)),
    )


@given(rules=RULES, data=st.data())
def test_order_repetition_and_splitting_change_nothing(
    rules: list[Any], data: st.DataObject
) -> None:
    """Rules in another order, twice, or one by one for each action decide the same."""
    mixed = data.draw(st.permutations([*rules, *rules]))
    split = [attrs.evolve(rule, actions=(one,)) for rule in rules for one in rule.actions]
    for record in DEALS:
        expected = may(gathered(rules), record)
        assert may(gathered(mixed), record) == expected
        assert may(gathered(split), record) == expected


@given(rules=RULES, more=RULES)
def test_a_restriction_never_opens_and_a_grant_never_bars(
    rules: list[Any], more: list[Any]
) -> None:
    """More grants allow no less, more restrictions allow no more."""
    grants = [rule for rule in more if isinstance(rule, Grant)]
    barring = [rule for rule in more if isinstance(rule, Restriction)]
    for record in DEALS:
        before = may(gathered(rules), record)
        assert may(gathered([*rules, *grants]), record) >= before
        assert may(gathered([*rules, *barring]), record) <= before


def test_alternatives_are_joined_where_they_can_be() -> None:
    """Values of one field become one list, doubles one, and everything swallows the rest."""
    field = where(Deal)
    joined = any_of([field.stage.eq("a"), field.stage.in_(["b"]), field.stage.eq("a")])
    assert joined == field.stage.in_(["a", "b"])
    assert any_of([joined, EVERYTHING]) == EVERYTHING
    assert any_of([]) == NOTHING
    assert any_of([NOTHING, joined]) == joined
    assert all_of([]) == EVERYTHING
    assert all_of([joined, NOTHING]) == NOTHING
    assert all_of([joined, EVERYTHING]) == joined


def test_any_number_of_people_and_rules_fits_into_a_filter() -> None:
    """Lists beyond the bound of one condition are several conditions."""
    path = where(Deal).owner_id.path
    ids = [uuid4() for _ in range(MAX_LISTED + 1)]
    several = among(path, ids)
    assert isinstance(several, AnyOf)
    assert len(several.parts) == 2
    many: list[Filter] = [where(Deal).name.starts_with(str(at)) for at in range(300)]
    assert (any_of(many) & where(Deal).stage.eq("x")).nodes < 10
