"""Time moving a deal by the service beside the same rows written bare at the storage port.

`python -m benchmarks.moving [--url sqlite] [--deals 200]` moves every deal once, each in a work
of its own. The rows that such works write (deal, stay, change log, outbox) are noted beforehand, in
memory, and written into a second database of the same kind by the port alone: read the deal, write
the rows, commit.
Prints the medians of both, pair by pair in one run, and the ratio; `--profile` prints where the
service spends its time.
"""

import argparse
import cProfile
import pstats
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from crmkit import CRM, Money
from crmkit.domain.changes import OutboxMessage
from crmkit.domain.sales.deal import Deal, DealMoved
from crmkit.plugins import hookimpl
from crmkit.services import sales
from crmkit.storage.opening import open_storage

TENANT = "bench"
Rows = tuple[Any, list[Any], list[int] | None]
"""The entity of rows, the rows, and the versions at which they are expected, None where new."""


class Listens:
    """A plugin that is told of moves, so that each move puts a message into the outbox."""

    name = "bench"
    topics = frozenset({DealMoved})

    @hookimpl
    def after_commit(self, message: OutboxMessage) -> None:
        """Do nothing."""


class Noting:
    """A session that notes what is written through it."""

    def __init__(self, session: Any, notes: list[Rows]) -> None:
        """Stand before a session."""
        self._session = session
        self._notes = notes

    def insert_many(self, spec: Any, records: Sequence[Any]) -> None:
        """Note and write new records."""
        self._notes.append((spec, list(records), None))
        self._session.insert_many(spec, records)

    def save_many(self, spec: Any, records: Sequence[Any], expected: Sequence[int]) -> None:
        """Note and write changed records."""
        self._notes.append((spec, list(records), list(expected)))
        self._session.save_many(spec, records, expected)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


class NotingStorage:
    """A storage whose sessions note what is written."""

    def __init__(self, storage: Any) -> None:
        """Stand before a storage."""
        self._storage = storage
        self.notes: list[Rows] = []

    def taken(self) -> list[Rows]:
        """Return what was noted since the last time."""
        taken, self.notes = self.notes, []
        return taken

    def session(self, tenant: str, **named: Any) -> Any:
        """Open a session that notes."""
        return Noting(self._storage.session(tenant, **named), self.notes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Move deals both ways and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moving", description=__doc__)
    parser.add_argument("--url", choices=("memory", "sqlite"), default="sqlite")
    parser.add_argument("--deals", type=int, default=200)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        urls = [_url(asked.url, Path(folder) / name) for name in ("served.db", "bare.db")]
        served, bare = _run(urls, asked.deals, profiled=asked.profile)
    ratios = [one / other for one, other in zip(served, bare, strict=True)]
    print(
        f"{asked.url}, {asked.deals} deals: service {statistics.median(served) * 1e6:.0f} us, "
        f"bare {statistics.median(bare) * 1e6:.0f} us, "
        f"ratio {statistics.median(ratios):.2f} in the middle, "
        f"{min(served) / min(bare):.2f} of the quickest"
    )
    return 0


def _url(kind: str, path: Path) -> str:
    return "memory:" if kind == "memory" else f"sqlite:///{path}"


def _run(urls: Sequence[str], deals: int, *, profiled: bool) -> tuple[list[float], list[float]]:
    served, bare, profile = list[float](), list[float](), cProfile.Profile()
    with CRM.open(urls[0], plugins=[Listens()]) as crm, CRM.open(urls[1]) as mirror:
        crm.schema.apply()
        mirror.schema.apply()
        opened = _open_deals(crm, deals)
        for deal, (twin, notes) in zip(opened, _noted(mirror.storage, deals), strict=True):
            if profiled:
                profile.enable()
            served.append(_timed(_move, crm, deal))
            profile.disable()
            bare.append(_timed(_write, mirror.storage, notes, twin))
    if profiled:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
    return served, bare


def _timed(call: Callable[..., None], *given: Any) -> float:
    began = perf_counter()
    call(*given)
    return perf_counter() - began


def _move(crm: CRM, deal: Deal) -> None:
    with crm.work(by="li", tenant=TENANT) as work:
        sales.move_deal(work, deal.id, to="qualification")


def _noted(mirror: Any, deals: int) -> list[tuple[Deal, list[Rows]]]:
    """Open as many deals in the mirror, and return the rows that a move of each writes."""
    noting: Any = NotingStorage(open_storage("memory:"))
    with CRM(noting, plugins=[Listens()]) as crm:
        crm.schema.apply()
        noting.taken()
        opened = _open_deals(crm, deals)
        _write(mirror, noting.taken())
        noted = []
        for deal in opened:
            _move(crm, deal)
            noted.append((deal, noting.taken()))
        return noted


def _open_deals(crm: CRM, count: int) -> list[Deal]:
    with crm.work(by="li", tenant=TENANT) as work:
        pipeline = sales.define_pipeline(work, "机床")
        worth = Money("380000", "CNY")
        return [
            sales.open_deal(work, name=f"数控机床 {at}", pipeline=pipeline.id, value=worth)
            for at in range(count)
        ]


def _write(storage: Any, notes: Sequence[Rows], deal: Deal | None = None) -> None:
    """Write noted rows in one transaction, after reading the deal."""
    session = storage.session(TENANT)
    for spec, records, expected in notes:
        if deal is not None and spec.cls is Deal:
            session.get_many(spec, [deal.id])
        if expected is None:
            session.insert_many(spec, records)
        else:
            session.save_many(spec, records, expected)
    session.commit()


if __name__ == "__main__":
    sys.exit(main())
