"""What takes away the root cause of complaints: planned, done, and checked whether it worked."""

from datetime import date, datetime
from typing import Annotated, Any, TypeAlias

import attrs

from crmkit.domain.aggregate import UserId
from crmkit.domain.kinds import Text
from crmkit.domain.support.refusals import NoSuchCorrection, NotIndependent
from crmkit.errors import InvalidValue


@attrs.frozen(kw_only=True)
class CorrectiveAction:
    """What takes away the root cause; whether it worked is checked later, by somebody else."""

    name: Annotated[str, Text(max_length=500)]
    owner_id: UserId | None = None
    due_on: date | None = None
    check_on: date | None = None
    done_at: datetime | None = None
    checked_at: datetime | None = None
    checked_by_id: UserId | None = None
    is_effective: bool | None = None
    evidence: Annotated[str, Text(max_length=2000)] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a check before the action is due."""
        if self.due_on is not None and self.check_on is not None and self.check_on < self.due_on:
            raise InvalidValue(
                "is checked before it is due",
                path="complaint.corrective_actions.check_on",
                fix="check it later",
            )


Corrections: TypeAlias = tuple[CorrectiveAction, ...]


@attrs.frozen(kw_only=True)
class EffectCheck:
    """What somebody found who looked whether a corrective action worked."""

    checker: UserId
    is_effective: bool
    evidence: str


def plan(actions: Corrections, action: CorrectiveAction) -> Corrections:
    """Plan one more action, under a name of its own."""
    if any(one.name == action.name for one in actions):
        raise InvalidValue(
            f"{action.name!r} is planned already",
            path="complaint.corrective_actions.name",
            fix="give another name",
        )
    return (*actions, action)


def finish(actions: Corrections, name: str, *, at: datetime) -> Corrections:
    """Note that an action is done."""
    return _with(actions, _found(actions, name, done=False), done_at=at)


def check(actions: Corrections, name: str, found: EffectCheck, *, at: datetime) -> Corrections:
    """Keep whether an action that is done took the cause away, judged by another person."""
    action = _found(actions, name, done=True)
    if found.checker == action.owner_id:
        raise NotIndependent(
            "would check their own action",
            path="complaint.corrective_actions.checked_by_id",
            fix="let somebody else check it",
        )
    return _with(
        actions,
        action,
        checked_at=at,
        checked_by_id=found.checker,
        is_effective=found.is_effective,
        evidence=found.evidence,
    )


def _found(actions: Corrections, name: str, *, done: bool) -> CorrectiveAction:
    for one in actions:
        if one.name == name and (one.done_at is not None) is done and one.checked_at is None:
            return one
    wanted = "is done and waits for its check" if done else "waits to be done"
    raise NoSuchCorrection(
        f"no action {name!r} {wanted}",
        path="complaint.corrective_actions",
        fix="plan it, finish it, then check it",
    )


def _with(actions: Corrections, action: CorrectiveAction, **changes: Any) -> Corrections:
    return tuple(attrs.evolve(one, **changes) if one is action else one for one in actions)
