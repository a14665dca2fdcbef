"""Part E: a unit of work commits whole or not at all, and sees its own writes."""

import pytest

from crmkit.domain.changes import Change, Changeset, Operation
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.where import where
from crmkit.errors import (
    Conflict,
    Duplicate,
    InvalidValue,
    NotFound,
    Refused,
    StoreClosed,
    UnknownEntity,
    VersionConflict,
    WrongType,
)
from crmkit.testing.sample import Colour, Gadget, Maker
from crmkit.testing.storage.harness import Place


def test_new_record_is_at_version_one_with_its_marks(place: Place) -> None:
    """The first save fills in tenant, version and the marks of creation."""
    [gadget] = place.add(place.gadget())
    assert (gadget.version, gadget.tenant, gadget.created_by) == (1, place.tenant, "tester")
    assert gadget.created_at == gadget.updated_at is not None


def test_save_moves_the_version_by_one(place: Place) -> None:
    """A change is version 2, with its own marks."""
    [gadget] = place.add(place.gadget())
    with place.work(by="editor") as work:
        saved = work.of(Gadget).save(work.of(Gadget).get(gadget.id).evolve(name="new"))
    read = place.read(gadget)
    assert read == saved
    assert (read.version, read.updated_by, read.created_by) == (2, "editor", "tester")


def test_save_without_difference_writes_nothing(place: Place) -> None:
    """A record that did not change keeps its version."""
    [gadget] = place.add(place.gadget())
    with place.work() as work:
        assert work.of(Gadget).save(work.of(Gadget).get(gadget.id)).version == 1
    assert _changes(place) == [Operation.CREATED]


def test_exception_writes_nothing(place: Place) -> None:
    """An exception in the block undoes all of it."""
    with pytest.raises(RuntimeError), place.work() as work:
        work.of(Gadget).add(place.gadget())
        work.of(Maker).add(Maker(id=place.new_id(), name="Ada"))
        raise RuntimeError
    assert place.all() == []
    assert place.all(Maker) == []
    assert _changes(place) == []


def test_refusal_undoes_what_was_written_before_it(place: Place) -> None:
    """The third of three writes fails, and the first two are gone."""
    place.add(place.gadget(code="taken"))
    with pytest.raises(Duplicate), place.work() as work:
        work.of(Gadget).add(place.gadget(code="a"))
        work.of(Gadget).add(place.gadget(code="b"))
        work.of(Gadget).add(place.gadget(code="taken"))
    assert [gadget.code for gadget in place.all()] == ["taken"]


def test_bulk_insert_is_all_or_nothing(place: Place) -> None:
    """One duplicate among many leaves none of them."""
    many = [place.gadget(code=f"c{at}") for at in range(120)]
    with pytest.raises(Duplicate), place.work() as work:
        work.of(Gadget).insert_many([*many, place.gadget(code="c7")])
    assert place.all() == []


def test_failed_work_refuses_further_calls(place: Place) -> None:
    """After an error of the store the work can only be rolled back."""
    place.add(place.gadget(code="taken"))
    with pytest.raises(Refused), place.work() as work:
        with pytest.raises(Duplicate):
            work.of(Gadget).add(place.gadget(code="taken"))
        work.of(Gadget).find()


def test_failed_work_does_not_commit(place: Place) -> None:
    """Swallowing the error does not save the rest of the work."""
    place.add(place.gadget(code="taken"))
    with pytest.raises(Refused), place.work() as work:
        work.of(Gadget).add(place.gadget(code="other"))
        with pytest.raises(Duplicate):
            work.of(Gadget).add(place.gadget(code="taken"))
    assert [gadget.code for gadget in place.all()] == ["taken"]


