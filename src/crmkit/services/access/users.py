"""Users: people, services and agents come, take roles, and go; seats are counted."""

from typing import Any

from crmkit.domain.access.acting import Action, Right
from crmkit.domain.access.policy import Policy
from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.access.user import NoSeatLeft, User, UserKind
from crmkit.domain.aggregate import UserId
from crmkit.domain.filters.where import where
from crmkit.services.drafting import draft
from crmkit.work import UnitOfWork

ADD_USER = Action("user:add", "Add a user", zh="新增用户", right=Right.CREATE)
CHANGE_ROLES = Action("user:change_roles", "Change the roles of a user", zh="调整用户角色")
DEACTIVATE_USER = Action("user:deactivate", "Deactivate a user", zh="停用用户", right=Right.EDIT)
ACTIVATE_USER = Action("user:activate", "Let a user work again", zh="启用用户", right=Right.EDIT)
MOVE_UNIT = Action("unit:move", "Move a unit in the tree", zh="调整部门层级", right=Right.EDIT)


def add_user(work: UnitOfWork, name: str, *, seats: int | None = None, **fields: Any) -> User:
    """Add a user; `fields` are any others of `User`.

    With `seats`, how many people may work here, one too many is refused as `NoSeatLeft`.
    """
    work.permit(ADD_USER)
    user = draft(User, work.new_id(), name=name, **fields)
    _take_seat(work, user, seats)
    return work.users.add(user)


def seats_taken(work: UnitOfWork) -> int:
    """Count the people who may act: active users who are neither services nor agents."""
    user = where(User)
    active = user.deactivated_at.is_none() & user.erased_at.is_none()
    return work.behind(User).count(active & user.kind.eq(UserKind.PERSON))


def change_roles(work: UnitOfWork, user_id: UserId, *roles: str) -> User:
    """Let a user have exactly these roles, from their next unit of work on."""
    user = work.users.get(user_id)
    work.permit(CHANGE_ROLES, on=user)
    return work.users.save(user.play(*roles))


def deactivate_user(work: UnitOfWork, user_id: UserId) -> User:
    """Let a user do nothing any more; their records stay theirs, their seat is free."""
    user = work.users.get(user_id)
    work.permit(DEACTIVATE_USER, on=user)
    return work.users.save(user.deactivate(at=work.now))


def activate_user(work: UnitOfWork, user_id: UserId, *, seats: int | None = None) -> User:
    """Let a deactivated user work again, when a seat is left."""
    user = work.users.get(user_id)
    work.permit(ACTIVATE_USER, on=user)
    active = user.activate()
    if not user.is_active:
        _take_seat(work, active, seats)
    return work.users.save(active)


def move_unit(work: UnitOfWork, unit_id: UnitId, *, below: UnitId | None) -> Unit:
    """Let a unit, with all below it, stand below another, or at the top.

    Raises `UnitBelowItself`. Whoever sees units sees the moved ones at their next unit of work.
    """
    unit = work.units.get(unit_id)
    work.permit(MOVE_UNIT, on=unit)
    every = {one.id: one for one in work.behind(Unit).find()}
    for one in every.values():
        work.guard(one)
    above = None if below is None else work.units.get(below)
    return work.units.save(unit.move(above, every.values()))


def _take_seat(work: UnitOfWork, user: User, seats: int | None) -> None:
    """Refuse one person too many; the policy is held, so that two cannot take the last seat."""
    if seats is None or user.kind is not UserKind.PERSON:
        return
    for policy in work.behind(Policy).find():
        work.hold(policy)
    taken = seats_taken(work)
    if taken >= seats:
        raise NoSeatLeft(
            f"all {seats} seats are taken",
            path="user.deactivated_at",
            fix="deactivate somebody, or take more seats",
        )
