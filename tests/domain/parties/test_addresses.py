"""Addresses: checked, and written as their country writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.parties.addresses import Address
from crmkit.errors import CrmkitError, InvalidValue, OutOfRange, WrongType

FIELDS = ("region", "city", "district", "street", "postal_code")
TEXTS = st.none() | st.text(max_size=20)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (
            {"region": "山东省", "city": "聊城市", "district": "东昌府区", "street": "东昌路1号"},
            "山东省聊城市东昌府区东昌路1号",
        ),
        (
            {"region": "山东省", "city": "聊城市", "street": "东昌路1号", "postal_code": "252000"},
            "252000 山东省聊城市东昌路1号",
        ),
        ({"region": "北京市", "city": "北京市", "district": "朝阳区"}, "北京市朝阳区"),
        ({"street": " 东昌路1号\n3楼 "}, "东昌路1号 3楼"),
        ({"country": "JP", "region": "東京都", "street": "丸の内1"}, "東京都丸の内1"),
        (
            {"country": "HK", "city": "Hong Kong", "street": "1 Queen's Rd"},
            "1 Queen's Rd, Hong Kong, HK",
        ),
        ({"city": "Liaocheng", "region": "Shandong"}, "Liaocheng, Shandong, CN"),
        (
            {"country": "DE", "city": "Hamburg", "street": "Am Markt 1", "postal_code": "20095"},
            "Am Markt 1, 20095 Hamburg, DE",
        ),
        (
            {"country": "US", "city": "Austin", "region": "TX", "street": "1 Main St\nApt 2"},
            "1 Main St Apt 2, Austin, TX, US",
        ),
        ({}, "CN"),
    ],
)
def test_an_address_is_written_as_its_country_writes_it(fields, line):
    """From big to small without blanks in Chinese, from small to big in Western letters."""
    assert Address(**fields).line == line


@pytest.mark.parametrize(
    "country", ["XXXX", "XX", "cn", "UK", "China", "", "中国", "C\x00", "\ud800"]
)
def test_only_countries_are_countries(country):
    """What is no code of ISO 3166 is refused, naming the field and what to write."""
    with pytest.raises(InvalidValue) as caught:
        Address(country=country)
    assert caught.value.path == "country"
    assert caught.value.fix


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    ("bad", "error"),
    [("\x00", InvalidValue), ("\ud800", InvalidValue), (5, WrongType), ("x" * 501, OutOfRange)],
)
def test_the_wrong_field_is_named(field, bad, error):
    """Broken text, other types and endless text are refused by the field's name."""
    with pytest.raises(error) as caught:
        Address(**{field: bad})
    assert caught.value.path == field


@pytest.mark.parametrize("country", [None, 5, b"CN"])
def test_a_country_is_text(country):
    """Other types are the wrong type."""
    with pytest.raises(WrongType) as caught:
        Address(country=country)
    assert caught.value.path == "country"


@given(fields=st.fixed_dictionaries(dict.fromkeys(FIELDS, TEXTS)))
def test_any_address_is_one_line(fields):
    """Whatever is kept is written on one line."""
    try:
        line = Address(**fields).line
    except CrmkitError:
        return
    assert len(line.splitlines()) == 1
