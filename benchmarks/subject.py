"""What a subject of the benchmark can do: the same work, each in its own best documented way."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple
from uuid import UUID

from benchmarks.contact import ContactRow, DealRow

PAGE_SIZE: Final = 50
FILTER_STAGE: Final = "active"

Group = tuple[str, str, int, int]
"""Stage, owner as 32 hexadecimal digits, count, sum in cents."""


class Walked(NamedTuple):
    """What a walk over pages saw: how many rows and the last id, to compare subjects by."""

    rows: int
    last: str


def changed_title(version: object) -> str:
    """Give the job title that `save` writes: another one for every version, so that it does."""
    return f"Buyer {version}"


class Subject(ABC):
    """One library on one store, with a database of its own."""

    cannot: ClassVar[Mapping[str, str]] = {}
    """Works it has no way to do, each with the reason."""
    fills: ClassVar[frozenset[str]] = frozenset()
    """Fields that it writes itself, so that they cannot come back as they were given."""

    def __init__(self, place: str) -> None:
        """Work at `place`: a directory for SQLite, a URL for a server."""
        self.place = place

    @abstractmethod
    def setup(self) -> None:
        """Connect and make an empty schema."""

    @abstractmethod
    def empty(self) -> None:
        """Remove every contact."""

    @abstractmethod
    def prepare(self, rows: Iterable[ContactRow]) -> list[Any]:
        """Turn rows into what `insert` takes; not timed."""

    @abstractmethod
    def insert(self, objects: list[Any]) -> None:
        """Store them all in one commit."""

    @abstractmethod
    def stream(self) -> int:
        """Read every live contact of the tenant, one object after another, and count them."""

    @abstractmethod
    def keys(self, ids: Sequence[UUID]) -> list[Any]:
        """Turn ids into what `get` and `save` take; not timed."""

    @abstractmethod
    def get(self, keys: Sequence[Any]) -> int:
        """Read each contact by its id on one held connection and count them."""

    @abstractmethod
    def pages(self, count: int) -> Walked:
        """Walk pages of the live subscribed contacts of one stage.

        They are ordered by score, then id; each page starts after the last row of the one before.
        """

    @abstractmethod
    def save(self, keys: Sequence[Any]) -> None:
        """Load each contact, change its job title, save it if its version has not moved, commit."""

    @abstractmethod
    def fetch(self, key: Any) -> ContactRow:
        """Read one contact back as a neutral row, to prove that nothing was lost."""

    @abstractmethod
    def load_deals(self, rows: Iterable[DealRow]) -> None:
        """Store the deals of the totals; not timed."""

    @abstractmethod
    def totals(self) -> list[Group]:
        """Count and sum the live deals of the tenant by stage and owner."""

    @abstractmethod
    def settle(self) -> None:
        """Bring the store's statistics up to date after a load; not timed."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the store."""
