"""Saboteurs of writes: they keep, guard, commit or deliver wrongly."""

# pyright: reportPrivateUsage=false
# A saboteur reaches inside.

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from crmkit.domain.changes import OutboxMessage
from crmkit.domain.entity import EntitySpec
from crmkit.domain.money import Money
from crmkit.errors import VersionConflict
from crmkit.storage.memory.session import MemorySession
from crmkit.testing.saboteurs.making import saboteur, without_version_check


@saboteur("test_store_itself_refuses_a_stale_version")
class IgnoresVersion(MemorySession):
    """Saves whatever the version."""

    def save_many(self, spec: EntitySpec, records: Sequence[Any], expected: Sequence[int]) -> None:
        current = {
            record.id: record.version for record in self.get_many(spec, [r.id for r in records])
        }
        super().save_many(spec, records, [current.get(r.id, 0) for r in records])
        without_version_check(self)


@saboteur("test_overlapping_saves_of_one_record_are_not_both_done")
class ChecksThenWritesSeparately(MemorySession):
    """Checks the version when it saves, but not again when it commits."""

    def commit(self) -> None:
        without_version_check(self)
        super().commit()


@saboteur("test_guarded_read_that_moved_refuses_the_commit", "test_interleaved_works_do_not_skew")
class IgnoresGuard(MemorySession):
    """Does not hold what a decision rests on."""

    def guard(self, spec: EntitySpec, versions: Mapping[UUID, int]) -> None:
        del spec, versions


@saboteur("test_what_a_work_reads_stays_where_it_is_alone")
class SaysItIsAlone(MemorySession):
    """Lets others write while it says that nobody does."""

    is_alone: bool = True


@saboteur(
    "test_confirmed_basis_that_moved_is_refused",
    "test_confirmed_basis_that_is_absent_is_refused",
    "test_confirmed_basis_that_moves_meanwhile_is_refused",
)
class IgnoresConfirm(MemorySession):
    """Does not look at what a permission rests on."""

    def confirm(self, spec: EntitySpec, versions: Mapping[UUID, int]) -> None:
        del spec, versions


@saboteur("test_guarded_read_that_stayed_lets_the_commit_pass")
class GuardMovesVersion(MemorySession):
    """Moves the version of a record that was only read."""

    def guard(self, spec: EntitySpec, versions: Mapping[UUID, int]) -> None:
        records = self.get_many(spec, list(versions))
        moved = [record.replaced(version=record.version + 1) for record in records]
        super().save_many(spec, moved, [versions[record.id] for record in records])


@saboteur("test_exception_writes_nothing", "test_refusal_undoes_what_was_written_before_it")
class WritesAtOnce(MemorySession):
    """Lets every insert take effect before the commit."""

    def insert_many(self, spec: EntitySpec, records: Sequence[Any]) -> None:
        super().insert_many(spec, records)
        self._shelf_of(spec).put({record.id: record for record in records})
        for record in records:
            self._expected[spec.name, record.id] = getattr(record, "version", 1)


@saboteur("test_exception_writes_nothing", "test_other_works_see_nothing_before_the_commit")
class RollbackCommits(MemorySession):
    """Keeps what should be forgotten."""

    def rollback(self) -> None:
        if not self._over:
            self.commit()


@saboteur("test_new_record_is_at_version_one_with_its_marks", "test_value_reads_back_identical")
class SwallowsCommit(MemorySession):
    """Says that it has committed, and has not."""

    def commit(self) -> None:
        self.rollback()


@saboteur("test_lists_hold_nothing_of_another_tenant", "test_get_finds_nothing_of_another_tenant")
class OneTenantForAll(MemorySession):
    """Forgets whose records they are."""

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _current(self, spec: EntitySpec, record_id: UUID) -> Any:
        found = super()._current(spec, record_id)
        return found if found is not None else _ALL_TENANTS.get((spec.name, record_id))

    def commit(self) -> None:
        for name, changes in self._changes.items():
            _ALL_TENANTS.update({(name, key): record for key, record in changes.items()})
        super().commit()


