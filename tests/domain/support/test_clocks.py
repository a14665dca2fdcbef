"""Clocks of service levels: golden vectors, pauses, other targets, breaches, alarms, what if."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.access.team import TeamId
from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.calendars.sources import Source
from crmkit.domain.support.clock_rules import (
    Alarm,
    ClockRule,
    Target,
    first_response,
    next_response,
    periodic_update,
    resolution,
    targets,
    team_time,
)
from crmkit.domain.support.clocks import ClockRun, ClockState, Retarget
from crmkit.domain.support.explaining import explain
from crmkit.domain.support.moments import Author, Happening, Moment
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.sla import Level, change_level, fold, follow, redate, ring, running
from crmkit.domain.support.statuses import StatusCategory
from crmkit.errors import InvalidValue

NEW_YORK = ZoneInfo("America/New_York")
OFFICE = BusinessCalendar.of("New York", "America/New_York", "mon-fri 09:00-12:00 13:00-17:00")
HOUR = timedelta(hours=1)
LIMITS = targets({Priority.NORMAL: 8 * HOUR, Priority.HIGH: 4 * HOUR})
RESOLUTION = resolution(LIMITS)
C = StatusCategory


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a time in New York in November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)


def opened(when: datetime, priority: Priority = Priority.NORMAL) -> Moment:
    """Open a ticket."""
    return Moment(at=when, happening=Happening.OPENED, category=C.NEW, priority=priority)


def moved(when: datetime, category: StatusCategory, **fields) -> Moment:
    """Move it to a status."""
    return Moment(at=when, happening=Happening.MOVED, category=category, **fields)


def replied(when: datetime, author: Author = Author.AGENT, **fields) -> Moment:
    """Write a message."""
    public = fields.pop("public", True)
    return Moment(at=when, happening=Happening.REPLIED, author=author, public=public, **fields)


def level(*rules: ClockRule, mode: Retarget = Retarget.CARRY, name: str = "gold") -> Level:
    """Make a level in the New York office."""
    return Level(clocks=rules, calendar=OFFICE, policy=name, mode=mode)


def last(*moments: Moment, of: Level) -> ClockRun:
    """Return the last run after some moments."""
    return fold(moments, of)[-1]


PAUSED = (
    opened(at(23, 10)),
    moved(at(23, 11, 30), C.PENDING_CUSTOMER),
    moved(at(24, 14), C.OPEN),
)


def test_a_pause_is_not_counted() -> None:
    """Paused from 11:30 to Tuesday 14:00, eight hours end on Wednesday at 13:30."""
    assert last(*PAUSED[:2], of=level(RESOLUTION)).due_at is None
    run = last(*PAUSED, of=level(RESOLUTION))
    assert (run.due_at, run.state) == (at(25, 13, 30), ClockState.RUNNING)


@pytest.mark.parametrize(
    ("mode", "due"),
    [
        (Retarget.CARRY, at(24, 16, 30)),
        (Retarget.RESTART, at(25, 11)),
        (Retarget.PROPORTIONAL, at(25, 9, 45)),
    ],
)
def test_another_target_keeps_the_used_time_as_declared(mode: Retarget, due: datetime) -> None:
    """At Tuesday 15:00 the target becomes four hours; the pause before is not forgotten."""
    change = Moment(at=at(24, 15), happening=Happening.PRIORITISED, priority=Priority.HIGH)
    run = last(*PAUSED, change, of=level(RESOLUTION, mode=mode))
    assert run.due_at == due
    assert run.segments[-1].worked == HOUR // timedelta(milliseconds=1)


durations = st.lists(st.integers(1, 40 * 3_600_000), min_size=1, max_size=12)


@given(gaps=durations, target=st.integers(1, 60 * 60))
def test_due_is_the_start_plus_target_and_pauses(gaps: list[int], target: int) -> None:
    """However often it rests, it is due where target and working time of all pauses end."""
    rule = resolution((Target(priority=Priority.NORMAL, minutes=target),))
    clocks = follow((), opened(at(23, 10)), level(rule))
    now, is_paused, paused = at(23, 10), False, timedelta()
    for gap in gaps:
        begin, now = now, now + timedelta(milliseconds=gap)
        paused += OFFICE.elapsed(begin, now) if is_paused else timedelta()
        is_paused = not is_paused
        moment = moved(now, C.PENDING_CUSTOMER if is_paused else C.OPEN)
        clocks = follow(clocks, moment, level(rule))
    if is_paused:
        now += HOUR
        paused += OFFICE.elapsed(now - HOUR, now)
        clocks = follow(clocks, moved(now, C.OPEN), level(rule))
    (run,) = clocks
    limit = timedelta(minutes=target)
    started = OFFICE.add(at(23, 10), limit + paused)
    used = timedelta(milliseconds=run.used)
    if used < limit:
        assert run.due_at == started.at
    assert sum(part.worked for part in run.segments) == (
        OFFICE.elapsed(at(23, 10), now) // timedelta(milliseconds=1)
    )
    assert run.is_breached is (used > limit)


def test_pauses_that_begin_in_one_minute_all_count() -> None:
    """Neither seconds nor milliseconds are cut off, however short the pauses are."""
    tick = timedelta(milliseconds=1)
    begin = at(23, 10)
    moments = [opened(begin)]
    for step in range(1, 11):
        moments += [
            moved(begin + 2 * step * tick, C.PENDING_CUSTOMER),
            moved(begin + (2 * step + 1) * tick, C.OPEN),
        ]
    run = last(*moments, of=level(RESOLUTION))
    assert run.due_at == OFFICE.add(begin, 8 * HOUR + 10 * tick).at


def test_it_is_met_at_the_very_end_and_late_a_moment_after() -> None:
    """A solution exactly at the due time is in time."""
    due = last(opened(at(23, 10)), of=level(RESOLUTION)).due_at
    assert due is not None
    tick = timedelta(milliseconds=1)
    for end, state in ((due, ClockState.MET), (due + tick, ClockState.LATE)):
        run = last(opened(at(23, 10)), moved(end, C.RESOLVED), of=level(RESOLUTION))
        assert (run.state, run.ended_at) == (state, end)
        assert run.breached_at == (due if state is ClockState.LATE else None)


def test_a_breach_is_never_erased() -> None:
    """A later target that would have been kept, a pause and a solution leave it as it was."""
    late = at(24, 16)
    for mode in Retarget:
        moments = (
            opened(at(23, 10), Priority.HIGH),
            Moment(at=late, happening=Happening.PRIORITISED, priority=Priority.NORMAL),
            moved(at(24, 16, 30), C.PENDING_CUSTOMER),
            moved(at(25, 9), C.RESOLVED),
        )
        run = last(*moments, of=level(RESOLUTION, mode=mode))
        assert (run.breached_at, run.state) == (at(23, 15), ClockState.LATE)


def test_only_a_public_reply_of_a_person_is_a_first_response() -> None:
    """Neither a bot, nor a note, nor a status, nor the customer answers the customer."""
    rule = first_response(LIMITS)
    start = opened(at(23, 9))
    silent = (
        replied(at(23, 10), Author.BOT),
        replied(at(23, 10), public=False),
        replied(at(23, 10), Author.CUSTOMER),
        moved(at(23, 10), C.PENDING_CUSTOMER),
        moved(at(23, 10), C.RESOLVED),
    )
    for moment in silent:
        assert not last(start, moment, of=level(rule)).is_over
    assert last(start, replied(at(23, 11)), of=level(rule)).state is ClockState.MET
    closed = last(start, silent[-1], moved(at(23, 12), C.CLOSED), of=level(rule))
    assert closed.state is ClockState.CANCELLED


def test_next_response_runs_from_the_first_unanswered_message() -> None:
    """A second message of the customer does not give more time; an answer ends it."""
    of = level(next_response(LIMITS))
    asked = (replied(at(23, 9), Author.CUSTOMER), replied(at(23, 11), Author.CUSTOMER))
    assert last(*asked, of=of).due_at == at(24, 10)
    answered = (*asked, replied(at(23, 16)), replied(at(24, 9), Author.CUSTOMER))
    runs = fold(answered, of)
    assert [run.state for run in runs] == [ClockState.MET, ClockState.RUNNING]
    assert runs[1].due_at == at(25, 10)


def test_the_time_of_a_team_runs_while_the_team_has_it() -> None:
    """Beside the customer's clock, which runs on; it rests elsewhere and while others are asked."""
    first, second = TeamId(uuid4()), TeamId(uuid4())
    of = level(RESOLUTION, team_time(second, LIMITS))
    moments = (
        attrs.evolve(opened(at(23, 9)), team_id=first),
        Moment(at=at(23, 11), happening=Happening.QUEUED, team_id=second),
        moved(at(23, 14), C.PENDING_CUSTOMER, team_id=second),
        moved(at(23, 16), C.OPEN, team_id=second),
        Moment(at=at(23, 16, 30), happening=Happening.QUEUED, team_id=first),
        moved(at(24, 10), C.RESOLVED, team_id=first),
    )
    customers, teams = fold(moments, of)
    assert (customers.used, teams.used) == (6 * 3_600_000, 5 * 1_800_000)
    states = [segment.state.value for segment in teams.segments]
    assert states == ["paused", "running", "paused", "running", "paused"]


