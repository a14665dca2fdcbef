"""Filling columns that come later: with the default of their field, or from other columns."""

from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update

from crmkit.domain.columns import Column, Role
from crmkit.domain.kinds import Form
from crmkit.domain.text import search_key
from crmkit.ports import BATCH
from crmkit.storage.codec.json_text import to_json
from crmkit.storage.sql.dialects import POSTGRES
from crmkit.storage.sql.entities import EntityTable


def default_literal(column: Column, kind: str) -> str | None:
    """Return what older records get in a column, as SQL; None where the field has no default."""
    default = column.part.default
    if column.role is Role.KEY:
        return "''" if default is None else _literal(search_key(default), kind)
    if default is None:
        return None
    match column.role:
        case Role.AMOUNT:
            return _literal(default.minor, kind)
        case Role.CURRENCY:
            return _literal(default.currency, kind)
        case _:
            return _literal(_stored(column, default), kind)


def fill_keys(connection: Connection, entity: EntityTable, column: Column) -> None:
    """Write the folded keys of a text that became searchable, batch by batch."""
    table = entity.table
    source, target = table.c[column.part.name], table.c[column.name]
    keys: list[dict[str, Any]] = []
    asked = select(table.c.tenant, table.c.id, source).where(source.is_not(None))
    for tenant, record_id, text in connection.execute(asked).yield_per(BATCH):
        keys.append({"of": tenant, "at": record_id, "folded": search_key(text)})
    filled = (
        update(table)
        .where(table.c.tenant == bindparam("of"), table.c.id == bindparam("at"))
        .values({target: bindparam("folded")})
    )
    for start in range(0, len(keys), BATCH):
        connection.execute(filled, keys[start : start + BATCH])


def _stored(column: Column, default: Any) -> Any:
    kind = column.part.kind
    if column.form in (Form.JSON, Form.TEXTS):
        return to_json(kind.plain(default))
    return kind.plain(default) if column.form in _WRITTEN else kind.scalar(default)


def _literal(value: Any, kind: str) -> str:
    if isinstance(value, bool):
        return str(value).lower() if kind == POSTGRES else str(int(value))
    if isinstance(value, int):
        return str(value)
    escaped = str(value).replace("'", "''")
    if kind == "mysql":
        escaped = escaped.replace("\\", "\\\\")
        return f"('{escaped}')"
    return f"'{escaped}'"


_WRITTEN: Final = (Form.DATE, Form.INSTANT)
