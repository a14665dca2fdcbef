"""The audit log of a tenant: read, sealed by a worker, and walked along to see that it holds."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final
from uuid import UUID

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.lowered import All, Check, Lowered, Opposite, SortKey, Test
from crmkit.domain.instants import as_instant
from crmkit.domain.parties.activity import link_to
from crmkit.domain.privacy.audit import AuditEntry, AuditKind, AuditSeal, Head, seal
from crmkit.domain.privacy.chain import ChainReport, Walk
from crmkit.errors import Conflict, Duplicate, OutcomeUnknown
from crmkit.ports import Action, Clock, Ids, Session, Storage
from crmkit.services.backing_off import wait_before
from crmkit.services.log_rows import (
    compare,
    equals,
    leaf_of,
    paged,
    reading,
    rising,
    rows,
    transaction,
)
from crmkit.work import UnitOfWork
from crmkit.work.auditing import ENTRY

READ_AUDIT = Action("audit:read", "Read the audit log", zh="查看审计日志", right=None)
SEAL: Final = spec_of(AuditSeal)
BLOCK: Final = 500
"""How many entries one seal holds at most."""
_TRIES: Final = 20
_PAGE: Final = 20
_BY_NUMBER: Final = rising(SEAL, "number")
_FIRST_PAUSE: Final = timedelta(milliseconds=5)
_LONGEST_PAUSE: Final = timedelta(milliseconds=200)


def audit_entries(
    work: UnitOfWork,
    *,
    kind: AuditKind | None = None,
    about: Aggregate | str | None = None,
    limit: int = 1000,
) -> list[AuditEntry]:
    """Return audit entries, the newest first: of a kind, or about a record or a link to one."""
    work.permit(READ_AUDIT)
    parts: list[Lowered] = []
    if kind is not None:
        parts.append(equals(ENTRY, "kind", kind))
    if about is not None:
        link = about if isinstance(about, str) else link_to(about)
        parts.append(compare(ENTRY, "subjects", Test.HAS_ANY, (link,)))
    newest = (SortKey(leaf_of(ENTRY, "id"), descending=True),)
    with work.storing() as session:
        return rows(session, ENTRY, All(tuple(parts)), order=newest, limit=limit)


class AuditLog:
    """Seals and walks the chains of a store; `CRM.audit` is the way to it."""

    def __init__(
        self, storage: Storage, clock: Clock, ids: Ids, *, pause: Callable[[float], None]
    ) -> None:
        """Work on a store, by a clock and a source of ids."""
        self._storage = storage
        self._clock = clock
        self._ids = ids
        self._pause = pause

    def seal(self, tenant: str) -> int:
        """Put all entries that wait into the chain; return how many there were.

        Any number of workers may do so at once: of two that make the same seal one tries again.
        """
        sealed = 0
        while done := self._seal_block(tenant):
            sealed += done
        return sealed

    def seal_all(self) -> int:
        """Seal the entries of every tenant that has some waiting."""
        return sum(self.seal(name) for name in self._storage.tenants_with(ENTRY, _waiting()))

    def verify(self, tenant: str, *, head: Head | None = None) -> ChainReport:
        """Walk along the chain from its beginning and tell where it does not hold.

        With the `head` of an earlier walk, kept elsewhere, it is also found out when the end of the
        chain was cut off or made anew.
        """
        walk = Walk()
        with reading(self._storage, tenant) as session:
            for one in _seals(session):
                ids = [UUID(written) for written, _digest in one.entries]
                found = {entry.id: entry for entry in session.get_many(ENTRY, ids)}
                walk.take(one, found)
            unsealed = session.count(ENTRY, _waiting())
            sealed = session.count(ENTRY, Opposite(_waiting()))
            added = _unlisted(session) if sealed != walk.present else []
            return walk.report(unsealed=unsealed, marked=added, kept=head)

    def _seal_block(self, tenant: str) -> int:
        for attempt in range(1, _TRIES + 1):
            try:
                with transaction(self._storage, tenant) as session:
                    return self._take_block(session, tenant)
            except (Conflict, Duplicate, OutcomeUnknown):
                if attempt == _TRIES:
                    raise
                mark = self._ids.next_id(self._clock.now()).int
                rest = wait_before(
                    attempt + 1, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE, mark=mark
                )
                self._pause(rest.total_seconds())
        return 0

    def _take_block(self, session: Session, tenant: str) -> int:
        waiting = rows(session, ENTRY, _waiting(), order=rising(ENTRY), limit=BLOCK)
        if not waiting:
            return 0
        now = as_instant(self._clock.now(), path="clock")
        made = seal(waiting, _head(session), seal_id=self._ids.next_id(now), tenant=tenant, at=now)
        session.insert_many(SEAL, [made])
        sealed = [entry.sealed(made.number) for entry in waiting]
        session.save_many(ENTRY, sealed, [entry.version for entry in waiting])
        return len(waiting)


def _waiting() -> Lowered:
    return Check(leaf_of(ENTRY, "seal_number"), Test.NONE)


def _head(session: Session) -> Head:
    newest = (SortKey(leaf_of(SEAL, "number"), descending=True),)
    found = rows(session, SEAL, All(), order=newest, limit=1)
    return Head(found[0].number, found[0].hash) if found else Head()


def _seals(session: Session) -> Iterator[AuditSeal]:
    number = 0
    while found := rows(
        session, SEAL, compare(SEAL, "number", Test.GT, number), order=_BY_NUMBER, limit=_PAGE
    ):
        yield from found
        number = found[-1].number


def _unlisted(session: Session) -> list[AuditEntry]:
    """Find entries that claim a seal which does not list them."""
    listed = {written for one in _seals(session) for written, _digest in one.entries}
    sealed = paged(session, ENTRY, Opposite(_waiting()))
    return [entry for page in sealed for entry in page if str(entry.id) not in listed]
