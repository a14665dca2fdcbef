"""Faults: a store that fails at a chosen call of its port, before or after doing what was asked."""

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from crmkit.domain.entity import Registry
from crmkit.errors import OutcomeUnknown, StoreUnavailable
from crmkit.ports import Session, Storage

_CALLS = frozenset(
    {
        *("now", "get_many", "insert_many", "save_many", "delete_many", "find", "select"),
        *("count", "tally", "guard", "hold", "commit"),
    }
)


@attrs.define
class Faults:
    """Which call fails, counted from one; zero fails none. `met` is the call that failed."""

    at: int = 0
    after: bool = False
    calls: int = 0
    met: str = ""

    def plan(self, at: int, *, after: bool) -> None:
        """Let the next so-many-th call fail, before or after it is done."""
        self.at, self.after, self.calls, self.met = at, after, 0, ""

    def begin(self, name: str) -> bool:
        """Count a call; fail before it when it is its turn, say whether to fail after it."""
        self.calls += 1
        if self.calls != self.at:
            return False
        self.met = name
        if not self.after:
            raise StoreUnavailable(f"the connection was lost before {name}", path="store")
        return True

    @staticmethod
    def end(name: str) -> None:
        """Fail after a call was done."""
        if name == "commit":
            raise OutcomeUnknown("the reply to the commit was lost")
        raise StoreUnavailable(f"the connection was lost after {name}", path="store")


class FaultyStorage:
    """An open store like the one it is given, but for its faults; it is bound and closed there."""

    def __init__(self, storage: Storage, faults: Faults) -> None:
        """Wrap a store."""
        self._storage = storage
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        """Leave everything else to the store."""
        return getattr(self._storage, name)

    def bind(self, registry: Registry) -> None:
        """Leave the entities as they are."""

    def close(self) -> None:
        """Leave the store open."""

    def session(self, tenant: str, **how: Any) -> Session:
        """Begin a transaction that may fail."""
        made: Any = FaultySession(self._storage.session(tenant, **how), self._faults)
        return made  # type: ignore[no-any-return]


class FaultySession:
    """A session like the one it is given, but for its faults."""

    def __init__(self, session: Session, faults: Faults) -> None:
        """Wrap a session."""
        self._session = session
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        """Count the calls that the contract knows; leave everything else to the session."""
        found = getattr(self._session, name)
        if name not in _CALLS:
            return found
        return self._batches(name, found) if name in ("find", "select") else self._call(name, found)

    def _call(self, name: str, done: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            fails = self._faults.begin(name)
            answer = done(*given)
            if fails:
                self._faults.end(name)
            return answer

        return call

    def _batches(self, name: str, done: Callable[..., Any]) -> Callable[..., Any]:
        def bring(*given: Any) -> Iterator[Any]:
            fails = self._faults.begin(name)
            yield from done(*given)
            if fails:
                self._faults.end(name)

        return bring
