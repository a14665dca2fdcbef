"""Standing: who somebody is when they act - active or not, their roles, their people."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import attrs

from crmkit.domain.access.rules import Scope
from crmkit.domain.access.user import User


class Surroundings(Protocol):
    """The people around somebody, and what was shared with them; found when it is asked for."""

    def owners(self, scope: Scope) -> Sequence[UUID]:
        """Return the users whose records lie in a scope; not asked for `Scope.ALL`."""
        ...

    def shared(self, entity: str, right: str) -> Sequence[UUID]:
        """Return the records of an entity that are open to them by shares, for a right."""
        ...


@attrs.frozen(kw_only=True)
class Standing:
    """Who somebody is when they act; `roles` are all they play, included ones too.

    `user` is None for a job of the program itself.
    """

    user: User | None
    roles: frozenset[str]
    around: Surroundings
    is_active: bool = True
