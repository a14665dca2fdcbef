"""What somebody sees of a record, of its changes and events, and what their saving it means."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

import attrs
import pytest

from crmkit.domain.access.sight import Sight, asked_paths
from crmkit.domain.access.unveiling import changed_fields, check_fields, is_edit, unveiled
from crmkit.domain.access.veils import Hidden, Level, Masked
from crmkit.domain.aggregate import Aggregate, Event, UserId
from crmkit.domain.composite_kinds import Part
from crmkit.domain.entity import entity, spec_of
from crmkit.domain.filters.paths import path_to
from crmkit.domain.filters.tree import EVERYTHING
from crmkit.domain.filters.where import where
from crmkit.domain.kinds import Text
from crmkit.errors import NotPermitted, UnknownField

AT = datetime(2026, 3, 1, tzinfo=UTC)
OWN_FIELDS = {"pet": Part(name="pet", kind=Text()), "shoe": Part(name="shoe", kind=Text())}


@attrs.frozen(kw_only=True)
class Noted(Event):
    """Something was written down; it holds values of its record."""

    phone: str
    name: str
    pet: str = ""


@entity("veiled", events=(Noted,))
@attrs.frozen(kw_only=True)
class Veiled(Aggregate):
    """A record of which some fields are not for everybody."""

    derived_names: ClassVar = ("key",)

    name: str = ""
    phone: str = ""
    born_on: date | None = None
    size: int = 0
    key: str = ""

    def derived(self) -> Mapping[str, Any]:
        """Return the key that follows from the name."""
        return {"key": f"{self.name}/{self.phone}"}


SPEC = spec_of(Veiled)
STORED = Veiled(
    id=uuid4(),
    name="Li Wei",
    phone="13800138000",
    size=4,
    key="Li Wei/13800138000",
    custom={"pet": "cat", "shoe": "42"},
)


def sight(**levels: Level) -> Sight:
    """Return how somebody sees records of which they see these fields less than whole."""
    named = {name.replace("__", "."): level for name, level in levels.items()}
    return Sight(SPEC, lambda _names: EVERYTHING, levels=lambda: named, exists=lambda *_: False)


def test_a_record_is_shown_with_veils() -> None:
    """Hidden and masked values say which field they stand for; all others are as they are."""
    seen = sight(phone=Level.MASKED, born_on=Level.HIDDEN, size=Level.READ)
    shown = seen.shown(STORED)
    assert shown.phone == Masked("veiled.phone", "138****8000")
    assert shown.born_on == Hidden("veiled.born_on")
    assert shown.key == Hidden("veiled.key")
    assert (shown.name, shown.size, shown.custom) == ("Li Wei", 4, STORED.custom)
    assert seen.is_veiled
    assert sight(size=Level.READ).shown(STORED) is STORED


def test_what_follows_from_whole_fields_is_whole() -> None:
    """A field that may only be read hides nothing that follows from it."""
    seen = sight(size=Level.READ)
    assert (seen.level("key"), seen.level("size"), seen.level("name")) == (
        Level.EDIT,
        Level.READ,
        Level.EDIT,
    )
    assert sight(id=Level.HIDDEN).level("id") is Level.EDIT
    assert seen.limited == ("size",)


def test_own_fields_have_levels_of_their_own() -> None:
    """No field of a tenant is seen further than all of them are."""
    seen = sight(custom__pet=Level.MASKED, custom__shoe=Level.HIDDEN)
    assert seen.shown(STORED).custom == {"pet": Masked("veiled.custom.pet", "c**")}
    assert sight(custom__pet=Level.MASKED).shown(STORED).custom["shoe"] == "42"
    assert sight(custom=Level.READ, custom__pet=Level.EDIT).level("custom.pet") is Level.READ
    assert sight(custom=Level.HIDDEN).shown(STORED).custom == Hidden("veiled.custom")
    assert sight(phone=Level.HIDDEN).shown(STORED).custom == STORED.custom


def test_paths_into_own_fields_have_their_level() -> None:
    """And paths into others that of the field they begin with."""
    seen = sight(custom__pet=Level.MASKED, custom__shoe=Level.HIDDEN, name=Level.READ)
    pet, shoe = (path_to(SPEC, f"custom.{key}", OWN_FIELDS) for key in OWN_FIELDS)
    assert seen.level_of(pet) is Level.MASKED
    assert seen.level_of(attrs.evolve(pet, name="custom.pet.colour")) is Level.MASKED
    assert seen.level_of(attrs.evolve(pet, name="name.first")) is Level.READ
    assert seen.veil(pet)("cat") == Masked("veiled.custom.pet", "c**")
    assert seen.veil(path_to(SPEC, "name", {}))("x") == "x"
    for refused in (seen.veil, seen.check_asked):
        with pytest.raises(UnknownField) as raised:
            refused(shoe)
        assert str(raised.value) == str(SPEC.no_custom_field("shoe"))


def test_a_hidden_field_is_refused_as_one_that_does_not_exist() -> None:
    """Also the whole of the tenant's own fields, in the words of a field that is not there."""
    seen = sight(phone=Level.HIDDEN, custom=Level.HIDDEN)
    for name in ("phone", "custom"):
        assert str(seen.unknown(path_to(SPEC, name, {}))) == str(SPEC.no_field(name))
    pet = path_to(SPEC, "custom.pet", OWN_FIELDS)
    assert str(seen.unknown(pet)) == str(SPEC.no_custom_field("pet"))


