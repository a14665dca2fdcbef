"""From a vendor's own attrs class to stored fields; what cannot be stored is refused by name."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Literal, NewType, Optional, Union
from uuid import UUID

import attrs
import pytest

from crmkit.domain.composite_kinds import Amount, AnyJson, Document, Documents, Labels, Many
from crmkit.domain.derivation import entity_name, parts_of
from crmkit.domain.kinds import Boolean, Day, Instant, Integer, Kind, Number, Text
from crmkit.domain.money import Money
from crmkit.domain.named_kinds import Choice, Identity
from crmkit.errors import InvalidSettings

PriceListId = NewType("PriceListId", UUID)
Plate = NewType("Plate", str)


class Colour(StrEnum):
    """A choice."""

    RED = "red"


class Level(IntEnum):
    """A choice whose members are numbers."""

    LOW = 1


class Mixed(Enum):
    """A choice with one member that is no text."""

    A = "a"
    B = 2


@attrs.frozen
class Wheel:
    """A nested value."""

    size: int


@attrs.frozen
class Branch:
    """A value that holds its like."""

    name: str
    branches: "tuple[Branch, ...]" = ()


def kind_of(annotation: Any) -> Kind:
    """Return the kind of a field with this annotation."""
    return parts_of(attrs.make_class("Car", {"field": attrs.field(type=annotation)}))["field"].kind


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (str, Text()),
        (int, Integer()),
        (bool, Boolean()),
        (Decimal, Number()),
        (Money, Amount()),
        (date, Day()),
        (datetime, Instant()),
        (UUID, Identity()),
        (Any, AnyJson()),
        (Colour, Choice(enum=Colour)),
        (Plate, Text()),
        (PriceListId, Identity(target="price_list")),
        (Annotated[str, Text(max_length=5)], Text(max_length=5)),
        (Annotated[Decimal, "a note", Number(scale=2)], Number(scale=2)),
        (Annotated[int, "a note"], Integer()),
        (tuple[str, ...], Many()),
        (frozenset[str], Many()),
        (tuple[PriceListId, ...], Many(item=Identity(target="price_list"))),
        (tuple[Annotated[str, Text(max_length=5)], ...], Many(item=Text(max_length=5))),
        (Mapping[str, str], Labels()),
        (dict[str, str], Labels()),
        (Mapping[str, Any], AnyJson()),
    ],
    ids=str,
)
def test_annotation_becomes_a_kind(annotation: Any, kind: Kind) -> None:
    """Each of the lawful annotations."""
    assert kind_of(annotation) == kind


def test_nested_values_become_documents() -> None:
    """One value, or several; one that holds its like is derived too."""
    one, several = kind_of(Wheel), kind_of(tuple[Wheel, ...])
    assert isinstance(one, Document)
    assert isinstance(several, Documents)
    assert one.cls is several.item.cls is Wheel
    assert one.parts is parts_of(Wheel)
    tree = parts_of(Branch)["branches"].kind
    leaf = Branch(name="leaf")
    assert tree.parse(tree.plain((Branch(name="root", branches=(leaf,)),)))[0].branches == (leaf,)


@pytest.mark.parametrize("annotation", [int | None, Optional[int], Union[None, int]])  # noqa: UP007, UP045
def test_none_makes_a_field_optional(annotation: Any) -> None:
    """However it is written."""
    car = attrs.make_class(
        "Car", {"doors": attrs.field(type=annotation), "seats": attrs.field(type=int)}
    )
    parts = parts_of(car)
    assert (parts["doors"].kind, parts["doors"].optional) == (Integer(), True)
    assert not parts["seats"].optional


@pytest.mark.parametrize(
    "annotation",
    [
        float,
        bytes,
        complex,
        object,
        list[str],
        set[str],
        tuple[int, str],
        tuple[str],
        tuple[()],
        tuple,
        tuple[float, ...],
        dict,
        int | str,
        Union[int, str],  # noqa: UP007
        int | str | None,
        Literal["a"],
        Callable[[], int],
        Level,
        Mixed,
        None,
        NewType("Weight", float),
    ],
    ids=str,
)
def test_what_cannot_be_stored_is_refused(annotation: Any) -> None:
    """The error names class and field, and what to use instead."""
    with pytest.raises(InvalidSettings, match="cannot store") as caught:
        kind_of(annotation)
    assert caught.value.path == "Car.field"
    assert "Money" in caught.value.fix


def test_only_attrs_classes_are_derived() -> None:
    """Others have no declared fields."""

    class Car:
        doors: int

    with pytest.raises(InvalidSettings, match="not an attrs class") as caught:
        parts_of(Car)
    assert (caught.value.path, caught.value.fix) == ("Car", "decorate it with @attrs.frozen")


def test_unreadable_annotation_is_told() -> None:
    """A name that cannot be found is a mistake in the class, and said to be one."""
    car = attrs.make_class("Car", {"field": attrs.field(type="Nonsense")})
    with pytest.raises(InvalidSettings, match="Nonsense") as caught:
        parts_of(car)
    assert caught.value.path == "Car"


def test_fields_come_in_order_with_their_defaults() -> None:
    """Defaults and factories are known; events and computed fields are not stored."""

    @attrs.frozen(kw_only=True)
    class Car:
        doors: int = 4
        plate: str
        tags: tuple[str, ...] = attrs.field(factory=tuple)
        events: tuple[object, ...] = ()
        computed: float = attrs.field(init=False, default=0.5)

    parts = parts_of(Car)
    assert list(parts) == ["doors", "plate", "tags"]
    assert [part.default for part in parts.values()] == [4, None, ()]
    assert parts_of(Car) is parts


def test_names_of_entities() -> None:
    """Class names become names with underscores."""
    assert [entity_name(name) for name in ("Deal", "PriceList", "")] == ["deal", "price_list", ""]