def test_a_periodic_update_begins_anew_with_each_reply() -> None:
    """Each public reply of a person gives the whole target again."""
    of = level(periodic_update(LIMITS))
    runs = fold((opened(at(23, 9)), replied(at(23, 10)), replied(at(24, 10))), of)
    assert [run.state for run in runs] == [ClockState.MET, ClockState.MET, ClockState.RUNNING]
    assert runs[-1].due_at == at(25, 11)


def test_a_reopened_ticket_has_clocks_of_its_own_for_the_cycle() -> None:
    """What the first cycle reached stays in its own run."""
    again = Moment(at=at(24, 9), happening=Happening.REOPENED, category=C.OPEN, cycle=2)
    of = level(first_response(LIMITS), RESOLUTION)
    runs = fold((opened(at(23, 9)), replied(at(23, 10)), moved(at(23, 11), C.RESOLVED), again), of)
    assert [(run.clock, run.cycle, run.state.value) for run in runs] == [
        ("first_response", 1, "met"),
        ("resolution", 1, "met"),
        ("first_response", 2, "running"),
        ("resolution", 2, "running"),
    ]


def test_a_priority_without_a_target_has_no_deadline() -> None:
    """It gets one, with the time already used, when the priority changes to one that has."""
    low = opened(at(23, 9), Priority.LOW)
    assert last(low, of=level(RESOLUTION)).due_at is None
    raised = Moment(at=at(23, 11), happening=Happening.PRIORITISED, priority=Priority.NORMAL)
    assert last(low, raised, of=level(RESOLUTION)).due_at == at(24, 10)


