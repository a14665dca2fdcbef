"""Nodes: the stations of an approval flow, and who is asked at each for one record."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import attrs

from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.people import Approvers, Directory
from crmkit.domain.kinds import Text
from crmkit.errors import InvalidValue, RuleBroken

ALWAYS: Mapping[str, Any] = {"all": []}
"""The condition, as JSON, that every record fits."""


class Mode(StrEnum):
    """How several approvers decide: 或签, 会签, 依次审批, or a number of them."""

    ANY = "any"
    ALL = "all"
    SEQUENCE = "sequence"
    QUORUM = "quorum"


class WhenNobody(StrEnum):
    """What happens at a node where nobody can be asked."""

    REFUSE = "refuse"
    PASS = "pass"  # noqa: S105 - no password
    ASSIGN = "assign"


class WhenOwn(StrEnum):
    """What happens where submitters would decide on what they submitted themselves."""

    SUPERIOR = "superior"
    SKIP = "skip"
    ALLOW = "allow"


class WhenLate(StrEnum):
    """What happens when nobody has decided in time."""

    SUPERIOR = "superior"
    PASS = "pass"  # noqa: S105 - no password
    REJECT = "reject"


class NobodyCanApprove(RuleBroken):
    """A node has too few people who can be asked."""


@attrs.frozen(kw_only=True)
class Node:
    """One station: who is asked, when it applies, how they decide, what if they cannot.

    `when` is a filter as JSON. `late_after` counts minutes of working time. `fallback` are asked
    when `nobody` says ASSIGN.
    """

    name: Annotated[str, Text(max_length=100)]
    approvers: tuple[Approvers, ...]
    labels: Mapping[str, str] = attrs.field(factory=dict)
    mode: Mode = Mode.ANY
    quorum: int = 0
    when: Mapping[str, Any] = attrs.field(factory=lambda: dict(ALWAYS))
    copies: tuple[Approvers, ...] = ()
    nobody: WhenNobody = WhenNobody.REFUSE
    fallback: tuple[UserId, ...] = ()
    own: WhenOwn = WhenOwn.SUPERIOR
    late_after: int | None = None
    late: WhenLate = WhenLate.SUPERIOR

    def __attrs_post_init__(self) -> None:
        """Refuse a node without approvers, and settings that contradict each other."""
        path = f"nodes.{self.name}"
        if not self.approvers:
            raise InvalidValue("a node has approvers", path=f"{path}.approvers", fix="name some")
        if (self.mode is Mode.QUORUM) != (self.quorum > 0):
            raise InvalidValue(
                "a quorum goes with the mode quorum, and is at least 1",
                path=f"{path}.quorum",
                fix="give both or neither",
            )
        if (self.nobody is WhenNobody.ASSIGN) != bool(self.fallback):
            raise InvalidValue(
                "who stands in goes with nobody=assign",
                path=f"{path}.fallback",
                fix="give both or neither",
            )
        most = sum(rule.most for rule in self.approvers)
        if max(most, len(self.fallback)) < self.quorum:
            raise InvalidValue(
                f"{self.quorum} must agree and at most {most} are asked",
                path=f"{path}.quorum",
                fix="ask more people, or let fewer agree",
            )
        if self.late_after is not None and self.late_after < 1:
            raise InvalidValue("late is after a minute or more", path=f"{path}.late_after")

    @property
    def needed(self) -> int:
        """Return how many must be there for the node to be decided."""
        return self.quorum or 1

    @property
    def late_span(self) -> timedelta | None:
        """Return the working time after which it is late."""
        return None if self.late_after is None else timedelta(minutes=self.late_after)

    def ask(
        self, submitter: UserId, record: Any, directory: Directory, *, due_at: datetime | None
    ) -> "Stop":
        """Return whom this node asks about a record, or raise `NobodyCanApprove`."""
        named = _together(self.approvers, submitter, record, directory)
        asked = self._without_own(named, submitter, directory)
        was_skipped = self.own is WhenOwn.SKIP and named == (submitter,)
        too_few = len(asked) < self.needed and not was_skipped
        passes = self.nobody is WhenNobody.PASS and not asked
        if too_few and not passes:
            asked = self._stand_ins(submitter, directory)
        return Stop(
            node=self,
            asked=asked,
            copied=_together(self.copies, submitter, record, directory),
            due_at=due_at,
        )

    def _without_own(
        self, named: tuple[UserId, ...], submitter: UserId, directory: Directory
    ) -> tuple[UserId, ...]:
        if self.own is WhenOwn.ALLOW or submitter not in named:
            return named
        above: tuple[UserId, ...] = ()
        if self.own is WhenOwn.SUPERIOR:
            above = Approvers.superior().resolve(submitter, None, directory)
        replaced: list[UserId] = []
        for user in named:
            replaced += above if user == submitter else (user,)
        return tuple(user for user in dict.fromkeys(replaced) if user != submitter)

    def _stand_ins(self, submitter: UserId, directory: Directory) -> tuple[UserId, ...]:
        there = [user for user in self.fallback if directory.is_there(user)]
        asked = self._without_own(tuple(there), submitter, directory)
        if len(asked) < self.needed:
            raise NobodyCanApprove(
                "has too few people who can be asked",
                path=f"nodes.{self.name}.approvers",
                fix="name others, or say who stands in",
            )
        return asked


@attrs.frozen(kw_only=True)
class Stop:
    """A node of the route of one record: whom it asks, until when; none asked means it passes."""

    node: Node
    asked: tuple[UserId, ...] = ()
    copied: tuple[UserId, ...] = ()
    due_at: datetime | None = None
    applies: bool = True


def _together(
    rules: Iterable[Approvers], submitter: UserId, record: Any, directory: Directory
) -> tuple[UserId, ...]:
    found = (user for rule in rules for user in rule.resolve(submitter, record, directory))
    return tuple(dict.fromkeys(found))
