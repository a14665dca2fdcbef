"""Each tenant in a place of its own: a SQL schema, a file, a MongoDB database; one `Storage`.

A pattern place holds the tables and no tenant. It is set up by `crm.schema.apply()`; a tenant's own
place is made from the same classes when the tenant first writes.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from typing import Final, Protocol, TypeVar

import attrs

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec, Registry
from crmkit.domain.filters.lowered import Lowered
from crmkit.errors import CapabilityMissing, SchemaMissing, StoreClosed
from crmkit.ports import Capability, Drift, Schema, Session, Step, Storage

T = TypeVar("T")
PATTERN: Final = ""
"""The name of the place that holds no tenant."""
MARK: Final = "t_"
_READABLE: Final = re.compile(r"[^a-z0-9]+")
_LONGEST: Final = 16
_DIGEST: Final = 16


class Places(Protocol):
    """Where the places are: how one is opened, made, and which there are; `PATTERN` is one."""

    def open(self, name: str) -> Storage:
        """Return a store on a place, which need not be there yet."""
        ...

    def make(self, name: str) -> None:
        """Make a place, unless it is there; its tables come later."""
        ...

    def drop(self, name: str) -> None:
        """Drop a place with all that is in it."""
        ...

    def names(self) -> Sequence[str]:
        """Name the places that are there, but for the pattern, sorted."""
        ...

    def close(self) -> None:
        """Let go of what the places share."""
        ...


def place_name(tenant: str) -> str:
    """Name the place of a tenant: lawful for every database, different for every tenant."""
    readable = _READABLE.sub("_", tenant.lower()).strip("_")[:_LONGEST]
    digest = hashlib.sha256(tenant.encode()).hexdigest()[:_DIGEST]
    return f"{MARK}{readable}_{digest}" if readable else f"{MARK}{digest}"


class PerTenantStorage:
    """Routes each session to the store of its tenant; nothing of two tenants lies in one place."""

    def __init__(self, places: Places) -> None:
        """Open the pattern; the places of tenants are opened when they are first used."""
        self.places = places
        self._lock = RLock()
        self._registry = Registry()
        self._pattern = places.open(PATTERN)
        self._opened: dict[str, Storage] = {}
        self._ready: set[str] = set()
        self._closed = False
        self.schema: Schema = PerTenantSchema(self._pattern, self._all, places)

    @property
    def name(self) -> str:
        """Return the kind of store."""
        return self._pattern.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what each place can do; a transaction of the caller's belongs to none of them."""
        return self._pattern.capabilities - {Capability.JOIN}

    def bind(self, registry: Registry) -> None:
        """Take the entities, for the pattern now and for each place when it is opened."""
        self._registry = registry
        self._pattern.bind(registry)

    def session(self, tenant: str, *, read_only: bool = False, join: object = None) -> Session:
        """Begin a transaction in the place of a tenant.

        Who only reads a tenant that never wrote reads the pattern, which is empty; who writes makes
        its place. Raises `SchemaOutdated` for a place whose steps are waiting.
        """
        self._check_open()
        if join is not None:
            raise CapabilityMissing(
                "a transaction of the caller's belongs to no tenant's place",
                path="join",
                fix="keep the tenants in shared tables",
            )
        storage = self._place(tenant, makes=not read_only) or self._pattern
        return storage.session(tenant, read_only=read_only)

    def tenants_with(self, spec: EntitySpec, where: Lowered) -> list[str]:
        """Name the tenants that have a committed record that fits, sorted; asks place by place."""
        self._check_open()
        ready = [storage for name, storage in self._all() if self._is_ready(name, storage)]
        return sorted({name for storage in ready for name in storage.tenants_with(spec, where)})

    def drop(self, tenant: str) -> None:
        """Drop the place of a tenant who left, with all that is in it; there is no way back."""
        self._check_open()
        name = place_name(tenant)
        with self._lock:
            self._ready.discard(name)
            opened = self._opened.pop(name, None)
            if opened is not None:
                opened.close()
            self.places.drop(name)

    def close(self) -> None:
        """Close every place."""
        self._closed = True
        for storage in (self._pattern, *self._opened.values()):
            storage.close()
        self.places.close()

    def _place(self, tenant: str, *, makes: bool) -> Storage | None:
        name = place_name(tenant)
        with self._lock:
            if not makes and name not in self._opened and name not in self.places.names():
                return None
            storage = self._store(name)
            if self._is_ready(name, storage):
                return storage
            if not makes:
                return None
            self._pattern.schema.check()
            self.places.make(name)
            storage.schema.apply()
            self._ready.add(name)
            return storage

    def _is_ready(self, name: str, storage: Storage) -> bool:
        """Say whether a place is set up, or raise when it waits for steps."""
        if name not in self._ready:
            try:
                storage.schema.check()
            except SchemaMissing:
                return False
            self._ready.add(name)
        return True

    def _store(self, name: str) -> Storage:
        with self._lock:
            if name not in self._opened:
                storage = self.places.open(name)
                storage.bind(self._registry)
                self._opened[name] = storage
            return self._opened[name]

    def _all(self) -> Iterator[tuple[str, Storage]]:
        for name in self.places.names():
            yield name, self._store(name)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed("the store is closed", path="store", fix="open the CRM again")


class PerTenantSchema:
    """The schema of the pattern and of every place; steps and drifts name the place."""

    def __init__(
        self,
        pattern: Storage,
        places: Callable[[], Iterator[tuple[str, Storage]]],
        making: Places,
    ) -> None:
        """Belong to a store."""
        self._pattern = pattern
        self._stores = places
        self._making = making

    def plan(self) -> tuple[Step, ...]:
        """Return the steps of the pattern, then of each place."""
        return tuple(self._steps(lambda schema: schema.plan()))

    def apply(self) -> tuple[Step, ...]:
        """Take the steps of the pattern, then of each place; resumable from place to place."""
        self._making.make(PATTERN)
        return tuple(self._steps(lambda schema: schema.apply()))

    def verify(self) -> tuple[Drift, ...]:
        """Compare the pattern and each place with the classes."""
        return tuple(
            attrs.evolve(drift, place=_at(name, drift.place))
            for name, schema in self._schemas()
            for drift in schema.verify()
        )

    def check(self) -> None:
        """Look at the pattern; a tenant's place is looked at when it is first used."""
        self._pattern.schema.check()

    def index_custom(self, spec: EntitySpec, leaf: Leaf) -> None:
        """Index the place in every tenant's place that is there."""
        for _name, schema in self._schemas():
            schema.index_custom(spec, leaf)

    def _steps(self, take: Callable[[Schema], tuple[Step, ...]]) -> Iterator[Step]:
        for name, schema in self._schemas():
            for step in take(schema):
                yield attrs.evolve(step, revision=_at(name, step.revision))

    def _schemas(self) -> Iterator[tuple[str, Schema]]:
        yield PATTERN, self._pattern.schema
        for name, storage in self._stores():
            yield name, storage.schema


def _at(name: str, place: str) -> str:
    return f"{name}/{place}" if name else place
