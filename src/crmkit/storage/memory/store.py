"""The memory store: committed records by tenant and entity, and its empty schema."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import RLock

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec, Registry
from crmkit.domain.filters.lowered import Lowered
from crmkit.domain.instants import as_instant
from crmkit.errors import CapabilityMissing, StoreClosed
from crmkit.ports import Capability, Drift, Session, Step
from crmkit.storage.memory.session import MemorySession
from crmkit.storage.memory.shelf import Shelf


class MemoryStorage:
    """Keeps records in this process, with the same promises as a database but durability."""

    name = "memory"
    capabilities = frozenset({Capability.ATOMIC, Capability.TIME_ZONES})

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = RLock()
        self._shelves: dict[tuple[str, str], Shelf] = {}
        self._closed = False
        self.schema = MemorySchema()

    def bind(self, registry: Registry) -> None:
        """Take the entities of a CRM; memory needs nothing of them beforehand."""

    def session(self, tenant: str, *, read_only: bool = False, join: object = None) -> Session:
        """Begin a transaction; there is no connection of the caller's to join."""
        if self._closed:
            raise StoreClosed("the store is closed", path="store", fix="open the CRM again")
        if join is not None:
            raise CapabilityMissing("memory has no transaction to join", path="join")
        return MemorySession(tenant, self._shelf_of(tenant), self._lock, read_only=read_only)

    def now(self) -> datetime:
        """Return this machine's clock."""
        return as_instant(datetime.now(UTC))

    def tenants_with(self, spec: EntitySpec, where: Lowered) -> list[str]:
        """Name the tenants that have a committed record that fits, sorted."""
        with self._lock:
            tenants = sorted(tenant for tenant, name in self._shelves if name == spec.name)
        return [tenant for tenant in tenants if self.session(tenant).count(spec, where)]

    def close(self) -> None:
        """Refuse further sessions; the records are forgotten with the object."""
        self._closed = True

    def _shelf_of(self, tenant: str) -> Callable[[EntitySpec], Shelf]:
        def find(spec: EntitySpec) -> Shelf:
            with self._lock:
                key = (tenant, spec.name)
                if key not in self._shelves:
                    self._shelves[key] = Shelf(spec)
                return self._shelves[key]

        return find


class MemorySchema:
    """Memory has no tables: nothing to plan, nothing to apply, nothing that drifts."""

    def plan(self) -> tuple[Step, ...]:
        """Return no steps."""
        return ()

    def apply(self) -> tuple[Step, ...]:
        """Take no steps."""
        return ()

    def verify(self) -> tuple[Drift, ...]:
        """Find no drift."""
        return ()

    def check(self) -> None:
        """Accept."""

    def index_custom(self, spec: EntitySpec, leaf: Leaf) -> None:
        """Accept; memory is searched record by record."""
