"""A line to PostgreSQL that is cut at any request of a write leaves all of it or nothing."""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import attrs
import psycopg
import pytest

from crmkit.crm import CRM
from crmkit.domain.ids import UuidSequence
from crmkit.errors import OutcomeUnknown, StoreUnavailable
from crmkit.testing.servers import Server
from tests.deep.crashing_services import KEYLESS, LATER, START, Listener, perform
from tests.deep.crashing_services import begin as prepare
from tests.deep.crashing_support import SUPPORT
from tests.deep.relay import Relay
from tests.deep.test_crash_points import SCENARIOS
from tests.services.stopped_clock import A_SECOND, Ticking

FULL = os.environ.get("CRMKIT_FULL") == "1"
SAMPLE = 3
PHASES = ("before", "after")
State = dict[str, list[str]]
Point = tuple[int, str]


@attrs.define
class Bench:
    """A database that can be put back to its beginning, behind a relay."""

    relay: Relay
    direct: "psycopg.Connection[Any]"
    places: dict[str, Any]
    tables: tuple[str, ...] = ()

    def keep(self) -> None:
        """Remember every row as the beginning."""
        asked = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        self.tables = tuple(name for (name,) in self.direct.execute(asked).fetchall())
        self.direct.execute("CREATE SCHEMA kept")
        for name in self.tables:
            self.direct.execute(f"CREATE TABLE kept.{name} AS TABLE public.{name}".encode())

    def renew(self) -> None:
        """Put the database back to its beginning."""
        for name in self.tables:
            self.direct.execute(f"DELETE FROM public.{name}".encode())
            self.direct.execute(f"INSERT INTO public.{name} TABLE kept.{name}".encode())

    def state(self) -> State:
        """Return every row of every table, past the relay."""
        asked = "SELECT t::text FROM public.{} t"
        return {
            name: sorted(row for (row,) in self.direct.execute(asked.format(name).encode()))
            for name in self.tables
        }

    @contextmanager
    def crm(self) -> Iterator[CRM]:
        """Open a CRM through the relay whose ids and times are the same each time."""
        url = f"postgresql://postgres@127.0.0.1:{self.relay.port}/{self.direct.info.dbname}"
        with open_crm(f"{url}?sslmode=disable&gssencmode=disable", seed=2) as crm:
            crm.schema.check()
            yield crm

    def run(self, scenario: str, cut_at: Point | None = None) -> type[Exception] | None:
        """Run a scenario, cut at one request; return how it ended."""
        with self.crm() as crm:
            self.relay.watch(cut_at)
            try:
                perform(crm, scenario, self.places, attempts=1)
            except (OutcomeUnknown, StoreUnavailable) as error:
                return type(error)
            finally:
                asked = self.relay.asked
                self.relay.watch()
                self.relay.asked = asked
        return None


def open_crm(url: str, *, seed: int, begin: datetime = LATER) -> CRM:
    """Open a CRM with ids from a seed and a clock that ticks."""
    ids = UuidSequence(random.Random(seed).getrandbits)
    return CRM.open(
        url, plugins=[Listener()], plugin_names=(), clock=Ticking(begin, A_SECOND), ids=ids
    )


@pytest.fixture(scope="module")
def bench(postgres: Server, new_postgres: Callable[[], str]) -> Iterator[Bench]:
    """Give a database with what the scenarios begin with."""
    with open_crm(url := new_postgres(), seed=1, begin=START) as crm:
        places = prepare(crm)
    relay = Relay(postgres.port)
    with psycopg.connect(url, autocommit=True) as direct:
        bench = Bench(relay, direct, places)
        bench.keep()
        yield bench
    relay.close()


def chosen(requests: int, seed: int) -> list[Point]:
    """Return where to cut: everywhere, or at some requests and always at the commit."""
    points = [(number, phase) for number in range(1, requests + 1) for phase in PHASES]
    if FULL:
        return points
    return [*random.Random(seed).sample(points[:-2], SAMPLE), *points[-2:]]


@pytest.mark.deep
@pytest.mark.parametrize("scenario", [*SCENARIOS, *(SUPPORT if FULL else ())])
def test_a_cut_line_leaves_all_or_nothing(
    bench: Bench, scenario: str, figure: Callable[[str], None]
) -> None:
    """The state is that of before or that of after, and the error says truly which may be.

    Only a cut at the commit is of unknown outcome; with its key the call is then safe to repeat.
    """
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    bench.renew()
    before = bench.state()
    assert bench.run(scenario) is None
    after, asked = bench.state(), list(bench.relay.asked)
    assert after != before
    assert asked[-1] == "COMMIT"
    bench.renew()
    endings: Counter[str] = Counter()
    points = chosen(len(asked), seed)
    for number, phase in points:
        ended = bench.run(scenario, (number, phase))
        found = bench.state()
        place = f"{scenario}, {phase} {number} of {len(asked)}: {asked[number - 1]}; {ended}"
        endings[ended.__name__ if ended else "outlived"] += 1
        judge(number == len(asked), phase, ended, found, (before, after), place)
        if ended is OutcomeUnknown and (found == before or scenario not in KEYLESS):
            assert bench.run(scenario) is None, place
            assert bench.state() == after, f"repeated: {place}"
        if bench.state() != before:
            bench.renew()
    told = ", ".join(f"{many} {name}" for name, many in sorted(endings.items()))
    figure(f"cut postgresql, {scenario}: {len(asked)} requests, {len(points)} cuts, {told}")


def judge(
    at_commit: bool,
    phase: str,
    ended: type[Exception] | None,
    found: State,
    states: tuple[State, State],
    place: str,
) -> None:
    """Refuse a partial state, and an ending that does not tell the truth."""
    before, after = states
    assert found in states, f"partial state: {place}"
    if at_commit:
        assert ended is OutcomeUnknown, place
        assert (found == after) == (phase == "after"), place
    elif ended is None:
        assert found == after, place
    else:
        assert ended is StoreUnavailable, place
        assert found == before, place
