"""Nested values, lists of them, labels and JSON: checked to the last leaf, kept whole."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.composite_kinds import AnyJson, Document, Documents, Labels, Part
from crmkit.domain.derivation import parts_of
from crmkit.domain.kinds import Form, Integer, Kind, Text
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue, OutOfRange, WrongType


@attrs.frozen(kw_only=True)
class Room:
    """A value within a value."""

    name: Annotated[str, Text(searchable=True, max_length=50)]
    area: Decimal | None = None


@attrs.frozen(kw_only=True)
class House:
    """A nested value of several kinds."""

    city: Annotated[str, Text(searchable=True)]
    floors: int = attrs.field(default=1)
    built_on: date | None = None
    seen_at: datetime | None = None
    price: Money | None = None
    rooms: tuple[Room, ...] = ()
    best: Room | None = None

    @floors.validator
    def _check_floors(self, _field: Any, value: Any) -> None:
        if value == 13:
            raise InvalidValue("nobody builds 13 floors", path="floors")


HOUSE = Document(cls=House, derive=parts_of)
HOUSES = Documents(item=HOUSE)
MANY_OF_ALL = House(
    city="聊城",
    floors=3,
    built_on=date(1999, 12, 31),
    seen_at=datetime(2026, 11, 24, tzinfo=UTC),
    price=Money("98000", "CNY"),
    rooms=(Room(name="Küche", area=Decimal("12.500000")),),
    best=Room(name="x"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.sampled_from(["", "聊", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("value", [MANY_OF_ALL, House(city="Berlin")])
def test_document_is_kept_whole(value: House) -> None:
    """Plain form and text both make the value again."""
    assert HOUSE.check(value, "house") == value
    assert HOUSE.parse(HOUSE.plain(value)) == value
    assert HOUSE.read(HOUSE.text(value), "house") == value
    assert HOUSES.parse(HOUSES.plain((value, value))) == (value, value)
    assert HOUSES.read(HOUSES.text((value,)), "houses") == (value,)


def test_document_keeps_folded_keys() -> None:
    """Searchable texts within have their key beside them, at every depth."""
    plain = HOUSE.plain(MANY_OF_ALL)
    assert plain["city:k"] == "聊城"
    assert plain["rooms"][0] == {"name": "Küche", "name:k": "küche", "area": 12_500_000}
    assert plain["best"]["area"] is None
    assert plain["price"] == {"amount": 9_800_000, "currency": "CNY"}


def test_document_is_as_every_store_keeps_it() -> None:
    """Leaves are brought to their kept form, which the given value does not lose."""
    moment = datetime(2026, 11, 24, 9, 0, 0, 1999, tzinfo=UTC)
    given_house: Any = House(city="x", seen_at=moment, rooms=[Room(name="a")])  # type: ignore[arg-type]
    kept = HOUSE.check(given_house, "house")
    assert kept.seen_at == datetime(2026, 11, 24, 9, 0, 0, 1000, tzinfo=UTC)
    assert kept.rooms == (Room(name="a"),)
    assert given_house.seen_at is moment


def test_document_without_a_field_has_its_default() -> None:
    """A document written before a field was added is read with the default of the field."""
    assert HOUSE.parse({"city": "x"}) == House(city="x")
    assert HOUSE.parse({"city": "x", "floors": None}).floors is None


@pytest.mark.parametrize(
    ("value", "path", "told"),
    [
        ("a house", "house", "expected House, got str"),
        (Room(name="a"), "house", "expected House, got Room"),
        (House(city=None), "house.city", "expected text"),  # type: ignore[arg-type]
        (House(city="a", floors=True), "house.floors", "bool"),
        (House(city="a", floors=None), "house.floors", "NoneType"),  # type: ignore[arg-type]
        (House(city="a\x00"), "house.city", "U+0000"),
        (House(city="a", rooms=(Room(name="a" * 51),)), "house.rooms[0].name", "at most 50"),
        (House(city="a", rooms=("a",)), "house.rooms[0]", "expected Room"),  # type: ignore[arg-type]
        (House(city="a", rooms="ab"), "house.rooms", "several Room"),  # type: ignore[arg-type]
        (House(city="a", best=Room(name="a", area=Decimal("NaN"))), "house.best.area", "NaN"),
    ],
)
def test_document_is_checked_to_its_leaves(value: Any, path: str, told: str) -> None:
    """The error names the place within the value."""
    with pytest.raises(InvalidValue) as caught:
        HOUSE.check(value, "house")
    assert caught.value.path == path
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "expected the JSON of a House"),
        ("no json", "not the JSON"),
        ("{}", "not the JSON"),
        ('{"city": 5}', "expected text"),
        ('{"city": "a", "floors": "5"}', "whole number"),
        ('{"city": "a", "floors": 1.5}', "1.5 is not exact"),
        ('{"city": "a", "floors": NaN}', "NaN is not exact"),
        ('{"city": "a", "floors": 13}', "nobody builds 13 floors"),
        ('{"city": "a", "roof": 1}', "unknown keys roof"),
        ('{"city": "a", "built_on": 5}', "not the JSON"),
        ('{"city": "a", "rooms": [{"name": "a", "area": "2.5"}]}', "whole number"),
        ('{"city": "a", "price": {"amount": "5", "currency": "CNY"}}', "whole number"),
        ('{"city": "a", "price": {"amount": 5}}', "not the JSON"),
        ("[" * 100_000, "not the JSON"),
    ],
)
def test_written_document_is_checked(text: str, told: str) -> None:
    """JSON that somebody wrote goes through the validators of the class; nothing is converted."""
    with pytest.raises(InvalidValue, match=told):
        HOUSE.read(text, "house")


def test_list_of_documents_is_bounded() -> None:
    """Ten thousand at most, in a tuple or list."""
    house = House(city="a")
    assert HOUSES.check([house], "houses") == (house,)
    with pytest.raises(OutOfRange, match="at most 10000"):
        HOUSES.check((house,) * 10_001, "houses")
    with pytest.raises(WrongType, match="several House"):
        HOUSES.check({house}, "houses")
    with pytest.raises(WrongType) as caught:
        HOUSES.check((house, "b"), "houses")
    assert caught.value.path == "houses[1]"


def test_labels_are_texts_by_language() -> None:
    """Kept as a plain dict, whatever mapping they came in."""
    labels = Labels()
    given_labels = {"en": "Customer", "zh": "客户"}
    assert labels.check(given_labels, "labels") == given_labels
    assert labels.parse(labels.plain(given_labels)) == given_labels
    assert labels.read(labels.text(given_labels), "labels") == given_labels


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (["en"], "labels"),
        ({"en": 5}, "labels.en"),
        ({5: "a"}, "labels language"),
        ({"x" * 36: "a"}, "labels language"),
        ({"en": "\x00"}, "labels.en"),
    ],
)
def test_unfit_labels_are_refused(value: Any, path: str) -> None:
    """The language at fault is named."""
    with pytest.raises(InvalidValue) as caught:
        Labels().check(value, "labels")
    assert caught.value.path == path


@given(value=JSON)
def test_json_is_kept_whole(value: Any) -> None:
    """Lists, objects and their leaves read back as they were."""
    kind = AnyJson()
    assert kind.check(value, "payload") == value
    assert kind.read(kind.text(value), "payload") == value


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (1.5, "payload"),
        ({"a": [1, 2.5]}, "payload.a[1]"),
        ({"a": {1, 2}}, "payload.a"),
        ({5: 1}, "payload"),
        ({"a": 2**63}, "payload.a"),
        ({"a": ["\ud800"]}, "payload.a[0]"),
        ({"\x00": 1}, "payload"),
    ],
)
def test_what_is_not_json_is_refused(value: Any, path: str) -> None:
    """Floats, sets, big numbers and broken text, at the place where they are."""
    with pytest.raises(InvalidValue) as caught:
        AnyJson().check(value, "payload")
    assert caught.value.path == path


def test_json_is_not_endlessly_deep() -> None:
    """Thirty-one lists within each other are kept, one more is refused."""
    nested: Any = 5
    for _level in range(31):
        nested = [nested]
    assert AnyJson().check(nested, "payload") == nested
    with pytest.raises(OutOfRange, match="32 deep"):
        AnyJson().check([nested], "payload")


def test_part_knows_whether_a_value_is_needed() -> None:
    """None passes only where the field is optional."""
    optional = Part(name="rank", kind=Integer(), optional=True)
    assert (optional.check(None), optional.plain(None), optional.parse(None)) == (None, None, None)
    needed = Part(name="rank", kind=Integer())
    with pytest.raises(WrongType) as caught:
        needed.check(None)
    assert (caught.value.path, caught.value.fix) == ("rank", "give one")
    assert (needed.check(5), needed.plain(5), needed.parse(5)) == (5, 5, 5)


@pytest.mark.parametrize("kind", [HOUSE, HOUSES, Labels(), AnyJson()])
def test_documents_have_no_order(kind: Kind) -> None:
    """They lie as JSON and are not compared as one value."""
    assert kind.form is Form.JSON
    assert not kind.ordered


def test_labels_may_be_any_mapping() -> None:
    """A read-only mapping is one too."""

    class Fixed(Mapping[str, str]):
        """A mapping of one label."""

        def __getitem__(self, key: str) -> str:
            return "Customer"

        def __iter__(self):
            return iter(["en"])

        def __len__(self) -> int:
            return 1

    assert Labels().check(Fixed(), "labels") == {"en": "Customer"}
