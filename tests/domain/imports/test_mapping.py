"""Mappings that contradict themselves are refused when they are made."""

from typing import Any

import pytest

from crmkit.domain.imports.mapping import ColumnMapping, FileMapping, ImportMapping
from crmkit.errors import InvalidSettings

NAME = ColumnMapping(field="name", column="Name")
KIND = ColumnMapping(field="kind", constant="person")


@pytest.mark.parametrize(
    "sources",
    [{}, {"column": "A", "constant": "b"}, {"column": "A", "template": "{A}"}],
)
def test_field_has_one_source(sources: dict[str, Any]) -> None:
    """A column, a constant or a template: one of them, even an empty one."""
    with pytest.raises(InvalidSettings, match="exactly one") as caught:
        ColumnMapping(field="name", **sources)
    assert caught.value.path == "columns.name"
    assert ColumnMapping(field="name", constant="").constant == ""


@pytest.mark.parametrize(
    ("key", "columns", "told"),
    [
        ((), (NAME,), "every key field"),
        (("number",), (NAME,), "every key field"),
        (("name", "number"), (NAME, KIND), "every key field"),
        (("name",), (NAME, NAME), "two columns fill one field"),
    ],
)
def test_file_has_a_key_that_is_filled(key: Any, columns: Any, told: str) -> None:
    """And fills no field twice; the file is named."""
    with pytest.raises(InvalidSettings, match=told) as caught:
        FileMapping(file="a.csv", entity="customer", key=key, columns=columns)
    assert caught.value.path.startswith("files.a.csv")


def test_files_come_in_their_order() -> None:
    """Those that others refer to first."""
    file = FileMapping(file="a.csv", entity="customer", key=("name",), columns=(NAME, KIND))
    assert ImportMapping(name="all", files=(file, file)).files == (file, file)
