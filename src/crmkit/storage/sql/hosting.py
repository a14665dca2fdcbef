"""Living in a host application: its metadata, its Alembic."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, MetaData, Table

from crmkit.domain.entity import Registry
from crmkit.storage.sql.dialects import server_of
from crmkit.storage.sql.tables import table_of


def tables(
    metadata: MetaData,
    registry: Registry,
    *,
    kind: str | Engine,
    prefix: str = "crm_",
    schema: str | None = None,
) -> list[Table]:
    """Add the tables of a CRM's entities to the host's metadata and return them.

    `kind` is sqlite, postgresql, mysql, mariadb or an engine; the host's migrations may then create
    the tables. `crm.schema.apply()` adds what they left out, and the stamps.
    """
    server = kind if isinstance(kind, str) else server_of(kind.dialect)
    return [
        table_of(metadata, spec, prefix=prefix, schema=schema, kind=server) for spec in registry
    ]


def keep_out(prefix: str = "crm_", registry: Registry | None = None) -> Callable[..., bool]:
    """Return an `include_object` for Alembic that leaves crmkit's tables and indexes alone.

    Without it `alembic revision --autogenerate` proposes to drop them. With a registry only the
    tables of its entities and the stamps are left alone, else every table that has the prefix.
    """
    names = None if registry is None else {f"{prefix}{spec.name}" for spec in registry}

    def is_of_crmkit(table: str) -> bool:
        if names is None:
            return table.startswith(prefix)
        return table in names or table == f"{prefix}schema"

    def include_object(item: Any, name: str | None, kind: str, *_rest: object) -> bool:
        table = name if kind == "table" else getattr(getattr(item, "table", None), "name", "")
        return not is_of_crmkit(str(table or ""))

    return include_object


def keep_indexes_out(prefix: str = "crm_") -> Callable[..., bool]:
    """Return an `include_object` for a host that creates crmkit's tables by its own migrations.

    Indexes on expressions never compare equal, so Alembic would make and drop them for ever; they
    are left to `crm.schema.apply()`.
    """

    def include_object(item: Any, _name: str | None, kind: str, *_rest: object) -> bool:
        table = str(getattr(getattr(item, "table", None), "name", ""))
        return kind != "index" or not table.startswith(prefix)

    return include_object
