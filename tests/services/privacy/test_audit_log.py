"""The audit log: written with the work or after its denial, sealed, and walked along."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.lowered import All
from crmkit.domain.privacy.audit import AuditEntry, AuditKind, AuditSeal, Head, Salted
from crmkit.domain.privacy.chain import ChainReport
from crmkit.errors import NotPermitted
from crmkit.ports import Action, Clearance
from crmkit.services import parties
from crmkit.services.access.policies import apply_policy
from crmkit.services.exports import export
from crmkit.services.log_rows import transaction
from crmkit.services.privacy.audit_log import audit_entries
from crmkit.testing.storage.harness import Place
from crmkit.work import UnitOfWork
from crmkit.work.auditing import write_down
from crmkit.work.clearance import OpenClearance

FORBIDDEN = Action("forbidden:call", "Do what nobody may", zh="禁止的操作")
READ_SALARY = Action("salary:read", "Read a salary", zh="查看薪资")
ENTRY, SEAL = spec_of(AuditEntry), spec_of(AuditSeal)


class NoClearance(OpenClearance):
    """Permits nothing."""

    def permit(self, action: Action, record: Any) -> None:
        """Refuse."""
        raise NotPermitted("not by you", path=action.name)


class Nobody:
    """An access that permits nothing."""

    def enter(self, work: UnitOfWork) -> Clearance:
        """Return what the actor may do."""
        return NoClearance()


def note(work: UnitOfWork, number: int = 0) -> AuditEntry:
    """Write an entry."""
    return write_down(
        work,
        AuditKind.PRIVILEGED_READ,
        READ_SALARY,
        about=["user:1"],
        payload={"number": number},
    )


def noted(place: Place, count: int = 1) -> list[AuditEntry]:
    """Write several entries, each in a work of its own."""
    return [place.run(note, number) for number in range(count)]


def forge(place: Place, entry: AuditEntry, **changes: Any) -> None:
    """Change a row as somebody with a hand on the database would."""
    with transaction(place.crm.storage, place.tenant) as session:
        session.save_many(ENTRY, [attrs.evolve(entry, **changes)], [entry.version])


def reseal(place: Place, old: AuditSeal, *new: AuditSeal) -> None:
    """Put other seals in the place of one."""
    with transaction(place.crm.storage, place.tenant) as session:
        session.delete_many(SEAL, [old.id])
    with transaction(place.crm.storage, place.tenant) as session:
        session.insert_many(SEAL, list(new))


def take_away(place: Place, entry: AuditEntry) -> None:
    """Delete a row."""
    with transaction(place.crm.storage, place.tenant) as session:
        session.delete_many(ENTRY, [entry.id])


def seal(place: Place) -> int:
    """Seal what waits."""
    return place.crm.audit.seal(place.tenant)


def verify(place: Place, head: Head | None = None) -> ChainReport:
    """Walk along the chain."""
    return place.crm.audit.verify(place.tenant, head=head)


def test_an_entry_commits_with_its_work(place: Place) -> None:
    """It is there when the work is, with its kind, action, subject and payload; else it is not."""
    with pytest.raises(RuntimeError), place.work() as work:
        note(work)
        raise RuntimeError
    assert place.rows(AuditEntry) == []
    [made] = noted(place)
    [kept] = place.rows(AuditEntry)
    assert kept == made
    assert (kept.actor.value, kept.payload.value) == ("tester", {"number": 0})
    assert (kept.kind, kept.action) == (AuditKind.PRIVILEGED_READ, "salary:read")


def test_a_denial_is_written_down_after_the_work_is_gone(place: Place) -> None:
    """What the work wrote is forgotten, the denial is kept: who, what, on which record."""
    with place.work() as work:
        customer = parties.register_customer(work, "鲁西科技")
    with pytest.raises(NotPermitted), place.work(by="wang") as work:
        parties.register_customer(work, "forgotten")
        work.permit(FORBIDDEN, on=customer)
    [denial] = place.rows(AuditEntry)
    assert (denial.kind, denial.action) == (AuditKind.DENIAL, "forbidden:call")
    assert (denial.actor.value, denial.payload.value) == ("wang", {"path": "forbidden:call"})
    assert denial.subjects == (f"customer:{customer.id}",)
    with place.work() as work:
        assert work.customers.count() == 1


@pytest.mark.parametrize("opened", ["work", "rehearse", "read_only"])
def test_a_denial_that_ends_no_work_is_written_down_too(near: Place, opened: str) -> None:
    """Who tries and goes on is seen, also in a rehearsal and in a work that only reads."""
    works: dict[str, Callable[[], UnitOfWork]] = {
        "work": near.work,
        "rehearse": lambda: near.crm.rehearse(by="li", tenant=near.tenant),
        "read_only": lambda: near.work(read_only=True),
    }
    with works[opened]() as work, pytest.raises(NotPermitted):
        work.permit(FORBIDDEN)
    assert [entry.action for entry in near.rows(AuditEntry)] == ["forbidden:call"]


def test_a_denial_from_elsewhere_is_written_down(near: Place) -> None:
    """A refusal that did not come from `permit` is one entry, one that did is not written twice."""
    with pytest.raises(NotPermitted), near.work():
        raise NotPermitted("a field is hidden", path="deal.value")
    with pytest.raises(NotPermitted), near.work() as work:
        work.permit(FORBIDDEN)
    assert [entry.action for entry in near.rows(AuditEntry)] == ["work:end", "forbidden:call"]
    assert near.rows(AuditEntry)[0].payload.value == {"path": "deal.value"}


def test_a_denial_inside_a_transaction_of_the_host_goes_with_it(fresh_sqlite: str) -> None:
    """It is kept when the host commits, as no other transaction could get through."""
    from sqlalchemy import create_engine

    engine = create_engine(fresh_sqlite)
    with CRM.open(engine, plugin_names=(), access=Nobody()) as crm:
        crm.schema.apply()
        with engine.begin() as connection:
            work = crm.work(by="li", tenant="acme", join=connection)
            with pytest.raises(NotPermitted), work:
                work.permit(FORBIDDEN)
        denials = Place(crm, "acme").rows(AuditEntry)
        assert [entry.action for entry in denials] == ["forbidden:call"]
    engine.dispose()


def test_what_a_work_did_that_only_reads_is_written_when_it_is_over(place: Place) -> None:
    """It cannot be written in its transaction, so it has one of its own, however the work ends."""
    with place.work(read_only=True) as work:
        note(work, 1)
    with pytest.raises(RuntimeError), place.work(read_only=True) as work:
        note(work, 2)
        raise RuntimeError
    assert [entry.payload.value["number"] for entry in place.rows(AuditEntry)] == [1, 2]


def test_an_export_of_records_is_written_down(near: Place, tmp_path: Path) -> None:
    """Who exported which records of what kind is kept, also from a work that only reads."""
    place = near
    with place.work() as work:
        parties.register_customer(work, "鲁西科技")
    with place.work(by="li", read_only=True) as work:
        assert export(work, "customer", tmp_path / "out.csv", where={"all": []}) == 1
    [entry] = place.rows(AuditEntry)
    assert (entry.kind, entry.action, entry.actor.value) == (
        AuditKind.EXPORT,
        "record:export",
        "li",
    )
    assert entry.payload.value == {"entity": "customer", "where": {"all": []}}


def test_a_change_of_policy_is_written_down(near: Place) -> None:
    """Every policy that comes into force leaves an entry with its version."""
    for _ in range(2):
        near.run(apply_policy, STANDARD)
    entries = near.rows(AuditEntry)
    assert {entry.kind for entry in entries} == {AuditKind.POLICY_CHANGE}
    assert entries[0].payload.value == {"version": 1}


def test_entries_are_found_by_kind_and_record(place: Place) -> None:
    """The newest come first; a tenant sees its own."""
    noted(place, 3)
    noted(Place(place.crm, f"{place.tenant}-other"))
    with place.work() as work:
        found = audit_entries(work, kind=AuditKind.PRIVILEGED_READ, about="user:1", limit=2)
        assert [entry.payload.value["number"] for entry in found] == [2, 1]
        assert audit_entries(work, kind=AuditKind.EXPORT) == []
        assert audit_entries(work, about="user:2") == []
        assert len(audit_entries(work)) == 3


def test_a_sealed_chain_holds(place: Place) -> None:
    """Entries are sealed once, block after block, and an empty log holds too."""
    assert verify(place).holds
    noted(place, 2)
    assert seal(place) == 2
    assert seal(place) == 0
    noted(place, 1)
    waiting = verify(place)
    assert (waiting.entries, waiting.unsealed, waiting.holds) == (2, 1, True)
    assert place.crm.audit.seal_all() >= 1
    report = verify(place, waiting.head)
    assert (report.entries, report.unsealed, report.head.number) == (3, 0, 2)
    assert report.holds


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "salary:write"},
        {"subjects": ("user:2",)},
        {"payload": Salted.of({"number": 7}, "x")},
        {"actor": Salted.of("wang", "x")},
        {"kind": AuditKind.DENIAL},
        {"seal_number": 2},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_changed_entry_is_found(near: Place, changes: dict[str, Any]) -> None:
    """Whatever is changed of a sealed entry, the walk names it."""
    noted(near, 3)
    seal(near)
    victim = near.rows(AuditEntry)[1]
    forge(near, victim, **changes)
    report = verify(near)
    assert [(fault.seal_number, fault.entry_id) for fault in report.faults] == [(1, victim.id)]


def test_a_value_changed_under_its_digest_is_found(place: Place) -> None:
    """Who changes the value and leaves the digest is found out by the salt."""
    noted(place, 1)
    seal(place)
    [entry] = place.rows(AuditEntry)
    forge(place, entry, payload=attrs.evolve(entry.payload, value={"number": 8}))
    assert [fault.problem for fault in verify(place).faults] == ["the entry was changed"]


def test_a_removed_entry_is_found(place: Place) -> None:
    """The walk names the entry that is gone."""
    noted(place, 3)
    seal(place)
    gone = place.rows(AuditEntry)[2]
    with transaction(place.crm.storage, place.tenant) as session:
        session.delete_many(ENTRY, [gone.id])
    [fault] = verify(place).faults
    assert (fault.entry_id, fault.problem) == (gone.id, "the entry was removed")


def test_an_added_entry_is_found(near: Place) -> None:
    """An entry that claims a seal which does not list it is named, also beside a removed one."""
    noted(near, 3)
    seal(near)
    first = near.rows(AuditEntry)[0]
    forged = attrs.evolve(first, id=UUID(int=first.id.int + 1), version=1)
    with transaction(near.crm.storage, near.tenant) as session:
        session.insert_many(ENTRY, [forged])
        session.delete_many(ENTRY, [first.id])
    told = {fault.entry_id: fault.problem for fault in verify(near).faults}
    assert told == {first.id: "the entry was removed", forged.id: "the entry was added"}


def test_reordered_and_missing_seals_are_found(near: Place) -> None:
    """A seal that is taken out, changed or put elsewhere breaks the chain where it was."""
    for _ in range(3):
        noted(near, 1)
        seal(near)
    _first, second, third = near.rows(AuditSeal)
    reseal(near, second)
    assert verify(near).faults[0].problem == "the seal is missing"
    reseal(near, third, attrs.evolve(third, number=2), attrs.evolve(second, number=3))
    problems = {fault.problem for fault in verify(near).faults}
    assert {"the seal does not follow the one before it", "the seal was changed"} <= problems


def test_entries_swapped_within_a_seal_are_found(near: Place) -> None:
    """The order within a block is sealed too."""
    noted(near, 2)
    seal(near)
    [only] = near.rows(AuditSeal)
    reseal(near, only, attrs.evolve(only, entries=list(reversed(only.entries))))
    assert [fault.problem for fault in verify(near).faults] == ["the seal was changed"]


def test_a_chain_that_was_cut_off_or_made_anew_is_found_by_its_kept_head(near: Place) -> None:
    """Without the head the shorter chain holds; with it the cut is told."""
    noted(near, 1)
    seal(near)
    noted(near, 1)
    seal(near)
    head = verify(near).head
    last_seal, last_entry = near.rows(AuditSeal)[1], near.rows(AuditEntry)[1]
    reseal(near, last_seal)
    with transaction(near.crm.storage, near.tenant) as session:
        session.delete_many(ENTRY, [last_entry.id])
    assert verify(near).holds
    [fault] = verify(near, head).faults
    assert fault.problem == "the chain does not lead to the kept head"
    assert not verify(near, Head(1, "0" * 64)).holds


def test_an_erased_payload_leaves_the_chain_whole(place: Place) -> None:
    """Value and salt are gone, the digest stays, and the walk counts the entry as erased."""
    noted(place, 2)
    seal(place)
    entry = place.rows(AuditEntry)[0]
    gone = entry.erased(at=place.crm.clock.now(), actor=True)
    with transaction(place.crm.storage, place.tenant) as session:
        session.save_many(ENTRY, [gone], [entry.version])
    report = verify(place)
    assert (report.holds, report.erased) == (True, 1)
    kept = place.rows(AuditEntry)[0]
    assert (kept.payload.value, kept.payload.salt, kept.actor.value) == (None, "", None)


def test_eight_workers_write_while_two_seal(place: Place) -> None:
    """No entry waits for another, none is left out, none is sealed twice."""
    seal(place)

    def write(_worker: int) -> None:
        for number in range(10):
            place.run(note, number, attempts=50)

    def seal_often(_worker: int) -> int:
        return sum(seal(place) for _ in range(6))

    with ThreadPoolExecutor(10) as pool:
        writers = [pool.submit(write, worker) for worker in range(8)]
        sealers = [pool.submit(seal_often, worker) for worker in range(2)]
        for each in writers:
            each.result()
        sealed = sum(each.result() for each in sealers)
    sealed += seal(place)
    report = verify(place)
    assert (sealed, report.entries, report.unsealed, report.faults) == (80, 80, 0, ())


def test_a_work_that_is_refused_at_its_start_holds_nothing(fresh_sqlite: str) -> None:
    """Its transaction is given back at once, so that the next one need not wait for it."""

    class Closed:
        """An access that lets nobody in."""

        def enter(self, work: UnitOfWork) -> Clearance:
            """Refuse."""
            raise NotPermitted("closed for today", path="actor")

    with CRM.open(fresh_sqlite, plugin_names=(), access=Closed()) as crm:
        crm.schema.apply()
        with pytest.raises(NotPermitted) as kept:
            crm.work(by="li", tenant="acme")
        with transaction(crm.storage, "acme") as session:
            assert session.count(ENTRY, All()) == 0
        assert kept.tb is not None
