"""Declaring and registering entities: a vendor's class exactly like ours, mistakes told at once."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import attrs
import pytest

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.changes import Changeset, OutboxMessage
from crmkit.domain.entity import Index, Registry, Unique, entity, spec_of
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.errors import InvalidSettings, UnknownEntity, UnknownField
from crmkit.testing.sample import Box, Gadget, GadgetPainted, Maker


def declared(**declaration: Any) -> type[Any]:
    """Return a class of cars with this declaration."""

    @entity(**{"name": "car", **declaration})
    @attrs.frozen(kw_only=True)
    class Car(Aggregate):
        plate: Annotated[str, Text(searchable=True)]
        nick: str | None = None
        price: Money | None = None
        parts: tuple[str, ...] = ()
        box: Box | None = None
        labels: Mapping[str, str] = attrs.field(factory=dict)

    return Car


def test_spec_tells_what_was_declared() -> None:
    """Name, rules, labels, events and the fields, in order, bookkeeping first."""
    spec = spec_of(Gadget)
    assert (spec.name, spec.cls, repr(spec)) == ("gadget", Gadget, "<entity gadget>")
    assert spec.unique == (Unique("code"), Unique(("series", "rank")))
    assert spec.indexes[-1] == Index(("colour", "made_at"))
    assert spec.events == (GadgetPainted,)
    assert list(spec.parts)[:3] == ["tenant", "version", "created_at"]
    assert "events" not in spec.parts
    assert spec.searchable == ("name",)
    assert spec_of(Gadget) is spec


def test_rules_take_one_name_or_several() -> None:
    """A single field is a rule of one."""
    assert Unique("code").fields == Unique(["code"]).fields == ("code",)  # type: ignore[arg-type]
    assert Index("code").fields == ("code",)


def test_labels_are_found_by_language() -> None:
    """In the language, else in English, else the name."""
    assert [spec_of(Gadget).label(language) for language in ("zh", "en", "de")] == [
        "器件",
        "Gadget",
        "Gadget",
    ]
    assert spec_of(Changeset).label("zh") == "changeset"


def test_traits_follow_from_the_fields() -> None:
    """Logs are neither versioned nor kept after their removal; records are both."""
    assert (spec_of(Gadget).versioned, spec_of(Gadget).soft) == (True, True)
    assert (spec_of(Changeset).versioned, spec_of(Changeset).soft) == (False, False)
    assert (spec_of(OutboxMessage).versioned, spec_of(OutboxMessage).soft) == (True, False)


def test_unknown_field_is_told_with_all_names() -> None:
    """So that the right one is at hand."""
    with pytest.raises(UnknownField, match="gadget has no field 'colours'") as caught:
        spec_of(Gadget).part("colours")
    assert caught.value.path == "gadget.colours"
    assert "colour" in caught.value.fix


@pytest.mark.parametrize(
    "name",
    ["", "Car", "1car", "_car", "car.s", "car s", "car;--", "汽车", "c" * 41, "car\n", 5, None],
)
def test_unlawful_name_is_refused(name: Any) -> None:
    """A name becomes a table, a collection and a link, so it is plain and short."""
    with pytest.raises(InvalidSettings, match="not a name") as caught:
        declared(name=name)
    assert "small letters" in caught.value.fix


@pytest.mark.parametrize(
    ("declaration", "path"),
    [
        ({"unique": [Unique("colour")]}, "car.colour"),
        ({"indexes": [Index(("plate", "colour"))]}, "car.colour"),
        ({"indexes": [Index("house.city")]}, "car.house"),
    ],
)
def test_rule_on_an_unknown_field_is_refused(declaration: dict[str, Any], path: str) -> None:
    """When the class is first used, naming the field."""
    with pytest.raises(UnknownField) as caught:
        spec_of(declared(**declaration))
    assert caught.value.path == path


@pytest.mark.parametrize("field", ["price", "parts", "box", "labels", "custom", "box.city"])
def test_only_scalars_are_unique(field: str) -> None:
    """Money, lists and documents mean different things to different databases."""
    with pytest.raises(InvalidSettings, match="one scalar") as caught:
        spec_of(declared(unique=[Unique(("plate", field))]))
    assert caught.value.path == f"car.{field}"


def test_rule_needs_fields() -> None:
    """A rule on nothing is a mistake."""
    for declaration in ({"unique": [Unique(())]}, {"indexes": [Index(())]}):
        with pytest.raises(InvalidSettings, match="without fields"):
            spec_of(declared(**declaration))


def test_folded_rule_needs_a_searchable_text() -> None:
    """Only those have a folded key."""
    assert spec_of(declared(unique=[Unique("plate", folded=True)])).unique[0].folded
    assert spec_of(declared(unique=[Unique(("nick", "plate"), folded=True)])).name == "car"
    with pytest.raises(InvalidSettings, match="searchable") as caught:
        spec_of(declared(unique=[Unique("nick", folded=True)]))
    assert caught.value.path == "car.nick"


def test_class_must_be_declared_itself() -> None:
    """A subclass does not inherit the name of its parent."""

    @attrs.frozen(kw_only=True)
    class FastGadget(Gadget):
        speed: int = 0

    with pytest.raises(InvalidSettings, match="not declared") as caught:
        spec_of(FastGadget)
    assert caught.value.path == "FastGadget"
    assert caught.value.fix == 'decorate it with @entity("fast_gadget")'


def test_entity_needs_id_and_tenant() -> None:
    """Every record belongs to somebody and can be named."""

    @entity("car")
    @attrs.frozen(kw_only=True)
    class Car:
        plate: str

    with pytest.raises(InvalidSettings, match="no field 'id'") as caught:
        spec_of(Car)
    assert caught.value.fix == "derive the class from Aggregate"


def test_id_must_not_be_a_default() -> None:
    """One id for all records is a mistake."""

    @entity("car")
    @attrs.frozen(kw_only=True)
    class Car:
        id: UUID = attrs.field(default=UUID(int=1))
        tenant: str = ""

    with pytest.raises(InvalidSettings, match="default"):
        spec_of(Car)


def test_registry_finds_by_name_and_class() -> None:
    """In the order in which they were given; the same class twice is one entity."""
    registry = Registry((Maker, Gadget, Maker))
    assert [spec.name for spec in registry] == ["maker", "gadget"]
    assert registry["gadget"] is registry[Gadget] is spec_of(Gadget)
    assert "gadget" in registry
    assert "car" not in registry
    assert registry.add(Gadget) is spec_of(Gadget)


def test_two_classes_of_one_name_are_refused() -> None:
    """Both are named."""
    registry = Registry([declared()])
    with pytest.raises(InvalidSettings, match="Car and Car are both called 'car'") as caught:
        registry.add(declared())
    assert caught.value.path == "car"


@pytest.mark.parametrize("key", ["car", Maker])
def test_unknown_entity_is_told(key: Any) -> None:
    """With how to register it."""
    with pytest.raises(UnknownEntity, match="not registered") as caught:
        Registry([Gadget])[key]
    assert "entities=" in caught.value.fix


def test_namesake_of_an_entity_is_unknown() -> None:
    """Asking for one class never gives another of the same name."""
    registry = Registry([declared()])
    with pytest.raises(UnknownEntity):
        registry[declared()]


def test_events_belong_to_an_entity() -> None:
    """They are declared with it."""

    @attrs.frozen(kw_only=True)
    class CarSold(Event):
        """A car was sold."""

    assert spec_of(declared(events=[CarSold])).events == (CarSold,)
