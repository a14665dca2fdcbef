"""One process per subject, so that no library's objects, caches or collector weigh on another's."""

import gc
import multiprocessing
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from benchmarks.contact import ContactRow, contacts, deals, some_ids
from benchmarks.subject import Subject
from benchmarks.subjects import Entry


class Size(NamedTuple):
    """How much work there is."""

    rows: int = 100_000
    deals: int = 500_000
    gets: int = 2_000
    saves: int = 1_000
    pages: int = 100


class Timed(NamedTuple):
    """How long a work took, in seconds, and what it answered."""

    seconds: float
    answer: Any


class SubjectFailed(Exception):
    """A subject could not do its work; the text says why."""


class Worker:
    """A subject in a process of its own, told what to do over a pipe."""

    def __init__(self, entry: Entry, place: str, size: Size) -> None:
        """Start the process; its subject is set up by the first `ask`."""
        self.entry = entry
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, entry, place, size))
        self._process.start()
        theirs.close()

    def ask(self, command: str) -> Timed:
        """Have a command done; raise `SubjectFailed` with the reason when it cannot be."""
        try:
            self._pipe.send(command)
            failure, timed = self._pipe.recv()
        except (EOFError, OSError):
            raise SubjectFailed("its process ended") from None
        if failure:
            raise SubjectFailed(failure)
        return Timed(*timed)

    def __enter__(self) -> Self:
        """Enter a block that ends the process."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(timeout=10)
        if self._process.is_alive():
            self._process.terminate()


class _Bench:
    """The subject with the rows it works on."""

    def __init__(self, entry: Entry, place: str, size: Size) -> None:
        self._size = size
        self._subject: Subject = entry.load()(place)
        self._rows: list[ContactRow] = []
        self._keys: list[Any] = []

    def setup(self) -> Timed:
        self._subject.setup()
        self._rows = list(contacts(self._size.rows))
        gc.collect()
        gc.freeze()
        return Timed(0, dict(self._subject.cannot))

    def insert(self) -> Timed:
        self._subject.empty()
        objects = self._subject.prepare(self._rows)
        return _timed(lambda: self._subject.insert(objects))

    def settle(self) -> Timed:
        self._subject.settle()
        self._keys = self._subject.keys(some_ids(self._rows, self._size.gets))
        return Timed(0, None)

    def check(self) -> Timed:
        """Name the fields of one record in a hundred that did not come back as they were given."""
        wanted = {row.id: row for row in self._rows}
        ids = some_ids(self._rows, max(1, len(self._rows) // 100))
        wrong = {
            name
            for id_, key in zip(ids, self._subject.keys(ids), strict=True)
            for name, given, found in zip(
                ContactRow._fields, wanted[id_], self._subject.fetch(key), strict=True
            )
            if given != found and name not in self._subject.fills
        }
        return Timed(0, sorted(wrong))

    def stream(self) -> Timed:
        return _timed(self._subject.stream)

    def pages(self) -> Timed:
        return _timed(lambda: tuple(self._subject.pages(self._size.pages)))

    def get(self) -> Timed:
        return _timed(lambda: self._subject.get(self._keys))

    def save(self) -> Timed:
        keys = self._keys[: self._size.saves]
        return _timed(lambda: self._subject.save(keys))

    def load_deals(self) -> Timed:
        self._rows, self._keys = [], []
        self._subject.load_deals(deals(self._size.deals))
        self._subject.settle()
        return Timed(0, None)

    def totals(self) -> Timed:
        return _timed(lambda: sorted(map(tuple, self._subject.totals())))

    def close(self) -> Timed:
        self._subject.close()
        return Timed(0, None)


def _timed(work: Callable[[], Any]) -> Timed:
    """Time a work that starts with nothing left to collect and the collector on."""
    gc.collect()
    started: Final = time.perf_counter()
    answer = work()
    return Timed(time.perf_counter() - started, answer)


def _serve(pipe: Connection, entry: Entry, place: str, size: Size) -> None:
    bench: _Bench | None = None
    while True:
        try:
            command = pipe.recv()
        except EOFError:
            return
        try:
            bench = bench or _Bench(entry, place, size)
            reply = ("", tuple(getattr(bench, command)()))
        except Exception as wrong:
            at = traceback.extract_tb(wrong.__traceback__)[-1]
            reason = f"{type(wrong).__name__}: {wrong} ({at.name}, line {at.lineno})"
            reply = (reason[:600], (0, None))
        pipe.send(reply)