def test_a_masked_field_is_refused_in_clear_words() -> None:
    """It exists, and cannot be asked for."""
    with pytest.raises(NotPermitted) as raised:
        sight(phone=Level.MASKED).check_asked(path_to(SPEC, "phone", {}))
    assert str(raised.value) == (
        "veiled.phone: is masked, and cannot be asked for"
        " (leave it out of filters, orders and summaries)"
    )
    sight(phone=Level.READ).check_asked(path_to(SPEC, "phone", {}))


def test_every_path_of_a_filter_is_asked_about() -> None:
    """In all parts, both sides of a comparison, and what is opposed."""
    field = where(Veiled)
    filter_ = ~(field.name.eq("x") | field.phone.eq(field.key)) & field.size.gt(1)
    names = {path.name for path in asked_paths(filter_)}
    assert names == {"name", "phone", "key", "size"}


def test_a_save_keeps_what_its_writer_did_not_see() -> None:
    """Fields, own fields, and values in events; what follows from others follows from the whole."""
    seen = sight(phone=Level.HIDDEN, custom__pet=Level.HIDDEN, custom__shoe=Level.MASKED)
    shown = seen.shown(STORED)
    event = Noted(phone=Hidden("veiled.phone"), name="n", pet=Hidden("veiled.custom.pet"))
    plain = Noted(phone="1", name="n")
    edited = shown.replaced(name="Li", custom={**shown.custom, "new": "x"}, events=(event, plain))
    kept = unveiled(seen, edited, STORED)
    assert (kept.name, kept.phone, kept.key) == ("Li", "13800138000", "Li/13800138000")
    assert kept.custom == {"pet": "cat", "shoe": "42", "new": "x"}
    assert kept.events == (Noted(phone="13800138000", name="n", pet="cat"), plain)
    assert unveiled(sight(), edited, STORED) is edited


def test_own_fields_under_a_veil_come_back_whole() -> None:
    """Where none of them is seen; one that is seen may be taken away."""
    seen = sight(custom=Level.HIDDEN)
    assert unveiled(seen, seen.shown(STORED), STORED).custom == STORED.custom
    other = sight(custom__pet=Level.HIDDEN)
    emptied = other.shown(STORED).replaced(custom={"lost": Hidden("veiled.custom.lost")})
    assert unveiled(other, emptied, STORED).custom == {"pet": "cat"}


NOT_YOURS = "veiled.{}: this field is not for you to change (leave it as it is)"


def refusal_of(seen: Sight, record: Any, stored: Any) -> str | None:
    """Return the words in which a change is refused, None where it is not."""
    try:
        check_fields(seen, record, stored)
    except NotPermitted as refused:
        return str(refused)
    return None


def test_fields_that_are_only_read_are_not_changed() -> None:
    """Changing back is no change; a new record has no other value than the usual one in them."""
    seen = sight(phone=Level.READ, custom__pet=Level.READ)
    assert refusal_of(seen, STORED, STORED) is None
    assert refusal_of(seen, STORED.replaced(name="x"), STORED) is None
    assert refusal_of(seen, STORED.replaced(phone="2"), STORED) == NOT_YOURS.format("phone")
    new = Veiled(id=uuid4(), name="x")
    assert refusal_of(seen, new, None) is None
    assert refusal_of(seen, new.replaced(phone="2"), None) == NOT_YOURS.format("phone")
    veiled = new.replaced(name=Hidden("veiled.name"))
    assert refusal_of(seen, veiled, None) == NOT_YOURS.format("name")


def test_own_fields_that_are_only_read_are_not_changed() -> None:
    """Neither changed nor added nor taken away; others may be."""
    seen = sight(custom__pet=Level.READ)
    pet = NOT_YOURS.format("custom.pet")
    for custom, told in (
        (STORED.custom, None),
        ({**STORED.custom, "shoe": "43"}, None),
        ({"pet": "cat"}, None),
        ({**STORED.custom, "pet": "dog"}, pet),
        ({"shoe": "42"}, pet),
    ):
        assert refusal_of(seen, STORED.replaced(custom=custom), STORED) == told
    new = Veiled(id=uuid4(), custom={"pet": "dog"})
    assert refusal_of(seen, new, None) == pet
    veiled = STORED.replaced(custom={**STORED.custom, "shoe": Hidden("veiled.custom.shoe")})
    assert refusal_of(seen, veiled, STORED) == NOT_YOURS.format("custom.shoe")


def test_an_edit_is_more_than_another_owner_or_a_removal() -> None:
    """Stamps and events are no change at all."""
    given = STORED.replaced(owner_id=UserId(UUID(int=1)), deleted_at=AT)
    assert changed_fields(given, STORED) == {"owner_id", "deleted_at"}
    assert not is_edit(given, STORED)
    assert is_edit(given.replaced(size=5), STORED)
    stamped = STORED.replaced(version=9, updated_at=AT, events=(Noted(phone="", name=""),))
    assert changed_fields(stamped, STORED) == set()
