"""The log of a real desk: each event is taken or refused with a reason; figures agree on stores."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from crmkit.crm import CRM
from crmkit.domain.support.metrics import METRICS, Period, Population
from crmkit.services.support import measuring
from crmkit.services.support.measuring import Per
from tests.services.stopped_clock import Stopped
from tests.services.support.conftest import MONDAY, Desk, new_desk
from tests.services.support.incident_log import Replay, Row, rows_of

FULL = os.environ.get("CRMKIT_FULL") == "1"
SAMPLE = 300
"""Events of the quick run, the first ones; all 20,000 in the full run."""
pytestmark = pytest.mark.timeout(7200 if FULL else 300)
MARCH = Period(
    begins_at=datetime(2016, 2, 1, tzinfo=UTC), ends_at=datetime(2016, 3, 2, 12, tzinfo=UTC)
)


@pytest.fixture(scope="module")
def rows(shared: Path) -> list[Row]:
    """Give the events, whole tickets only."""
    found = rows_of(shared)
    if FULL:
        return found
    cut = found[SAMPLE]["number"]
    return list(takewhile(lambda row: row["number"] != cut, found))


@pytest.fixture(scope="module")
def in_memory(rows: list[Row]) -> Iterator[tuple[Counter[str], dict[str, Any]]]:
    """Give what becomes of the events in memory, and the figures there."""
    clock = Stopped(MONDAY)
    with CRM.open("memory:", plugin_names=(), clock=clock) as crm:
        replay = Replay(new_desk(crm, clock))
        replay.tell(rows)
        yield replay.outcomes, figures(replay.desk)


def figures(desk: Desk) -> dict[str, Any]:
    """Return every metric of every population by priority, and the backlogs."""
    found: dict[str, Any] = {}
    with desk.work() as unit:
        for name in METRICS:
            for population in Population:
                asked = measuring.measure_tickets(
                    unit, name, population, MARCH, per=Per.PRIORITY, calendar=desk.calendar.id
                )
                for key, one in asked.items():
                    counts = (one.tickets, one.ended, one.censored, one.total)
                    percentiles = tuple(one.percentile(p) for p in (50, 90, 95))
                    found[f"{name} {population} {key}"] = (counts, percentiles)
        found["backlog"] = measuring.backlog(unit, MARCH.ends_at)
        found["reopened"] = measuring.reopen_rate(unit, MARCH)
    return found


def test_every_event_is_taken_or_refused_with_a_reason(
    in_memory: tuple[Counter[str], dict[str, Any]],
    rows: list[Row],
    figure: Callable[[str], None],
) -> None:
    """None is lost, and few are refused."""
    outcomes, found = in_memory
    told = ", ".join(f"{count:,} {name}" for name, count in outcomes.most_common())
    figure(f"incident log: {told}; backlog {found['backlog']}, {found['reopened']}")
    assert sum(outcomes.values()) == len(rows)
    refused = sum(count for name, count in outcomes.items() if name.startswith("refused"))
    assert refused <= len(rows) // 50
    assert outcomes["changed"] > len(rows) // 4


def test_the_figures_are_the_same_on_every_store(
    desk: Desk, rows: list[Row], in_memory: tuple[Counter[str], dict[str, Any]]
) -> None:
    """Outcomes and metrics agree with those in memory, to the millisecond."""
    replay = Replay(desk)
    replay.tell(rows)
    assert (replay.outcomes, figures(desk)) == in_memory
