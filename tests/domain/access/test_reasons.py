"""The rules that have a say, how far parents lead, and what is wrong with a policy, in words."""

from typing import Any
from uuid import uuid4

import attrs
import pytest

from crmkit.domain.access.deciding import MAX_PARENTS, parent_of
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rules import (
    FieldLevel,
    FieldRule,
    Grant,
    ParentRule,
    Restriction,
    Role,
    Scope,
)
from crmkit.domain.access.soundness import Finding
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.paths import path_to
from crmkit.domain.filters.tree import NOTHING, Exists, Filter
from crmkit.domain.parties.customer import Customer, CustomerId
from crmkit.domain.sales.deal import Deal
from tests.domain.access.test_deciding import DEAL, ME, OTHER, Around, deal, deciding, granted
from tests.domain.access.test_soundness import READS, SALES, findings

CUSTOMER = spec_of(Customer)


def customer(**fields: Any) -> Customer:
    """Return a customer of somebody else."""
    return Customer(**{"id": CustomerId(uuid4()), "name": "x", "owner_id": OTHER} | fields)


def among(*customers: Customer) -> Any:
    """Return what finds linked customers among these."""

    def exists(node: Exists, value: Any) -> bool:
        return any(
            one.id == value and matches(node.where, one, exists)
            for one in customers
            if node.target.cls is Customer
        )

    return exists


def test_each_rule_that_has_a_say_comes_with_its_records() -> None:
    """Restrictions, grants, shares and parent rules about the action, and no others."""
    mine, shared = customer(owner_id=ME), deal(owner_id=OTHER)
    barred = Restriction(
        entity="deal", actions=("read",), condition={"field": "stage", "op": "eq", "value": "x"}
    )
    own = Grant(role="sales", entity="deal", actions=("read",), scope=Scope.OWN)
    parents = Grant(role="sales", entity="customer", actions=("read",), scope=Scope.OWN)
    follows = ParentRule(entity="deal", path="customer_id")
    rules = Rules(
        grants=(own, parents, attrs.evolve(own, actions=("edit",))),
        restrictions=(barred, attrs.evolve(barred, actions=("edit",))),
        parent_rules=(follows, attrs.evolve(follows, actions=("edit",))),
    )
    around = Around(shares={("deal", "read"): (shared.id,)})
    found = deciding(rules, around=around).reasons(DEAL, ("read",))
    assert [rule for rule, _filter in found] == [barred, own, "share", follows]

    def chosen(filter_: Filter) -> list[str]:
        records = {
            "mine": deal(),
            "shared": shared,
            "theirs": deal(owner_id=OTHER),
            "followed": deal(owner_id=OTHER, customer_id=mine.id),
            "barred": deal(owner_id=OTHER, stage="x"),
        }
        exists = among(mine)
        return [name for name, record in records.items() if matches(filter_, record, exists)]

    assert [chosen(filter_) for _rule, filter_ in found] == [
        ["barred"],
        ["mine"],
        ["shared"],
        ["followed"],
    ]
    assert deciding(rules).reasons(DEAL, ("delete",)) == []


def test_parents_lead_four_steps_up_and_no_further() -> None:
    """A group above a group above a customer."""
    rules = Rules(
        grants=(Grant(role="sales", entity="customer", actions=("read",), scope=Scope.OWN),),
        parent_rules=(ParentRule(entity="customer", path="parent_id"),),
    )
    line = [customer(owner_id=ME)]
    for _step in range(MAX_PARENTS + 1):
        line.append(customer(parent_id=line[-1].id))
    allowed = deciding(rules).allowed(CUSTOMER, ("read",))
    exists = among(*line)
    assert [matches(allowed, one, exists) for one in line] == [True] * (MAX_PARENTS + 1) + [False]
    [(_rule, filter_)] = deciding(rules).reasons(CUSTOMER, ("read",))[1:]
    assert [matches(filter_, one, exists) for one in line] == [
        False,
        *[True] * MAX_PARENTS,
        False,
    ]


