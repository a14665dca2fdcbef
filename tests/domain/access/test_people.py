"""Users, units, shares and the policy: what they do over time, and in which words they refuse."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from crmkit.domain.access.acting import Action, Actor, Right
from crmkit.domain.access.policy import Policy, PolicyChanged, PolicyId, Rules
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.rulebook import Rulebook
from crmkit.domain.access.rules import FieldLevel, FieldRule, Grant, Role
from crmkit.domain.access.share import Share, ShareEnded, ShareId, ShareLevel
from crmkit.domain.access.unit import Unit, UnitBelowItself, UnitId, units_below
from crmkit.domain.access.user import User, UserNotActive
from crmkit.domain.access.veils import Level
from crmkit.domain.aggregate import UserId
from crmkit.errors import InvalidValue

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
SOON = AT + timedelta(days=1)


def user(**fields: Any) -> User:
    """Return a user."""
    return User(**{"id": UserId(uuid4()), "name": "li"} | fields)


def unit(name: str, parent: Unit | None = None, **fields: Any) -> Unit:
    """Return a unit below another."""
    parent_id = None if parent is None else parent.id
    return Unit(id=UnitId(uuid4()), name=name, parent_id=parent_id, **fields)


def share(**fields: Any) -> Share:
    """Return a share of a record with a user."""
    usual = {
        "id": ShareId(uuid4()),
        "entity": "deal",
        "record_id": uuid4(),
        "grantee": f"user:{uuid4()}",
        "reason": "holiday",
    }
    return Share(**usual | fields)


def test_an_actor_has_the_roles_given() -> None:
    """And no others."""
    actor = Actor(id="job", roles=frozenset({"sales"}))
    assert actor.has_role("sales")
    assert not actor.has_role("boss")


def test_an_action_is_granted_by_its_name_and_its_right() -> None:
    """Its noun is what it is done to."""
    win = Action("deal:win", right=Right.EDIT)
    assert (win.names, win.noun) == (("deal:win", "edit"), "deal")
    assert Action("explain").names == ("explain",)


def test_who_is_deactivated_twice_is_so_since_the_first_time() -> None:
    """And may be activated again."""
    gone = user().deactivate(at=AT)
    assert gone.deactivate(at=SOON).deactivated_at == AT
    assert gone.activate().is_active


def test_users_refuse_in_clear_words() -> None:
    """Naming the field at fault and what to do."""
    with pytest.raises(UserNotActive) as erased:
        user(erased_at=AT).activate()
    assert str(erased.value) == "user.erased_at: was erased (add a new user)"
    with pytest.raises(UserNotActive) as gone:
        user(deactivated_at=AT).must_be_active()
    assert str(gone.value) == "user.id: li is not active (choose an active user)"


def test_a_unit_stands_on_its_first_and_its_last_day() -> None:
    """Not the day before, not the day after."""
    first, last = date(2026, 3, 1), date(2026, 3, 31)
    march = unit("march", from_on=first, until_on=last)
    day = timedelta(days=1)
    days = (first - day, first, last, last + day)
    assert [march.stands_on(one) for one in days] == [False, True, True, False]
    assert unit("always").stands_on(first)


def test_a_unit_moves_and_never_below_itself() -> None:
    """All below are found, whatever the order they come in."""
    top = unit("top")
    left, right = unit("left", top), unit("right", top)
    leaf, low = unit("leaf", left), unit("low", right)
    every = [low, leaf, right, left, top]
    assert units_below([top.id], every) == {one.id for one in every}
    assert units_below([left.id, right.id], every) == {left.id, leaf.id, right.id, low.id}
    assert leaf.move(right, every).parent_id == right.id
    assert leaf.move(None, every).parent_id is None
    with pytest.raises(UnitBelowItself) as below:
        left.move(leaf, every)
    assert str(below.value) == (
        "unit.parent_id: leaf stands below left (move that unit elsewhere first)"
    )


def test_a_share_ends_once() -> None:
    """At its time exactly; who ends it again is told."""
    open_one = share(until=SOON)
    assert (open_one.is_open(AT), open_one.is_open(SOON)) == (True, False)
    ended = open_one.end(at=AT)
    assert ended.until == AT
    with pytest.raises(ShareEnded) as over:
        ended.end(at=AT)
    assert str(over.value) == "share.until: is over (share the record again)"
    assert not share(deleted_at=AT).is_open(AT)


def test_a_share_opens_reading_or_editing_to_somebody_of_a_known_kind() -> None:
    """Editing includes reading."""
    assert ShareLevel.READ.rights == {"read"}
    assert ShareLevel.EDIT.rights == {"read", "edit"}
    for kind in ("user", "team", "unit", "role"):
        share(grantee=f"{kind}:x")
    with pytest.raises(InvalidValue) as nobody:
        share(grantee="dog:x")
    assert str(nobody.value) == "share.grantee: 'dog:x' is nobody (write user:<id>)"


def test_a_policy_tells_that_it_changed_and_to_which_version() -> None:
    """The same rules again are no change."""
    policy = Policy(id=PolicyId(UUID(int=7)), version=3)
    rules = Rules(roles=(Role(name="a"),))
    changed = policy.change(rules)
    assert changed.rules == rules
    assert changed.events == (PolicyChanged(policy_id=policy.id, policy_version=4),)
    assert changed.change(rules) is changed


def test_a_role_that_is_not_in_the_book_does_nothing() -> None:
    """Its name is no reason to fail."""
    grants = (Grant(role="a", entity="deal", actions=("read",)),)
    book = Rulebook(Rules(roles=(Role(name="a"), Role(name="b")), grants=grants))
    assert book.any_grant(["b", "a"], ["read"])
    assert not book.any_grant(["b"], ["read"])


def test_every_rule_about_a_field_counts() -> None:
    """Of two for one role the higher, wherever others stand between them."""
    hidden, read = FieldLevel.HIDDEN, FieldLevel.READ

    def rule(*fields: str, level: FieldLevel) -> FieldRule:
        return FieldRule(role="a", entity="deal", fields=fields, level=level)

    grants = (Grant(role="a", entity="deal", actions=("read",)),)
    rules = (rule("name", level=read), rule("value", level=read), rule("value", level=hidden))
    levels = Rulebook(Rules(grants=grants, field_rules=rules)).levels(["a"], "deal")
    assert levels == {"name": Level.READ, "value": Level.READ}


def test_the_ready_roles_grant_what_they_are_named_for() -> None:
    """A grant names its role, one entity, the rights and whose records they are about."""
    own = [grant for grant in STANDARD.grants if grant.role == "salesperson"]
    told = {(grant.entity, grant.scope, "edit" in grant.actions) for grant in own}
    assert ("deal", "own", True) in told
    assert ("customer", "own", True) in told
    roles = {role.name for role in STANDARD.roles}
    assert {grant.role for grant in STANDARD.grants} <= roles
    assert all(grant.actions and grant.entity for grant in STANDARD.grants)
