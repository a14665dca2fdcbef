"""Conditions: what a rule may compare with its user, and what is refused in which words."""

from enum import StrEnum
from typing import Any
from uuid import uuid4

import attrs
import pytest

from crmkit.domain.access.conditions import Conditions
from crmkit.domain.access.unit import UnitId
from crmkit.domain.access.user import User, UserKind
from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.composite_kinds import Part
from crmkit.domain.entity import EntitySpec, Registry, entity, spec_of
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.tree import EVERYTHING
from crmkit.domain.kinds import Boolean, Integer, Text
from crmkit.domain.parties.customer import CustomerId
from crmkit.errors import InvalidFilter, UnknownField
from crmkit.work.departments import ENTITIES


class Colour(StrEnum):
    """Another list of words than the kinds of users."""

    RED = "red"


@entity("conditioned")
@attrs.frozen(kw_only=True)
class Conditioned(Aggregate):
    """A record with a field of each kind that a user has, and of others."""

    name: str = ""
    kind: UserKind = UserKind.PERSON
    colour: Colour = Colour.RED
    unit_id: UnitId | None = None
    customer_id: CustomerId | None = None
    roles: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    count: int = 0


SPEC = spec_of(Conditioned)
OWN = {
    "user": {
        "grade": Part(name="grade", kind=Integer()),
        "senior": Part(name="senior", kind=Boolean()),
    },
    "conditioned": {
        "grade": Part(name="grade", kind=Integer()),
        "word": Part(name="word", kind=Text()),
    },
}
ME = UserId(uuid4())
UNIT = UnitId(uuid4())
DEALS_OF = {"exists": "deal", "field": "id", "remote": "customer_id"}
USER = User(
    id=ME,
    name="li",
    unit_id=UNIT,
    roles=("sales", "boss"),
    custom={"grade": 3, "senior": True},
)


def conditions() -> Conditions:
    """Return what reads conditions of a tenant that has fields of its own."""
    return Conditions(Registry([*ENTITIES, Conditioned]), custom)


def custom(spec: EntitySpec) -> dict[str, Part]:
    """Return the tenant's own fields of an entity."""
    return OWN.get(spec.name, {})


def of_user(field: str, op: str, attribute: str) -> dict[str, Any]:
    """Return a condition that compares a field with something of the user."""
    return {"field": field, "op": op, "value": {"user": attribute}}


@pytest.mark.parametrize(
    ("field", "op", "attribute"),
    [
        ("name", "eq", "name"),
        ("name", "in", "roles"),
        ("kind", "eq", "kind"),
        ("unit_id", "eq", "unit_id"),
        ("id", "eq", "unit_id"),
        ("owner_id", "eq", "id"),
        ("roles", "has_any", "roles"),
        ("roles", "has_all", "roles"),
        ("count", "ge", "custom.grade"),
        ("custom.grade", "eq", "custom.grade"),
    ],
)
def test_values_of_one_kind_can_be_compared(field: str, op: str, attribute: str) -> None:
    """One by one, with a list, and list with list; the tenant's own fields too."""
    conditions().check(SPEC, of_user(field, op, attribute))


@pytest.mark.parametrize(
    ("field", "op", "attribute"),
    [
        ("name", "eq", "id"),
        ("name", "eq", "roles"),
        ("name", "in", "name"),
        ("name", "in", "team_ids"),
        ("name", "contains", "name"),
        ("count", "in", "roles"),
        ("unit_id", "in", "team_ids"),
        ("roles", "eq", "roles"),
        ("roles", "in", "roles"),
        ("roles", "has_any", "name"),
        ("name", "has_any", "roles"),
        ("numbers", "has_any", "roles"),
        ("numbers", "has_all", "roles"),
        ("roles", "starts_with", "roles"),
        ("colour", "eq", "kind"),
        ("customer_id", "eq", "unit_id"),
        ("count", "eq", "custom.senior"),
        ("custom.word", "eq", "custom.grade"),
    ],
)
def test_values_of_different_kinds_are_refused(field: str, op: str, attribute: str) -> None:
    """The refusal names the operator, both fields and what to do."""
    with pytest.raises(InvalidFilter) as refused:
        conditions().check(SPEC, of_user(field, op, attribute))
    assert str(refused.value) == (
        f"condition.{field}: {op} cannot compare {field} with user.{attribute}"
        " (compare values of one kind; use in or has_any for lists)"
    )


def test_fields_that_do_not_exist_are_named() -> None:
    """Of the record, and of the user."""
    for condition in (of_user("shoe_size", "eq", "name"), of_user("name", "eq", "shoe_size")):
        with pytest.raises(UnknownField, match="shoe_size"):
            conditions().check(SPEC, condition)


@pytest.mark.parametrize(
    "inner",
    [
        of_user("name", "eq", "name"),
        {"all": [{"field": "name", "op": "eq", "value": "x"}, of_user("name", "eq", "name")]},
        {"not": {"any": [of_user("name", "eq", "name")]}},
    ],
)
def test_a_relation_cannot_speak_of_the_user(inner: dict[str, Any]) -> None:
    """However deep it does; the refusal says what to use instead."""
    condition = {"all": [DEALS_OF | {"where": inner}]}
    with pytest.raises(InvalidFilter) as refused:
        conditions().check(conditions_spec("customer"), condition)
    assert str(refused.value) == (
        "condition: a relation cannot speak of the user (use a parent rule)"
    )


def conditions_spec(name: str) -> EntitySpec:
    """Return an entity by its name."""
    return Registry(ENTITIES)[name]


def test_a_relation_may_speak_of_all_else() -> None:
    """Also of values that look like words about users."""
    inner = {"any": [{"field": "name", "op": "in", "value": ["user", "value"]}]}
    conditions().check(conditions_spec("customer"), DEALS_OF | {"where": inner})


@pytest.mark.parametrize(
    ("condition", "fits", "fails"),
    [
        (of_user("name", "eq", "name"), {"name": "li"}, {"name": "zhao"}),
        (of_user("name", "in", "roles"), {"name": "boss"}, {"name": "li"}),
        (of_user("unit_id", "eq", "unit_id"), {"unit_id": UNIT}, {"unit_id": None}),
        (of_user("roles", "has_all", "roles"), {"roles": ("boss", "sales")}, {"roles": ("boss",)}),
        (of_user("count", "ge", "custom.grade"), {"count": 3}, {"count": 2}),
        (
            {"any": [of_user("count", "gt", "custom.grade"), of_user("kind", "ne", "kind")]},
            {"kind": UserKind.AGENT},
            {"count": 3},
        ),
    ],
)
def test_what_the_user_has_is_filled_in(
    condition: dict[str, Any], fits: dict[str, Any], fails: dict[str, Any]
) -> None:
    """With the value of this very user, of every kind."""
    filter_ = conditions().filter(SPEC, condition, USER)
    assert filter_ is not None
    assert matches(filter_, Conditioned(id=uuid4(), **fits))
    assert not matches(filter_, Conditioned(id=uuid4(), **fails))


def test_what_cannot_be_evaluated_is_no_filter() -> None:
    """Nobody acts, the user lacks the value, or the field is gone; no condition is everything."""
    about = of_user("unit_id", "eq", "unit_id")
    assert conditions().filter(SPEC, about, None) is None
    assert conditions().filter(SPEC, about, attrs.evolve(USER, unit_id=None)) is None
    assert conditions().filter(SPEC, of_user("gone", "eq", "name"), USER) is None
    assert conditions().filter(SPEC, None, None) == EVERYTHING
    conditions().check(SPEC, None)
