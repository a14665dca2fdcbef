"""The people of a tenant, as approvals ask for them: who acts, who leads, who stands in.

They are looked up whatever the actor may see: who decides does not hang on who asks.
"""

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.delegation import Delegation
from crmkit.domain.approvals.telling import NotAUser
from crmkit.domain.filters.where import where
from crmkit.work import UnitOfWork


class UserDirectory:
    """Knows the users and units of the tenant by their records, each looked up once."""

    def __init__(self, work: UnitOfWork, known: Iterable[User] = ()) -> None:
        """Belong to a work; `known` are users that it has read before."""
        self._users, self._units = work.behind(User), work.behind(Unit)
        self._today = work.now.date()
        self._known: dict[UserId, User | None] = {user.id: user for user in known}
        self._roles: dict[str, list[UserId]] = {}

    def manager_of(self, user: UserId) -> UserId | None:
        """Return the superior of a user."""
        found = self._user(user)
        return None if found is None else found.manager_id

    def heads_of(self, user: UserId) -> Iterable[UserId]:
        """Bring the heads of the unit of a user and of those above it, as they stand today."""
        found = self._user(user)
        unit_id = None if found is None else found.unit_id
        seen: set[UnitId] = set()
        while unit_id is not None and unit_id not in seen:
            seen.add(unit_id)
            unit = self._units.look_up([unit_id]).get(unit_id)
            if unit is None:
                return
            if unit.head_id is not None and unit.stands_on(self._today):
                yield unit.head_id
            unit_id = unit.parent_id

    def in_role(self, role: str) -> Iterable[UserId]:
        """Bring the users who play a role, in the order they came."""
        if role not in self._roles:
            user = where(User)
            found = self._users.find(user.roles.has_any([role]), order=[user.id.asc()])
            self._roles[role] = [one.id for one in found]
        return self._roles[role]

    def is_there(self, user: UserId) -> bool:
        """Say whether the user is active."""
        found = self._user(user)
        return found is not None and found.is_active

    def _user(self, user_id: UserId) -> User | None:
        if user_id not in self._known:
            self._known[user_id] = self._users.look_up([user_id]).get(user_id)
        return self._known[user_id]


def acting_user(work: UnitOfWork) -> User:
    """Return the active user who acts, by the id or login of the actor, or raise `NotAUser`."""
    name, users = work.actor.id, work.behind(User)
    found = users.first(where(User).login.eq(name))
    with suppress(ValueError):
        found = found or users.look_up([UUID(name)]).get(UUID(name))
    if found is None or not found.is_active:
        raise NotAUser(
            f"{name!r} is none of the users", path="actor", fix="act as one of them, by login or id"
        )
    return found


def delegations_to(work: UnitOfWork, user: UserId) -> list[Delegation]:
    """Return the delegations to a user that run now."""
    one = where(Delegation)
    running = one.to_id.eq(user) & one.from_at.le(work.now) & one.until_at.gt(work.now)
    return work.behind(Delegation).find(running)


def may_decide_for(work: UnitOfWork, user: UserId, flow: str) -> frozenset[UserId]:
    """Return a user and those who have delegated to them, now, for flows of this code."""
    running = [one for one in delegations_to(work, user) if one.flow in (None, flow)]
    for delegation in running:
        work.guard(delegation)
    return frozenset((user, *(one.from_id for one in running)))
