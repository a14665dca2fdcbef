"""Clocks explained: every segment of a run, line by line, as people read it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crmkit.domain.instants import MILLISECOND
from crmkit.domain.support.clocks import ClockRun


def explain(run: ClockRun, zone: str = "UTC") -> tuple[str, ...]:
    """Tell a run in lines: what it was given, each segment with its reason, and how it stands."""
    return tuple(_lines(run, ZoneInfo(zone)))


def _lines(run: ClockRun, zone: ZoneInfo) -> Iterator[str]:
    target = "no target" if run.target is None else f"target {_hours(run.target)}"
    policy = f", policy {run.policy}" if run.policy else ""
    yield f"{run.clock}, cycle {run.cycle}: {target}{policy}"
    for part in run.segments:
        span = f"{_clock(part.begins_at, zone)} to {_clock(part.ends_at, zone)}"
        yield f"{span}: {part.state} {_hours(part.worked)} ({part.reason}; {part.calendar})"
    if run.breached_at is not None:
        yield f"breached {_clock(run.breached_at, zone)}"
    if run.ended_at is not None:
        yield f"{run.state} {_clock(run.ended_at, zone)}, used {_hours(run.used)}"
    elif run.due_at is not None:
        known = ", provisional" if run.provisional else ""
        yield f"{run.state} since {_clock(run.since, zone)}, due {_clock(run.due_at, zone)}{known}"
    else:
        yield f"{run.state} since {_clock(run.since, zone)} ({run.reason})"


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _hours(milliseconds: int) -> str:
    minutes, rest = divmod(milliseconds * MILLISECOND, timedelta(minutes=1))
    seconds = f":{rest // timedelta(seconds=1):02}" if rest else ""
    return f"{minutes // 60}:{minutes % 60:02}{seconds} h"
