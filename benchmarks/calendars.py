"""Time `add` and `elapsed` of business calendars, in this process.

`python -m benchmarks.calendars [--calls 2000] [--repeat 25]` asks each of several calendars about
random moments of three years, with durations of minutes to months. Prints the processor time of
one call: the least, the median and the most of the repetitions, and the time of one loop through
Python that calls an empty function as often, so that a loaded machine shows itself.
"""

import argparse
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any, Final

from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.services.calendars.packages import chinese_days

GOAL: Final = 20.0
"""How many microseconds a call may take."""
SEED: Final = 20260213
BEGIN: Final = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
MINUTES: Final = 3 * 365 * 24 * 60
Question = tuple[datetime, datetime, timedelta]


def calendars() -> list[BusinessCalendar]:
    """Return the calendars that are asked: plain hours, nights, make-up days, half-hour leaps."""
    office = "mon-fri 09:00-12:00 13:00-18:00"
    return [
        BusinessCalendar.of("Shanghai office", "Asia/Shanghai", office, sources=(chinese_days(),)),
        BusinessCalendar.of("New York night shift", "America/New_York", "mon-fri 22:00-06:00"),
        BusinessCalendar.of("Lord Howe, always", "Australia/Lord_Howe", "mon-sun 00:00-24:00"),
        BusinessCalendar.of("London office", "Europe/London", office),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what a call costs on each calendar."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calendars", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--repeat", type=int, default=25)
    asked = parser.parse_args(arguments)
    questions = _questions(asked.calls)
    print(f"{asked.calls:,} calls, {asked.repeat} times; goal: under {GOAL:.0f} us a call")
    print(f"{'':<24} {'add: least median  most':>26} {'elapsed: least median  most':>30}")
    for calendar in calendars():
        _asked(calendar, questions)
        turns = [_asked(calendar, questions) for _turn in range(asked.repeat)]
        add, elapsed = ([turn[at] for turn in turns] for at in (0, 1))
        print(f"{calendar.name:<24} {_spread(add):>26} {_spread(elapsed):>30}")
    empty = [_timed(_nothing, questions) for _turn in range(asked.repeat)]
    print(f"{'an empty function':<24} {_spread(empty):>26}")
    return 0


def _asked(calendar: BusinessCalendar, questions: Sequence[Question]) -> tuple[float, float]:
    add = _timed(lambda start, _end, length: calendar.add(start, length), questions)
    return add, _timed(lambda start, end, _length: calendar.elapsed(start, end), questions)


def _timed(call: Callable[..., Any], questions: Sequence[Question]) -> float:
    """Return the microseconds of one call."""
    began = process_time()
    for start, end, length in questions:
        call(start, end, length)
    return (process_time() - began) / len(questions) * 1e6


def _nothing(_start: datetime, _end: datetime, _length: timedelta) -> None:
    pass


def _questions(count: int) -> list[Question]:
    chance = random.Random(SEED)

    def moment() -> datetime:
        return BEGIN + chance.randrange(MINUTES) * MINUTE

    return [(moment(), moment(), chance.randrange(1, 60 * 500) * MINUTE) for _ in range(count)]


def _spread(times: Sequence[float]) -> str:
    return f"{min(times):.2f} {statistics.median(times):6.2f} {max(times):6.2f} us"


if __name__ == "__main__":
    sys.exit(main())
