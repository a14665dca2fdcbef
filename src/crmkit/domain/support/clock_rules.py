"""Clock rules: when a clock starts, stops and rests, how long it may run, and who is told when."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final

import attrs

from crmkit.domain.access.team import TeamId
from crmkit.domain.kinds import Text
from crmkit.domain.support.moments import Author, Happening, When
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.statuses import StatusCategory
from crmkit.errors import InvalidValue

_MINUTE: Final = 60_000


@attrs.frozen(kw_only=True)
class Target:
    """How many minutes of working time a priority has."""

    priority: Priority
    minutes: int

    def __attrs_post_init__(self) -> None:
        """Refuse a target that nobody can meet."""
        if self.minutes <= 0:
            raise InvalidValue("a target takes time", path="target.minutes", fix="give minutes")


@attrs.frozen(kw_only=True)
class Alarm:
    """A point of the clock at which somebody is told: a share of the target, or minutes around it.

    `percent` of the target is used, `minutes_left` to it, or `minutes_late` after it; all are
    working time, so that nobody is told at night.
    """

    name: Annotated[str, Text(max_length=100)]
    percent: int | None = None
    minutes_left: int | None = None
    minutes_late: int | None = None
    tell: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Refuse a point that is said twice, not at all, or lies before the start."""
        given = [
            one for one in (self.percent, self.minutes_left, self.minutes_late) if one is not None
        ]
        if len(given) != 1 or given[0] < 0:
            raise InvalidValue(
                "an alarm has one point",
                path=f"alarm.{self.name}",
                fix="give one of percent, minutes_left and minutes_late",
            )

    def point(self, target: int) -> int:
        """Return how much of the clock is used then, in milliseconds."""
        if self.percent is not None:
            return target * self.percent // 100
        if self.minutes_left is not None:
            return max(target - self.minutes_left * _MINUTE, 0)
        return target + (self.minutes_late or 0) * _MINUTE


@attrs.frozen(kw_only=True)
class ClockRule:
    """One named clock: the moments that start and stop it, the states in which it rests."""

    name: Annotated[str, Text(max_length=100)]
    starts: tuple[When, ...]
    stops: tuple[When, ...]
    pauses: tuple[When, ...] = ()
    targets: tuple[Target, ...] = ()
    alarms: tuple[Alarm, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Refuse two targets for one priority and two alarms of one name."""
        for things, path in (
            ([target.priority for target in self.targets], "targets"),
            ([alarm.name for alarm in self.alarms], "alarms"),
        ):
            if len(set(things)) != len(things):
                raise InvalidValue("one is given twice", path=f"clock.{path}", fix="keep one")

    def target(self, priority: Priority) -> int | None:
        """Return the target of a priority in milliseconds, None when it has none."""
        for target in self.targets:
            if target.priority is priority:
                return target.minutes * _MINUTE
        return None


def targets(minutes: Mapping[Priority, timedelta]) -> tuple[Target, ...]:
    """Make targets of durations by priority, in whole minutes."""
    for priority, length in minutes.items():
        if length % timedelta(minutes=1):
            raise InvalidValue(
                f"{length} is no number of minutes", path=f"targets.{priority}", fix="round it"
            )
    return tuple(
        Target(priority=priority, minutes=length // timedelta(minutes=1))
        for priority, length in minutes.items()
    )


AGENT_REPLIES: Final = When(happenings=(Happening.REPLIED,), authors=(Author.AGENT,), public=True)
CUSTOMER_WRITES: Final = When(happenings=(Happening.REPLIED,), authors=(Author.CUSTOMER,))
BEGINS: Final = When(happenings=(Happening.OPENED, Happening.REOPENED))
IS_FINISHED: Final = When(categories=(StatusCategory.RESOLVED, StatusCategory.CLOSED))
WAITS_FOR_OTHERS: Final = When(
    categories=(StatusCategory.PENDING_CUSTOMER, StatusCategory.PENDING_THIRD_PARTY)
)


def first_response(targets: tuple[Target, ...], alarms: tuple[Alarm, ...] = ()) -> ClockRule:
    """From the opening to the first public reply of a person; nothing else counts as one."""
    return ClockRule(
        name="first_response",
        starts=(BEGINS,),
        stops=(AGENT_REPLIES,),
        pauses=(WAITS_FOR_OTHERS, IS_FINISHED),
        targets=targets,
        alarms=alarms,
    )


def next_response(targets: tuple[Target, ...], alarms: tuple[Alarm, ...] = ()) -> ClockRule:
    """From each first unanswered message of the customer to the next public reply of a person."""
    return ClockRule(
        name="next_response",
        starts=(CUSTOMER_WRITES,),
        stops=(AGENT_REPLIES,),
        pauses=(IS_FINISHED,),
        targets=targets,
        alarms=alarms,
    )


def resolution(targets: tuple[Target, ...], alarms: tuple[Alarm, ...] = ()) -> ClockRule:
    """From the opening to the solution, resting while the customer or a third party is asked."""
    return ClockRule(
        name="resolution",
        starts=(BEGINS,),
        stops=(IS_FINISHED,),
        pauses=(WAITS_FOR_OTHERS,),
        targets=targets,
        alarms=alarms,
    )


def periodic_update(targets: tuple[Target, ...], alarms: tuple[Alarm, ...] = ()) -> ClockRule:
    """From the opening, and from each public reply of a person, to the next one."""
    return ClockRule(
        name="periodic_update",
        starts=(BEGINS, AGENT_REPLIES),
        stops=(AGENT_REPLIES,),
        pauses=(WAITS_FOR_OTHERS, IS_FINISHED),
        targets=targets,
        alarms=alarms,
    )


def team_time(team: TeamId, targets: tuple[Target, ...], *, name: str = "team_time") -> ClockRule:
    """From the opening to the solution, running only while a team has it: what teams promise.

    It runs beside the clocks that the customer was promised; each team may have one of its own.
    """
    elsewhere = When(other_than_teams=(team,))
    return ClockRule(
        name=name,
        starts=(BEGINS,),
        stops=(IS_FINISHED,),
        pauses=(WAITS_FOR_OTHERS, elsewhere),
        targets=targets,
    )
