"""Saboteurs: memory stores with one defect each, to prove that the contract has teeth.

Each names contract tests of which at least one must fail on it.
"""

# pyright: reportPrivateUsage=false
# A saboteur reaches inside.

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import attrs

from crmkit.domain.changes import OutboxMessage
from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import All, Any_, Check, Lowered, Opposite, SortKey, Test
from crmkit.domain.filters.tally import Tally
from crmkit.domain.money import Money
from crmkit.errors import VersionConflict
from crmkit.ports import Ask, Session
from crmkit.storage.memory import MemoryStorage
from crmkit.storage.memory.session import MemorySession

Find = Callable[[Lowered], Lowered]


class Saboteur(MemoryStorage):
    """A memory store whose sessions have a defect."""

    caught_by: ClassVar[tuple[str, ...]] = ()
    session_class: ClassVar[type[MemorySession]] = MemorySession

    def session(self, tenant: str, *, read_only: bool = False, join: object = None) -> Session:
        """Begin a transaction with the defect."""
        honest = super().session(tenant, read_only=read_only, join=join)
        honest.__class__ = self.session_class
        return honest


def saboteur(*caught_by: str) -> Callable[[type[MemorySession]], type[Saboteur]]:
    """Make a saboteur of a session class."""

    def make(session_class: type[MemorySession]) -> type[Saboteur]:
        members = {
            "caught_by": caught_by,
            "session_class": session_class,
            "__doc__": session_class.__doc__,
        }
        return type(session_class.__name__, (Saboteur,), members)

    return make


def _rewritten(lowered: Lowered, change: Find) -> Lowered:
    """Apply a change to every node of a condition."""
    match lowered:
        case All(parts):
            return change(All(tuple(_rewritten(part, change) for part in parts)))
        case Any_(parts):
            return change(Any_(tuple(_rewritten(part, change) for part in parts)))
        case Opposite(part):
            return change(Opposite(_rewritten(part, change)))
        case _:
            return change(lowered)


class _Asking(MemorySession):
    """A session that asks something else than it was asked."""

    def changed(self, lowered: Lowered) -> Lowered:
        """Return the condition that is asked instead."""
        return lowered

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        where = _rewritten(ask.where, self.changed)
        yield from super().find(spec, attrs.evolve(ask, where=where))

    def count(self, spec: EntitySpec, where: Lowered) -> int:
        return super().count(spec, _rewritten(where, self.changed))


def _without_version_check(session: MemorySession) -> None:
    session._expected.clear()


@saboteur("test_store_itself_refuses_a_stale_version")
class IgnoresVersion(MemorySession):
    """Saves whatever the version."""

    def save_many(self, spec: EntitySpec, records: Sequence[Any], expected: Sequence[int]) -> None:
        current = {
            record.id: record.version for record in self.get_many(spec, [r.id for r in records])
        }
        super().save_many(spec, records, [current.get(r.id, 0) for r in records])
        _without_version_check(self)


@saboteur("test_overlapping_saves_of_one_record_are_not_both_done")
class ChecksThenWritesSeparately(MemorySession):
    """Checks the version when it saves, but not again when it commits."""

    def commit(self) -> None:
        _without_version_check(self)
        super().commit()


@saboteur("test_guarded_read_that_moved_refuses_the_commit", "test_interleaved_works_do_not_skew")
class IgnoresGuard(MemorySession):
    """Does not hold what a decision rests on."""

    def guard(self, spec: EntitySpec, versions: Mapping[UUID, int]) -> None:
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


@saboteur("test_work_sees_its_own_writes_everywhere")
class BlindToItself(MemorySession):
    """Finds only what was committed before."""

    def _all(self, spec: EntitySpec) -> Any:
        return list(self._shelf_of(spec).records.values())


@saboteur("test_store_finds_what_matches_says")
class ThreeValued(_Asking):
    """Takes the opposite of an unknown comparison for unknown, as SQL does."""

    def changed(self, lowered: Lowered) -> Lowered:
        if isinstance(lowered, Opposite) and isinstance(lowered.part, Check):
            check = lowered.part
            if check.test is not Test.NONE:
                return All((Opposite(Check(check.leaf, Test.NONE)), lowered))
        return lowered


@saboteur("test_store_finds_what_matches_says")
class NothingIsEverything(_Asking):
    """Takes an empty alternative for no condition."""

    def changed(self, lowered: Lowered) -> Lowered:
        return All() if lowered == Any_(()) else lowered


