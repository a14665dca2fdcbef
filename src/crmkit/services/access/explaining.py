"""Explaining: why somebody may do something, who may, and what another policy would change."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import attrs

from crmkit.domain.access.acting import Action, Right
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rules import Grant, ParentRule, Restriction
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.filters.where import where
from crmkit.domain.privacy.audit import AuditKind
from crmkit.work import UnitOfWork
from crmkit.work.auditing import write_down
from crmkit.work.judging import Judging

EXPLAIN = Action("access:explain", "Learn who may do what, and why", zh="查看权限依据")


@attrs.frozen(kw_only=True)
class Reason:
    """One rule that has a say, and whether it concerns the record; `share` stands for shares."""

    rule: Grant | Restriction | ParentRule | str
    applies: bool


@attrs.frozen(kw_only=True)
class Explanation:
    """Whether somebody may do something with a record, by which rules of which policy version.

    `reasons` are all rules about the action that concern them. No value of the record is in it.
    """

    allowed: bool
    user_id: UUID
    is_active: bool
    roles: tuple[str, ...]
    action: str
    policy_version: int
    reasons: tuple[Reason, ...]

    @property
    def deciding(self) -> tuple[Reason, ...]:
        """Return what decides: the restrictions that apply, where there are none the grants."""
        applying = tuple(reason for reason in self.reasons if reason.applies)
        barring = tuple(one for one in applying if isinstance(one.rule, Restriction))
        return barring or applying

    @property
    def missing(self) -> tuple[Reason, ...]:
        """Return the grants that would permit it, were the record in their scope and condition."""
        granting = (one for one in self.reasons if not isinstance(one.rule, Restriction))
        return () if self.allowed else tuple(one for one in granting if not one.applies)


@attrs.frozen(kw_only=True)
class Impact:
    """What another policy would change for a user: the records of an entity gained and lost."""

    user_id: UUID
    entity: str
    right: str
    gained: tuple[UUID, ...]
    lost: tuple[UUID, ...]


def explain(work: UnitOfWork, user: User, action: Action | Right, record: Aggregate) -> Explanation:
    """Tell why a user may, or may not, do something with a record that the actor sees.

    It is written in the audit log, as are `who_can` and `preview_policy_change`.
    """
    work.permit(EXPLAIN)
    told = {"user": str(user.id), "may": _names(action)[0]}
    write_down(work, AuditKind.PRIVILEGED_READ, EXPLAIN, about=[record], payload=told)
    spec, names = work.registry[type(record)], _names(action)
    whole = work.behind(type(record)).get(work.of(type(record)).get(record.id).id)
    judging = Judging(work)
    deciding = judging.deciding(user)
    reasons = tuple(
        Reason(rule=rule, applies=judging.fits(filter_, whole))
        for each in deciding
        for rule, filter_ in each.reasons(spec, names)
    )
    return Explanation(
        allowed=judging.fits(judging.allowed(user, spec, names), whole),
        user_id=user.id,
        is_active=all(each.standing.is_active for each in deciding),
        roles=tuple(sorted(deciding[0].standing.roles)),
        action=names[0],
        policy_version=judging.rulebook.version,
        reasons=reasons,
    )


def who_can(work: UnitOfWork, action: Action | Right, record: Aggregate) -> list[User]:
    """Return the active users who may do something with a record that the actor sees, by name."""
    work.permit(EXPLAIN)
    told = {"who": "can", "may": _names(action)[0]}
    write_down(work, AuditKind.PRIVILEGED_READ, EXPLAIN, about=[record], payload=told)
    spec, names = work.registry[type(record)], _names(action)
    whole = work.behind(type(record)).get(work.of(type(record)).get(record.id).id)
    judging = Judging(work)
    return [
        user
        for user in work.behind(User).find(order=[where(User).name.asc()])
        if judging.fits(judging.allowed(user, spec, names), whole)
    ]


def preview_policy_change(
    work: UnitOfWork,
    rules: Rules,
    entities: Sequence[str],
    *,
    rights: Sequence[Right] = (Right.READ,),
) -> Iterator[Impact]:
    """Bring who would gain and who would lose which live records, were these rules in force."""
    work.permit(EXPLAIN)
    told = {"entities": [*entities], "rights": [*map(str, rights)]}
    write_down(work, AuditKind.PRIVILEGED_READ, EXPLAIN, payload=told)
    now, then = Judging(work), Judging(work, rules)
    for user in work.behind(User).find(order=[where(User).name.asc()]):
        for entity in entities:
            for right in rights:
                impact = _impact(work, user, entity, right, (now, then))
                if impact.gained or impact.lost:
                    yield impact


def _impact(
    work: UnitOfWork, user: User, entity: str, right: Right, judges: tuple[Judging, Judging]
) -> Impact:
    spec = work.registry[entity]
    now, then = (judge.allowed(user, spec, (right,)) for judge in judges)
    return Impact(
        user_id=user.id,
        entity=entity,
        right=right,
        gained=judges[0].ids(spec, then, but=now),
        lost=judges[0].ids(spec, now, but=then),
    )


def _names(action: Action | Right) -> tuple[str, ...]:
    return (str(action),) if isinstance(action, Right) else action.names
