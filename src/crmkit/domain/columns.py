"""Where values lie in a store: the columns of an entity and the leaves that a query can reach."""

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Final

import attrs

from crmkit.domain.composite_kinds import Amount, Part
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Form
from crmkit.errors import InvalidSettings


class Role(Enum):
    """What a column keeps of its field."""

    VALUE = "value"
    AMOUNT = "amount"
    CURRENCY = "currency"
    KEY = "key"


@attrs.frozen(kw_only=True)
class Column:
    """One column, or one top-level field of a document."""

    name: str
    form: Form
    part: Part
    role: Role = Role.VALUE
    optional: bool = False


@attrs.frozen(kw_only=True)
class Leaf:
    """One scalar that can be compared or sorted: a column, or a place inside a JSON column.

    Inside JSON only the forms TEXT, INTEGER, BOOLEAN and TEXTS occur: dates, instants and ids are
    texts there that sort as they should.
    """

    column: str
    form: Form
    keys: tuple[str, ...] = ()
    optional: bool = True


MAX_COLUMN: Final = 60
"""Bytes that every database takes for the name of a column, with some to spare."""


@cache
def columns_of(spec: EntitySpec) -> Mapping[str, Column]:
    """Return the columns of an entity by name, in order; every store uses these names."""
    columns: dict[str, Column] = {}
    for part in spec.parts.values():
        for column in _columns(part, searchable=part.name in spec.searchable):
            if columns.setdefault(column.name, column) is not column:
                raise InvalidSettings(
                    f"two fields need a column {column.name!r}",
                    path=f"{spec.name}.{part.name}",
                    fix="rename one of them",
                )
            if len(column.name.encode()) > MAX_COLUMN:
                raise InvalidSettings(
                    f"the column {column.name!r} has more than {MAX_COLUMN} bytes",
                    path=f"{spec.name}.{part.name}",
                    fix="give the field a shorter name",
                )
    return columns


def _columns(part: Part, *, searchable: bool) -> list[Column]:
    if isinstance(part.kind, Amount):
        return [
            Column(
                name=f"{part.name}_amount",
                form=Form.INTEGER,
                part=part,
                role=Role.AMOUNT,
                optional=part.optional,
            ),
            Column(
                name=f"{part.name}_currency",
                form=Form.TEXT,
                part=part,
                role=Role.CURRENCY,
                optional=part.optional,
            ),
        ]
    columns = [Column(name=part.name, form=part.kind.form, part=part, optional=part.optional)]
    if searchable:
        columns.append(
            Column(
                name=f"{part.name}_key",
                form=Form.TEXT,
                part=part,
                role=Role.KEY,
                optional=part.optional,
            )
        )
    return columns
