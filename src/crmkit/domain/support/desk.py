"""The desk: queues with their rules, and the agents who work on them."""

from enum import StrEnum
from typing import Annotated, NewType
from uuid import UUID

import attrs

from crmkit.domain.access.team import TeamId
from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.calendars.calendar import CalendarId
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.support.priorities import PriorityMatrix
from crmkit.domain.support.ticket_events import QueueId
from crmkit.errors import InvalidValue

AgentId = NewType("AgentId", UUID)
Name = Annotated[str, Text(max_length=100)]


class Strategy(StrEnum):
    """Who of those who fit gets the next ticket."""

    ROUND_ROBIN = "round_robin"
    """Whoever waited longest for one."""
    LEAST_LOAD = "least_load"
    """Whoever has the smallest share of the capacity in use."""
    AFFINITY = "affinity"
    """Whoever helped the customer last, else as by load."""


@keeps()
@entity("queue", unique=[Unique("name")], labels={"en": "Queue", "zh": "工单队列"})
@attrs.frozen(kw_only=True)
class Queue(Aggregate):
    """Where tickets wait for a team, and the rules they follow there.

    `turns` counts the tickets that were handed out.
    """

    id: QueueId
    name: Name
    team_id: TeamId | None = None
    strategy: Strategy = Strategy.ROUND_ROBIN
    matrix: PriorityMatrix | None = None
    reopen_days: int = 14
    turns: int = 0

    def __attrs_post_init__(self) -> None:
        """Refuse days that run backwards."""
        super().__attrs_post_init__()
        if self.reopen_days < 0:
            raise InvalidValue("days count from 0", path="queue.reopen_days", fix="give 0 or more")


@keeps()
@entity(
    "agent",
    unique=[Unique("user_id")],
    indexes=[Index("team_ids")],
    labels={"en": "Support agent", "zh": "客服坐席"},
)
@attrs.frozen(kw_only=True)
class Agent(Aggregate):
    """What a user brings to the desk: teams, skills, languages, and how much at a time.

    `capacity` is in points of priority (critical 8, high 4, normal 2, low 1); `turn` is the number
    of the last ticket that was handed out to them in their queue.
    """

    id: AgentId
    user_id: UserId
    team_ids: tuple[TeamId, ...] = ()
    skills: tuple[Name, ...] = ()
    languages: tuple[Name, ...] = ()
    capacity: int = 40
    calendar_id: CalendarId | None = None
    is_available: bool = True
    turn: int = 0

    def __attrs_post_init__(self) -> None:
        """Refuse a capacity of nothing."""
        super().__attrs_post_init__()
        if self.capacity < 1:
            raise InvalidValue(
                "a capacity is above zero", path="agent.capacity", fix="or set is_available"
            )