def test_work_sees_its_own_writes_everywhere(place: Place) -> None:
    """Get, find, count, summary and relations see what the work wrote before."""
    with place.work() as work:
        maker = work.of(Maker).add(Maker(id=place.new_id(), name="Ada"))
        gadget = work.of(Gadget).add(place.gadget(maker_id=maker.id, rank=5))
        f = where(Gadget)
        assert work.of(Gadget).get(gadget.id) == gadget
        assert work.of(Gadget).find(f.rank.eq(5)) == [gadget]
        assert work.of(Gadget).count() == 1
        assert work.of(Gadget).find(f.maker_id.exists(Maker)) == [gadget]
        changed = work.of(Gadget).save(gadget.evolve(rank=6))
        assert work.of(Gadget).find(f.rank.eq(5)) == []
        assert work.of(Gadget).find(f.rank.eq(6)) == [changed]


def test_other_works_see_nothing_before_the_commit(place: Place) -> None:
    """Uncommitted writes are nobody else's business."""
    work = place.work()
    work.of(Gadget).add(place.gadget())
    with place.work(read_only=True) as other:
        assert other.of(Gadget).count() == 0
    work.commit()
    assert len(place.all()) == 1


def test_removed_record_leaves_and_comes_back(place: Place) -> None:
    """Remove hides, restore brings back; both are versions."""
    [gadget] = place.add(place.gadget())
    with place.work() as work:
        removed = work.of(Gadget).remove(work.of(Gadget).get(gadget.id))
    assert removed.deleted_at is not None
    assert place.all() == []
    with place.work() as work:
        restored = work.of(Gadget).restore(work.of(Gadget).get(gadget.id, removed=True))
    assert restored.version == 3
    assert place.all() == [restored]
    assert _changes(place) == [Operation.CREATED, Operation.REMOVED, Operation.RESTORED]


def test_removed_record_is_not_got(place: Place) -> None:
    """A removed record is not found by its id, unless asked for."""
    [gadget] = place.add(place.gadget())
    with place.work() as work:
        work.of(Gadget).remove(work.of(Gadget).get(gadget.id))
    with place.work() as work, pytest.raises(NotFound):
        work.of(Gadget).get(gadget.id)


def test_unknown_id_is_not_found(place: Place) -> None:
    """An id without a record is NotFound."""
    with place.work() as work, pytest.raises(NotFound):
        work.of(Gadget).get(place.new_id())


def test_wrong_id_type_is_refused(place: Place) -> None:
    """Text is not an id."""
    with place.work() as work, pytest.raises(WrongType):
        work.of(Gadget).get("01a2")  # type: ignore[arg-type]


def test_record_of_another_class_is_refused(place: Place) -> None:
    """A maker is not added to the gadgets."""
    with place.work() as work, pytest.raises(WrongType):
        work.of(Gadget).add(Maker(id=place.new_id(), name="x"))  # type: ignore[arg-type]


def test_unregistered_entity_is_refused(place: Place) -> None:
    """A class that was not registered has no records."""
    from crmkit.domain.aggregate import Aggregate
    from crmkit.domain.entity import entity

    stranger = entity("stranger")(type("Stranger", (Aggregate,), {}))
    with place.work() as work, pytest.raises(UnknownEntity):
        work.of(stranger)


def test_ended_work_refuses_calls(place: Place) -> None:
    """After the commit the work is over."""
    with place.work() as work:
        work.of(Gadget).add(place.gadget())
    with pytest.raises(StoreClosed):
        work.of(Gadget).count()


def test_read_only_work_writes_nothing(place: Place) -> None:
    """A work that was opened to read refuses to write."""
    with pytest.raises(Refused), place.work(read_only=True) as work:
        work.of(Gadget).add(place.gadget())
    assert place.all() == []


def test_saved_record_cannot_be_added(place: Place) -> None:
    """Adding what was saved before is refused with the way out."""
    [gadget] = place.add(place.gadget())
    with place.work() as work, pytest.raises(InvalidValue) as caught:
        work.of(Gadget).add(gadget)
    assert "save" in caught.value.fix


def test_new_record_cannot_be_saved(place: Place) -> None:
    """Saving what was never added is a conflict."""
    with pytest.raises(VersionConflict), place.work() as work:
        work.of(Gadget).save(place.gadget())


