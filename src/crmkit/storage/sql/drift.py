"""Drift: what differs between a database and the classes and cannot be mended by a step."""

import re
from collections.abc import Iterator
from typing import Any, Final

from crmkit.ports import Drift
from crmkit.storage.sql.entities import Entities, EntityTable
from crmkit.storage.sql.inspection import Present

_SAME: Final = {"BOOL": "TINYINT", "BOOLEAN": "TINYINT", "INT": "INTEGER"}


def drifts(present: Present, entities: Entities) -> Iterator[Drift]:
    """Tell the columns that hold something else than their fields say."""
    for entity in entities:
        if entity.table.name in present.tables:
            yield from _columns(present, entity)


def _columns(present: Present, entity: EntityTable) -> Iterator[Drift]:
    known = present.columns(entity.table.name)
    for column in entity.table.columns:
        if column.name not in known:
            continue
        wanted = _word(column.type, present)
        found = _word(known[column.name]["type"], present)
        if found != wanted:
            yield Drift(
                place=f"{entity.table.name}.{column.name}",
                problem=f"holds {found.lower()}, the class says {wanted.lower()}",
                fix="move the values into a field of another name, then drop this column",
            )


def _word(kind: Any, present: Present) -> str:
    """Return the kind of a column without its width and collation."""
    found = re.match(r"[A-Z]+", str(kind.compile(present.dialect)).upper())
    word = found.group() if found else ""
    return _SAME.get(word, word) if present.kind == "mysql" else word
