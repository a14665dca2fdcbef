"""MongoDB keeps no document above 16 MB; a record that needs more is refused, and nothing stays."""

import pytest

from crmkit.crm import CRM
from crmkit.domain.changes import Change
from crmkit.domain.entity import spec_of
from crmkit.errors import OutOfRange, Refused
from crmkit.ports import Ask
from crmkit.testing.sample import ENTITIES, Gadget
from crmkit.testing.storage.harness import Place

MEGABYTE = "x" * 1_000_000
TOO_MUCH, MORE_THAN_HALF, FEW = 17, 9, 4


@pytest.fixture
def place(fresh_mongo):
    """Give an empty CRM on MongoDB."""
    with CRM.open(fresh_mongo, entities=ENTITIES) as crm:
        crm.schema.apply()
        yield Place(crm, "t")


def stored(place):
    """Bring all gadgets and changes."""
    session = place.crm.storage.session("t", read_only=True)
    try:
        return [
            [one for batch in session.find(spec_of(cls), Ask()) for one in batch]
            for cls in (Gadget, Change)
        ]
    finally:
        session.rollback()


def large(megabytes):
    """Make labels of a length that no rule of the fields refuses."""
    return {f"l{at}": MEGABYTE for at in range(megabytes)}


@pytest.mark.parametrize("count", [1, 3])
def test_too_large_record_is_refused_when_added(place, count):
    """The entity and the way out are named, the work is dead, nothing was written."""
    gadgets = [place.gadget() for _ in range(count - 1)] + [place.gadget(labels=large(TOO_MUCH))]
    with place.work() as work:
        with pytest.raises(OutOfRange) as caught:
            work.of(Gadget).insert_many(gadgets)
        assert caught.value.path == "gadget"
        assert caught.value.fix
        with pytest.raises(Refused):
            work.of(Gadget).find()
        work.rollback()
    assert stored(place) == [[], []]


@pytest.mark.parametrize("count", [1, 3])
def test_too_large_record_is_refused_when_saved(place, count):
    """A save that would not fit leaves every record as it was."""
    kept = place.add(*(place.gadget() for _ in range(count)))
    work = place.work()
    gadgets = [work.of(Gadget).get(one.id) for one in kept]
    gadgets[-1] = gadgets[-1].evolve(labels=large(TOO_MUCH))
    with pytest.raises(OutOfRange) as caught:
        work.of(Gadget).save_many(one.evolve(rank=at) for at, one in enumerate(gadgets))
    assert caught.value.path == "gadget"
    work.rollback()
    found, changes = stored(place)
    assert {one.version for one in found} == {1}
    assert len(changes) == count


def test_record_whose_change_is_too_large_is_refused(place):
    """When what was and what is do not fit into one entry of the log, nothing is written."""
    (kept,) = place.add(place.gadget(labels=large(MORE_THAN_HALF)))
    with pytest.raises(OutOfRange) as caught, place.work() as work:
        gadget = work.of(Gadget).get(kept.id)
        changed = {f"{code}x": text for code, text in gadget.labels.items()}
        work.of(Gadget).save(gadget.evolve(labels=changed))
    assert caught.value.path == "change"
    assert [one.version for one in stored(place)[0]] == [1]


def test_one_work_may_be_larger_than_a_document(place):
    """The limit is that of a record: many of them may be committed together."""
    place.add(*(place.gadget(labels=large(FEW)) for _ in range(8)))
    found = stored(place)[0]
    assert len(found) == 8
