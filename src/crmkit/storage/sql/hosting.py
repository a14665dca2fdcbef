"""Living in a host application: its metadata, its Alembic."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import MetaData, Table

from crmkit.domain.entity import Registry
from crmkit.storage.sql.tables import table_of


def tables(
    metadata: MetaData,
    registry: Registry,
    *,
    kind: str,
    prefix: str = "crm_",
    schema: str | None = None,
) -> list[Table]:
    """Add the tables of a CRM's entities to the host's metadata and return them.

    `kind` is sqlite, postgresql or mysql; the host's migrations may then create them.
    """
    return [table_of(metadata, spec, prefix=prefix, schema=schema, kind=kind) for spec in registry]


def keep_out(prefix: str = "crm_") -> Callable[..., bool]:
    """Return an `include_object` for Alembic that leaves crmkit's tables and indexes alone.

    Without it `alembic revision --autogenerate` proposes to drop them.
    """

    def include_object(
        item: Any, name: str | None, kind: str, *_reflected_and_compared: object
    ) -> bool:
        table = name if kind == "table" else getattr(getattr(item, "table", None), "name", "")
        return not str(table or "").startswith(prefix)

    return include_object
