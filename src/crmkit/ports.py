"""Everything crmkit asks of the outside, on one page: store, clock, ids, hooks, access."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import attrs

from crmkit.domain.access.acting import Action as Action  # noqa: PLC0414 - told again
from crmkit.domain.access.acting import Actor as Actor  # noqa: PLC0414 - told again
from crmkit.domain.access.sight import Sight
from crmkit.domain.columns import Leaf
from crmkit.domain.custom_fields import CustomField
from crmkit.domain.entity import EntitySpec, Registry
from crmkit.domain.filters.lowered import All, Lowered, SortKey, after
from crmkit.domain.filters.tally import Tally

ALL = All()
BATCH = 1000
"""How many records a stream brings at a time."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present instant, in UTC, to the millisecond."""
        ...


class Ids(Protocol):
    """Makes ids."""

    def next_id(self, now: datetime) -> UUID:
        """Return a UUIDv7 above all that were given before."""
        ...

    def next_ids(self, now: datetime, count: int) -> list[UUID]:
        """Return several of them, each above the one before."""
        ...


class Capability(StrEnum):
    """What a store may be able to do; else it is refused as `CapabilityMissing`."""

    ATOMIC = "atomic"
    """Several records, or none."""
    DURABLE = "durable"
    """Survives the process."""
    SKIP_LOCKED = "skip_locked"
    """Readers that claim rows pass over rows claimed by others."""
    TIME_ZONES = "time_zones"
    """Calendar spans in any time zone."""
    JOIN = "join"
    """Works inside a transaction of the caller's."""
    DEFINITION_INDEXES = "definition_indexes"
    """Indexes on custom fields, on demand."""


@attrs.frozen(kw_only=True)
class Ask:
    """Which records, in which order, how many; `order` ends with the id when it is given."""

    where: Lowered = ALL
    order: tuple[SortKey, ...] = ()
    limit: int | None = None
    skip_locked: bool = False
    """Lock what is found, passing over what others locked, where the store is able to."""
    after: tuple[Any, ...] | None = None
    """Only records that sort after these values, one for each key of `order`."""

    @property
    def condition(self) -> Lowered:
        """Return `where` and `after` as one condition."""
        if self.after is None:
            return self.where
        parts = self.where.parts if isinstance(self.where, All) else (self.where,)
        return All((*parts, after(self.order, self.after)))


