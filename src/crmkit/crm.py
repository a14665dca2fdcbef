"""The CRM itself: the only place that knows all the parts."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from uuid import UUID

from crmkit.domain.changes import INTERNAL, OutboxMessage
from crmkit.domain.definitions import DefinitionMark
from crmkit.domain.entity import Registry
from crmkit.domain.ids import UuidSequence
from crmkit.domain.privacy.audit import AuditEntry
from crmkit.domain.privacy.erasure import LOGS as PRIVACY_LOGS
from crmkit.errors import StoreClosed
from crmkit.plugins.manager import Plugins
from crmkit.ports import Access, Actor, Clock, Ids, Schema, Storage
from crmkit.services.delivery import Delivery, DeliveryReport, Purged
from crmkit.services.history import changesets_of
from crmkit.services.log_rows import transaction
from crmkit.services.outbox import Retries, Terms
from crmkit.services.privacy.across import Across
from crmkit.services.privacy.audit_log import AuditLog
from crmkit.services.running import Call, run_call
from crmkit.services.undoing import Undone, undo
from crmkit.storage.opening import open_storage
from crmkit.work import UnitOfWork
from crmkit.work.auditing import ENTRY, AuditedWork
from crmkit.work.definitions import KeptDefinitions
from crmkit.work.departments import ENTITIES
from crmkit.work.marks import Marks, marks_of
from crmkit.work.once import Once
from crmkit.work.policies import OpenAccess
from crmkit.work.system_clock import SystemClock

R = TypeVar("R")
RETENTION: Final = timedelta(days=30)
LEASE: Final = timedelta(minutes=1)
STANDARD_RETRIES: Final = Retries()


class CRM:
    """A store, the entities kept in it, the plugins, a clock and a source of ids."""

    def __init__(
        self,
        storage: Storage,
        *,
        plugins: Iterable[object] | Plugins = (),
        entities: Iterable[type[Any]] = (),
        clock: Clock | None = None,
        ids: Ids | None = None,
        access: Access | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Put the parts together; `CRM.open` finds the store for you."""
        self.plugins = plugins if isinstance(plugins, Plugins) else Plugins(plugins)
        self.registry = Registry(
            (
                *INTERNAL,
                DefinitionMark,
                *PRIVACY_LOGS,
                *ENTITIES,
                *self.plugins.entities(),
                *entities,
            )
        )
        self.plugins.check_fields(self.registry)
        self.storage = storage
        self.clock = clock or SystemClock()
        self.ids = ids or UuidSequence()
        self._access = access or OpenAccess()
        self._definitions = KeptDefinitions()
        self._pause = pause
        self._is_checked = False
        self._is_closed = False
        self._delivery = Delivery(storage, self.plugins, self, ids=self.ids, pause=pause)
        storage.bind(self.registry)

    @classmethod
    def open(
        cls,
        target: object,
        *,
        prefix: str = "crm_",
        schema: str | None = None,
        tenants: str = "shared",
        plugins: Iterable[object] = (),
        plugin_names: Collection[str] | None = None,
        disable: Collection[str] = (),
        order: Sequence[str] = (),
        strict: bool = False,
        **parts: Any,
    ) -> Self:
        """Open a CRM on a URL (memory:, sqlite:, postgresql:, mysql:, mongodb:), engine or client.

        With `tenants="separate"` each tenant lies in a schema, file or database of its own.
        `plugins` come after the installed ones; what `plugin_names`, `disable`, `order` and
        `strict` do is told at `Plugins`. `parts` are those of `CRM`: entities, clock, ids, access,
        pause. Nothing is created in the database; `crm.schema.apply()` does that.
        """
        loaded = Plugins(
            plugins, plugin_names=plugin_names, disable=disable, order=order, strict=strict
        )
        storage = open_storage(target, prefix=prefix, schema=schema, tenants=tenants)
        return cls(storage, plugins=loaded, **parts)

    @property
    def audit(self) -> AuditLog:
        """Return the audit log: `seal()` puts entries into the chain, `verify()` walks along it."""
        self._check_open()
        return AuditLog(self.storage, self.clock, self.ids, pause=self._pause)

    @property
    def schema(self) -> Schema:
        """Return the schema: `plan()`, `apply()`, `verify()`."""
        return self.storage.schema

    def work(
        self,
        *,
        by: Actor | str,
        tenant: str,
        reason: str | None = None,
        cause_id: UUID | None = None,
        idempotency_key: str | None = None,
        payload: Any = None,
        read_only: bool = False,
        join: object = None,
    ) -> UnitOfWork:
        """Open a unit of work: one transaction of one tenant, for use in a `with` block.

        `join` is a SQLAlchemy connection or session, or a Mongo session, whose transaction the work
        shall be a part of. With an `idempotency_key` the work takes effect once for that key and
        `payload`; entering it again raises `AlreadyDone` with the first result.
        """
        marks = self._marks(by, tenant, reason=reason, cause_id=cause_id)
        once = None if idempotency_key is None else Once(idempotency_key, payload, marks)
        return self._unit(marks, once=once, read_only=read_only, join=join)

    def across(self, tenants: Sequence[str], *, by: Actor | str, reason: str) -> Across:
        """Open a view across tenants: read-only, permitted and written down at each of them."""
        return Across(self, tenants, by=by, reason=reason)

    def rehearse(self, *, by: Actor | str, tenant: str) -> UnitOfWork:
        """Open a work that goes the whole way and then rolls back.

        Afterwards its `changes` tell the difference it would have made, its `events` what would
        have been told, its `messages` what would have been delivered.
        """
        return self._unit(self._marks(by, tenant), rehearsal=True)

    def run(
        self,
        service: Callable[..., R],
        *args: Any,
        by: Actor | str,
        tenant: str,
        attempts: int = 5,
        idempotency_key: str | None = None,
        reason: str | None = None,
        cause_id: UUID | None = None,
        **kwargs: Any,
    ) -> R:
        """Run `service(work, *args, **kwargs)` in a work of its own; return what it returns.

        On a `Conflict` it is run again in another work, at most `attempts` times in all. With an
        `idempotency_key` it takes effect once: a repeat gets the first result, records in it as
        they are now, and an `OutcomeUnknown` is repeated too. A call that was refused has taken no
        effect and leaves its key free: a repeat runs again, and may end otherwise. What a service
        itself calls `reason` or `by` is given to it first, with `functools.partial`.
        """
        call = Call(
            service=service,
            args=args,
            kwargs=kwargs,
            attempts=attempts,
            idempotency_key=idempotency_key,
        )
        opens = partial(self.work, by=by, tenant=tenant, reason=reason, cause_id=cause_id)
        result: R = run_call(call, opens, self._pause)
        return result

    def undo(
        self, changeset_id: UUID, *, by: Actor | str, tenant: str, reason: str | None = None
    ) -> Undone:
        """Take back a changeset as far as nobody changed it since; itself a changeset, undoable.

        Raises `NotFound` for an unknown one; the result names what was kept, and why.
        """
        marks: dict[str, Any] = {"by": by, "tenant": tenant, "reason": reason}
        return self.run(undo, changeset_id, cause_id=changeset_id, **marks)

    def undo_all(
        self, cause_id: UUID, *, by: Actor | str, tenant: str, reason: str | None = None
    ) -> tuple[Undone, ...]:
        """Take back all changesets of one cause, such as an import, the newest first.

        Each is a work of its own; when it stops half-way, call it again.
        """
        caused = self.run(changesets_of, cause_id, by=by, tenant=tenant)
        return tuple(self.undo(done.id, by=by, tenant=tenant, reason=reason) for done in caused)

    def deliver_due(
        self,
        *,
        tenant: str | None = None,
        limit: int = 100,
        worker: str = "worker",
        lease: timedelta = LEASE,
        retries: Retries = STANDARD_RETRIES,
    ) -> DeliveryReport:
        """Deliver up to `limit` due events to the plugins that observe; call it again and again.

        Any number of workers may do so at once; one holds an event for at most `lease`, which must
        be longer than the slowest plugin takes. Without a `tenant` all are served in turn.
        """
        self._check_open()
        terms = Terms(worker=worker, lease=lease, retries=retries)
        return self._delivery.deliver_due(tenant=tenant, limit=limit, terms=terms)

    def dead_letters(self, tenant: str, *, limit: int = 1000) -> tuple[OutboxMessage, ...]:
        """Return messages that no plugin could take in the end, oldest first."""
        self._check_open()
        return self._delivery.dead_letters(tenant, limit=limit)

    def replay(self, message: OutboxMessage) -> OutboxMessage:
        """Let a dead message be delivered again, or raise `VersionConflict`, `MessageNotDead`."""
        self._check_open()
        return self._delivery.replay(message)

    def purge(self, tenant: str, *, older_than: timedelta = RETENTION) -> Purged:
        """Erase delivered messages and idempotency keys of that age."""
        self._check_open()
        return self._delivery.purge(tenant, older_than=older_than)

    def close(self) -> None:
        """Let go of the store; works that are still open fail."""
        self._is_closed = True
        self.storage.close()

    def __enter__(self) -> Self:
        """Return the CRM, to be closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the CRM."""
        self.close()

    def _unit(
        self,
        marks: Marks,
        *,
        once: Once | None = None,
        rehearsal: bool = False,
        read_only: bool = False,
        join: object = None,
    ) -> UnitOfWork:
        self._check_open()
        session = self.storage.session(marks.tenant, read_only=read_only, join=join)
        try:
            return AuditedWork(
                session,
                marks,
                write_apart=partial(self._write_apart, join),
                only_reads=read_only,
                registry=self.registry,
                hooks=self.plugins,
                access=self._access,
                once=once,
                rehearsal=rehearsal,
                kept=None if read_only or join is not None else self._definitions,
            )
        except BaseException:
            session.rollback()
            raise

    def _marks(self, by: Actor | str, tenant: str, **why: Any) -> Marks:
        return marks_of(self.clock, self.ids, by=by, tenant=tenant, **why)

    def _write_apart(self, join: object, tenant: str, entries: Sequence[AuditEntry]) -> None:
        with transaction(self.storage, tenant, join=join) as session:
            session.insert_many(ENTRY, entries)

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreClosed("this CRM is closed", path="crm", fix="open it again")
        if not self._is_checked:
            self.schema.check()
            self._is_checked = True
