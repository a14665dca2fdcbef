"""Who is asked: rules that name approvers by place in the organisation, and how they resolve."""

import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Protocol, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import UserId
from crmkit.domain.kinds import Text
from crmkit.errors import InvalidValue

MOST_LEVELS = 20


class Directory(Protocol):
    """Knows the people of a company: who leads whom, who plays a role, who is there."""

    def manager_of(self, user: UserId) -> UserId | None:
        """Return the superior of a user, None at the top."""
        ...

    def heads_of(self, user: UserId) -> Iterable[UserId]:
        """Bring the heads of the units that a user is in, from the own unit upwards."""
        ...

    def in_role(self, role: str) -> Iterable[UserId]:
        """Bring those who play a role, in a fixed order."""
        ...

    def is_there(self, user: UserId) -> bool:
        """Say whether the user is a live one, who can be asked."""
        ...


class ApproverKind(StrEnum):
    """How a rule names people."""

    USERS = "users"
    SUPERIOR = "superior"
    SUPERIORS = "superiors"
    HEAD = "head"
    HEADS = "heads"
    ROLE = "role"
    FIELD = "field"


@attrs.frozen(kw_only=True)
class Approvers:
    """A rule that names people; `level` counts up the line from the submitter, beginning with 1.

    SUPERIOR and HEAD are the one at that level, SUPERIORS and HEADS all from the first to it.
    FIELD is the user whose id a field of the record holds.
    """

    kind: ApproverKind
    user_ids: tuple[UserId, ...] = ()
    level: int = 1
    role: Annotated[str, Text(max_length=200)] | None = None
    field: Annotated[str, Text(max_length=63)] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a rule that can name nobody."""
        if not 1 <= self.level <= MOST_LEVELS:
            raise InvalidValue(f"a level is 1 to {MOST_LEVELS}", path="approvers.level")
        needed: Mapping[ApproverKind, tuple[str, Any]] = {
            ApproverKind.USERS: ("user_ids", self.user_ids),
            ApproverKind.ROLE: ("role", self.role),
            ApproverKind.FIELD: ("field", self.field),
        }
        name, given = needed.get(self.kind, ("", True))
        if not given:
            raise InvalidValue(f"{self.kind} needs {name}", path=f"approvers.{name}")

    @property
    def most(self) -> int:
        """Return how many people it can name at most."""
        match self.kind:
            case ApproverKind.USERS:
                return len(set(self.user_ids))
            case ApproverKind.SUPERIORS | ApproverKind.HEADS:
                return self.level
            case ApproverKind.ROLE:
                return sys.maxsize
            case _:
                return 1

    @classmethod
    def users(cls, *user_ids: UserId) -> Self:
        """Name people themselves."""
        return cls(kind=ApproverKind.USERS, user_ids=user_ids)

    @classmethod
    def superior(cls, level: int = 1) -> Self:
        """Name one superior of the submitter."""
        return cls(kind=ApproverKind.SUPERIOR, level=level)

    @classmethod
    def superiors(cls, level: int) -> Self:
        """Name all superiors of the submitter up to a level."""
        return cls(kind=ApproverKind.SUPERIORS, level=level)

    @classmethod
    def head(cls, level: int = 1) -> Self:
        """Name the head of the submitter's department, or of one above it."""
        return cls(kind=ApproverKind.HEAD, level=level)

    @classmethod
    def heads(cls, level: int) -> Self:
        """Name the heads of the submitter's department and of those above it."""
        return cls(kind=ApproverKind.HEADS, level=level)

    @classmethod
    def in_role(cls, role: str) -> Self:
        """Name all who play a role."""
        return cls(kind=ApproverKind.ROLE, role=role)

    @classmethod
    def named_by(cls, field: str) -> Self:
        """Name the user whose id a field of the record holds."""
        return cls(kind=ApproverKind.FIELD, field=field)

    def resolve(self, submitter: UserId, record: Any, directory: Directory) -> tuple[UserId, ...]:
        """Return those who are there, each once, in the order of the rule."""
        found = self._found(submitter, record, directory)
        return tuple(dict.fromkeys(user for user in found if directory.is_there(user)))

    def _found(self, submitter: UserId, record: Any, directory: Directory) -> Iterable[UserId]:
        match self.kind:
            case ApproverKind.USERS:
                return self.user_ids
            case ApproverKind.ROLE:
                return directory.in_role(self.role or "")
            case ApproverKind.FIELD:
                named = getattr(record, self.field or "", None)
                return (UserId(named),) if isinstance(named, UUID) else ()
            case ApproverKind.HEAD | ApproverKind.HEADS:
                line = list(directory.heads_of(submitter))[: self.level]
            case _:
                line = _line_above(submitter, self.level, directory)
        if self.kind in (ApproverKind.SUPERIORS, ApproverKind.HEADS):
            return line
        return line[self.level - 1 :]


def _line_above(user: UserId, levels: int, directory: Directory) -> list[UserId]:
    """Return the superiors of a user, nearest first; a line that goes in a circle ends there."""
    line: list[UserId] = []
    above = directory.manager_of(user)
    while above is not None and len(line) < levels and above not in (user, *line):
        line.append(above)
        above = directory.manager_of(above)
    return line
