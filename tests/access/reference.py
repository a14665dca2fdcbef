"""The model of access in plain Python, written from its documents: slow, obvious, and the judge.

    a user may do something with a record when they are active, no restriction says otherwise, and
    a grant, a share or the record's parent allows it; an agent also needs that whoever delegates
    may do it

Nothing here is taken from the code that decides in crmkit; only its records are read.
"""

from __future__ import annotations

from datetime import date
from typing import Any

STEPS_UP = 4
UNKNOWN = object()


def may(world: Any, user: Any, right: str, record: Any) -> bool:
    """Say whether a user may do something with a record."""
    together = acting(world, user)
    return bool(together) and all(may_alone(world, one, right, record) for one in together)


def acting(world: Any, user: Any) -> list[Any]:
    """Return the user and all who delegate to them; nobody when an agent acts for no one."""
    together = [user]
    while together[-1].delegator_id is not None:
        if len(together) == 5:
            return []
        together.append(world.user(together[-1].delegator_id))
    return [] if user.kind == "agent" and len(together) == 1 else together


def may_alone(world: Any, user: Any, right: str, record: Any, steps: int = 0) -> bool:
    """Say whether one user, for themselves, may do something with a record."""
    if user.deactivated_at or user.erased_at or world.is_removed(user):
        return False
    rules, roles = world.rules, roles_of(world, user)
    for rule in rules.restrictions:
        concerned = rule.role == "" or rule.role in roles
        if concerned and is_about(rule, record, right) and holds(rule, record, user) is not False:
            return False
    for rule in rules.grants:
        concerned = rule.role in roles and is_about(rule, record, right)
        fits = concerned and in_scope(world, user, rule.scope, record)
        if fits and holds(rule, record, user) is True:
            return True
    return is_shared(world, user, roles, right, record) or any(
        right in rule.actions and allows_above(world, user, right, record, rule, steps)
        for rule in rules.parent_rules
        if rule.entity == entity_of(record)
    )


def allows_above(world: Any, user: Any, right: str, record: Any, rule: Any, steps: int) -> bool:
    """Say whether the parent is there and the user may do the same with it."""
    parent = world.record(getattr(record, rule.path))
    if parent is None or world.is_removed(parent) or steps == STEPS_UP:
        return False
    return may_alone(world, user, right, parent, steps + 1)


def roles_of(world: Any, user: Any) -> set[str]:
    """Return the roles of a user and all that these include."""
    includes = {role.name: role.includes for role in world.rules.roles}
    found: set[str] = set()

    def add(name: str) -> None:
        if name in includes and name not in found:
            found.add(name)
            for included in includes[name]:
                add(included)

    for name in user.roles:
        add(name)
    return found


def entity_of(record: Any) -> str:
    """Name the entity of a record."""
    return type(record).__name__.lower()


def is_about(rule: Any, record: Any, right: str) -> bool:
    """Say whether a rule speaks of the entity and of the right."""
    return rule.entity in ("*", entity_of(record)) and (
        right in rule.actions or "*" in rule.actions
    )


def in_scope(world: Any, user: Any, scope: str, record: Any) -> bool:
    """Say whether a record lies in a scope of a user."""
    if scope == "all":
        return True
    owner_id = record.id if entity_of(record) == "user" else record.owner_id
    if owner_id is None:
        return False
    owner = world.user(owner_id)
    if owner.id == user.id or is_deputy(world, user, owner):
        return True
    if scope == "own":
        return False
    if any(team in owner.team_ids and not world.is_gone(team) for team in user.team_ids):
        return True
    if scope == "team" or owner.unit_id is None:
        return False
    unit = world.unit(owner.unit_id)
    seen = set()
    while unit is not None and unit.id not in seen and stands(world, unit):
        if unit.id == user.unit_id or unit.head_id == user.id:
            return True
        if scope == "unit":
            return False
        seen.add(unit.id)
        unit = world.unit(unit.parent_id)
    return False


def is_deputy(world: Any, user: Any, owner: Any) -> bool:
    """Say whether a user stands in for an owner who is away."""
    away = any(
        one.begins_at <= world.now and (one.ends_at is None or world.now < one.ends_at)
        for one in world.absences
        if one.user_id == owner.id and one.deputy_id == user.id
    )
    return away and not owner.erased_at


def stands(world: Any, unit: Any) -> bool:
    """Say whether a unit exists today."""
    today: date = world.now.date()
    begun = unit.from_on is None or unit.from_on <= today
    return (
        not world.is_removed(unit) and begun and (unit.until_on is None or today <= unit.until_on)
    )


def is_shared(world: Any, user: Any, roles: set[str], right: str, record: Any) -> bool:
    """Say whether a share opens the record to the user."""
    names = {f"user:{user.id}", *(f"role:{role}" for role in roles)}
    names |= {f"team:{team}" for team in user.team_ids if not world.is_gone(team)}
    unit, seen = world.unit(user.unit_id), set()
    while unit is not None and unit.id not in seen and stands(world, unit):
        names.add(f"unit:{unit.id}")
        seen.add(unit.id)
        unit = world.unit(unit.parent_id)
    rights = {"read": {"read"}, "edit": {"read", "edit"}}
    return any(
        share.record_id == record.id
        and share.grantee in names
        and right in rights[share.level]
        and (share.until is None or world.now < share.until)
        and not world.is_over(share)
        for share in world.shares
    )


def holds(rule: Any, record: Any, user: Any) -> Any:
    """Say whether the condition of a rule holds; `UNKNOWN` when it cannot be evaluated."""
    if rule.condition is None:
        return True
    if _asks_in_vain(rule.condition, user):
        return UNKNOWN
    return _is_true(rule.condition, record, user)


def _asks_in_vain(condition: Any, user: Any) -> bool:
    if isinstance(condition, list):
        return any(_asks_in_vain(part, user) for part in condition)
    if not isinstance(condition, dict):
        return False
    if set(condition) == {"user"}:
        return getattr(user, condition["user"]) is None
    return any(_asks_in_vain(part, user) for part in condition.values())


def _is_true(condition: Any, record: Any, user: Any) -> bool:
    if "all" in condition:
        return all(_is_true(part, record, user) for part in condition["all"])
    if "any" in condition:
        return any(_is_true(part, record, user) for part in condition["any"])
    if "not" in condition:
        return not _is_true(condition["not"], record, user)
    value = getattr(record, condition["field"])
    wanted = condition["value"]
    if isinstance(wanted, dict):
        wanted = getattr(user, wanted["user"])
        wanted = [str(one) for one in wanted] if isinstance(wanted, tuple) else str(wanted)
    plain = value if isinstance(value, int | tuple | None) else str(value)
    return _compare(condition["op"], plain, wanted)


def _compare(op: str, value: Any, wanted: Any) -> bool:
    match op:
        case "is_none":
            return value is None
        case "eq":
            return value is not None and value == wanted
        case "ne":
            return value is None or value != wanted
        case "in":
            return value is not None and value in wanted
        case "not_in":
            return value is None or value not in wanted
        case "gt":
            return value is not None and value > wanted
        case "lt":
            return value is not None and value < wanted
        case "has_any":
            return any(one in wanted for one in value)
        case _:
            raise AssertionError(op)
