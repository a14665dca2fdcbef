"""The unit of work: one transaction of one tenant that commits whole or not at all."""

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import Change, Operation
from crmkit.domain.entity import EntitySpec, Registry
from crmkit.errors import InvalidSettings, Refused, StoreClosed
from crmkit.ports import Access, Actor, Hooks, Session
from crmkit.work.definitions import Definitions, KeptDefinitions, explained
from crmkit.work.effects import run_before_commit
from crmkit.work.gates import Gates
from crmkit.work.journal import Journal
from crmkit.work.marks import Marks
from crmkit.work.once import Once
from crmkit.work.parcels import SMALLEST
from crmkit.work.seeing import Seeing
from crmkit.work.seen import Seen
from crmkit.work.stage_rules import StageRules
from crmkit.work.storing import Storing
from crmkit.work.takeover import Takeover
from crmkit.work.telling import RecordChanged


class UnitOfWork(Seeing):
    """Reads and writes of one actor that take effect together.

    Use it in a `with` block: it commits at the end, and after an exception nothing is written. Any
    error of the store, and any conflict, ends the work; open another.
    """

    def __init__(
        self,
        session: Session,
        marks: Marks,
        *,
        registry: Registry,
        hooks: Hooks,
        access: Access,
        once: Once | None = None,
        rehearsal: bool = False,
        kept: KeptDefinitions | None = None,
    ) -> None:
        """Belong to a session; `CRM.work` is the way to open one."""
        self._session = session
        self.is_alone = session.is_alone
        self._storing = Storing(self, session)
        self._marks = marks
        self._hooks = hooks
        self._once = once
        self._rehearsal = rehearsal
        self._journal = Journal(marks, keeps=rehearsal)
        self._seen = Seen()
        self.vouched = set[UUID]()
        self._ended: str = ""
        self._is_committing = False
        self.definitions = Definitions(self, kept)
        self.gates = Gates(self)
        self.stage_rules = StageRules(self)
        self.takeover = Takeover(self)
        self.registry = registry
        self.result: Any = None
        self._clearance = access.enter(self)

    @property
    def itself(self) -> "UnitOfWork":
        """Return the unit of work."""
        return self

    @property
    def actor(self) -> Actor:
        """Return who acts."""
        return self._marks.actor

    @property
    def roles(self) -> frozenset[str]:
        """Return the roles that the actor plays: as the policy says, where policies decide."""
        return self._clearance.roles(self.actor.roles)

    @property
    def tenant(self) -> str:
        """Return the tenant."""
        return self._marks.tenant

    @property
    def now(self) -> datetime:
        """Return the time of this work; it does not move while the work lasts."""
        return self._marks.now

    @property
    def changeset_id(self) -> UUID:
        """Return the id under which everything written here is logged."""
        return self._marks.changeset_id

    def new_id(self) -> UUID:
        """Return a fresh id."""
        return self._marks.new_id()

    def next_number(self, entity: str) -> str:
        """Return the next document number of an entity, or raise `InvalidSettings`."""
        number = self._hooks.number_document(self.registry[entity].name, self)
        if number is None:
            raise InvalidSettings(
                f"no plugin numbers {entity}", path=entity, fix="enable crmkit.numbering"
            )
        return number

    def tell(self, change: Change, language: str) -> str:
        """Return a change in one line of a language, or raise `InvalidSettings`."""
        words = self._hooks.tell_change(change, language, self)
        if words is None:
            raise InvalidSettings(f"no plugin tells changes in {language!r}", path="language")
        return words

    def guard(self, record: Aggregate) -> None:
        """Rely on a record seen earlier: the commit is refused when it has moved on."""
        self._seen.rely_on(self.registry[type(record)], record)

    def hold(self, record: Aggregate) -> None:
        """Hold a record, from now to the end, for a rule over other records that belong to it.

        Of two works that hold one record at the same time, one is refused with a `Conflict`.
        """
        spec = self.registry[type(record)]
        with self.storing() as session:
            session.hold(spec, record.id, record.version)

    def __enter__(self) -> Self:
        """Begin; raises `AlreadyDone` when the idempotency key was used for this call before."""
        if self._once is not None:
            try:
                with self.storing() as session:
                    self._once.check(session)
            except BaseException:
                self.rollback()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commit, or forget everything after an exception; a work that is over stays as it is."""
        if self._ended in _OVER:
            return
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def commit(self) -> None:
        """Make everything lasting, whole; raises `Conflict`, a refusal or `OutcomeUnknown`.

        A rehearsal ends here too, and forgets everything.
        """
        try:
            self._prepare()
            with self.storing() as session:
                if not self._rehearsal:
                    session.commit()
        except BaseException as error:
            self.rollback()
            told = explained(self._once.explain(error) if self._once else error)
            if told is error:
                raise
            raise told from error
        if self._rehearsal:
            self.rollback()
        self._ended = _REHEARSED if self._rehearsal else _COMMITTED

    def rollback(self) -> None:
        """Forget everything and end the work."""
        if self._ended not in _OVER:
            self._ended = _ROLLED_BACK
            self._session.rollback()

    def doom(self) -> None:
        """Let no further call pass: the work has failed and can only be rolled back."""
        self._ended = self._ended or _FAILED

    def storing(self) -> Storing:
        """Give the session to one call of the store; any error of it ends the work."""
        return self._storing

    def check_going_on(self) -> None:
        """Refuse what comes after the end of the work, or after it has failed."""
        if self._ended == _FAILED:
            raise Refused("this work has failed", path="work", fix="open another work")
        if self._ended:
            raise StoreClosed(f"this work was {self._ended}", path="work", fix="open another work")

    def rely_on(self, spec: EntitySpec, record: Any) -> None:
        """Note that a decision rests on a record just read; where nobody else writes it stays."""
        if self.is_alone:
            self._seen.remember(spec, record)
        else:
            self._seen.rely_on(spec, record)

    def remember(self, spec: EntitySpec, record: Any) -> None:
        """Keep a record as it is stored, for the difference that a later save makes."""
        self._seen.remember(spec, record)

    def known(self, spec: EntitySpec, record_id: UUID) -> Any:
        """Return a record as this work last saw it stored, None when it did not."""
        return self._seen.known(spec, record_id)

    def is_known_live(self, spec: EntitySpec, record_id: UUID) -> bool:
        """Say whether this work has seen the record live."""
        found = self.known(spec, record_id)
        return found is not None and found.deleted_at is None

    def wrote(
        self,
        spec: EntitySpec,
        befores: Sequence[Any],
        records: Sequence[Any],
        operation: Operation,
    ) -> None:
        """Log records that were just written, each beside what it was, None when it is new."""
        self._journal.note(spec, befores, records, operation)
        self._spread(spec, records, operation)
        self._seen.wrote(spec, befores, records)
        self.definitions.changed(spec)
        if self._journal.is_full:
            self.write_log()

    def write_log(self) -> None:
        """Write the changes noted so far, so that this work can read them in the change log."""
        with self.storing() as session:
            self._journal.write(session)

    def _spread(self, spec: EntitySpec, records: Sequence[Any], operation: Operation) -> None:
        """Keep what hooks and subscribers hear; of a bulk that only subscribers do, in short."""
        answers = self._hooks.listens_before_commit() or self._rehearsal
        whole = answers or self._hooks.subscribes(RecordChanged)
        if whole and not answers and len(records) >= SMALLEST and not _carry_events(records):
            self._journal.tell_bulk(spec, records, operation)
            return
        for record in records:
            if whole or record.events:
                self._journal.tell(spec, record, operation, whole=whole)

    def _prepare(self) -> None:
        """Let plugins speak, hold what was relied on, write the log, the outbox and the key."""
        self.check_going_on()
        if self._is_committing:
            self.doom()
            raise Refused("the commit is under way", path="work", fix="leave it to its owner")
        self._is_committing = True
        run_before_commit(self, self._journal, self._hooks)
        with self.storing() as session:
            self._hold(session)
            self.definitions.write_mark(session)
            self._journal.write(session)
            self._journal.send(session, self._hooks.subscribers)
            if self._once is not None:
                self._once.keep(session, self.result)

    def _hold(self, session: Session) -> None:
        if self._journal.is_empty:
            return
        for spec, versions in self._seen.to_hold():
            session.guard(spec, versions)
        for spec, versions in (*self._clearance.relied_on(), *self.definitions.relied_on()):
            session.confirm(spec, versions)


def _carry_events(records: Sequence[Any]) -> bool:
    return any(record.events for record in records)


_COMMITTED = "committed"
_REHEARSED = "rehearsed"
_ROLLED_BACK = "rolled back"
_FAILED = "failed"
_OVER = (_COMMITTED, _REHEARSED, _ROLLED_BACK)
