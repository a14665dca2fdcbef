"""Interleaved repetitions: every subject does a work once, then all do it again, in turn."""

import statistics
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any, Final, NamedTuple

from benchmarks.subjects import Entry
from benchmarks.worker import Size, SubjectFailed, Timed, Worker

WORKS: Final = {
    "insert": "insert {rows:,}, one commit",
    "stream": "stream {rows:,} typed objects",
    "pages": "filter + order + keyset pages",
    "get": "get by id",
    "save": "load, change one field, guarded save, commit",
    "totals": "count and sum by stage and owner, {deals:,} deals",
}


class Ratio(NamedTuple):
    """How many times the raw driver's time, pair by pair of the same repetition."""

    median: float
    least: float
    most: float


class Outcome(NamedTuple):
    """One work of one subject: its times in seconds, or why there are none."""

    store: str
    work: str
    subject: str
    seconds: tuple[float, ...]
    reason: str = ""
    failed: bool = False

    def over(self, raw: "Outcome") -> Ratio:
        """Compare with the raw driver, repetition by repetition."""
        ratios = [own / theirs for own, theirs in zip(self.seconds, raw.seconds, strict=True)]
        return Ratio(statistics.median(ratios), min(ratios), max(ratios))


class Settings(NamedTuple):
    """What to run on one store and how often."""

    store: str
    place: str
    entries: Sequence[Entry]
    works: Sequence[str]
    repeat: int
    size: Size


def measure(settings: Settings) -> list[Outcome]:
    """Run every work on every subject of a store and return what came of each."""
    with ExitStack() as stack:
        workers = [
            stack.enter_context(Worker(entry, settings.place, settings.size))
            for entry in settings.entries
        ]
        return _Run(settings, workers).outcomes()


class _Run:
    """The subjects of one store, from an empty schema to the totals."""

    def __init__(self, settings: Settings, workers: list[Worker]) -> None:
        self._settings = settings
        self._workers = workers
        self._failed: dict[str, str] = {}
        self._cannot: dict[str, dict[str, str]] = {}

    def outcomes(self) -> list[Outcome]:
        works = self._settings.works
        self._cannot = {name: told or {} for name, told in self._all("setup").items()}
        found = self._repeat("insert", 0 if "insert" in works else 1)
        self._all("settle")
        for name, wrong in self._all("check").items():
            if wrong:
                self._failed[name] = f"these fields did not come back: {', '.join(wrong)}"
        for work in ("stream", "pages", "get", "save"):
            if work in works:
                found += self._repeat(work)
        if "totals" in works:
            self._all("load_deals", skipping="totals")
            found += self._repeat("totals")
        self._all("close")
        return [outcome for outcome in found if outcome.work in works]

    def _all(self, command: str, skipping: str = "") -> dict[str, Any]:
        """Have every subject that still works do something untimed, and return their answers."""
        answers: dict[str, Any] = {}
        for worker in self._working(skipping or command):
            self._say(f"{command}: {worker.entry.name}")
            timed = self._ask(worker, command)
            if timed:
                answers[worker.entry.name] = timed.answer
        return answers

    def _repeat(self, work: str, times: int = 0) -> list[Outcome]:
        times = times or self._settings.repeat
        seconds: dict[str, list[float]] = {worker.entry.name: [] for worker in self._workers}
        answers: dict[str, Any] = {}
        if work != "insert":
            self._all(work)
        for turn in range(times):
            for worker in _rotated(self._working(work), turn):
                self._say(f"{work} {turn + 1}/{times}: {worker.entry.name}")
                timed = self._ask(worker, work)
                if timed:
                    seconds[worker.entry.name].append(timed.seconds)
                    answers[worker.entry.name] = timed.answer
        self._compare(work, answers)
        return [self._outcome(work, worker.entry.name, seconds) for worker in self._workers]

    def _compare(self, work: str, answers: dict[str, Any]) -> None:
        """A subject whose answer differs from the raw driver's did some other work."""
        raw = next((worker.entry.name for worker in self._workers if worker.entry.raw), None)
        for name, answer in answers.items():
            if raw in answers and answer != answers[raw]:
                self._failed[name] = (
                    f"{work} answered {str(answer)[:80]}, the driver {str(answers[raw])[:80]}"
                )

    def _outcome(self, work: str, name: str, seconds: dict[str, list[float]]) -> Outcome:
        reason = self._failed.get(name) or self._cannot.get(name, {}).get(work, "")
        kept = () if reason else tuple(seconds[name])
        return Outcome(self._settings.store, work, name, kept, reason, name in self._failed)

    def _working(self, command: str) -> list[Worker]:
        return [
            worker
            for worker in self._workers
            if worker.entry.name not in self._failed
            and command not in self._cannot.get(worker.entry.name, {})
        ]

    def _ask(self, worker: Worker, command: str) -> Timed | None:
        """Have one subject do something; from its first failure on it is left out."""
        try:
            return worker.ask(command)
        except SubjectFailed as wrong:
            self._failed[worker.entry.name] = f"{command}: {wrong}"
            return None

    def _say(self, text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{self._settings.store}: {text}", end="", file=sys.stderr, flush=True)


def _rotated(workers: list[Worker], turn: int) -> Iterable[Worker]:
    """Start each turn with another subject, so that none always runs after the same one."""
    start = turn % len(workers) if workers else 0
    return workers[start:] + workers[:start]
