"""What Cedar can say of a policy too, the real Cedar engine decides as crmkit does."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import attrs
import cedarpy

from crmkit.crm import CRM
from crmkit.domain.access.rules import Scope
from crmkit.work.policies import Policies
from tests.access.reference import roles_of
from tests.access.worlds import RIGHTS, Drawing, World, furnish

TEXTS = {"eq": "==", "ne": "!="}
NUMBERS = {"gt": ">", "lt": "<"}


def test_cedar_decides_alike(figure: Callable[[str], None]) -> None:
    """Grants of own and of all records, restrictions and conditions, in worlds drawn by chance."""
    first = random.SystemRandom().randrange(10**9)
    decisions = 0
    with CRM.open("memory:", plugin_names=()) as free:
        guarded = CRM(free.storage, access=Policies())
        for seed in range(first, first + 15):
            print(f"seed {seed}")
            world = plainer(Drawing(seed).world())
            furnish(free, f"t{seed}", world)
            decisions += compare(guarded, world, f"t{seed}")
    figure(f"cedar: {decisions:,} decisions agree, worlds from seed {first}")


def plainer(world: World) -> World:
    """Leave out of a world what Cedar has no word for."""
    rules = world.rules
    grants = tuple(
        attrs.evolve(one, scope=Scope.OWN if one.scope is Scope.OWN else Scope.ALL)
        for one in rules.grants
        if said(one.condition) is not None
    )
    barred = tuple(one for one in rules.restrictions if said(one.condition) is not None)
    users = tuple(one.evolve(delegator_id=None) for one in world.users if one.kind != "agent")
    rules = attrs.evolve(rules, grants=grants, restrictions=barred, parent_rules=())
    kept = {one.id for one in users}
    units = tuple(one.evolve(head_id=None) for one in world.units)
    customers = tuple(_owned(one, kept) for one in world.customers)
    deals = tuple(_owned(one, kept) for one in world.deals)
    return attrs.evolve(
        world,
        rules=rules,
        users=users,
        units=units,
        customers=customers,
        deals=deals,
        shares=(),
        absences=(),
    )


def _owned(record: Any, kept: set[Any]) -> Any:
    return record if record.owner_id in kept else record.evolve(owner_id=None)


def said(condition: Any) -> str | None:
    """Say a condition in Cedar, None where it has no word for it."""
    match condition:
        case None:
            return "true"
        case {"all": parts}:
            return _joined(parts, " && ", "true")
        case {"any": parts}:
            return _joined(parts, " || ", "false")
        case {"not": part}:
            inner = said(part)
            return None if inner is None else f"!({inner})"
        case {"field": field, "op": "is_none"}:
            return f"!(resource has {field})"
        case {"field": field, "op": "eq" | "gt" | "lt" as op, "value": str() | int() as value}:
            sign = TEXTS.get(op) or NUMBERS[op]
            return f"(resource has {field} && resource.{field} {sign} {json.dumps(value)})"
        case {"field": field, "op": "ne", "value": str() | int() as value}:
            return f"(!(resource has {field}) || resource.{field} != {json.dumps(value)})"
        case _:
            return None


def _joined(parts: list[Any], sign: str, empty: str) -> str | None:
    inner = [said(part) for part in parts]
    if None in inner:
        return None
    return f"({sign.join(str(one) for one in inner)})" if inner else empty


def written(world: World) -> str:
    """Write the rules of a world as Cedar policies."""
    lines = []
    for rule in (*world.rules.grants, *world.rules.restrictions):
        is_grant = hasattr(rule, "scope")
        rights = RIGHTS if "*" in rule.actions else rule.actions
        actions = ", ".join(f'Action::"{right}"' for right in rights)
        who = f'principal in Role::"{rule.role}"' if rule.role else "principal"
        which = "resource" if rule.entity == "*" else f"resource is {rule.entity}"
        when = said(rule.condition)
        if is_grant and rule.scope is Scope.OWN:
            when = f"resource has owner_id && resource.owner_id == principal.id && {when}"
        effect = "permit" if is_grant else "forbid"
        lines.append(f"{effect} ({who}, action in [{actions}], {which}) when {{ {when} }};")
    return "\n".join(lines)


def entities_of(world: World) -> list[dict[str, Any]]:
    """Return users with their roles, and records with the fields that they have."""
    users = [
        {
            "uid": {"type": "User", "id": str(user.id)},
            "attrs": {"id": str(user.id)},
            "parents": [{"type": "Role", "id": role} for role in roles_of(world, user)],
        }
        for user in world.users
    ]
    return users + [_entity(record) for record in world.records]


def _entity(record: Any) -> dict[str, Any]:
    names = ("owner_id", "industry", "employees", "stage", "customer_id")
    values = {name: getattr(record, name, None) for name in names}
    told = {
        name: value if isinstance(value, int) else str(value)
        for name, value in values.items()
        if value is not None
    }
    return {"uid": _uid(record), "attrs": told, "parents": []}


def _uid(record: Any) -> dict[str, str]:
    return {"type": type(record).__name__.lower(), "id": str(record.id)}


def compare(guarded: CRM, world: World, tenant: str) -> int:
    """Ask both of every active user, right and live record; return how many decisions agree."""
    asked: list[dict[str, str]] = []
    ours: list[bool] = []
    for user in world.users:
        if not user.is_active or world.is_removed(user):
            continue
        with guarded.work(by=str(user.id), tenant=tenant, read_only=True) as work:
            for record in world.records:
                sight = work.sight(type(record))
                assert sight is not None
                uid = _uid(record)
                for right in RIGHTS:
                    ours.append(sight.may((right,), record))
                    asked.append(
                        {
                            "principal": f'User::"{user.id}"',
                            "action": f'Action::"{right}"',
                            "resource": f'{uid["type"]}::"{uid["id"]}"',
                            "context": "{}",
                        }
                    )
    answers = cedarpy.is_authorized_batch(asked, written(world), entities_of(world))
    assert [answer.allowed for answer in answers] == ours
    assert not any(answer.diagnostics.errors for answer in answers)
    return len(ours)
