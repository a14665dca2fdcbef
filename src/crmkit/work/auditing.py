"""Writing into the audit log: within a work, and after a work that was refused something."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Final
from uuid import UUID

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.composite_kinds import AnyJson
from crmkit.domain.entity import spec_of
from crmkit.domain.kinds import Json
from crmkit.domain.privacy.audit import AuditEntry, AuditKind, Salted
from crmkit.errors import NotPermitted
from crmkit.ports import Action
from crmkit.work.clearance import PolicyClearance
from crmkit.work.unit import UnitOfWork

ENTRY: Final = spec_of(AuditEntry)
WriteApart = Callable[[str, Sequence[AuditEntry]], None]
_SALT_BYTES: Final = 16
_EXIT: Final = Action("work:end", "End a work", zh="结束工作单元")
READ_AS: Final = Action("work:read", "Work in a watched role", zh="以受监控角色读取")


def write_down(
    work: UnitOfWork,
    kind: AuditKind,
    action: Action,
    *,
    about: Iterable[Aggregate | str] = (),
    payload: Json = None,
) -> AuditEntry:
    """Write an audit entry in the transaction of a work; of one that only reads, when it is over.

    `about` are records, or links to them; the payload is JSON that may be erased later.
    """
    entry = entry_of(work, kind, action, about=about, payload=payload)
    if isinstance(work, AuditedWork) and work.only_reads:
        work.put_aside(entry)
        return entry
    with work.storing() as session:
        session.insert_many(ENTRY, [entry])
    return entry


def entry_of(
    work: UnitOfWork,
    kind: AuditKind,
    action: Action,
    *,
    about: Iterable[Aggregate | str] = (),
    payload: Json = None,
) -> AuditEntry:
    """Make an audit entry that is not written yet."""
    changeset: UUID = work.changeset_id
    return AuditEntry(
        id=work.new_id(),
        tenant=work.tenant,
        kind=kind,
        action=action.name,
        at=work.now,
        changeset_id=changeset,
        subjects=tuple(dict.fromkeys(_link(record) for record in about)),
        actor=_salted(work.actor.id),
        payload=_salted(AnyJson().check(payload, "payload")),
    )


class AuditedWork(UnitOfWork):
    """A work whose denials are written down, in a transaction of their own when it is over.

    So is what a work does that only reads, such as an export, and what was asked in a watched role.
    Inside a transaction of the host's they are written in that one, and last when the host commits.
    """

    def __init__(
        self, *parts: Any, write_apart: WriteApart, only_reads: bool = False, **named: Any
    ) -> None:
        """Take what a `UnitOfWork` takes, and what writes entries when it is over."""
        super().__init__(*parts, **named)
        self.only_reads = only_reads
        self._write_apart = write_apart
        self._aside: list[AuditEntry] = []
        self._noted: NotPermitted | None = None
        self._is_told = False

    def permit(self, action: Action, *, on: Any = None) -> None:
        """Return when the actor may do this, else note the denial and raise `NotPermitted`."""
        try:
            super().permit(action, on=on)
        except NotPermitted as denied:
            self._note(denied, action, on)
            raise

    def put_aside(self, entry: AuditEntry) -> None:
        """Keep an entry that is written when the work is over, however it ends."""
        self._aside.append(entry)

    def commit(self) -> None:
        """Commit; denials that did not end the work are written down after it."""
        super().commit()
        self._tell()

    def rollback(self) -> None:
        """Forget everything but the denials."""
        super().rollback()
        self._tell()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commit or roll back; a denial from elsewhere than `permit` is noted too."""
        if isinstance(error, NotPermitted) and error is not self._noted:
            self._note(error, _EXIT, None)
        super().__exit__(kind, error, trace)

    def _note(self, denied: NotPermitted, action: Action, on: Any) -> None:
        self._noted = denied
        about = (on,) if isinstance(on, Aggregate) else ()
        told = {"path": denied.path}
        self.put_aside(entry_of(self, AuditKind.DENIAL, action, about=about, payload=told))

    def _tell(self) -> None:
        aside, self._aside = self._aside, []
        if not self._is_told and isinstance(self.clearance, PolicyClearance):
            watched: Json = dict(self.clearance.watched())
            if watched:
                aside.append(entry_of(self, AuditKind.PRIVILEGED_READ, READ_AS, payload=watched))
        self._is_told = True
        if aside:
            self._write_apart(self.tenant, aside)


def _link(record: Aggregate | str) -> str:
    return record if isinstance(record, str) else f"{spec_of(type(record)).name}:{record.id}"


def _salted(value: Json) -> Salted:
    """Salt a value by chance that nobody can repeat: without it the digest tells nothing."""
    return Salted.of(value, secrets.token_hex(_SALT_BYTES))