@saboteur("test_store_finds_what_matches_says")
class CaseBlind(_Asking):
    """Finds text whatever its case, also where it must be exact."""

    def changed(self, lowered: Lowered) -> Lowered:
        if isinstance(lowered, Check) and lowered.test is Test.EQ and lowered.leaf.column == "name":
            key = Leaf(column="name_key", form=lowered.leaf.form, optional=lowered.leaf.optional)
            return Check(key, Test.EQ, str(lowered.value).lower())
        return lowered


@saboteur("test_store_finds_what_matches_says")
class EndsAnywhere(_Asking):
    """Takes the end of a text for any part of it."""

    def changed(self, lowered: Lowered) -> Lowered:
        if isinstance(lowered, Check) and lowered.test is Test.ENDS:
            return attrs.evolve(lowered, test=Test.CONTAINS)
        return lowered


@saboteur("test_store_finds_what_matches_says")
class HasAllIsHasAny(_Asking):
    """Takes one of several for all of them."""

    def changed(self, lowered: Lowered) -> Lowered:
        if isinstance(lowered, Check) and lowered.test is Test.HAS_ALL:
            return attrs.evolve(lowered, test=Test.HAS_ANY)
        return lowered


@saboteur("test_order_is_total_with_none_lowest", "test_random_orders_page_like_the_whole_list")
class NoneLast(MemorySession):
    """Puts missing values at the end."""

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        found = [record for batch in super().find(spec, ask) for record in batch]
        for key in reversed(ask.order[:1]):
            name = key.leaf.column
            found.sort(key=lambda record: getattr(record, name, 0) is None)
        yield found


@saboteur("test_order_is_total_with_none_lowest")
class LocaleSort(MemorySession):
    """Sorts names as people do, not by code point."""

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        found = [record for batch in super().find(spec, ask) for record in batch]
        if ask.order and ask.order[0].leaf.column == "name":
            found.sort(key=lambda record: record.name.casefold(), reverse=ask.order[0].descending)
        yield found


@saboteur("test_pages_hold_all_records_once", "test_random_orders_page_like_the_whole_list")
class OrderWithoutId(MemorySession):
    """Leaves ties to chance, so pages repeat and skip."""

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        keys: tuple[SortKey, ...] = tuple(
            attrs.evolve(key, descending=not key.descending) if key.leaf.column == "id" else key
            for key in ask.order
        )
        yield from super().find(spec, attrs.evolve(ask, order=keys))


@saboteur("test_limit_takes_the_first")
class LimitsBeforeSorting(MemorySession):
    """Cuts first and sorts then."""

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        order = ask.order if ask.limit is None else ask.order[-1:]
        yield from super().find(spec, attrs.evolve(ask, order=order))


@saboteur("test_store_finds_what_matches_says")
class CountsAll(MemorySession):
    """Counts without the condition."""

    def count(self, spec: EntitySpec, where: Lowered) -> int:
        del where
        return super().count(spec, All())


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


@saboteur("test_figures_agree_with_plain_python")
class SumsOverAll(MemorySession):
    """Reports without the condition of the report, removed records included."""

    def tally(self, spec: EntitySpec, tally: Tally) -> list[tuple[Any, ...]]:
        return super().tally(spec, attrs.evolve(tally, where=All()))


@saboteur("test_calendar_spans_follow_the_time_zone")
class SpansInUtc(MemorySession):
    """Counts calendar spans in UTC whatever the zone."""

    def tally(self, spec: EntitySpec, tally: Tally) -> list[tuple[Any, ...]]:
        keys = tuple(attrs.evolve(key, zone="UTC") for key in tally.keys)
        return super().tally(spec, attrs.evolve(tally, keys=keys))


@saboteur("test_store_itself_refuses_a_stale_version")
class NamelessConflict(MemorySession):
    """Refuses a stale save without saying which."""

    def save_many(self, spec: EntitySpec, records: Sequence[Any], expected: Sequence[int]) -> None:
        try:
            super().save_many(spec, records, expected)
        except VersionConflict:
            raise VersionConflict(spec.name) from None


SABOTEURS: tuple[type[Saboteur], ...] = tuple(
    value
    for value in list(globals().values())
    if isinstance(value, type) and issubclass(value, Saboteur) and value is not Saboteur
)
"""All of them."""
