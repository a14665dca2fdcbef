"""Places in memory: a store of its own for each tenant."""

from collections.abc import Sequence

from crmkit.ports import Storage
from crmkit.storage.memory.store import MemoryStorage


class MemoryPlaces:
    """Gives each place a store in this process."""

    def __init__(self) -> None:
        """Begin with none."""
        self._made: dict[str, MemoryStorage] = {}

    def open(self, name: str) -> Storage:
        """Return the store of a place."""
        return self._made.setdefault(name, MemoryStorage())

    def make(self, name: str) -> None:
        """Make a place."""
        self._made.setdefault(name, MemoryStorage())

    def drop(self, name: str) -> None:
        """Forget a store."""
        self._made.pop(name, None)

    def names(self) -> Sequence[str]:
        """Name the places."""
        return sorted(name for name in self._made if name)

    def close(self) -> None:
        """Memory shares nothing."""
