"""Soundness: every fault of a policy is named with its place."""

from typing import Any
from uuid import uuid4

import pytest

from crmkit.domain.access.conditions import Conditions
from crmkit.domain.access.policy import Policy, PolicyId, Rules
from crmkit.domain.access.role_sets import ROLES, STANDARD
from crmkit.domain.access.rules import FieldLevel, FieldRule, Grant, ParentRule, Restriction, Role
from crmkit.domain.access.soundness import Finding, Soundness
from crmkit.domain.entity import Registry
from crmkit.work.departments import ENTITIES

REGISTRY = Registry(ENTITIES)
SALES = (Role(name="sales"),)
READS = Grant(role="sales", entity="deal", actions=("read",))


def findings(**rules: Any) -> list[Finding]:
    """Return what is found in rules."""
    return list(Soundness(REGISTRY, Conditions(REGISTRY)).findings(Rules(**rules)))


def test_the_ready_roles_are_sound_and_named_in_two_languages() -> None:
    """Nothing is wrong or in vain in them."""
    assert Soundness(REGISTRY, Conditions(REGISTRY)).findings(STANDARD) == ()
    assert all(role.labels.keys() == {"en", "zh"} for role in ROLES)


@pytest.mark.parametrize(
    ("rules", "path", "is_fault"),
    [
        ({"roles": (*SALES, *SALES)}, "roles.sales", True),
        ({"roles": (Role(name="a", includes=("b",)),)}, "roles.a", True),
        ({"roles": (Role(name="a", includes=("a",)),)}, "roles.a", True),
        ({"grants": (READS,)}, "grants[0]", True),
        ({"grants": (Grant(role="", entity="deal", actions=("read",)),)}, "grants[0]", True),
        (
            {"roles": SALES, "grants": (Grant(role="sales", entity="x", actions=("read",)),)},
            "grants[0]",
            True,
        ),
        (
            {"restrictions": (Restriction(entity="*", actions=("read",), condition={"all": []}),)},
            "restrictions[0]",
            True,
        ),
        (
            {
                "restrictions": (
                    Restriction(
                        entity="deal",
                        actions=("read",),
                        condition={"field": "x", "op": "eq", "value": "x"},
                    ),
                )
            },
            "restrictions[0].condition",
            True,
        ),
        (
            {"field_rules": (FieldRule(entity="deal", fields=("x",), level=FieldLevel.READ),)},
            "field_rules[0]",
            True,
        ),
        (
            {
                "field_rules": (
                    FieldRule(entity="customer", fields=("address.city",), level=FieldLevel.READ),
                )
            },
            "field_rules[0]",
            True,
        ),
        ({"parent_rules": (ParentRule(entity="deal", path="name"),)}, "parent_rules[0]", True),
        ({"parent_rules": (ParentRule(entity="deal", path="x"),)}, "parent_rules[0]", True),
        (
            {
                "parent_rules": (
                    ParentRule(
                        entity="deal", through="affiliation", back="contact_id", path="customer_id"
                    ),
                )
            },
            "parent_rules[0]",
            True,
        ),
        (
            {"roles": SALES, "grants": (Grant(role="sales", entity="deal", actions=("edit",)),)},
            "grants[0]",
            False,
        ),
        (
            {
                "roles": SALES,
                "grants": (READS,),
                "restrictions": (Restriction(entity="*", actions=("read",)),),
            },
            "grants[0]",
            False,
        ),
    ],
)
def test_a_fault_is_named_with_its_place(
    rules: dict[str, Any], path: str, *, is_fault: bool
) -> None:
    """What is wrong comes before what is only in vain."""
    found = findings(**rules)
    assert (found[0].path, found[0].is_fault) == (path, is_fault)
    assert path in str(found[0])


def test_a_policy_changes_whole() -> None:
    """The same rules are no change; other ones tell an event."""
    policy = Policy(id=PolicyId(uuid4()))
    assert policy.change(Rules()) is policy
    assert policy.change(Rules(roles=SALES)).events
    assert (Rules(roles=SALES) + Rules(roles=SALES)).roles == SALES
