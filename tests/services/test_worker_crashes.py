"""Workers that are killed at any moment lose nothing and repeat nothing that is kept in the CRM."""

import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmkit.crm import CRM
from crmkit.domain.changes import OutboxMessage
from crmkit.domain.parties.customer import CustomerRegistered
from crmkit.plugins import hookimpl
from crmkit.services import parties
from crmkit.services.outbox import MESSAGE, WAITING

WORKER = Path(__file__).parent / "worker_under_fire.py"
KILLS = 200 if os.environ.get("CRMKIT_FULL") else 4
TENANTS = ("acme", "鲁西")


class Welcomes:
    """Stands for the plugin of the workers, so that messages are written to it."""

    name = "welcomes"
    topics = (CustomerRegistered,)

    @hookimpl
    def after_commit(self, message: OutboxMessage) -> None:
        """Receive nothing here; the workers deliver."""


@pytest.fixture(params=["sqlite", "postgresql", "mongodb"])
def url(request: pytest.FixtureRequest) -> str:
    """Give the URL of an empty store that other processes can open."""
    names = {"sqlite": "fresh_sqlite", "postgresql": "fresh_postgres", "mongodb": "fresh_mongo"}
    found: str = request.getfixturevalue(names[request.param])
    return found


@pytest.fixture
def crm(url: str) -> Iterator[CRM]:
    """Give a CRM whose events go to the workers."""
    with CRM.open(url, plugins=[Welcomes], plugin_names=()) as crm:
        crm.schema.apply()
        yield crm


@pytest.mark.deep
def test_killed_workers_lose_nothing(crm: CRM, url: str, tmp_path: Path) -> None:
    """Each event has its effect in the CRM exactly once, outside at least once, in order."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    ledger = tmp_path / "ledger.txt"
    told = _kill_again_and_again(crm, url, ledger, random.Random(seed))
    for tenant in TENANTS:
        with crm.work(by="li", tenant=tenant) as work:
            subjects = sorted(activity.subject for activity in work.activities.find())
        assert subjects == sorted(f"welcome {name}" for name in told), seed
        assert crm.dead_letters(tenant) == ()
    _check_ledger(ledger, len(told) * len(TENANTS))


def _kill_again_and_again(crm: CRM, url: str, ledger: Path, chance: random.Random) -> list[str]:
    """Tell events, kill a worker and start another, in turn; return the names that were told."""
    told: list[str] = []
    workers = [_start(url, ledger, chance) for _worker in range(2)]
    for wave in range(KILLS):
        told += _tell(crm, [f"customer {wave}.{number}" for number in range(10)])
        time.sleep(0.7 + chance.random())
        at = chance.randrange(len(workers))
        _end(workers[at])
        workers[at] = _start(url, ledger, chance)
    while crm.storage.tenants_with(MESSAGE, WAITING):
        time.sleep(0.05)
    for worker in workers:
        _end(worker)
    return told


def _tell(crm: CRM, names: list[str]) -> list[str]:
    """Register customers and rename each: two events of each record, for every tenant."""
    for tenant in TENANTS:
        with crm.work(by="li", tenant=tenant) as work:
            made = [parties.register_customer(work, name) for name in names]
            for customer in made:
                renamed = customer.evolve(name=f"{customer.name} again")
                work.customers.save(renamed.register())
    return [*names, *(f"{name} again" for name in names)]


def _end(worker: "subprocess.Popen[bytes]") -> None:
    worker.kill()
    worker.wait()


def _start(url: str, ledger: Path, chance: random.Random) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(WORKER), url, str(ledger), str(chance.randrange(10**6))]
    return subprocess.Popen(command, env=environment)


def _check_ledger(ledger: Path, expected: int) -> None:
    """Every message was noted, the same one always under the same key, in order per record."""
    lines = [line.split() for line in ledger.read_text(encoding="utf-8").splitlines()]
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    positions: dict[str, list[int]] = defaultdict(list)
    for record_key, position, message_id in lines:
        ids[record_key, position].add(message_id)
        positions[record_key].append(int(position))
    assert all(len(found) == 1 for found in ids.values())
    assert all(found == sorted(found) for found in positions.values())
    assert len(ids) == expected
