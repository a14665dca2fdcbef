"""Part F: no lost update, no write skew, one effect per key; conflicts are named."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from crmkit.errors import (
    AlreadyDone,
    Conflict,
    GuardConflict,
    IdempotencyMismatch,
    VersionConflict,
)
from crmkit.testing.sample import Gadget, Maker
from crmkit.testing.storage.harness import Place


def test_stale_save_is_refused(place: Place) -> None:
    """A change based on version 1 does not overwrite version 2."""
    [gadget] = place.add(place.gadget(rank=0))
    with place.work() as work:
        work.of(Gadget).save(gadget.evolve(rank=1))
    with pytest.raises(VersionConflict), place.work() as work:
        work.of(Gadget).save(gadget.evolve(rank=2))
    assert place.read(gadget).rank == 1


def test_version_conflict_names_record_and_version(place: Place) -> None:
    """The error says which record was not at which version."""
    [gadget] = place.add(place.gadget())
    with place.work() as work:
        work.of(Gadget).save(gadget.evolve(rank=1))
    with pytest.raises(VersionConflict) as caught, place.work() as work:
        work.of(Gadget).save(gadget.evolve(rank=2))
    assert (caught.value.entity, caught.value.record_id) == ("gadget", gadget.id)
    assert caught.value.expected == 1


def test_stale_removal_is_refused(place: Place) -> None:
    """Removing is a change like any other."""
    [gadget] = place.add(place.gadget())
    with place.work() as work:
        work.of(Gadget).save(gadget.evolve(rank=1))
    with pytest.raises(Conflict), place.work() as work:
        work.of(Gadget).remove(gadget)
    assert len(place.all()) == 1


def test_save_of_removed_record_at_old_version_is_refused(place: Place) -> None:
    """A change does not bring a removed record back by accident."""
    [gadget] = place.add(place.gadget())
    with place.work() as work:
        work.of(Gadget).remove(gadget)
    with pytest.raises(Conflict), place.work() as work:
        work.of(Gadget).save(gadget.evolve(rank=1))
    assert place.all() == []


def test_guarded_read_that_moved_refuses_the_commit(place: Place) -> None:
    """A decision that rests on a record seen earlier is refused when that record has moved."""
    seen, other = place.add(place.gadget(rank=0), place.gadget(rank=0))
    with place.work() as work:
        work.of(Gadget).save(seen.evolve(rank=9))
    with pytest.raises(GuardConflict), place.work() as work:
        work.guard(seen)
        work.of(Gadget).save(other.evolve(rank=1))
    assert place.read(other).rank == 0


def test_guarded_read_that_stayed_lets_the_commit_pass(place: Place) -> None:
    """A record that did not move guards nothing away, and its version stays."""
    seen, other = place.add(place.gadget(rank=0), place.gadget(rank=0))
    with place.work() as work:
        work.guard(seen)
        work.of(Gadget).save(other.evolve(rank=1))
    assert place.read(seen).version == 1
    assert place.read(other).rank == 1


def test_guard_twice_in_a_row_passes(place: Place) -> None:
    """Guarding leaves no trace that a later guard would trip over."""
    seen, other = place.add(place.gadget(), place.gadget(rank=0))
    for rank in (1, 2):
        with place.work() as work:
            work.guard(seen)
            work.of(Gadget).save(work.of(Gadget).get(other.id).evolve(rank=rank))
    assert place.read(other).rank == 2


def test_removed_guarded_record_refuses_the_commit(place: Place) -> None:
    """A record that is gone guards too."""
    seen, other = place.add(place.gadget(), place.gadget(rank=0))
    with place.work() as work:
        work.of(Gadget).remove(seen)
    with pytest.raises(Conflict), place.work() as work:
        work.guard(seen)
        work.of(Gadget).save(other.evolve(rank=1))


def test_interleaved_works_do_not_skew(place: Place) -> None:
    """Two works read both records and write one each: not both take effect."""
    first, second = place.add(place.gadget(rank=1), place.gadget(rank=1))
    outcomes = [_withdraw(place, first, second), _withdraw(place, second, first)]
    ranks = [place.read(first).rank, place.read(second).rank]
    assert sum(ranks) >= 1, (ranks, outcomes)


def _withdraw(place: Place, mine: Any, other: Any) -> str:
    """Take one from `mine` while both together hold more than one, as seen before."""
    try:
        with place.work() as work:
            work.guard(other)
            work.of(Gadget).save(mine.evolve(rank=0))
    except Conflict:
        return "conflict"
    return "done"


def test_counting_threads_lose_no_update(place: Place) -> None:
    """Eight threads add one a hundred times together, and a hundred is the sum."""
    [gadget] = place.add(place.gadget(rank=0))

    def add_one(work: Any) -> None:
        now = work.of(Gadget).get(gadget.id)
        work.of(Gadget).save(now.evolve(rank=now.rank + 1))

    def many(_thread: int) -> None:
        for _ in range(5):
            place.crm.run(add_one, by="tester", tenant=place.tenant, attempts=200)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(many, range(8)))
    assert place.read(gadget).rank == 40
    assert place.read(gadget).version == 41


def test_key_gives_one_effect(place: Place) -> None:
    """The second work with a key is refused with the first result."""
    with place.work(idempotency_key="k") as work:
        work.of(Gadget).add(place.gadget())
        work.result = {"made": 1}
    with pytest.raises(AlreadyDone) as caught, place.work(idempotency_key="k"):
        pass
    assert caught.value.result == {"made": 1}
    assert len(place.all()) == 1


def test_key_with_other_payload_is_refused(place: Place) -> None:
    """The same key for another call is a mistake of the caller."""
    with place.work(idempotency_key="k", payload={"a": 1}) as work:
        work.of(Gadget).add(place.gadget())
    with pytest.raises(IdempotencyMismatch), place.work(idempotency_key="k", payload={"a": 2}):
        pass


def test_key_belongs_to_its_actor(place: Place) -> None:
    """Two actors may use the same key."""
    for actor in ("li", "wang"):
        with place.work(by=actor, idempotency_key="k") as work:
            work.of(Gadget).add(place.gadget())
    assert len(place.all()) == 2


def test_key_of_failed_work_is_free(place: Place) -> None:
    """A work that failed has not used its key."""
    with pytest.raises(RuntimeError), place.work(idempotency_key="k") as work:
        work.of(Gadget).add(place.gadget())
        raise RuntimeError
    with place.work(idempotency_key="k") as work:
        work.of(Gadget).add(place.gadget())
    assert len(place.all()) == 1


def test_many_threads_with_one_key_have_one_effect(place: Place) -> None:
    """Sixteen calls with one key write one record, and all get its result."""

    def make(work: Any) -> Any:
        return work.of(Maker).add(Maker(id=work.new_id(), name="Ada"))

    def call(_thread: int) -> Any:
        return place.crm.run(
            make, by="tester", tenant=place.tenant, attempts=100, idempotency_key="once"
        )

    with ThreadPoolExecutor(8) as pool:
        makers = list(pool.map(call, range(16)))
    assert len({maker.id for maker in makers}) == 1
    assert len(place.all(Maker)) == 1


def test_store_itself_refuses_a_stale_version(place: Place) -> None:
    """The condition on the version is the store's own, and it names the record."""
    [gadget] = place.add(place.gadget(rank=0))
    place.change(gadget, rank=1)
    session = place.crm.storage.session(place.tenant)
    stale = gadget.replaced(rank=2, version=2)
    try:
        with pytest.raises(VersionConflict) as caught:
            session.save_many(place.crm.registry[Gadget], [stale], [1])
    finally:
        session.rollback()
    assert caught.value.record_id == gadget.id
    assert place.read(gadget).rank == 1


def test_overlapping_saves_of_one_record_are_not_both_done(place: Place) -> None:
    """Two transactions overlap and save one version: one of them is refused."""
    [gadget] = place.add(place.gadget(rank=0))
    spec = place.crm.registry[Gadget]
    saved, tried = Event(), Event()

    def first() -> str:
        session = place.crm.storage.session(place.tenant)
        try:
            session.save_many(spec, [gadget.replaced(rank=1, version=2)], [1])
            saved.set()
            tried.wait(timeout=0.5)
            session.commit()
        except Conflict:
            session.rollback()
            return "refused"
        return "done"

    def second() -> str:
        saved.wait(timeout=10)
        session = None
        try:
            session = place.crm.storage.session(place.tenant)
            session.save_many(spec, [gadget.replaced(rank=2, version=2)], [1])
            tried.set()
            session.commit()
        except Conflict:
            tried.set()
            if session is not None:
                session.rollback()
            return "refused"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(each.result() for each in (pool.submit(first), pool.submit(second)))
    assert outcomes == ["done", "refused"]
