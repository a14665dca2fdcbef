"""A tenant's own fields: defined as data, checked as strictly as declared ones."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crmkit.domain.composite_kinds import Amount, Many
from crmkit.domain.custom_fields import CustomField, CustomFieldId, FieldKind
from crmkit.domain.kinds import Boolean, Day, Instant, Integer, Kind, Number, Text
from crmkit.domain.money import Money
from crmkit.domain.named_kinds import Identity, Option
from crmkit.errors import CrmkitError, InvalidValue, OutOfRange

LEVELS = ("low", "high", "中")
EXTRA: dict[FieldKind, dict[str, Any]] = {
    FieldKind.CHOICE: {"options": LEVELS},
    FieldKind.MULTI_CHOICE: {"options": LEVELS},
    FieldKind.REFERENCE: {"target": "customer"},
}
KINDS: dict[FieldKind, tuple[Kind, str, Any, Any]] = {
    FieldKind.TEXT: (Text(), "a", "a", 5),
    FieldKind.NUMBER: (Integer(), "5", 5, "5"),
    FieldKind.DECIMAL: (Number(), "1.5", Decimal("1.5"), 1.5),
    FieldKind.MONEY: (Amount(), "5 CNY", Money("5", "CNY"), Decimal(5)),
    FieldKind.DATE: (Day(), "2026-11-24", date(2026, 11, 24), "2026-11-24"),
    FieldKind.INSTANT: (
        Instant(),
        "2026-11-24T00:00Z",
        datetime(2026, 11, 24, tzinfo=UTC),
        datetime(2026, 11, 24),
    ),
    FieldKind.BOOLEAN: (Boolean(), "是", True, 1),
    FieldKind.CHOICE: (Option(options=LEVELS), "中", "中", "medium"),
    FieldKind.MULTI_CHOICE: (
        Many(item=Option(options=LEVELS)),
        "low; 中",
        ("low", "中"),
        ("low", "medium"),
    ),
    FieldKind.REFERENCE: (
        Identity(target="customer"),
        "00000000-0000-0000-0000-000000000005",
        UUID(int=5),
        "customer 5",
    ),
}
EVERY = pytest.mark.parametrize("kind", list(FieldKind))


def field(kind: FieldKind = FieldKind.TEXT, **more: Any) -> CustomField:
    """Define a field called `size` of gadgets."""
    settings = {"entity": "gadget", "key": "size", **EXTRA.get(kind, {}), **more}
    return CustomField(id=CustomFieldId(UUID(int=1)), kind=kind, **settings)


@EVERY
def test_each_kind_takes_its_values(kind: FieldKind) -> None:
    """What fits is kept, what does not is refused under the field's name."""
    expected, _text, fits, unfit = KINDS[kind]
    defined = field(kind)
    assert defined.part.kind == expected
    assert (defined.part.name, defined.part.optional) == ("size", True)
    assert defined.check(fits) == fits
    with pytest.raises(InvalidValue) as caught:
        defined.check(unfit)
    assert caught.value.path.startswith("custom.size")


@EVERY
def test_default_is_written_as_people_write(kind: FieldKind) -> None:
    """It is read when the field is defined, so that no bad one waits for a record."""
    _kind, text, fits, _unfit = KINDS[kind]
    assert field(kind, default=text).default_value() == fits
    assert field(kind).default_value() is None


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        (FieldKind.NUMBER, "many"),
        (FieldKind.DATE, "today"),
        (FieldKind.CHOICE, "medium"),
        (FieldKind.MULTI_CHOICE, "low; medium"),
        (FieldKind.REFERENCE, "nobody"),
    ],
)
def test_bad_default_is_refused(kind: FieldKind, default: str) -> None:
    """By the definition, not by the first record."""
    with pytest.raises(InvalidValue):
        field(kind, default=default)
    with pytest.raises(InvalidValue):
        field(kind).evolve(default=default)


