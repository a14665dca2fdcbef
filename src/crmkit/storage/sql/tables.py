"""Tables derived from entities: columns, the key by tenant and id, unique and other indexes."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Computed,
    Date,
    DateTime,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    and_,
    case,
    func,
    null,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from crmkit.domain import columns as domain_columns
from crmkit.domain.columns import columns_of
from crmkit.domain.entity import EntitySpec, Unique
from crmkit.domain.kinds import Form
from crmkit.storage.sql.dialects import BY_CODE_POINT

MAX_KEY: Final = 2400
_TENANT_LENGTH: Final = 63


def table_of(
    metadata: MetaData, spec: EntitySpec, *, prefix: str, schema: str | None, kind: str
) -> Table:
    """Return the table of an entity for one kind of database, with its indexes."""
    typed = partial(_type, kind=kind)
    table = Table(
        prefix + spec.name,
        metadata,
        *(
            Column(column.name, typed(column), nullable=column.optional)
            for column in columns_of(spec).values()
        ),
        schema=schema,
    )
    table.append_constraint(PrimaryKeyConstraint(table.c.tenant, table.c.id))
    for at, rule in enumerate(spec.unique):
        _unique_index(table, spec, rule, f"uq_{prefix}{spec.name}_{at}", kind)
    for at, index in enumerate(spec.indexes):
        _list_index(table, spec, index.fields, f"ix_{prefix}{spec.name}_{at}", kind)
    return table


def unique_fields(spec: EntitySpec, prefix: str) -> Mapping[str, tuple[str, ...]]:
    """Return the fields of each unique index by its name."""
    return {f"uq_{prefix}{spec.name}_{at}": rule.fields for at, rule in enumerate(spec.unique)}


def _type(column: domain_columns.Column, *, kind: str) -> TypeEngine[Any]:
    if kind == "postgresql":
        made: TypeEngine[Any] = _POSTGRES[column.form]()
        return made
    if column.form is Form.INTEGER:
        return BigInteger()
    if column.form is Form.BOOLEAN:
        return Boolean(create_constraint=False)
    if kind == "sqlite":
        return Text()
    return _mysql_type(column, kind)


def _mysql_type(column: domain_columns.Column, kind: str) -> TypeEngine[Any]:
    match column.form:
        case Form.ID:
            return String(32, collation="ascii_bin")
        case Form.INSTANT | Form.DATE:
            return String(29, collation="ascii_bin")
        case Form.JSON | Form.TEXTS:
            return _long_text(kind)
        case _:
            return _mysql_text(column, kind)


def _mysql_text(column: domain_columns.Column, kind: str) -> TypeEngine[Any]:
    """Text that an index can hold is VARCHAR; the rest has no index on MySQL."""
    length = getattr(column.part.kind, "max_length", 100)
    if column.name == "tenant":
        return String(_TENANT_LENGTH, collation=BY_CODE_POINT[kind])
    if length <= 320 and column.role is not domain_columns.Role.KEY:
        return String(length, collation=BY_CODE_POINT[kind])
    return _long_text(kind)


def _long_text(kind: str) -> TypeEngine[Any]:
    from sqlalchemy.dialects.mysql import LONGTEXT

    return LONGTEXT(collation=BY_CODE_POINT[kind])


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


def _unique_index(table: Table, spec: EntitySpec, rule: Unique, name: str, kind: str) -> None:
    names = [f"{field}_key" if rule.folded else field for field in rule.fields]
    columns = [table.c[column] for column in names]
    conditions: list[ColumnElement[bool]] = [
        column.is_not(null()) for column in columns if column.nullable
    ]
    if spec.soft:
        conditions.append(table.c.deleted_at.is_(null()))
    if kind in BY_CODE_POINT:
        columns = [_short(table, column, name) for column in columns]
        columns += _while_live(table, name, conditions)
        Index(name, table.c.tenant, *columns, unique=True)
        return
    where = and_(*conditions) if conditions else None
    Index(
        name,
        table.c.tenant,
        *columns,
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )


def _short(table: Table, column: Column[Any], name: str) -> Column[Any]:
    """Return the column, or a digest of it that an index of MySQL can hold."""
    if getattr(column.type, "length", 1):
        return column
    digest = Column(f"{name}_{column.name}", String(64), Computed(func.sha2(column, text("256"))))
    table.append_column(digest)
    return digest


def _while_live(
    table: Table, name: str, conditions: list[ColumnElement[bool]]
) -> list[Column[Any]]:
    """MySQL has no partial indexes: a computed column that is NULL frees the unique value."""
    if not conditions:
        return []
    kept = Column(f"{name}_live", SmallInteger, Computed(case((and_(*conditions), 1))))
    table.append_column(kept)
    return [kept]


def _list_index(
    table: Table, spec: EntitySpec, fields: tuple[str, ...], name: str, kind: str
) -> None:
    columns = [table.c[column] for field in fields for column in _index_columns(spec, field)]
    if len(columns) == 1 and columns_of(spec)[columns[0].name].form is Form.TEXTS:
        if kind == "postgresql":
            Index(name, columns[0], postgresql_using="gin")
        return
    if kind in BY_CODE_POINT and any(not getattr(column.type, "length", 1) for column in columns):
        return
    if kind == "postgresql" and sum(_widest(spec, column.name) for column in columns) > MAX_KEY:
        return
    keys: list[Any] = [
        column.nulls_first() if kind == "postgresql" and column.nullable else column
        for column in columns
    ]
    if "id" not in fields:
        keys.append(table.c.id)
    Index(name, table.c.tenant, *keys)


def _widest(spec: EntitySpec, name: str) -> int:
    """Return the bytes that a key of this column may take; an index holds about 2,700 in all."""
    column = columns_of(spec)[name]
    return getattr(column.part.kind, "max_length", 0) * 4 if column.form is Form.TEXT else 16


def _index_columns(spec: EntitySpec, field: str) -> list[str]:
    plain = [
        name
        for name, column in columns_of(spec).items()
        if column.part.name == field and column.role is not domain_columns.Role.KEY
    ]
    return sorted(plain, reverse=True) if len(plain) > 1 else plain
