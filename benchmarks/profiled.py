"""Where the time of a work goes: the profile of one subject, added up by who spends it."""

import cProfile
import pstats
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from benchmarks.contact import contacts, some_ids
from benchmarks.subject import Subject
from benchmarks.subjects import Entry
from benchmarks.worker import Size

PROFILED: Final = ("insert", "stream", "pages", "get", "save")
_GENERATED: Final = ("<dump", "<load", "<copy", "<what", "<all that", "<make", "<attrs")
_PLACES: Final = (
    ("crmkit/storage", "crmkit: the store"),
    ("crmkit/work", "crmkit: the unit of work"),
    ("crmkit/domain", "crmkit: the domain"),
    ("crmkit/", "crmkit: the rest"),
    ("sqlalchemy", "SQLAlchemy"),
    ("psycopg", "driver and database"),
    ("pymongo", "driver and database"),
    ("bson", "driver and database"),
    ("benchmarks", "the benchmark itself"),
)
_DRIVERS: Final = ("sqlite3.", "psycopg", "_socket", "_cbson", "_cmessage", "select.")


class Share(NamedTuple):
    """What one part of the code spends, in microseconds for each record or call."""

    part: str
    microseconds: float


def profiles(
    entry: Entry, place: str, works: Iterable[str], size: Size
) -> Iterator[tuple[str, list[Share]]]:
    """Profile works, each done once before; the profiler makes short calls look dear."""
    subject = entry.load()(place)
    subject.setup()
    rows = list(contacts(size.rows))
    subject.insert(subject.prepare(rows))
    subject.settle()
    for work in works:
        if work in PROFILED and work not in subject.cannot:
            act, count = _act(subject, work, rows, size)
            if work != "insert":
                act()
            in_process = entry.store == "sqlite"
            profiler = cProfile.Profile(time.process_time if in_process else time.perf_counter)
            profiler.runcall(act)
            yield work, _shares(profiler, count)
    subject.close()


def as_lines(name: str, work: str, shares: list[Share]) -> str:
    """Draw the parts, the dearest first."""
    whole = sum(share.microseconds for share in shares)
    lines = [f"{name}, {work}: {whole:,.1f} us each, under the profiler"]
    lines += [
        f"  {share.part:<34}{share.microseconds:>10,.1f} us{share.microseconds / whole:>7.0%}"
        for share in shares
    ]
    return "\n".join(lines)


def _act(subject: Subject, work: str, rows: list[Any], size: Size) -> tuple[Callable[[], Any], int]:
    """Return the work and how many records or calls it is."""
    keys = subject.keys(some_ids(rows, size.gets))
    match work:
        case "insert":
            subject.empty()
            objects = subject.prepare(rows)
            return lambda: subject.insert(objects), len(rows)
        case "stream":
            return subject.stream, len(rows)
        case "pages":
            return lambda: subject.pages(size.pages), size.pages
        case "get":
            return lambda: subject.get(keys), len(keys)
        case _:
            saved = keys[: size.saves]
            return lambda: subject.save(saved), len(saved)


def _shares(profiler: cProfile.Profile, count: int) -> list[Share]:
    spent: dict[str, float] = defaultdict(float)
    stats: Any = pstats.Stats(profiler)
    for (file, _line, function), (_calls, _own, own, _whole, callers) in stats.stats.items():
        if file != "~":
            spent[_part(file)] += own
        elif any(driver in function for driver in _DRIVERS):
            spent["driver and database"] += own
        else:
            for (caller, _at, _name), (_n, _c, theirs, _w) in callers.items():
                spent[_part(caller)] += theirs
    shares = [Share(part, seconds / count * 1e6) for part, seconds in spent.items()]
    return sorted(shares, key=lambda share: -share.microseconds)


def _part(file: str) -> str:
    """Name the part of the code that a function belongs to."""
    if file.startswith(_GENERATED):
        return "crmkit: generated code"
    return next((part for place, part in _PLACES if place in file), "the rest of Python")
