"""Macros and rules: typed commands that people call by name, or that follow from what happened."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.support.moments import Moment, When, any_fits
from crmkit.domain.support.priorities import Priority
from crmkit.errors import InvalidValue

MacroId = NewType("MacroId", UUID)
AutomationRuleId = NewType("AutomationRuleId", UUID)
Name = Annotated[str, Text(max_length=100)]


class Do(StrEnum):
    """What a command does; `to` says with what."""

    MOVE = "move"
    """To the status of this name."""
    PRIORITISE = "prioritise"
    """To this priority."""
    ASSIGN = "assign"
    """To the user of this id, or `next` by the strategy of the queue, or `nobody`."""
    QUEUE = "queue"
    """To the queue of this name."""
    TAG = "tag"
    UNTAG = "untag"
    WATCH = "watch"
    """By the user of this id."""


@attrs.frozen(kw_only=True)
class Command:
    """One thing to do with a ticket."""

    do: Do
    to: Annotated[str, Text(max_length=200)]

    def __attrs_post_init__(self) -> None:
        """Refuse a priority that does not exist, and nothing to do it with."""
        if not self.to or (self.do is Do.PRIORITISE and self.to not in tuple(Priority)):
            raise InvalidValue(
                f"cannot {self.do} to {self.to!r}",
                path="command.to",
                fix=f"one of {', '.join(Priority)}" if self.to else "say to what",
            )

    def __str__(self) -> str:
        """Say what is done."""
        return f"{self.do} {self.to}"


@keeps()
@entity("macro", unique=[Unique("name")], labels={"en": "Macro", "zh": "快捷操作"})
@attrs.frozen(kw_only=True)
class Macro(Aggregate):
    """Commands under a name, done one after the other."""

    id: MacroId
    name: Name
    commands: tuple[Command, ...]


@keeps()
@entity(
    "automation_rule",
    unique=[Unique("name")],
    indexes=[Index("rank")],
    labels={"en": "Automation rule", "zh": "自动化规则"},
)
@attrs.frozen(kw_only=True)
class AutomationRule(Aggregate):
    """Commands that follow when something happens on a ticket that fits a filter.

    Rules are asked by rank, then by name; `condition` is the JSON of a filter on tickets.
    """

    id: AutomationRuleId
    name: Name
    on: tuple[When, ...]
    commands: tuple[Command, ...]
    condition: Mapping[str, Any] = attrs.field(factory=lambda: {"all": []})
    rank: int = 0
    is_active: bool = True

    @property
    def label(self) -> str:
        """Name the rule with its version."""
        return f"{self.name} v{self.version}"

    def listens_to(self, moment: Moment) -> bool:
        """Say whether the rule is for such a moment at all."""
        return self.is_active and any_fits(self.on, moment)


@attrs.frozen(kw_only=True)
class RuleVerdict:
    """Whether a rule fired at a moment, and what it did or why it did not."""

    rule: Annotated[str, Text(max_length=200)]
    fired: bool
    reason: Annotated[str, Text(max_length=500)]
