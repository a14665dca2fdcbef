"""Service levels as a fold over moments: the clocks of a ticket after all that happened on it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property

import attrs

from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.support.clock_rules import ClockRule
from crmkit.domain.support.clocks import ClockRun, ClockState, Retarget, Rung, Terms
from crmkit.domain.support.moments import Happening, Moment, any_fits
from crmkit.domain.support.statuses import StatusCategory

Clocks = tuple[ClockRun, ...]
"""All runs of a ticket, oldest first; of one clock at most the last one is not over."""
_ABANDONED = (StatusCategory.CANCELLED, StatusCategory.CLOSED)


@attrs.frozen(kw_only=True)
class Level:
    """What a policy asks, with its calendar at hand."""

    clocks: tuple[ClockRule, ...]
    calendar: BusinessCalendar
    policy: str = ""
    mode: Retarget = Retarget.CARRY

    def terms(self, rule: ClockRule) -> Terms:
        """Return what the runs of one of its clocks go by."""
        return Terms(rule=rule, calendar=self.calendar, policy=self.policy, mode=self.mode)

    def terms_of(self, run: ClockRun) -> Terms | None:
        """Return what a run goes by, None when the policy has no such clock."""
        return self._terms.get(run.clock)

    @cached_property
    def _terms(self) -> Mapping[str, Terms]:
        return {rule.name: self.terms(rule) for rule in self.clocks}


@attrs.frozen(kw_only=True)
class Ringing:
    """The clocks after their alarms went off, and what each run told."""

    clocks: Clocks
    rung: tuple[tuple[ClockRun, Rung], ...]


def fold(moments: Iterable[Moment], level: Level) -> Clocks:
    """Return the clocks of a ticket after all its moments, in order, under one policy.

    Given the moments of a real ticket and another policy, it tells what would have been.
    """
    clocks: Clocks = ()
    for moment in moments:
        clocks = follow(clocks, moment, level)
    return clocks


def follow(clocks: Clocks, moment: Moment, level: Level) -> Clocks:
    """Return the clocks after one more moment; a merged ticket's clocks go on as they are."""
    if moment.happening in (Happening.MERGED, Happening.UNMERGED):
        return clocks
    for rule in level.clocks:
        clocks = _followed(clocks, moment, level.terms(rule))
    return clocks


def change_level(clocks: Clocks, moment: Moment, old: Level, new: Level) -> Clocks:
    """Return the clocks as they go on under another policy; what was breached stays breached.

    A clock that the new policy does not have is cancelled; one that it has besides begins with the
    next moment that starts it.
    """
    return tuple(run if run.is_over else _ruled(run, moment, old, new) for run in clocks)


def redate(clocks: Clocks, level: Level) -> Clocks:
    """Return the clocks with due times worked out anew, for a calendar that has changed."""
    return tuple(
        run if run.is_over or terms is None else run.dated(terms)
        for run, terms in ((run, level.terms_of(run)) for run in clocks)
    )


def ring(clocks: Clocks, at: datetime, level: Level) -> Ringing:
    """Let the alarms go off that are due by an instant, each once."""
    after: list[ClockRun] = []
    told: list[tuple[ClockRun, Rung]] = []
    for run in clocks:
        terms = None if run.is_over else level.terms_of(run)
        rang, rung = (run, ()) if terms is None else run.ring(at, terms)
        after.append(rang)
        told += [(rang, one) for one in rung]
    return Ringing(clocks=tuple(after), rung=tuple(told))


def running(clocks: Clocks, name: str) -> ClockRun | None:
    """Return the run of a clock that is not over, None when there is none."""
    return next((run for run in reversed(clocks) if run.clock == name and not run.is_over), None)


def _followed(clocks: Clocks, moment: Moment, terms: Terms) -> Clocks:
    rule, run = terms.rule, running(clocks, terms.rule.name)
    if run is not None:
        after = _continued(run, moment, terms)
        clocks = tuple(after if one is run else one for one in clocks)
        run = None if after.is_over else after
    begins = moment.category.is_unfinished and any_fits(rule.starts, moment)
    if run is None and begins:
        clocks = (*clocks, _rested(ClockRun.start(moment, terms), moment, terms))
    return clocks


def _continued(run: ClockRun, moment: Moment, terms: Terms) -> ClockRun:
    """Return what a run that is not over becomes."""
    calendar = terms.calendar
    if any_fits(terms.rule.stops, moment):
        return run.stop(moment.at, calendar)
    if moment.category in _ABANDONED:
        return run.cancel(moment.at, moment.category.value, calendar)
    if moment.happening is Happening.REOPENED and any_fits(terms.rule.starts, moment):
        return run.cancel(moment.at, moment.happening.value, calendar)
    if moment.priority is not run.priority:
        run = run.retarget(moment, calendar, terms)
    return _rested(run, moment, terms)


def _rested(run: ClockRun, moment: Moment, terms: Terms) -> ClockRun:
    rests = any_fits(terms.rule.pauses, moment)
    state = ClockState.PAUSED if rests else ClockState.RUNNING
    return run.turn(moment.at, state, reason=moment.category.value, terms=terms)


def _ruled(run: ClockRun, moment: Moment, old: Level, new: Level) -> ClockRun:
    terms = new.terms_of(run)
    if terms is None:
        return run.cancel(moment.at, moment.happening.value, old.calendar)
    return run.retarget(moment, old.calendar, terms)