@pytest.mark.parametrize(
    ("kind", "settings", "path"),
    [
        (FieldKind.TEXT, {"key": "Size"}, "key"),
        (FieldKind.TEXT, {"key": "size.x"}, "key"),
        (FieldKind.TEXT, {"options": ("a",)}, "size.options"),
        (FieldKind.CHOICE, {"options": ()}, "size.options"),
        (FieldKind.MULTI_CHOICE, {"options": ()}, "size.options"),
        (FieldKind.TEXT, {"target": "customer"}, "size.target"),
        (FieldKind.REFERENCE, {"target": None}, "size.target"),
        (FieldKind.BOOLEAN, {"unique": True}, "size.unique"),
        (FieldKind.MULTI_CHOICE, {"unique": True}, "size.unique"),
        (FieldKind.TEXT, {"kind": "text"}, "kind"),
        (FieldKind.TEXT, {"labels": {"en": 5}}, "labels.en"),
        (FieldKind.NUMBER, {"minimum": 1.5}, "minimum"),
        (FieldKind.NUMBER, {"minimum": Decimal(5), "default": "4"}, "custom.size"),
    ],
)
def test_contradictory_definition_is_refused(
    kind: FieldKind, settings: dict[str, Any], path: str
) -> None:
    """What contradicts itself cannot be defined."""
    given: dict[str, Any] = {"kind": kind, "entity": "gadget", "key": "size", **EXTRA.get(kind, {})}
    with pytest.raises(InvalidValue) as caught:
        CustomField(id=CustomFieldId(UUID(int=1)), **{**given, **settings})
    assert caught.value.path == path


def test_definition_stays_whole_when_it_changes() -> None:
    """A change that would contradict the rest is refused like a new definition."""
    with pytest.raises(InvalidValue):
        field(FieldKind.CHOICE).evolve(options=())
    with pytest.raises(InvalidValue):
        field(FieldKind.CHOICE, default="low").evolve(options=("high",))
    assert field().evolve(labels={"zh": "尺寸"}).label("zh") == "尺寸"


@pytest.mark.parametrize(
    ("kind", "fits", "small", "large"),
    [
        (FieldKind.TEXT, "abc", "a", "abcdef"),
        (FieldKind.NUMBER, 3, 1, 6),
        (FieldKind.DECIMAL, Decimal("2.5"), Decimal("1.999999"), Decimal("5.000001")),
        (FieldKind.MONEY, Money("2", "CNY"), Money("1.99", "CNY"), Money("5.01", "CNY")),
    ],
)
def test_bounds_hold(kind: FieldKind, fits: Any, small: Any, large: Any) -> None:
    """Of numbers, decimals, amounts and the length of texts; each bound is itself allowed."""
    defined = field(kind, minimum=Decimal(2), maximum=Decimal(5))
    assert defined.check(fits) == fits
    with pytest.raises(OutOfRange, match="less than the minimum 2"):
        defined.check(small)
    with pytest.raises(OutOfRange, match="more than the maximum 5") as caught:
        defined.check(large)
    assert caught.value.path == "custom.size"
    for edge in ("aa", "aaaaa") if kind is FieldKind.TEXT else ():
        assert defined.check(edge) == edge


def test_bounds_do_not_measure_other_kinds() -> None:
    """A date has no number to be bounded."""
    defined = field(FieldKind.DATE, minimum=Decimal(5))
    assert defined.check(date(2026, 1, 1)) == date(2026, 1, 1)


def test_one_bound_is_enough() -> None:
    """A minimum alone, or a maximum alone."""
    assert field(FieldKind.NUMBER, minimum=Decimal(2)).check(10**9) == 10**9
    assert field(FieldKind.NUMBER, maximum=Decimal(2)).check(-(10**9)) == -(10**9)


def test_required_values_are_asked_for() -> None:
    """None is refused only where a value is required."""
    assert field().check(None) is None
    with pytest.raises(InvalidValue, match="required") as caught:
        field(required=True).check(None)
    assert (caught.value.path, caught.value.fix) == ("custom.size", "give one")


def test_labels_are_found_by_language() -> None:
    """In the language, else in English, else the key."""
    labelled = field(labels={"en": "Size", "zh": "尺寸"})
    assert [labelled.label(language) for language in ("zh", "en", "de")] == ["尺寸", "Size", "Size"]
    assert field(labels={"zh": "尺寸"}).label("de") == "size"


def test_errors_are_one_family() -> None:
    """Whatever is wrong with a custom field is caught as `CrmkitError`."""
    with pytest.raises(CrmkitError):
        field(FieldKind.CHOICE, options=())
