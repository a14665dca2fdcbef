"""Acting: who acts, what can be done, and the few rights that everything done comes down to."""

from enum import StrEnum

import attrs


class Right(StrEnum):
    """What may be done with a record; each is granted by itself, none includes another."""

    READ = "read"
    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"
    ASSIGN = "assign"
    SHARE = "share"
    EXPORT = "export"
    MERGE = "merge"
    BULK = "bulk"
    APPROVE = "approve"
    RESTORE = "restore"


@attrs.frozen
class Action:
    """Something that may be permitted or refused, declared beside the service that does it.

    `summary` says in English what is done, `zh` in Chinese. A grant of its name permits it, and so
    does one of its `right`, for the record or the entity it is done to; an action without a right,
    and one that concerns no entity, is granted by its name alone.
    """

    name: str
    summary: str = ""
    zh: str = ""
    right: Right | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names under which it can be granted or restricted."""
        return (self.name,) if self.right is None else (self.name, str(self.right))

    @property
    def noun(self) -> str:
        """Return what it is done to: the part of the name before the colon."""
        return self.name.partition(":")[0]


@attrs.frozen(kw_only=True)
class Actor:
    """Who acts: a person, a service, an agent; `id` is what the change log keeps.

    Where policies decide, the id is that of a `User` or its login, and the roles are those of the
    user. An actor who is no user, such as a job of the program itself, has the `roles` given here.
    """

    id: str
    name: str = ""
    roles: frozenset[str] = frozenset()

    def has_role(self, role: str) -> bool:
        """Say whether the actor plays a role."""
        return role in self.roles
