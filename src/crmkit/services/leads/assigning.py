"""Assigning: a record goes to somebody by name, or to whose turn it is by a rule."""

from collections.abc import Mapping
from typing import Any

from crmkit.domain.access.acting import Right
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.summary import Summary, by, count
from crmkit.domain.filters.where import where
from crmkit.domain.parties.tenure import Handover
from crmkit.domain.parties.turns import AssignmentRule, AssignmentRuleId, Choice, Desk
from crmkit.errors import NotFound
from crmkit.ports import Action
from crmkit.services.calendars.absences import absent_now
from crmkit.services.conditions import plain_condition, read_condition
from crmkit.services.drafting import draft
from crmkit.services.leads.ownership import hand_to, must_change_hands
from crmkit.work import Collection, UnitOfWork

DEFINE_RULE = Action(
    "assignment_rule:define",
    "Define who gets records in turn",
    zh="定义分配规则",
    right=Right.CREATE,
)
ASSIGN = Action("record:assign", "Give a record to somebody", zh="分配记录", right=Right.ASSIGN)


def define_assignment_rule(work: UnitOfWork, name: str, **parts: Any) -> AssignmentRule:
    """Define a rule that hands out records; `parts` are others of `AssignmentRule`."""
    work.permit(DEFINE_RULE)
    entity = parts.get("entity", "lead")
    must_change_hands(work.registry[entity])
    if "counts" in parts:
        parts["counts"] = plain_condition(work, entity, parts["counts"])
    rule = draft(AssignmentRule, AssignmentRuleId(work.new_id()), name=name, **parts)
    for turn in rule.turns:
        read_condition(work, entity, turn.territory)
        work.behind(User).get(turn.user_id)
    return work.assignment_rules.add(rule)


def assign_record(work: UnitOfWork, record: Aggregate, user: UserId, *, reason: str) -> Any:
    """Give a record to somebody by name, out of a pool too."""
    known = work.of(type(record)).get(record.id)
    work.permit(ASSIGN, on=known)
    must_change_hands(work.registry[type(record)])
    work.behind(User).get(user)
    whole = work.behind(type(record)).get(record.id)
    return hand_to(work, whole, user, Handover.ASSIGNED, reason=reason)


def assign_by_rule(work: UnitOfWork, record: Aggregate, rule_name: str) -> Any:
    """Give a record to whose turn it is, or raise `NobodyFits`; the reason stays with it.

    Of two works that hand out by one rule at once, one ends in a `Conflict` and is repeated, so
    that turns stay fair.
    """
    known = work.of(type(record)).get(record.id)
    work.permit(ASSIGN, on=known)
    rule = _rule(work, rule_name)
    whole = work.behind(type(record)).get(record.id)
    choice = rule.choose(whole, _desk(work, rule))
    work.behind(AssignmentRule).save(rule.give(choice))
    return hand_to(work, whole, choice.user_id, Handover.ASSIGNED, reason=choice.reason)


def explain_turn(work: UnitOfWork, record: Aggregate, rule_name: str) -> Choice:
    """Tell who would get a record now, by a rule that the actor sees, and why; nobody gets it."""
    rule = _named(work.assignment_rules, rule_name)
    return rule.choose(work.of(type(record)).get(record.id), _desk(work, rule))


def _rule(work: UnitOfWork, name: str) -> AssignmentRule:
    return _named(work.behind(AssignmentRule), name)


def _named(rules: Collection[AssignmentRule], name: str) -> AssignmentRule:
    found = rules.first(where(AssignmentRule).name.eq(name))
    if found is None:
        raise NotFound(f"there is no rule {name!r}", path="assignment_rule.name")
    return found


def _desk(work: UnitOfWork, rule: AssignmentRule) -> Desk:
    users = [turn.user_id for turn in rule.turns]
    known = work.behind(User).look_up(users)
    absent = absent_now(work, users)
    there = {user for user, one in known.items() if one.is_active and user not in absent}
    return Desk(
        away=frozenset(users) - {UserId(user) for user in there},
        loads=_loads(work, rule, users),
        fits=lambda written, record: matches(read_condition(work, rule.entity, written), record),
    )


def _loads(work: UnitOfWork, rule: AssignmentRule, users: list[UserId]) -> Mapping[UserId, int]:
    records: Any = work.behind(work.registry[rule.entity].cls)
    owner = work.where(records.spec.cls).owner_id
    summary = Summary(
        spec=records.spec,
        where=owner.in_(users) & read_condition(work, rule.entity, rule.counts),
        by={"user": by(owner)},
        measures={"records": count()},
    )
    return {row["user"]: row["records"] for row in records.summarise(summary)}