def test_alarms_go_off_once_in_working_time() -> None:
    """At half the target, an hour before the end, at the end and an hour after it."""
    alarms = (
        Alarm(name="half", percent=50, tell=("agent",)),
        Alarm(name="soon", minutes_left=60, tell=("agent", "lead")),
        Alarm(name="manager", minutes_late=60, tell=("manager",)),
    )
    of = level(resolution(LIMITS, alarms))
    clocks = fold((opened(at(23, 15)),), of)
    told = []
    while (alarm_at := clocks[0].alarm_at) is not None:
        just_after = alarm_at + timedelta(milliseconds=1)
        ringing = ring(clocks, just_after, of)
        assert ring(ringing.clocks, just_after, of).rung == ()
        told += [(rung.alarm.name, rung.at) for _, rung in ringing.rung]
        clocks = ringing.clocks
    assert told == [
        ("half", at(24, 11)),
        ("soon", at(24, 15)),
        ("breach", at(24, 16)),
        ("manager", at(24, 17)),
    ]
    overdue = ring(fold((opened(at(23, 15)),), of), at(30, 12), of)
    assert [rung.alarm.name for _, rung in overdue.rung] == ["half", "soon", "manager", "breach"]
    assert overdue.clocks[0].breached_at == at(24, 16)


def test_a_resting_clock_tells_nothing() -> None:
    """Alarms wait with the clock, and go off later by as much."""
    of = level(resolution(LIMITS, (Alarm(name="half", percent=50),)))
    clocks = fold(PAUSED[:2], of)
    assert ring(clocks, at(27, 12), of).rung == ()
    assert follow(clocks, PAUSED[2], of)[0].alarm_at == at(24, 16, 30)


