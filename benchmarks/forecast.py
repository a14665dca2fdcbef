"""`python -m benchmarks.forecast`: forecast, funnel, ageing over many deals; their statements.

Each report is timed beside a bare count of the same deals by the same store, in turn. Statements
are those that read deals, as the driver is asked for them.
"""

import argparse
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, Final
from uuid import UUID

from benchmarks.contact import ACTOR, TENANT
from benchmarks.places import place_of
from benchmarks.subjects import STORES
from benchmarks.subjects.crmkit_places import place_of as own_place_of
from crmkit.crm import CRM
from crmkit.domain.aggregate import UserId
from crmkit.domain.entity import spec_of
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal, DealId, DealOutcome
from crmkit.domain.sales.pipeline import PipelineId
from crmkit.domain.span import Span
from crmkit.ports import BATCH
from crmkit.services import sales
from crmkit.services.forecasts import reporting

DEALS: Final = 500_000
OWNERS: Final = 200
SPAN: Final = Span.quarter(2026, 2)
BEGIN: Final = datetime(2025, 7, 1, tzinfo=UTC)


def listen() -> list[str]:
    """Return a list to which every statement is added that the drivers are asked from now on."""
    import psycopg
    from pymongo import monitoring
    from sqlalchemy import Pool, event

    asked: list[str] = []

    class Told(psycopg.Cursor[Any]):
        """A cursor that keeps what it is asked."""

        def execute(self, query: Any, *args: Any, **named: Any) -> Any:
            """Keep the statement and carry it out."""
            asked.append(str(query))
            return super().execute(query, *args, **named)

    class Listening(monitoring.CommandListener):
        """Keeps the reading commands that MongoDB is asked for."""

        def started(self, event: monitoring.CommandStartedEvent) -> None:
            """Keep the command."""
            if event.command_name in ("aggregate", "find"):
                asked.append(f"FROM {event.command[event.command_name]}")

        def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
            """Do nothing."""

        def failed(self, event: monitoring.CommandFailedEvent) -> None:
            """Do nothing."""

    def keep(driver: Any, *_rest: Any) -> None:
        if isinstance(driver, psycopg.Connection):
            driver.cursor_factory = Told
        else:
            driver.set_trace_callback(asked.append)

    event.listen(Pool, "checkout", keep)
    monitoring.register(Listening())
    return asked


def deals(count: int, pipeline: PipelineId, stages: Sequence[str]) -> Iterator[Deal]:
    """Make deals of two hundred owners in two currencies over two years."""
    chance = random.Random(26)
    owners = [UserId(_id(chance)) for _ in range(OWNERS)]
    for number in range(count):
        since = BEGIN + timedelta(minutes=chance.randrange(500_000))
        outcome = chance.choices(list(DealOutcome), (6, 3, 1))[0]
        yield Deal(
            id=DealId(_id(chance)),
            name=f"商机 {number}",
            stage=chance.choice(stages),
            pipeline_id=pipeline,
            owner_id=chance.choice(owners),
            value=Money.from_minor(chance.randrange(10**8), chance.choice(("CNY", "USD"))),
            outcome=outcome,
            opened_at=since,
            stage_since=since,
            closed_at=None if outcome is DealOutcome.OPEN else since + timedelta(days=9),
            expected_on=date(2026, 1, 1) + timedelta(days=chance.randrange(365)),
        )


def measure(url: str, schema: str | None, count: int, repeat: int, asked: list[str]) -> list[str]:
    """Fill a store and return a line for each report."""
    with CRM.open(url, schema=schema, plugin_names=()) as crm:
        crm.schema.apply()
        with crm.work(by=ACTOR, tenant=TENANT) as work:
            pipeline = sales.define_pipeline(work, "usual")
            sales.set_exchange_rate(work, "USD", "CNY", Decimal("7.2"), day=date(2026, 1, 1))
        made = deals(count, pipeline.id, [stage.name for stage in pipeline.stages])
        _fill(crm, made)
        reports: dict[str, Callable[[Any], Any]] = {
            "bare count": lambda work: work.deals.count(),
            "forecast": lambda work: reporting.forecast(work, SPAN, into="CNY"),
            "funnel": lambda work: reporting.funnel(work, pipeline.id, into="CNY"),
            "ageing": lambda work: reporting.age_deals(work, into="CNY"),
        }
        taken: dict[str, list[float]] = {name: [] for name in reports}
        read: dict[str, int] = {}
        for _turn in range(repeat):
            for name, report in reports.items():
                with crm.work(by=ACTOR, tenant=TENANT, read_only=True) as work:
                    asked.clear()
                    started = time.perf_counter()
                    report(work)
                    taken[name].append(time.perf_counter() - started)
                    read[name] = sum(_reads_deals(one) for one in asked)
    bare = statistics.median(taken["bare count"])
    return [
        f"{name:<12}{statistics.median(times) * 1000:>10,.0f} ms"
        f"{statistics.median(times) / bare:>8.1f}x the count {read[name]:>3} statement(s) on deals"
        for name, times in taken.items()
    ]


def _fill(crm: CRM, made: Iterator[Deal]) -> None:
    spec = spec_of(Deal)
    while part := list(islice(made, 10 * BATCH)):
        session = crm.storage.session(TENANT)
        session.insert_many(spec, [deal.replaced(tenant=TENANT, version=1) for deal in part])
        session.commit()


def _reads_deals(statement: str) -> bool:
    return re.search(r"\bFROM (\S+\.)?\W?(crm_)?deal\b", statement) is not None


def _id(chance: random.Random) -> Any:
    return UUID(int=chance.getrandbits(128), version=4)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print time, ratio and statements of each report on each store."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecast", description=__doc__)
    parser.add_argument("--store", action="append", choices=STORES)
    parser.add_argument("--deals", type=int, default=DEALS)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args(arguments)
    asked = listen()
    for store in given.store or STORES:
        with place_of(store) as place:
            own = own_place_of(place, "forecast")
            own.make()
            for line in measure(own.url, own.schema, given.deals, given.repeat, asked):
                print(f"{store:<10}{line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