class Session(Protocol):
    """One transaction of one tenant, named in every statement; an error only rolls it back.

    Records are instances of the entity's class, whole and trusted, removed records included.
    """

    tenant: str
    """Whose records are seen and written."""
    is_alone: bool
    """Whether nobody else writes before its end, so that all it reads stays as it was."""

    def now(self) -> datetime:
        """Return the store's own clock."""
        ...

    def get_many(self, spec: EntitySpec, ids: Sequence[UUID]) -> list[Any]:
        """Return the records that exist among `ids`, in no promised order."""
        ...

    def insert_many(self, spec: EntitySpec, records: Sequence[Any]) -> None:
        """Write new records, or raise `Duplicate`."""
        ...

    def save_many(self, spec: EntitySpec, records: Sequence[Any], expected: Sequence[int]) -> None:
        """Replace records that are still at the expected versions, or raise `VersionConflict`.

        Raises `Duplicate` when a unique value is taken.
        """
        ...

    def delete_many(self, spec: EntitySpec, ids: Sequence[UUID]) -> int:
        """Erase records for good; return how many there were."""
        ...

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        """Bring the records in batches of at most `BATCH`; writes of this session are seen."""
        ...

    def select(
        self, spec: EntitySpec, leaves: Sequence[Leaf], ask: Ask
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Bring only some leaves, as tuples of scalars, in batches."""
        ...

    def count(self, spec: EntitySpec, where: Lowered) -> int:
        """Count the records."""
        ...

    def tally(self, spec: EntitySpec, tally: Tally) -> list[tuple[Any, ...]]:
        """Answer a summary in one statement: keys, then gathered values, per group."""
        ...

    def guard(self, spec: EntitySpec, versions: Mapping[UUID, int]) -> None:
        """Hold records at these versions until the commit, or raise `GuardConflict`."""
        ...

    def confirm(self, spec: EntitySpec, versions: Mapping[UUID, int]) -> None:
        """Check versions as committed by now, or raise `GuardConflict`; nobody waits for it."""
        ...

    def hold(self, spec: EntitySpec, record_id: UUID, version: int) -> None:
        """Hold one record against all who would hold or change it, or raise `Conflict`."""
        ...

    def commit(self) -> None:
        """Make everything lasting; raises `Conflict` (nothing written) or `OutcomeUnknown`."""
        ...

    def rollback(self) -> None:
        """Forget everything; also ends a session that failed."""
        ...


@attrs.frozen(kw_only=True)
class Step:
    """One step of a schema plan: its component, revision, and what it does in words or DDL."""

    component: str
    revision: str
    summary: str
    statements: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Drift:
    """Something in the database that differs from what the classes declare, and the fix."""

    place: str
    problem: str
    fix: str


class Schema(Protocol):
    """The tables, collections and indexes that a store derives from the registered classes."""

    def plan(self) -> tuple[Step, ...]:
        """Return the steps that `apply` would take, none when all is in place."""
        ...

    def apply(self) -> tuple[Step, ...]:
        """Take the steps, resumably and under a lock; return those that were taken."""
        ...

    def verify(self) -> tuple[Drift, ...]:
        """Compare the database with the classes; nothing means they agree."""
        ...

    def check(self) -> None:
        """Raise `SchemaMissing`, `SchemaOutdated` or `SchemaTooNew` unless the stamp fits."""
        ...

    def index_custom(self, spec: EntitySpec, leaf: Leaf) -> None:
        """Make lists by a custom field quick; raises `OutOfRange` beyond 32 per entity."""
        ...


class Storage(Protocol):
    """A database, or memory, that keeps the records of a registry."""

    @property
    def name(self) -> str:
        """Return the kind of store: memory, sqlite, postgresql, mysql or mongodb."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what this store can do."""
        ...

    @property
    def schema(self) -> Schema:
        """Return the schema."""
        ...

    def bind(self, registry: Registry) -> None:
        """Take the entities of a CRM; called once, before anything else."""
        ...

    def session(self, tenant: str, *, read_only: bool = False, join: object = None) -> Session:
        """Begin a transaction; `join` is the caller's connection or session to work inside."""
        ...

    def tenants_with(self, spec: EntitySpec, where: Lowered) -> list[str]:
        """Name the tenants with a committed record that fits, sorted; for workers alone to ask."""
        ...

    def close(self) -> None:
        """Let go of connections that crmkit opened itself."""
        ...


class Clearance(Protocol):
    """What one actor may see and do in a work."""

    def roles(self, claimed: frozenset[str]) -> frozenset[str]:
        """Return the roles that the actor plays, who claims to play these."""
        ...

    def sight(self, spec: EntitySpec) -> Sight | None:
        """Return what the actor sees of an entity; None when nothing is kept from them."""
        ...

    def permit(self, action: Action, record: Any) -> None:
        """Return when the actor may do this, else raise `NotPermitted`."""
        ...

    def checked(self, sight: Sight, before: Any, after: Any) -> Any:
        """Return a whole record that may be written, judged before (None: new) and after."""
        ...

    def relied_on(self) -> Iterable[tuple[EntitySpec, Mapping[UUID, int]]]:
        """Bring the versions of policy and users on which the decisions rest."""
        ...


class Access(Protocol):
    """Decides who may do what."""

    def enter(self, work: Any) -> Clearance:
        """Return what the actor of a unit of work may do; asked once, before anything else."""
        ...


class Hooks(Protocol):
    """What a unit of work asks of the plugins."""

    def fields(self, entity: str) -> Sequence[CustomField]:
        """Return the custom fields of an entity that plugins give to every tenant."""
        ...

    def number_document(self, entity: str, work: Any) -> str | None:
        """Return the next document number of an entity, None when no plugin numbers it."""
        ...

    def tell_change(self, change: Any, language: str, work: Any) -> str | None:
        """Return a change in one line of a language, None when no plugin tells it."""
        ...

    def listens_before_commit(self) -> bool:
        """Say whether any plugin wants to see events before the commit."""
        ...

    def before_commit(self, event: Any, work: Any) -> None:
        """Let plugins veto (`Vetoed`) or add changes to `work`."""
        ...

    def subscribes(self, kind: type[Any]) -> bool:
        """Say whether any plugin wants events of a class after the commit."""
        ...

    def subscribers(self, event: Any) -> Sequence[str]:
        """Name the plugins to which an event is delivered after the commit, sorted."""
        ...

    def deliver(self, subscriber: str, message: Any, crm: Any) -> None:
        """Bring one outbox message to one plugin; an exception means: try again later."""
        ...
