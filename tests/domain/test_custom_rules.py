"""What a tenant's definitions ask of the custom values of records, new and changed."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crmkit.domain.custom_fields import CustomField, CustomFieldId, FieldKind
from crmkit.domain.custom_rules import CustomRules
from crmkit.domain.entity import spec_of
from crmkit.errors import InvalidValue, OutOfRange, UnknownField, WrongType
from crmkit.testing.sample import Gadget, GadgetId


def rules(**fields: dict[str, Any]) -> CustomRules:
    """Return the rules of gadgets with these fields, texts unless they say otherwise."""
    defined = {
        key: CustomField(
            id=CustomFieldId(UUID(int=at)),
            entity="gadget",
            key=key,
            **{"kind": FieldKind.TEXT, **settings},
        )
        for at, (key, settings) in enumerate(fields.items())
    }
    return CustomRules(spec_of(Gadget), defined)


def gadget(**custom: Any) -> Gadget:
    """Return a gadget with custom values."""
    return Gadget(id=GadgetId(UUID(int=1)), name="lamp", custom=custom)


NUMBER = {"kind": FieldKind.NUMBER}


def test_new_record_gets_the_defaults() -> None:
    """Of the fields that it does not mention."""
    defined = rules(size={"default": "large"}, score={**NUMBER, "default": "5"}, note={})
    assert defined.check(gadget(), None) == {"size": "large", "score": 5}
    assert defined.check(gadget(size="s", note="x"), None) == {
        "size": "s",
        "score": 5,
        "note": "x",
    }


def test_changed_record_gets_no_defaults() -> None:
    """What was taken away stays away."""
    defined = rules(size={"default": "large"}, note={})
    assert defined.check(gadget(note="x"), gadget(size="s")) == {"note": "x"}


def test_unknown_fields_are_told() -> None:
    """With those that there are."""
    with pytest.raises(UnknownField, match="there are size, note") as caught:
        rules(size={}, note={}).check(gadget(size="a", weight=1), None)
    assert caught.value.path == "custom.weight"
    with pytest.raises(UnknownField, match="there are none"):
        rules().check(gadget(weight=1), None)


@pytest.mark.parametrize("was", [None, gadget(size="a", score=1)])
def test_values_are_checked(was: Gadget | None) -> None:
    """Required ones, types and bounds; of new records and of changed ones."""
    defined = rules(size={"required": True}, score={**NUMBER, "maximum": Decimal(9)})
    assert defined.check(gadget(size="b"), was) == {"size": "b"}
    for custom, error, path in (
        ({"score": 1, "size": None}, InvalidValue, "custom.size"),
        ({"size": "a", "score": "1"}, WrongType, "custom.score"),
        ({"size": "a", "score": 10}, OutOfRange, "custom.score"),
        ({"size": 5}, WrongType, "custom.size"),
    ):
        with pytest.raises(error) as caught:
            defined.check(gadget(**custom), was)
        assert caught.value.path == path


def test_untouched_values_pass() -> None:
    """A field that became required or was retired does not stop other changes of a record."""
    before = gadget(old="x")
    assert rules(size={"required": True}).check(before, before) == {"old": "x"}


def test_retired_values_stay_until_they_are_touched() -> None:
    """Kept beside a change of other fields, gone when taken away, refused when changed."""
    defined = rules(size={})
    before = gadget(old="x", size="a")
    assert defined.check(gadget(old="x", size="b"), before) == {"old": "x", "size": "b"}
    assert defined.check(gadget(size="b"), before) == {"size": "b"}
    with pytest.raises(UnknownField):
        defined.check(gadget(old="y", size="a"), before)


def test_rules_tell_their_fields() -> None:
    """Which are unique, and all of them as filters see them."""
    defined = rules(size={"unique": True}, score=NUMBER)
    assert defined.unique == ("size",)
    assert {key: part.kind for key, part in defined.parts.items()} == {
        key: field.part.kind for key, field in defined.fields.items()
    }
