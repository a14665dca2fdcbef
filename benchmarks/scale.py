"""`python -m benchmarks.scale`: what lists and single reads cost as a tenant's data grows.

First page, page 1,000 and get by id are timed on databases of several sizes, in turn, so that the
figures show growth and nothing else. Pages have 10 contacts, ordered by score.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple
from uuid import UUID

import attrs

from benchmarks.contact import ACTOR, TENANT, contacts
from benchmarks.places import place_of
from benchmarks.subjects import STORES
from benchmarks.subjects.crmkit_places import Place
from benchmarks.subjects.crmkit_places import place_of as own_place_of
from benchmarks.subjects.crmkit_subject import Contact, contact_of
from crmkit.crm import CRM
from crmkit.domain.entity import Index, entity
from crmkit.domain.filters.where import where
from crmkit.ports import BATCH

SIZES: Final = (10_000, 100_000, 1_000_000)
PAGE: Final = 10
SKIPPED: Final = 999 * PAGE
GOAL: Final = 1.5
WARM: Final = 3
READS: Final = ("first page", "page 1,000", "get by id")


@entity("bench_listed", indexes=[Index("score")])
@attrs.frozen(kw_only=True)
class Listed(Contact):
    """The contact of 21 fields with an index for lists by score."""


class Sized:
    """One database with a number of contacts, and the reads that are timed on it."""

    def __init__(self, place: Place, size: int) -> None:
        """Fill a database of its own."""
        place.make()
        self._crm = CRM.open(place.url, schema=place.schema, entities=[Listed])
        self._crm.schema.apply()
        self._ids = self._fill(size)
        place.settle()
        self._order = (where(Listed).score.asc(),)
        with self._work() as work:
            self._deep = work.of(Listed).page(order=self._order, size=SKIPPED).next

    def read(self, name: str) -> float:
        """Time one read in seconds, the opening of its work not included."""
        with self._work() as work:
            listed = work.of(Listed)
            reads: dict[str, Callable[[], Any]] = {
                "first page": lambda: listed.page(order=self._order, size=PAGE),
                "page 1,000": lambda: listed.page(order=self._order, size=PAGE, after=self._deep),
                "get by id": lambda: listed.get(random.choice(self._ids)),
            }
            started = time.perf_counter()
            reads[name]()
            return time.perf_counter() - started

    def close(self) -> None:
        """Let go of the store."""
        self._crm.close()

    def _work(self) -> Any:
        return self._crm.work(by=ACTOR, tenant=TENANT, read_only=True)

    def _fill(self, size: int) -> list[UUID]:
        """Store the contacts, 10,000 a transaction, and return some of their ids."""
        ids: list[UUID] = []
        spec = self._crm.registry[Listed]
        made = (contact_of(row, Listed) for row in contacts(size))
        while part := list(islice(made, 10 * BATCH)):
            session = self._crm.storage.session(TENANT)
            session.insert_many(spec, part)
            session.commit()
            ids += [contact.id for contact in part[::100]]
        return ids


class Growth(NamedTuple):
    """One read at every size: medians in seconds."""

    store: str
    read: str
    medians: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Tell how many times the smallest size's cost the dearest is."""
        return max(self.medians) / self.medians[0]


def measure_growth(store: str, place: str, sizes: Sequence[int], repeat: int) -> Iterator[Growth]:
    """Fill a database per size and time every read on all of them in turn."""
    databases = [Sized(own_place_of(place, f"scale_{size}"), size) for size in sizes]
    for read in READS:
        seconds: list[list[float]] = [[] for _ in sizes]
        for turn in range(repeat + WARM):
            for database, kept in zip(databases, seconds, strict=True):
                taken = database.read(read)
                if turn >= WARM:
                    kept.append(taken)
        yield Growth(store, read, tuple(map(statistics.median, seconds)))
    for database in databases:
        database.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the medians and the growth; return 1 when a read grows beyond the goal."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--store", action="append", choices=STORES)
    parser.add_argument("--size", action="append", type=int, help="default: 10k, 100k, 1M rows")
    parser.add_argument("--repeat", type=int, default=101)
    asked = parser.parse_args(arguments)
    sizes = sorted(asked.size or SIZES)
    worst = 0.0
    print("store     read        " + "".join(f"{size:>14,}" for size in sizes) + "  growth")
    for store in asked.store or STORES:
        with place_of(store) as place:
            for found in measure_growth(store, place, sizes, asked.repeat):
                cells = "".join(f"{median * 1e6:>11,.0f} us" for median in found.medians)
                print(f"{store:<9} {found.read:<12}{cells}  {found.ratio:.2f}x", flush=True)
                worst = max(worst, found.ratio)
    print(f"worst growth {worst:.2f}x, goal {GOAL}x")
    return 0 if worst <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
