"""Part I: a tenant sees, finds, counts and changes nothing of another."""

import pytest

from crmkit.crm import CRM
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.summary import Summary, by, count
from crmkit.domain.filters.where import where
from crmkit.errors import InvalidValue, NotFound, WrongType
from crmkit.testing.sample import Gadget, Maker
from crmkit.testing.storage.harness import Place


@pytest.fixture
def foreign(crm: CRM, place: Place) -> Place:
    """Give another tenant with a maker and a gadget of its own."""
    other = Place(crm, f"{place.tenant}-foreign")
    [maker] = other.add(Maker(id=other.new_id(), name="Ada"))
    other.add(other.gadget(name="theirs", code="x", rank=1, maker_id=maker.id, tags=("hot",)))
    return other


def test_get_finds_nothing_of_another_tenant(place: Place, foreign: Place) -> None:
    """Another tenant's id is not found."""
    with place.work() as work, pytest.raises(NotFound):
        work.of(Gadget).get(foreign.all()[0].id)


def test_lists_hold_nothing_of_another_tenant(place: Place, foreign: Place) -> None:
    """Find, stream, page, count, columns and exists are blind to other tenants."""
    f = where(Gadget)
    with place.work() as work:
        gadgets = work.of(Gadget)
        assert gadgets.find() == []
        assert gadgets.find(f.tags.has_any(["hot"])) == []
        assert gadgets.find(~f.name.eq("nothing")) == []
        assert gadgets.find(removed=True) == []
        assert list(gadgets.stream()) == []
        assert gadgets.page().items == ()
        assert gadgets.count() == 0
        assert not gadgets.exists()
        assert list(gadgets.columns([f.name])) == []
    assert len(foreign.all()) == 1


def test_tenant_field_does_not_open_the_wall(place: Place, foreign: Place) -> None:
    """Asking for another tenant by name finds nothing."""
    with place.work() as work:
        assert work.of(Gadget).find(where(Gadget).tenant.eq(foreign.tenant)) == []


def test_summaries_count_nothing_of_another_tenant(place: Place, foreign: Place) -> None:
    """A report stays within the tenant."""
    summary = Summary(
        spec=spec_of(Gadget), by={"name": by(where(Gadget).name)}, measures={"n": count()}
    )
    with place.work() as work:
        assert work.of(Gadget).summarise(summary) == []


def test_relations_do_not_cross(place: Place, foreign: Place) -> None:
    """A relation leads to records of the same tenant only."""
    with place.work() as work:
        assert work.of(Maker).find(where(Maker)["id"].exists(Maker)) == []


def test_reference_to_another_tenant_is_refused(place: Place, foreign: Place) -> None:
    """A record cannot refer across the wall."""
    with pytest.raises(NotFound):
        place.add(place.gadget(maker_id=foreign.all(Maker)[0].id))


def test_record_of_another_tenant_is_not_saved(place: Place, foreign: Place) -> None:
    """A record that was read there is refused here, and stays as it was."""
    theirs = foreign.all()[0]
    with place.work() as work, pytest.raises(InvalidValue) as caught:
        work.of(Gadget).save(theirs.evolve(name="ours"))
    assert caught.value.path == "gadget.tenant"
    assert foreign.read(theirs).name == "theirs"


def test_record_of_another_tenant_is_not_added(place: Place, foreign: Place) -> None:
    """A record cannot be carried over the wall."""
    with place.work() as work, pytest.raises(InvalidValue):
        work.of(Gadget).add(foreign.all()[0].replaced(version=0))


def test_unique_values_are_per_tenant(place: Place, foreign: Place) -> None:
    """Two tenants may use the same unique value."""
    place.add(place.gadget(code="x"))
    assert len(place.all()) == 1


def test_ids_are_per_tenant(place: Place, foreign: Place) -> None:
    """The same id in another tenant is another record."""
    theirs = foreign.all()[0]
    place.add(place.gadget(name="ours").evolve(id=theirs.id))
    assert foreign.read(theirs).name == "theirs"
    assert place.read(theirs).name == "ours"


def test_custom_fields_are_per_tenant(place: Place, foreign: Place) -> None:
    """A field that another tenant defined does not exist here."""
    from crmkit.testing.population import define

    with foreign.work() as work:
        define(work)
    with place.work() as work:
        assert work.custom_fields(work.of(Gadget).spec) == {}


@pytest.mark.parametrize("tenant", ["", "  ", "x" * 64, "nul\x00", "\ud800"])
def test_unlawful_tenant_is_refused(crm: CRM, tenant: str) -> None:
    """A tenant is a short name."""
    with pytest.raises(InvalidValue):
        crm.work(by="tester", tenant=tenant)


@pytest.mark.parametrize("tenant", [None, 5, b"x"])
def test_tenant_is_text(crm: CRM, tenant: object) -> None:
    """A tenant is a text."""
    with pytest.raises(WrongType):
        crm.work(by="tester", tenant=tenant)  # type: ignore[arg-type]


@pytest.mark.parametrize("tenant", ["聊城", "a'b", 'a"b', "a;b", "{$ne:1}", "a\nb", "%"])
def test_odd_tenant_names_are_just_names(crm: CRM, tenant: str) -> None:
    """A tenant's name is never taken for anything else."""
    odd = Place(crm, tenant)
    [gadget] = odd.add(odd.gadget(name="here"))
    assert odd.read(gadget).name == "here"
    assert odd.read(gadget).tenant == tenant