def test_a_parent_through_a_tie_gives_what_it_allows() -> None:
    """A contact follows each customer that an affiliation ties it to."""
    rules = Rules(
        grants=(Grant(role="sales", entity="customer", actions=("read",), scope=Scope.ALL),),
        parent_rules=(
            ParentRule(
                entity="contact", through="affiliation", back="contact_id", path="customer_id"
            ),
        ),
    )
    contact = deciding(rules).registry["contact"]
    allowed = deciding(rules).allowed(contact, ("read",))
    assert isinstance(allowed, Exists)
    assert (allowed.local.name, allowed.target.name, allowed.remote.name) == (
        "id",
        "affiliation",
        "contact_id",
    )
    up = allowed.where
    assert isinstance(up, Exists)
    assert (up.local.name, up.target.name, up.remote.name) == ("customer_id", "customer", "id")
    assert deciding(Rules(parent_rules=rules.parent_rules)).allowed(contact, ("read",)) == NOTHING


def test_a_field_refers_to_one_entity_or_none() -> None:
    """Texts refer to nothing, ids to what they are named for."""
    assert parent_of(path_to(DEAL, "customer_id", {})) == "customer"
    assert parent_of(path_to(DEAL, "name", {})) == ""


def test_what_concerns_no_entity_is_barred_for_all_of_them() -> None:
    """A restriction for one entity does not bar it, and who is not active never may."""
    rules = granted(actions=("access:explain",))
    assert deciding(rules).ever(["access:explain"])
    assert not deciding(rules).ever(["policy:apply"])
    assert not deciding(rules, is_active=False).ever(["access:explain"])
    for entity, expected in (("deal", True), ("*", False)):
        barred = Restriction(entity=entity, actions=("access:explain",))
        assert deciding(rules + Rules(restrictions=(barred,))).ever(["access:explain"]) == expected


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"roles": (*SALES, *SALES)}, "roles.sales: is declared more than once"),
        ({"roles": (Role(name="a", includes=("b",)),)}, "roles.a: includes no role b"),
        ({"roles": (Role(name="a", includes=("a",)),)}, "roles.a: includes itself"),
        ({"grants": (READS,)}, "grants[0]: there is no role 'sales'"),
        (
            {"restrictions": (Restriction(entity="x", actions=("read",)),)},
            "restrictions[0]: there is no entity 'x'",
        ),
        (
            {"restrictions": (Restriction(entity="*", actions=("read",), condition={"all": []}),)},
            "restrictions[0]: a condition needs one entity",
        ),
        (
            {"field_rules": (FieldRule(entity="deal", fields=("nam",), level=FieldLevel.READ),)},
            None,
        ),
        (
            {
                "field_rules": (
                    FieldRule(entity="customer", fields=("address.city",), level=FieldLevel.READ),
                )
            },
            "field_rules[0]: address.city is a part of a field (rule over address)",
        ),
        (
            {"parent_rules": (ParentRule(entity="deal", path="name"),)},
            "parent_rules[0]: name refers to no entity",
        ),
        (
            {
                "parent_rules": (
                    ParentRule(
                        entity="deal", through="affiliation", back="contact_id", path="customer_id"
                    ),
                )
            },
            "parent_rules[0]: contact_id does not refer to it",
        ),
        (
            {"roles": SALES, "grants": (Grant(role="sales", entity="deal", actions=("edit",)),)},
            "grants[0]: sales changes deal without reading it (grant read as well)",
        ),
        (
            {
                "roles": SALES,
                "grants": (READS,),
                "restrictions": (Restriction(entity="*", actions=("read",)),),
            },
            "grants[0]: everything it grants is restricted",
        ),
    ],
)
def test_a_finding_is_one_line(rules: dict[str, Any], told: str | None) -> None:
    """Where, what, and how to mend it."""
    found = str(findings(**rules)[0])
    unknown = DEAL.no_field("nam")
    assert found == (told or f"field_rules[0]: {unknown.message} ({unknown.fix})")


def test_a_parent_that_does_not_exist_is_named() -> None:
    """With what exists instead."""
    unknown = DEAL.no_field("customr_id")
    [found] = findings(parent_rules=(ParentRule(entity="deal", path="customr_id"),))
    assert found == Finding(path="parent_rules[0]", message=unknown.message, fix=unknown.fix)
    [tie] = findings(
        parent_rules=(ParentRule(entity="deal", through="affiliation", path="customer_id"),)
    )
    assert tie.path == "parent_rules[0]"
    assert spec_of(Deal) is DEAL
