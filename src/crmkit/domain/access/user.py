"""Users: the people, services and agents who work with the CRM and own its records."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

import attrs

from crmkit.domain.access.team import TeamId
from crmkit.domain.access.unit import UnitId
from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import STAFF, LegalBasis, Retention
from crmkit.errors import RuleBroken

RoleName = Annotated[str, Text(max_length=60)]


class UserKind(StrEnum):
    """Whether a user is a person, a program, or an agent that acts for a person."""

    PERSON = "person"
    SERVICE = "service"
    AGENT = "agent"


class UserNotActive(RuleBroken):
    """The user was deactivated or erased."""


class NoSeatLeft(RuleBroken):
    """As many people work here as have seats."""


@keeps(
    personal=("name", "login", "email"),
    about=("id",),
    purpose=STAFF,
    basis=LegalBasis.EMPLOYMENT,
    retention=Retention(days=365, after="deleted_at"),
)
@entity(
    "user",
    unique=[Unique("login")],
    indexes=[Index("manager_id"), Index("unit_id"), Index("team_ids")],
    labels={"en": "User", "zh": "用户"},
)
@attrs.frozen(kw_only=True)
class User(Aggregate):
    """Someone who works with the CRM; `unit` is the office as text, `unit_id` the one in the tree.

    An agent or service with a `delegator_id` may do at most what the delegating user may. Who is
    deactivated or erased may do nothing; their records stay theirs until somebody assigns them.
    When a user is away is told by an `Absence`.
    """

    id: UserId
    name: Annotated[str, Text(max_length=200, searchable=True)]
    login: Annotated[str, Text(max_length=200)] | None = None
    email: Annotated[str, Text(max_length=320)] | None = None
    kind: UserKind = UserKind.PERSON
    manager_id: UserId | None = None
    unit: Annotated[str, Text(max_length=200)] | None = None
    unit_id: UnitId | None = None
    team_ids: tuple[TeamId, ...] = ()
    roles: tuple[RoleName, ...] = ()
    delegator_id: UserId | None = None
    deactivated_at: datetime | None = None
    erased_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Say whether the user may act at all."""
        return self.deactivated_at is None and self.erased_at is None and self.deleted_at is None

    def play(self, *roles: str) -> Self:
        """Have exactly these roles from now on."""
        return self.evolve(roles=tuple(dict.fromkeys(roles)))

    def deactivate(self, *, at: datetime) -> Self:
        """Let the user do nothing any more; their records stay theirs."""
        return self if self.deactivated_at is not None else self.evolve(deactivated_at=at)

    def activate(self) -> Self:
        """Let a deactivated user work again."""
        if self.erased_at is not None:
            raise UserNotActive("was erased", path="user.erased_at", fix="add a new user")
        return self.evolve(deactivated_at=None)

    def must_be_active(self) -> None:
        """Refuse when the user may not act."""
        if not self.is_active:
            raise UserNotActive(
                f"{self.name} is not active", path="user.id", fix="choose an active user"
            )