_ALL_TENANTS: dict[tuple[str, UUID], Any] = {}


@saboteur("test_money_is_exact_to_the_last_minor_unit", "test_value_reads_back_identical")
class FloatMoney(MemorySession):
    """Keeps money as a float."""

    def insert_many(self, spec: EntitySpec, records: Sequence[Any]) -> None:
        super().insert_many(spec, [_blurred(record) for record in records])


def _blurred(record: Any) -> Any:
    price = getattr(record, "price", None)
    if price is None:
        return record
    return record.replaced(price=Money.from_minor(int(float(price.minor) * 1.0), price.currency))


@saboteur("test_value_reads_back_identical", "test_instant_is_kept_in_utc_to_the_millisecond")
class WholeSeconds(MemorySession):
    """Cuts instants to the second."""

    def insert_many(self, spec: EntitySpec, records: Sequence[Any]) -> None:
        cut = [
            record.replaced(made_at=record.made_at.replace(microsecond=0))
            if getattr(record, "made_at", None)
            else record
            for record in records
        ]
        super().insert_many(spec, cut)


@saboteur("test_missing_value_reads_back_as_none", "test_value_reads_back_identical")
class EmptyForNone(MemorySession):
    """Keeps empty text as a missing one and the other way round."""

    def insert_many(self, spec: EntitySpec, records: Sequence[Any]) -> None:
        filled = [
            record.replaced(code="") if getattr(record, "code", "x") is None else record
            for record in records
        ]
        super().insert_many(spec, filled)


@saboteur("test_unique_value_is_taken_once", "test_racing_inserts_leave_one")
class UniqueUnchecked(MemorySession):
    """Lets two live records have one unique value."""

    def _keep_aside(self, spec: EntitySpec, changes: Mapping[UUID, Any]) -> None:
        self._specs[spec.name] = spec
        self._changes.setdefault(spec.name, {}).update(changes)

    def commit(self) -> None:
        for name, changes in self._changes.items():
            self._shelf_of(self._specs[name]).records.update(changes)
        self._over = True


@saboteur("test_many_threads_with_one_key_have_one_effect", "test_key_gives_one_effect")
class ForgetsKeys(MemorySession):
    """Does not keep idempotency keys."""

    def insert_many(self, spec: EntitySpec, records: Sequence[Any]) -> None:
        if spec.name != "idempotency_key":
            super().insert_many(spec, records)


@saboteur("test_change_log_tells_who_what_and_why", "test_two_saves_in_one_work_are_two_versions")
class ForgetsChanges(MemorySession):
    """Does not keep the change log."""

    def insert_many(self, spec: EntitySpec, records: Sequence[Any]) -> None:
        if spec.name != "change":
            super().insert_many(spec, records)


@saboteur("test_committed_event_is_delivered", "test_events_of_one_record_arrive_in_order")
class LosesMessages(MemorySession):
    """Does not keep the outbox."""

    def insert_many(self, spec: EntitySpec, records: Sequence[Any]) -> None:
        if spec.cls is not OutboxMessage:
            super().insert_many(spec, records)


@saboteur("test_delivered_message_is_not_delivered_again")
class ForgetsDelivery(MemorySession):
    """Does not keep that a message was delivered."""

    def save_many(self, spec: EntitySpec, records: Sequence[Any], expected: Sequence[int]) -> None:
        if spec.cls is not OutboxMessage:
            super().save_many(spec, records, expected)


@saboteur("test_store_tells_the_time")
class WrongClock(MemorySession):
    """Tells another time than it is."""

    def now(self) -> Any:
        return super().now() + timedelta(hours=8)


@saboteur("test_store_itself_refuses_a_stale_version")
class NamelessConflict(MemorySession):
    """Refuses a stale save without saying which."""

    def save_many(self, spec: EntitySpec, records: Sequence[Any], expected: Sequence[int]) -> None:
        try:
            super().save_many(spec, records, expected)
        except VersionConflict:
            raise VersionConflict(spec.name) from None