def test_change_log_tells_who_what_and_why(place: Place) -> None:
    """Every commit is one changeset with its changes, before and after."""
    [gadget] = place.add(place.gadget(name="old"))
    with place.work(by="editor", reason="typo") as work:
        work.of(Gadget).save(work.of(Gadget).get(gadget.id).evolve(name="new"))
    last = place.rows(Change)[-1]
    assert (last.before, last.after) == ({"name": "old"}, {"name": "new"})
    assert (last.entity, last.record_id, last.record_version) == ("gadget", gadget.id, 2)
    sets = {row.id: row for row in place.rows(Changeset)}
    assert (sets[last.changeset_id].by, sets[last.changeset_id].reason) == ("editor", "typo")


def test_two_saves_in_one_work_are_two_versions(place: Place) -> None:
    """Each save is a version of its own, in order."""
    [gadget] = place.add(place.gadget(rank=0))
    with place.work() as work:
        one = work.of(Gadget).save(work.of(Gadget).get(gadget.id).evolve(rank=1))
        work.of(Gadget).save(one.evolve(rank=2))
    assert [row.record_version for row in place.rows(Change)] == [1, 2, 3]


def test_events_are_not_kept_with_the_record(place: Place) -> None:
    """A saved record carries no event, and reads back without one."""
    [gadget] = place.add(place.gadget())
    with place.work() as work:
        saved = work.of(Gadget).save(work.of(Gadget).get(gadget.id).paint(Colour.RED))
    assert saved.events == ()
    assert place.read(gadget).events == ()


def test_rehearsal_tells_everything_and_keeps_nothing(place: Place) -> None:
    """A rehearsal goes the whole way, tells the difference, and nothing is there."""
    with place.crm.rehearse(by="tester", tenant=place.tenant) as work:
        work.of(Gadget).add(place.gadget(name="maybe"))
        assert work.of(Gadget).count() == 1
    assert [change.after["name"] for change in work.changes] == ["maybe"]
    assert place.all() == []
    assert _changes(place) == []


def test_bulk_save_is_guarded_record_by_record(place: Place) -> None:
    """One stale record among many refuses the whole save."""
    gadgets = place.add(*(place.gadget(rank=at) for at in range(30)))
    with place.work() as work:
        work.of(Gadget).save(gadgets[7].evolve(name="moved"))
    with pytest.raises(Conflict), place.work() as work:
        work.of(Gadget).save_many(gadget.evolve(series="s") for gadget in gadgets)
    assert all(gadget.series is None for gadget in place.all())


def test_upsert_creates_updates_and_leaves_alone(place: Place) -> None:
    """By a declared key new records come, known ones change, equal ones stay."""
    place.add(place.gadget(code="same", name="s"), place.gadget(code="old", name="o"))
    pairs = (("same", "s"), ("old", "x"), ("new", "n"))
    given = [place.gadget(code=code, name=name) for code, name in pairs]
    with place.work() as work:
        results = work.of(Gadget).upsert_many(given, [where(Gadget).code])
    assert [str(result.outcome) for result in results] == ["unchanged", "updated", "created"]
    assert sorted(gadget.name for gadget in place.all()) == ["n", "s", "x"]


def test_row_that_was_deleted_can_be_written_again(place: Place) -> None:
    """Within one transaction a row goes and another comes under its id; every field is replaced."""
    [gadget] = place.add(place.gadget(name="old", code="only"))
    spec = spec_of(Gadget)
    session = place.crm.storage.session(place.tenant)
    session.delete_many(spec, [gadget.id])
    session.insert_many(spec, [gadget.replaced(name="new", created_by="somebody")])
    session.commit()
    assert (place.read(gadget).name, place.read(gadget).created_by) == ("new", "somebody")
    again = gadget.replaced(version=gadget.version + 1, created_by="nobody")
    session = place.crm.storage.session(place.tenant)
    session.save_many(spec, [again], [gadget.version])
    session.commit()
    assert place.read(gadget) == again


def _changes(place: Place) -> list[Operation]:
    return [row.operation for row in place.rows(Change)]