def test_another_policy_takes_over_and_keeps_what_was() -> None:
    """Used time, breaches and the ledger stay; the new rules and calendar count from then on."""
    always = BusinessCalendar.of("always", "America/New_York", "mon-sun 00:00-24:00")
    quick = resolution((Target(priority=Priority.NORMAL, minutes=240),))
    new = Level(clocks=(quick,), calendar=always, policy="platinum")
    old = level(first_response(LIMITS), RESOLUTION)
    moment = Moment(at=at(23, 12), happening=Happening.RULED)
    first, second = change_level(fold((opened(at(23, 10)),), old), moment, old, new)
    assert (first.state, first.reason) == (ClockState.CANCELLED, "ruled")
    assert (second.due_at, second.policy) == (at(23, 14), "platinum")
    assert [(part.calendar, part.worked) for part in second.segments] == [("New York", 7_200_000)]


def test_what_if_under_another_policy() -> None:
    """The same moments, folded under gold, would have been late."""
    history = (*PAUSED, moved(at(25, 9), C.RESOLVED))
    quick = level(resolution((Target(priority=Priority.NORMAL, minutes=120),)), name="platinum")
    assert last(*history, of=level(RESOLUTION)).state is ClockState.MET
    assert last(*history, of=quick).state is ClockState.LATE
    assert last(*history, of=quick).breached_at == at(24, 14, 30)


def test_a_run_explains_itself() -> None:
    """Every segment has its time, its reason and the calendar that counted it."""
    run = last(*PAUSED, moved(at(25, 9), C.RESOLVED), of=level(RESOLUTION))
    assert explain(run, "America/New_York") == (
        "resolution, cycle 1: target 8:00 h, policy gold",
        "2026-11-23 10:00 to 2026-11-23 11:30: running 1:30 h (opened; New York)",
        "2026-11-23 11:30 to 2026-11-24 14:00: paused 8:30 h (pending_customer; New York)",
        "2026-11-24 14:00 to 2026-11-25 09:00: running 3:00 h (open; New York)",
        "met 2026-11-25 09:00, used 4:30 h",
    )
    waiting = last(*PAUSED[:2], of=level(RESOLUTION))
    assert explain(waiting)[-1] == "paused since 2026-11-23 16:30 (pending_customer)"


def test_a_due_time_moves_when_days_are_published() -> None:
    """Beyond the known days it is provisional; then it is worked out anew from its segment."""
    unknown = OFFICE.with_sources(Source(name="us", known_until=date(2026, 11, 23)))
    thanks = Source.of("us", {date(2026, 11, 26): "Thanksgiving"}, known_until=date(2026, 12, 31))
    before = Level(clocks=(RESOLUTION,), calendar=unknown)
    after = Level(clocks=(RESOLUTION,), calendar=OFFICE.with_sources(thanks))
    clocks = fold((opened(at(25, 12)),), before)
    assert (clocks[0].due_at, clocks[0].provisional) == (at(26, 14), True)
    (run,) = redate(clocks, after)
    assert (run.due_at, run.provisional) == (at(27, 14), False)


def test_a_merged_ticket_keeps_its_clocks() -> None:
    """Merging and unmerging leave them as they are."""
    clocks = fold(PAUSED, level(RESOLUTION))
    for happening in (Happening.MERGED, Happening.UNMERGED):
        moment = Moment(at=at(24, 15), happening=happening, category=C.MERGED)
        assert follow(clocks, moment, level(RESOLUTION)) is clocks
    assert running(clocks, "resolution") is clocks[0]
    assert running(clocks, "first_response") is None


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: Target(priority=Priority.LOW, minutes=0), "target.minutes"),
        (lambda: targets({Priority.LOW: timedelta(seconds=90)}), "targets.low"),
        (lambda: Alarm(name="x"), "alarm.x"),
        (lambda: Alarm(name="x", percent=10, minutes_left=5), "alarm.x"),
        (lambda: Alarm(name="x", percent=-1), "alarm.x"),
        (lambda: resolution((*LIMITS, *LIMITS)), "clock.targets"),
        (lambda: resolution(LIMITS, (Alarm(name="a", percent=1),) * 2), "clock.alarms"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(make, path: str) -> None:
    """The error names the part."""
    with pytest.raises(InvalidValue) as caught:
        make()
    assert caught.value.path == path
