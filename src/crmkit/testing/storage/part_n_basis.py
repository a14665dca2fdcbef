"""Part N: what a decision rests on is confirmed at the commit, or stays where one is alone."""

from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from typing import Any

from crmkit.errors import Conflict
from crmkit.ports import Session
from crmkit.testing.sample import Gadget
from crmkit.testing.storage.harness import Place


def test_confirmed_basis_that_moved_is_refused(place: Place) -> None:
    """What a permission rests on is confirmed at its version of now, not at an older one."""
    [basis] = place.add(place.gadget(rank=0))
    place.change(basis, rank=1)
    assert not _is_confirmed(place, basis.id)


def test_confirmed_basis_that_stayed_lets_the_commit_pass(place: Place) -> None:
    """Confirming passes when nothing moved, and moves no version itself."""
    [basis] = place.add(place.gadget())
    assert _is_confirmed(place, basis.id)
    assert place.read(basis).version == 1


def test_confirmed_basis_that_is_absent_is_refused(place: Place) -> None:
    """What is not there confirms nothing."""
    assert not _is_confirmed(place, place.new_id())


def test_confirmed_basis_that_moves_meanwhile_is_refused(place: Place) -> None:
    """A work that began before the basis moved notices it; that nobody may move it is right too."""
    [basis] = place.add(place.gadget(rank=0))
    moved = Event()

    def move() -> None:
        place.run(lambda work: work.of(Gadget).save(work.of(Gadget).get(basis.id).evolve(rank=1)))
        moved.set()

    with ThreadPoolExecutor(1) as pool:
        session = place.crm.storage.session(place.tenant)
        session.get_many(place.crm.registry[Gadget], [basis.id])
        moving = pool.submit(move)
        has_moved = moved.wait(timeout=0.3)
        is_confirmed = _is_confirmed(place, basis.id, session)
        moving.result()
    assert not (has_moved and is_confirmed)
    assert place.read(basis).rank == 1


def _is_confirmed(place: Place, record_id: Any, session: Session | None = None) -> bool:
    """Confirm a record at its first version, and commit."""
    session = session or place.crm.storage.session(place.tenant)
    try:
        session.confirm(place.crm.registry[Gadget], {record_id: 1})
        session.commit()
    except Conflict:
        session.rollback()
        return False
    return True


def test_what_a_work_reads_stays_where_it_is_alone(place: Place) -> None:
    """A session that says it is alone lets nobody write what it has read before its end."""
    [seen] = place.add(place.gadget(rank=0))
    tried = Event()

    def change() -> None:
        tried.set()
        place.run(_rank_one, seen)

    with ThreadPoolExecutor(1) as pool, place.work() as work:
        work.of(Gadget).get(seen.id)
        if work.is_alone:
            changed = pool.submit(change)
            tried.wait(timeout=10)
            wait([changed], timeout=0.2)
            assert place.read(seen).rank == 0
    assert not tried.is_set() or place.read(seen).rank == 1


def _rank_one(work: Any, record: Any) -> None:
    work.of(Gadget).save(work.of(Gadget).get(record.id).evolve(rank=1))
