"""One naming of columns for all stores."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
import pytest

from crmkit.domain.columns import Role, columns_of
from crmkit.domain.entity import entity, spec_of
from crmkit.domain.kinds import Form
from crmkit.domain.money import Money
from crmkit.errors import InvalidSettings
from crmkit.testing.sample import Gadget


def entity_with(**fields: Any) -> Any:
    """Return the spec of an entity with these fields by their types."""
    own = {name: attrs.field(type=kind) for name, kind in fields.items()}
    cls = attrs.make_class(
        "Car",
        {"id": attrs.field(type=UUID), "tenant": attrs.field(type=str), **own},
        frozen=True,
    )
    return spec_of(entity("car")(cls))


def test_each_field_has_its_columns() -> None:
    """Money has two, searchable text a folded key beside it, all else one."""
    columns = columns_of(spec_of(Gadget))
    assert [name for name in columns if name.startswith(("name", "price", "box", "rank"))] == [
        "name",
        "name_key",
        "rank",
        "price_amount",
        "price_currency",
        "box",
        "boxes",
    ]
    assert {name: columns[name].role for name in ("name", "name_key")} == {
        "name": Role.VALUE,
        "name_key": Role.KEY,
    }
    assert [columns[f"price_{part}"].role for part in ("amount", "currency")] == [
        Role.AMOUNT,
        Role.CURRENCY,
    ]


def test_columns_have_the_form_of_their_field() -> None:
    """And may be empty where the field may."""
    columns = columns_of(spec_of(Gadget))
    forms = {name: (column.form, column.optional) for name, column in columns.items()}
    assert forms["id"] == (Form.ID, False)
    assert forms["name"] == forms["name_key"] == (Form.TEXT, False)
    assert forms["code"] == (Form.TEXT, True)
    assert forms["price_amount"] == (Form.INTEGER, True)
    assert forms["price_currency"] == (Form.TEXT, True)
    assert forms["share"] == (Form.INTEGER, True)
    assert forms["parts"] == (Form.TEXTS, False)
    assert forms["box"] == (Form.JSON, True)
    assert forms["made_at"] == (Form.INSTANT, True)


def test_needed_money_is_needed_twice() -> None:
    """Both its columns are always written."""
    columns = columns_of(entity_with(price=Money))
    assert [columns[name].optional for name in ("price_amount", "price_currency")] == [False, False]


def test_two_fields_of_one_column_are_refused() -> None:
    """The second is named, and what to do."""
    with pytest.raises(InvalidSettings, match="price_amount") as caught:
        columns_of(entity_with(price=Money, price_amount=Decimal))
    assert (caught.value.path, caught.value.fix) == ("car.price_amount", "rename one of them")


@pytest.mark.parametrize(("name", "kind"), [("x" * 61, int), ("名" * 21, str), ("x" * 52, Money)])
def test_long_names_are_refused(name: str, kind: type[Any]) -> None:
    """Databases would cut them, and two could become one."""
    with pytest.raises(InvalidSettings, match="more than 60 bytes") as caught:
        columns_of(entity_with(**{name: kind}))
    assert caught.value.path == f"car.{name}"


def test_longest_names_are_kept() -> None:
    """Sixty bytes, the ending included."""
    assert "x" * 60 in columns_of(entity_with(**{"x" * 60: int}))
    assert "名" * 20 in columns_of(entity_with(**{"名" * 20: str}))
