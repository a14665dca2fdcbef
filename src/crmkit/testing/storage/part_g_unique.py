"""Part G: unique among live records of one tenant, references to live records."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from crmkit.domain.custom_fields import CustomField, CustomFieldId, FieldKind
from crmkit.errors import Conflict, CrmkitError, Duplicate, InvalidValue, NotFound, UnknownField
from crmkit.testing.sample import Gadget, Maker, MakerId
from crmkit.testing.storage.harness import Place


def test_unique_value_is_taken_once(place: Place) -> None:
    """A second live record with the value is refused, naming entity and field."""
    place.add(place.gadget(code="x"))
    with pytest.raises(Duplicate) as caught:
        place.add(place.gadget(code="x"))
    assert (caught.value.entity, caught.value.fields) == ("gadget", ("code",))


def test_missing_values_are_never_duplicates(place: Place) -> None:
    """Any number of records may lack the value."""
    place.add(place.gadget(), place.gadget(), place.gadget())
    assert len(place.all()) == 3


def test_empty_text_is_a_value(place: Place) -> None:
    """Empty text is not missing, so it is taken once."""
    place.add(place.gadget(code=""))
    with pytest.raises(Duplicate):
        place.add(place.gadget(code=""))


def test_rule_of_two_fields_needs_both(place: Place) -> None:
    """Only the same pair is a duplicate, and a half-missing pair never is."""
    place.add(place.gadget(series="s", rank=1), place.gadget(series="s", rank=2))
    place.add(place.gadget(series="s"), place.gadget(series="s"), place.gadget(rank=1))
    with pytest.raises(Duplicate) as caught:
        place.add(place.gadget(series="s", rank=1))
    assert set(caught.value.fields) == {"series", "rank"}


@pytest.mark.parametrize("name", ["ada", "ADA", "Ａｄａ"])
def test_folded_rule_ignores_case_and_width(place: Place, name: str) -> None:
    """A folded rule compares as people read."""
    place.add(Maker(id=place.new_id(), name="Ada"))
    with pytest.raises(Duplicate):
        place.add(Maker(id=place.new_id(), name=name))


def test_exact_rule_minds_case(place: Place) -> None:
    """A rule that is not folded compares exactly."""
    place.add(place.gadget(code="x"), place.gadget(code="X"), place.gadget(code="x "))
    assert len(place.all()) == 3


def test_removal_frees_the_value(place: Place) -> None:
    """A removed record holds no unique value."""
    [gadget] = place.add(place.gadget(code="x"))
    with place.work() as work:
        work.of(Gadget).remove(gadget)
    place.add(place.gadget(code="x"))
    assert len(place.all()) == 1


def test_restoring_into_a_taken_place_is_refused(place: Place) -> None:
    """A record comes back only when its unique values are free."""
    [gadget] = place.add(place.gadget(code="x"))
    with place.work() as work:
        removed = work.of(Gadget).remove(gadget)
    place.add(place.gadget(code="x"))
    with pytest.raises(Duplicate), place.work() as work:
        work.of(Gadget).restore(removed)


def test_change_into_a_taken_value_is_refused(place: Place) -> None:
    """A save may make a duplicate too."""
    place.add(place.gadget(code="x"))
    [other] = place.add(place.gadget(code="y"))
    with pytest.raises(Duplicate), place.work() as work:
        work.of(Gadget).save(other.evolve(code="x"))
    assert place.read(other).code == "y"


def test_value_given_up_is_free(place: Place) -> None:
    """What one record gave up, another may take."""
    [gadget] = place.add(place.gadget(code="x"))
    with place.work() as work:
        work.of(Gadget).save(gadget.evolve(code="y"))
    place.add(place.gadget(code="x"))
    assert sorted(one.code for one in place.all()) == ["x", "y"]


def test_same_id_in_one_tenant_is_a_duplicate(place: Place) -> None:
    """An id names one record."""
    [gadget] = place.add(place.gadget())
    with pytest.raises(Duplicate) as caught:
        place.add(place.gadget().evolve(id=gadget.id))
    assert caught.value.fields == ("id",)


def test_duplicate_never_tells_of_the_other_record(place: Place) -> None:
    """The error speaks of fields, not of what somebody else wrote."""
    place.add(place.gadget(code="x", name="secret"))
    with pytest.raises(Duplicate) as caught:
        place.add(place.gadget(code="x"))
    assert "secret" not in str(caught.value)


def test_racing_inserts_leave_one(place: Place) -> None:
    """Of eight threads with one value, one wins and seven are told."""

    def insert(_thread: int) -> str:
        try:
            place.add(place.gadget(code="race"))
        except (Duplicate, Conflict) as refused:
            return type(refused).__name__
        return "done"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(insert, range(8)))
    assert outcomes.count("done") == 1
    assert len(place.all()) == 1


def test_reference_leads_to_a_live_record(place: Place) -> None:
    """A reference to nobody is refused, naming the field."""
    with pytest.raises(NotFound) as caught:
        place.add(place.gadget(maker_id=place.new_id()))
    assert caught.value.path == "gadget.maker_id"


def test_reference_to_a_removed_record_is_refused(place: Place) -> None:
    """A removed record is nobody to refer to."""
    [maker] = place.add(Maker(id=place.new_id(), name="Ada"))
    with place.work() as work:
        work.of(Maker).remove(maker)
    with pytest.raises(NotFound):
        place.add(place.gadget(maker_id=maker.id))


def test_reference_may_be_made_in_the_same_work(place: Place) -> None:
    """A record may refer to one that was added just before."""
    with place.work() as work:
        maker = work.of(Maker).add(Maker(id=MakerId(work.new_id()), name="Ada"))
        work.of(Gadget).add(place.gadget(maker_id=maker.id))
    assert place.all()[0].maker_id == maker.id


def _define(place: Place, **more: object) -> None:
    with place.work() as work:
        work.field_definitions.add(
            CustomField(
                id=CustomFieldId(work.new_id()),
                entity="gadget",
                **{"key": "serial", "kind": FieldKind.TEXT, **more},  # type: ignore[arg-type]
            )
        )


def test_custom_unique_value_is_taken_once(place: Place) -> None:
    """A unique custom field is unique among live records."""
    _define(place, unique=True)
    [gadget] = place.add(place.gadget(custom={"serial": "A1"}))
    with pytest.raises(Duplicate) as caught:
        place.add(place.gadget(custom={"serial": "A1"}))
    assert caught.value.fields == ("custom.serial",)
    with place.work() as work:
        work.of(Gadget).remove(gadget)
    place.add(place.gadget(custom={"serial": "A1"}))


def test_custom_unique_value_moves_with_its_record(place: Place) -> None:
    """A value that was given up is free for others."""
    _define(place, unique=True)
    [gadget] = place.add(place.gadget(custom={"serial": "A1"}))
    with place.work() as work:
        work.of(Gadget).save(gadget.evolve(custom={"serial": "A2"}))
    place.add(place.gadget(custom={"serial": "A1"}))
    with pytest.raises(Duplicate):
        place.add(place.gadget(custom={"serial": "A2"}))


@pytest.mark.parametrize(
    ("more", "given", "error"),
    [
        ({"required": True}, {}, InvalidValue),
        ({"kind": FieldKind.NUMBER}, {"serial": "text"}, InvalidValue),
        ({"kind": FieldKind.CHOICE, "options": ("a", "b")}, {"serial": "c"}, InvalidValue),
        ({"minimum": 3}, {"serial": "ab"}, InvalidValue),
        ({"kind": FieldKind.NUMBER, "maximum": 9}, {"serial": 10}, InvalidValue),
        ({}, {"other": "x"}, UnknownField),
    ],
)
def test_custom_values_keep_to_their_definition(
    place: Place, more: dict[str, object], given: dict[str, object], error: type[CrmkitError]
) -> None:
    """A value that its definition does not allow is refused, naming the field."""
    _define(place, **more)
    with pytest.raises(error) as caught:
        place.add(place.gadget(custom=given))
    assert caught.value.path.startswith("custom.")


def test_custom_default_fills_a_new_record(place: Place) -> None:
    """A new record gets the default of a field that it does not mention."""
    _define(place, kind=FieldKind.NUMBER, default="7")
    [gadget] = place.add(place.gadget())
    assert place.read(gadget).custom == {"serial": 7}
