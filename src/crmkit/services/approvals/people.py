"""The people of a tenant, as approvals ask for them: who acts, who leads, who stands in."""

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.delegation import Delegation
from crmkit.domain.approvals.telling import NotAUser
from crmkit.domain.filters.where import where
from crmkit.work import UnitOfWork


class UserDirectory:
    """Knows the users of the tenant by their records, each looked up once."""

    def __init__(self, work: UnitOfWork) -> None:
        """Belong to a work."""
        self._work = work
        self._known: dict[UserId, User | None] = {}

    def manager_of(self, user: UserId) -> UserId | None:
        """Return the superior of a user."""
        found = self._user(user)
        return None if found is None else found.manager_id

    def heads_of(self, user: UserId) -> Iterable[UserId]:
        """Bring the first superior in each office that is not the one below, and their own."""
        found = self._user(user)
        seen: set[UserId] = set()
        while found is not None and found.id not in seen:
            seen.add(found.id)
            above = self._user(found.manager_id)
            if above is None or above.unit != found.unit:
                yield found.id
            found = above

    def in_role(self, role: str) -> Iterable[UserId]:
        """Bring the users who carry the role as a tag, in the order they came."""
        user = where(User)
        found = self._work.users.find(user.tags.has_any([role]), order=[user.id.asc()])
        return [one.id for one in found]

    def is_there(self, user: UserId) -> bool:
        """Say whether there is such a user."""
        return self._user(user) is not None

    def _user(self, user_id: UserId | None) -> User | None:
        if user_id is None:
            return None
        if user_id not in self._known:
            self._known[user_id] = self._work.users.look_up([user_id]).get(user_id)
        return self._known[user_id]


def acting_user(work: UnitOfWork) -> User:
    """Return the user who acts, by the id or the login of the actor, or raise `NotAUser`."""
    name = work.actor.id
    found = work.users.first(where(User).login.eq(name))
    with suppress(ValueError):
        found = found or work.users.look_up([UUID(name)]).get(UUID(name))
    if found is None:
        raise NotAUser(
            f"{name!r} is none of the users", path="actor", fix="act as one of them, by login or id"
        )
    return found


def delegations_to(work: UnitOfWork, user: UserId) -> list[Delegation]:
    """Return the delegations to a user that run now."""
    one = where(Delegation)
    running = one.to_id.eq(user) & one.from_at.le(work.now) & one.until_at.gt(work.now)
    return work.delegations.find(running)


def may_decide_for(work: UnitOfWork, user: UserId, flow: str) -> frozenset[UserId]:
    """Return a user and those who have delegated to them, now, for flows of this code."""
    running = [one for one in delegations_to(work, user) if one.flow in (None, flow)]
    for delegation in running:
        work.guard(delegation)
    return frozenset((user, *(one.from_id for one in running)))
