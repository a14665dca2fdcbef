"""A CRM that is used for long keeps no more memory, connections, files or threads than at first."""

import gc
import os
import random
import threading
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crmkit.crm import CRM
from crmkit.domain.filters.where import where
from crmkit.domain.parties.customer import Customer
from crmkit.errors import Conflict, Duplicate
from crmkit.services import parties

ROUNDS, WORKS = (10, 1_000) if os.environ.get("CRMKIT_FULL") == "1" else (4, 60)
WORKERS = 4
GROWTH = 1.25
Held = tuple[int, int, int]


def use(crm: CRM, chance: random.Random) -> None:
    """Do a tenant's daily work: register, page, change, remove, and fail at times."""
    tenant = f"t{chance.randrange(4)}"
    number = f"C{chance.randrange(40)}"
    try:
        with crm.work(by="li", tenant=tenant) as work:
            work.customers.page(where(Customer).name.contains("科技"), size=10)
            known = work.customers.find(where(Customer).number.eq(number))
            if not known:
                parties.register_customer(work, "鲁西科技", number=number)
            elif chance.random() < 0.1:
                work.customers.remove(known[0])
            else:
                parties.update_customer(work, known[0].id, notes=str(chance.random()))
            _fail_at_times(chance)
    except (Conflict, Duplicate, ArithmeticError):
        return


def _fail_at_times(chance: random.Random) -> None:
    if chance.random() < 0.1:
        raise ArithmeticError


def held() -> Held:
    """Return the bytes, open files and sockets, and threads of this process."""
    gc.collect()
    files = len(list(Path("/dev/fd").iterdir()))
    return tracemalloc.get_traced_memory()[0], files, threading.active_count()


def run_round(crm: CRM, seed: int) -> Held:
    """Let the workers do their part of the works; return what is held afterwards."""
    chances = [random.Random(seed * 100 + at) for at in range(WORKERS)]

    def part(chance: random.Random) -> None:
        for _at in range(WORKS // WORKERS):
            use(crm, chance)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(part, chances))
    return held()


@pytest.mark.deep
@pytest.mark.parametrize("store", ["fresh_sqlite", "fresh_postgres", "fresh_mongo"])
def test_long_use_holds_no_more(
    request: pytest.FixtureRequest, store: str, figure: Callable[[str], None]
) -> None:
    """After the first rounds nothing grows, though works conflict and fail."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    begun = time.monotonic()
    tracemalloc.start()
    try:
        with CRM.open(request.getfixturevalue(store), plugin_names=()) as crm:
            crm.schema.apply()
            rounds = [run_round(crm, seed + at) for at in range(ROUNDS)]
    finally:
        tracemalloc.stop()
    told = [
        f"{size // 1024} KiB {files} files {threads} threads" for size, files, threads in rounds
    ]
    name = f"soak {crm.storage.name}, {ROUNDS * WORKS} works in {time.monotonic() - begun:.0f} s"
    figure(f"{name}: {told[1]} after two rounds, {told[-1]} at the end")
    assert rounds[-1][0] <= rounds[1][0] * GROWTH
    assert rounds[-1][1] <= rounds[1][1] + WORKERS
    assert rounds[-1][2] <= rounds[1][2]
