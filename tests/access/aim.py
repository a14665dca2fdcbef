"""Aims: what the calls of a leak matrix are aimed at, and what their results tell."""

from __future__ import annotations

import io
from collections import abc
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs

from crmkit.domain.entity import Registry


class NotInStock(LookupError):
    """There is no record of an entity to aim at, or no value to give.

    Let stock.py or more_stock.py write such a record, or particulars.py name the argument.
    """


@attrs.frozen
class Aim:
    """What calls are aimed at: a record of each entity, one of them where any will do."""

    registry: Registry
    records: dict[str, Any]
    stock: dict[str, list[Any]]
    subject: str
    changeset_id: UUID
    folder: Path
    word: str
    code: str
    tenant: str
    other: Any
    third: Any
    word_of_stock: str

    def record(self, entity: str) -> Any:
        """Return the record of an entity, or raise `NotInStock`."""
        if entity not in self.records:
            raise NotInStock(f"no {entity} is in stock: add one to tests/access/more_stock.py")
        return self.records[entity]

    def first(self, entity: str, **fields: Any) -> Any:
        """Return the record of an entity with these values, or raise `NotInStock`."""
        for one in self.stock[entity]:
            if all(getattr(one, name) == value for name, value in fields.items()):
                mine: Any = self.record(entity)
                return mine.replaced(id=one.id, version=one.version)
        raise NotInStock(f"no {entity} with {fields} is in stock")


def told(value: Any, deep: int = 0) -> Iterator[str]:
    """Bring every text that a result tells: its own, and those of all that it holds."""
    yield repr(value)
    yield str(value)
    if deep > 8 or isinstance(value, str | bytes | int | UUID | type | Enum):
        return
    if isinstance(value, io.StringIO):
        yield value.getvalue()
        return
    if attrs.has(type(value)):
        parts: Any = [getattr(value, field.name) for field in attrs.fields(type(value))]
    elif isinstance(value, abc.Mapping):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, abc.Iterable) and not hasattr(value, "_refuse"):
        parts = value
    else:
        return
    for part in parts:
        yield from told(part, deep + 1)
