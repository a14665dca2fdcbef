"""What the works of one store have seen, so that later works see it too.

A reading work reads what a majority of the servers has. A writing work may see more: what the
primary has and the majority not yet. Its commit waits for the majority; its end without a commit
does not, nor is it known how a host commits a transaction that a work has joined.
"""

import threading
from typing import Any, Final

from bson.timestamp import Timestamp
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.read_concern import ReadConcern

WAIT_MS: Final = 30_000
_BEGINNING: Final = Timestamp(0, 0)


class Seen:
    """The latest moment of the database that a work has seen and the majority may not have."""

    def __init__(self, collection: "Collection[dict[str, Any]]") -> None:
        """Begin with nothing seen; `collection` is one that the store may read."""
        self._collection = collection.with_options(read_concern=ReadConcern("majority"))
        self._lock = threading.Lock()
        self._latest = _BEGINNING
        self._settled = _BEGINNING
        self._joined: list[ClientSession] = []

    def note(self, session: ClientSession) -> None:
        """Remember what a session has seen that ends without waiting for the majority."""
        with self._lock:
            self._latest = max(self._latest, session.operation_time or _BEGINNING)

    def follow(self, session: ClientSession) -> None:
        """Remember what a host's session will have seen, until it ends."""
        with self._lock:
            if all(session is not known for known in self._joined):
                self._joined.append(session)

    def catch_up(self) -> None:
        """Return when the majority has all that was seen; mostly it is known to have it."""
        latest = self._look()
        if latest <= self._settled:
            return
        with self._collection.database.client.start_session(causal_consistency=True) as session:
            session.advance_operation_time(latest)
            self._collection.find_one({}, session=session, max_time_ms=WAIT_MS)
        with self._lock:
            self._settled = max(self._settled, latest)

    def _look(self) -> Timestamp:
        with self._lock:
            for session in self._joined:
                self._latest = max(self._latest, session.operation_time or _BEGINNING)
            self._joined = [session for session in self._joined if not session.has_ended]
            return self._latest
