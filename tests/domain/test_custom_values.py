"""The values of a tenant's own fields: any lawful value, under a lawful key, kept whole."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.composite_kinds import Amount
from crmkit.domain.custom_values import CustomValues, check_custom_key, stored_key
from crmkit.domain.kinds import Number, Text
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue, OutOfRange, WrongType

KIND = CustomValues()
KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,62}", fullmatch=True)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=9),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1).map(lambda units: Decimal(units).scaleb(-6)),
    st.integers(-(10**15), 10**15).map(lambda minor: Money.from_minor(minor, "CNY")),
    st.dates(),
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
    ),
    st.uuids(),
    st.lists(st.sampled_from(["east", "西"]), max_size=3).map(tuple),
)


@given(values=st.dictionaries(KEYS, VALUES, max_size=6))
def test_values_are_kept_whole(values: dict[str, Any]) -> None:
    """Each comes back with its value and its type, without any definition at hand."""
    checked = KIND.check(values, "custom")
    back = KIND.parse(KIND.plain(checked))
    assert back == values
    assert [type(value) for value in back.values()] == [type(value) for value in values.values()]


def test_stored_keys_tell_the_kind() -> None:
    """A letter behind the key; texts also have their folded key."""
    plain = KIND.plain(
        {
            "size": "Große",
            "score": 5,
            "ratio": Decimal("0.500000"),
            "deposit": Money("1", "CNY"),
            "due": date(2026, 11, 24),
            "seen": datetime(2026, 11, 24, tzinfo=UTC),
            "vip": True,
            "maker": UUID(int=1),
            "areas": ("east",),
        }
    )
    assert list(plain.items()) == [
        ("size", "Große"),
        ("size:k", "grosse"),
        ("score:i", 5),
        ("ratio:d", 500_000),
        ("deposit:m", {"amount": 100, "currency": "CNY"}),
        ("due:day", "2026-11-24"),
        ("seen:at", "2026-11-24T00:00:00.000+00:00"),
        ("vip:b", True),
        ("maker:r", "00000000-0000-0000-0000-000000000001"),
        ("areas:l", ["east"]),
    ]


def test_stored_key_of_a_kind() -> None:
    """Filters find a value where records keep it."""
    assert [stored_key("a", kind) for kind in (Text(), Number(), Amount())] == ["a", "a:d", "a:m"]


def test_missing_values_are_not_kept() -> None:
    """None is the same as not being there; no values make an empty mapping."""
    assert KIND.check({"a": None, "b": 1}, "custom") == {"b": 1}
    assert KIND.check({}, "custom") == KIND.parse({}) == {}


@pytest.mark.parametrize(
    ("values", "error", "path"),
    [
        ("size", WrongType, "custom"),
        ([("size", 1)], WrongType, "custom"),
        ({"size": 1.5}, WrongType, "custom.size"),
        ({"size": {"a": 1}}, WrongType, "custom.size"),
        ({"size": b"a"}, WrongType, "custom.size"),
        ({"size": ("a", 1)}, WrongType, "custom.size[1]"),
        ({"size": "\x00"}, InvalidValue, "custom.size"),
        ({"size": 2**63}, OutOfRange, "custom.size"),
        ({"Size": 1}, InvalidValue, "custom"),
        ({f"k{at}": at for at in range(501)}, OutOfRange, "custom"),
    ],
)
def test_unfit_values_are_refused(values: Any, error: type[Exception], path: str) -> None:
    """The key at fault is named."""
    with pytest.raises(InvalidValue) as caught:
        KIND.check(values, "custom")
    assert type(caught.value) is error
    assert caught.value.path == path


@pytest.mark.parametrize(
    "key",
    ["", "A", "1a", "_a", "a-b", "a.b", "a b", "a:d", "$a", "ä", "键", "a" * 64, "a\n", 5, None],
)
def test_unlawful_keys_are_refused(key: object) -> None:
    """A key is safe in every statement and document, and leaves room for its letter."""
    with pytest.raises(InvalidValue, match="small letter"):
        check_custom_key(key, "key")


@given(key=KEYS)
def test_lawful_keys_are_kept(key: str) -> None:
    """A small letter, then up to 62 small letters, digits or underscores."""
    assert check_custom_key(key, "key") == key
