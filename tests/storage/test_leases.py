"""Connections between two transactions: a few are kept ready, and all of them are given back."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from crmkit.storage.sql.engines import engine_of
from crmkit.storage.sql.leases import MAX_READY, Lease, Ready, ready_of

FORKED = """
import os, sys
from crmkit.storage.sql.engines import engine_of
from crmkit.storage.sql.leases import Lease, ready_of
engine = engine_of(sys.argv[1])
ready = ready_of(engine)
Lease(engine.raw_connection, ready, shared=False).give_back()
child = os.fork()
if child == 0:
    os._exit(7 if ready.take() is None else 1)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), ready.take() is not None)
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Return an engine of a SQLite file."""
    made = engine_of(f"sqlite:///{tmp_path / 'leases.db'}")
    yield made
    made.dispose()


def taken(engine: Engine) -> int:
    """Count the connections that the pool has given out."""
    assert isinstance(engine.pool, QueuePool)
    return engine.pool.checkedout()


def test_next_transaction_goes_on_with_the_same_connection(engine: Engine) -> None:
    """One transaction after another takes nothing more from the pool."""
    ready = ready_of(engine)
    first = Lease(engine.raw_connection, ready, shared=False)
    driver = first.driver
    first.give_back()
    second = Lease(engine.raw_connection, ready, shared=False)
    assert second.driver is driver
    assert taken(engine) == 1


def test_only_a_few_connections_are_kept(engine: Engine) -> None:
    """What many threads needed at once goes back to the pool when they have done."""
    ready = ready_of(engine)
    leases = [Lease(engine.raw_connection, ready, shared=False) for _ in range(MAX_READY + 2)]
    for lease in leases:
        lease.give_back()
    assert taken(engine) == MAX_READY


def test_a_closed_store_holds_no_connection(engine: Engine) -> None:
    """Those kept go back at once, one that is still in use when its transaction is over."""
    ready = ready_of(engine)
    busy = Lease(engine.raw_connection, ready, shared=False)
    Lease(engine.raw_connection, ready, shared=False).give_back()
    ready.close()
    assert taken(engine) == 1
    busy.give_back()
    assert taken(engine) == 0


def test_broken_connection_is_not_kept(engine: Engine) -> None:
    """A lease that threw its connection away has nothing left to keep."""
    ready = ready_of(engine)
    lease = Lease(engine.raw_connection, ready, shared=False)
    lease.throw_away()
    lease.give_back()
    assert ready.take() is None
    assert taken(engine) == 0


def test_the_last_connection_of_a_pool_is_never_kept() -> None:
    """A database in memory has one connection, which its schema needs as well."""
    engine = engine_of("sqlite://")
    ready = ready_of(engine)
    Lease(engine.raw_connection, ready, shared=False).give_back()
    assert taken(engine) == 0


def test_pool_of_another_is_left_as_it_was(engine: Engine) -> None:
    """Where nothing may be kept, each connection goes back after its transaction."""
    Lease(engine.raw_connection, Ready(0), shared=True).give_back()
    assert taken(engine) == 0


def test_forked_process_leaves_connections_to_its_parent(tmp_path: Path) -> None:
    """The child takes none of them; the parent goes on with its own."""
    url = f"sqlite:///{tmp_path / 'forked.db'}"
    done = subprocess.run(
        [sys.executable, "-c", FORKED, url], capture_output=True, text=True, check=True
    )
    assert done.stdout == "7 True\n"
