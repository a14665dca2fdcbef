"""Tables derived from entities: columns, and the key by tenant and id."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.types import TypeEngine

from crmkit.domain import columns as domain_columns
from crmkit.domain.columns import columns_of
from crmkit.domain.composite_kinds import AnyJson
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Form
from crmkit.storage.sql.dialects import BY_CODE_POINT, POSTGRES, SQLITE, is_long
from crmkit.storage.sql.indexes import add_indexes

_TENANT_LENGTH: Final = 63
_PLAIN_LENGTH: Final = 100


@cache
def table_of(spec: EntitySpec, *, prefix: str, schema: str | None, kind: str) -> Table:
    """Return the table of an entity for one kind of server, with its indexes.

    It is made once for all databases of a process that keep the entity alike.
    """
    typed = partial(_type, kind=kind)
    table = Table(
        prefix + spec.name,
        MetaData(),
        *(
            Column(column.name, typed(column), nullable=column.optional)
            for column in columns_of(spec).values()
        ),
        schema=schema,
    )
    table.append_constraint(PrimaryKeyConstraint(table.c.tenant, table.c.id))
    add_indexes(table, spec, prefix=prefix, server=kind)
    return table


def _type(column: domain_columns.Column, *, kind: str) -> TypeEngine[Any]:
    if kind == POSTGRES:
        return _postgres_type(column)
    if column.form is Form.INTEGER:
        return BigInteger()
    if column.form is Form.BOOLEAN:
        return Boolean(create_constraint=False)
    return Text() if kind == SQLITE else _mysql_type(column, BY_CODE_POINT[kind])


def _postgres_type(column: domain_columns.Column) -> TypeEngine[Any]:
    """Return the type; what is never looked into, such as the log, is kept as it was written."""
    opaque = isinstance(column.part.kind, AnyJson)
    made: TypeEngine[Any] = JSON() if opaque else _POSTGRES[column.form]()
    return made


def _mysql_type(column: domain_columns.Column, collation: str) -> TypeEngine[Any]:
    match column.form:
        case Form.ID:
            return String(32, collation="ascii_bin")
        case Form.INSTANT | Form.DATE:
            return String(29, collation="ascii_bin")
        case Form.TEXT if column.name == "tenant":
            return String(_TENANT_LENGTH, collation=collation)
        case Form.TEXT if not is_long(column):
            return String(
                getattr(column.part.kind, "max_length", _PLAIN_LENGTH), collation=collation
            )
        case _:
            return LONGTEXT(collation=collation)


_POSTGRES: Final[Mapping[Form, Any]] = {
    Form.TEXT: lambda: Text(collation="C"),
    Form.INTEGER: BigInteger,
    Form.BOOLEAN: Boolean,
    Form.DATE: Date,
    Form.INSTANT: lambda: DateTime(timezone=True),
    Form.ID: Uuid,
    Form.TEXTS: JSONB,
    Form.JSON: JSONB,
}
