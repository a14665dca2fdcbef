"""Leases: connections taken from a pool for one transaction, and kept ready for the next."""

import os
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

MAX_RENEWALS: Final = 20
"""How many dead connections of a pool a session may meet before it gives up."""
MAX_READY: Final = 4
"""How many connections are kept ready; the others go back to their pool."""


class Ready:
    """Connections between two transactions: checking them into a pool and out again is dear."""

    def __init__(self, most: int) -> None:
        """Keep so many."""
        self._most = most
        self._kept: list[Any] = []
        self._process = os.getpid()

    def take(self) -> Any:
        """Return one of them, None when there is none."""
        if self._process != os.getpid():
            self._kept, self._process = [], os.getpid()
        try:
            return self._kept.pop()
        except IndexError:
            return None

    def keep(self, pooled: Any) -> None:
        """Take one whose transaction is over; when there are enough it goes back to its pool."""
        if len(self._kept) < self._most:
            self._kept.append(pooled)
        else:
            pooled.close()

    def close(self) -> None:
        """Give all back to their pool, now and from now on."""
        self._most = 0
        while (pooled := self.take()) is not None:
            pooled.close()


def ready_of(engine: Engine) -> Ready:
    """Keep a few of the engine's connections ready, never its last: a schema needs one as well."""
    pool = engine.pool
    return Ready(min(MAX_READY, pool.size() - 1) if isinstance(pool, QueuePool) else 0)


class Lease:
    """A connection taken from a pool, to be given back when the transaction is over."""

    def __init__(self, take: Callable[[], Any], ready: Ready, *, shared: bool) -> None:
        """Take a connection; `shared` says that other code uses the pool too."""
        self.shared = shared
        self._take = take
        self._ready = ready
        self._renewals = 0
        self._pooled: Any = ready.take() or take()

    @property
    def driver(self) -> Any:
        """Return the driver's own connection."""
        return self._pooled.driver_connection

    @property
    def is_held(self) -> bool:
        """Say whether the connection is still held."""
        return self._pooled is not None

    def renew(self) -> bool:
        """Take another connection for one that turned out dead; false when there were too many."""
        if self._pooled is None or self._renewals >= MAX_RENEWALS:
            return False
        self._renewals += 1
        self.throw_away()
        self._pooled = self._take()
        return True

    def give_back(self) -> None:
        """Keep the connection ready for the next."""
        if self._pooled is not None:
            self._ready.keep(self._pooled)
            self._pooled = None

    def throw_away(self) -> None:
        """Give a broken connection back."""
        if self._pooled is not None:
            self._pooled.invalidate()
            self._pooled = None
