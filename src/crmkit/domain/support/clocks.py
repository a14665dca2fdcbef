"""One run of a clock: what it used, when it is due or was breached, and all its segments."""

from datetime import datetime
from enum import StrEnum
from typing import Final, Self, TypeVar

import attrs

from crmkit.domain.calendars.business_calendar import BusinessCalendar, Deadline
from crmkit.domain.instants import MILLISECOND
from crmkit.domain.support.clock_rules import Alarm, ClockRule
from crmkit.domain.support.moments import Moment
from crmkit.domain.support.priorities import Priority

C = TypeVar("C", bound="ClockRun")
BREACH: Final = Alarm(name="breach", percent=100)
"""The alarm that every clock has: it goes off when the target is used up."""


class ClockState(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    LATE = "late"
    """Ended after it was breached."""
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Say whether the run has ended."""
        return self not in (ClockState.RUNNING, ClockState.PAUSED)


class Retarget(StrEnum):
    """What becomes of the time already used when the target changes."""

    CARRY = "carry"
    """It counts in full."""
    RESTART = "restart"
    """It is forgotten, and the clock begins anew."""
    PROPORTIONAL = "proportional"
    """The used share of the target stays the same."""


@attrs.frozen(kw_only=True)
class Segment:
    """A stretch of a run in one state: how much working time it had, and why it began."""

    begins_at: datetime
    ends_at: datetime
    state: ClockState
    reason: str
    calendar: str
    priority: Priority
    target: int | None
    worked: int
    """Working time in milliseconds, also of a pause."""


@attrs.frozen(kw_only=True)
class Terms:
    """What a run goes by: the rule of its clock, the calendar, and the policy that chose both."""

    rule: ClockRule
    calendar: BusinessCalendar
    policy: str = ""
    mode: Retarget = Retarget.CARRY


@attrs.frozen(kw_only=True)
class Rung:
    """An alarm that went off, and the working time at which it did."""

    alarm: Alarm
    at: datetime


@attrs.frozen(kw_only=True)
class ClockRun:
    """One run of one clock of a ticket; durations are working time in milliseconds.

    `used` is what counted against the target when the present segment began, at `since`. A breach
    stays, whatever happens to the target afterwards.
    """

    clock: str
    cycle: int
    policy: str
    calendar: str
    priority: Priority
    reason: str
    started_at: datetime
    since: datetime
    state: ClockState = ClockState.RUNNING
    used: int = 0
    target: int | None = None
    due_at: datetime | None = None
    provisional: bool = False
    breached_at: datetime | None = None
    ended_at: datetime | None = None
    alarm_at: datetime | None = None
    told: tuple[str, ...] = ()
    segments: tuple[Segment, ...] = ()

    @classmethod
    def start(cls, moment: Moment, terms: Terms) -> Self:
        """Begin a run."""
        run = cls(
            clock=terms.rule.name,
            cycle=moment.cycle,
            policy=terms.policy,
            calendar=terms.calendar.name,
            priority=moment.priority,
            target=terms.rule.target(moment.priority),
            reason=moment.happening.value,
            started_at=moment.at,
            since=moment.at,
        )
        return run.dated(terms)

    @property
    def is_over(self) -> bool:
        """Say whether the run has ended."""
        return self.state.is_over

    @property
    def is_breached(self) -> bool:
        """Say whether the target was ever missed."""
        return self.breached_at is not None

    def used_at(self, at: datetime, calendar: BusinessCalendar) -> int:
        """Return what counts against the target at an instant."""
        if self.state is not ClockState.RUNNING:
            return self.used
        return self.used + calendar.elapsed(self.since, at) // MILLISECOND

    def breached_by(self, at: datetime) -> Self:
        """Note the breach when the run was due before an instant."""
        if self.breached_at is None and self.due_at is not None and at > self.due_at:
            return attrs.evolve(self, breached_at=self.due_at)
        return self

    def turn(self, at: datetime, state: ClockState, *, reason: str, terms: Terms) -> Self:
        """Let the clock rest or run on; it stays as it is when it does so already."""
        if state is self.state:
            return self
        closed = self.closed(at, terms.calendar)
        return attrs.evolve(closed, state=state, reason=reason).dated(terms)

    def stop(self, at: datetime, calendar: BusinessCalendar) -> Self:
        """End the run: met when it was never breached."""
        done = self.closed(at, calendar)
        return _over(done, at, ClockState.LATE if done.is_breached else ClockState.MET)

    def cancel(self, at: datetime, reason: str, calendar: BusinessCalendar) -> Self:
        """End the run without an answer."""
        done = self.closed(at, calendar)
        return _over(attrs.evolve(done, reason=reason), at, ClockState.CANCELLED)

    def retarget(self, moment: Moment, old: BusinessCalendar, terms: Terms) -> Self:
        """Go on under other terms or another priority, from a moment on."""
        closed = self.closed(moment.at, old)
        target = terms.rule.target(moment.priority)
        restarts = terms.mode is Retarget.RESTART
        return attrs.evolve(
            closed,
            policy=terms.policy,
            calendar=terms.calendar.name,
            priority=moment.priority,
            reason=moment.happening.value,
            target=target,
            used=_kept(closed, target, terms.mode),
            told=() if restarts else closed.told,
        ).dated(terms)

    def ring(self, at: datetime, terms: Terms) -> tuple[Self, tuple[Rung, ...]]:
        """Return the run after the alarms that are due by an instant, each told once."""
        rung = tuple(one for one in self._alarms(terms) if _is_reached(one, at))
        if not rung:
            return self, ()
        told = (*self.told, *(one.alarm.name for one in rung))
        return attrs.evolve(self.breached_by(at), told=told).dated(terms), rung

    def dated(self, terms: Terms) -> Self:
        """Work out anew when the run is due and when its next alarm goes off."""
        due: Deadline | None = None
        alarm_at: datetime | None = None
        if self.state is ClockState.RUNNING and self.target is not None:
            due = self._reaching(self.target, terms.calendar)
            alarm_at = self._next_alarm(self.target, due.at, terms)
        name = self.calendar if self.is_over else terms.calendar.name
        at, provisional = (None, False) if due is None else (due.at, due.provisional)
        known = (self.calendar, self.due_at, self.provisional, self.alarm_at)
        if known == (name, at, provisional, alarm_at):
            return self
        return attrs.evolve(
            self, calendar=name, due_at=at, provisional=provisional, alarm_at=alarm_at
        )

    def closed(self, at: datetime, calendar: BusinessCalendar) -> Self:
        """End the present segment in the ledger and count what it used."""
        seen = self.breached_by(at)
        worked = calendar.elapsed(seen.since, at) // MILLISECOND
        segment = Segment(
            begins_at=seen.since,
            ends_at=at,
            state=seen.state,
            reason=seen.reason,
            calendar=seen.calendar,
            priority=seen.priority,
            target=seen.target,
            worked=worked,
        )
        used = seen.used + (worked if seen.state is ClockState.RUNNING else 0)
        segments = (*seen.segments, segment) if at > seen.since else seen.segments
        return attrs.evolve(seen, since=at, used=used, segments=segments)

    def _alarms(self, terms: Terms) -> list[Rung]:
        """List the alarms that were not told yet, with the time at which each goes off."""
        target = self.target
        if self.state is not ClockState.RUNNING or target is None:
            return []
        return [
            Rung(alarm=alarm, at=self._reaching(alarm.point(target), terms.calendar).at)
            for alarm in (*terms.rule.alarms, BREACH)
            if alarm.name not in self.told
        ]

    def _next_alarm(self, target: int, due_at: datetime, terms: Terms) -> datetime | None:
        """Return when the first alarm that was not told yet goes off."""
        told = self.told
        untold = [one for one in (*terms.rule.alarms, BREACH) if one.name not in told]
        if not untold:
            return None
        point = min(one.point(target) for one in untold)
        return due_at if point == target else self._reaching(point, terms.calendar).at

    def _reaching(self, point: int, calendar: BusinessCalendar) -> Deadline:
        return calendar.add(self.since, (point - self.used) * MILLISECOND)


def _over(run: C, at: datetime, state: ClockState) -> C:
    return attrs.evolve(
        run, state=state, ended_at=at, due_at=None, provisional=False, alarm_at=None
    )


def _is_reached(rung: Rung, at: datetime) -> bool:
    """Say whether an alarm goes off by an instant; what ends just when it is due is no breach."""
    return rung.at < at or (rung.at == at and rung.alarm is not BREACH)


def _kept(run: ClockRun, target: int | None, mode: Retarget) -> int:
    """Return how much of the used time counts against another target."""
    match mode:
        case Retarget.RESTART:
            return 0
        case Retarget.PROPORTIONAL if run.target and target is not None:
            return run.used * target // run.target
        case _:
            return run.used
