"""Rebuilding a table of SQLite, which cannot loosen a column in place."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.schema import CreateColumn

from crmkit.storage.sql.inspection import Present


def rebuild(connection: Connection, *, table: Table, present: Present) -> None:
    """Copy a table into one whose columns are as declared, with what is no longer declared.

    The caller holds a transaction: the table is whole before and after.
    """
    quote = present.dialect.identifier_preparer.quote
    known = present.now().columns(table.name)
    beside = f"{table.name}_rebuilt"
    columns = ", ".join(map(quote, known))
    made = ", ".join([*_columns(table, known, present), "PRIMARY KEY (tenant, id)"])
    indexes = _index_statements(connection, table.name)
    connection.exec_driver_sql(f"CREATE TABLE {quote(beside)} ({made})")
    connection.exec_driver_sql(
        f"INSERT INTO {quote(beside)} ({columns}) SELECT {columns} FROM {quote(table.name)}"
    )
    connection.exec_driver_sql(f"DROP TABLE {quote(table.name)}")
    connection.exec_driver_sql(f"ALTER TABLE {quote(beside)} RENAME TO {quote(table.name)}")
    for statement in indexes:
        connection.exec_driver_sql(statement)


def _columns(table: Table, known: Mapping[str, Any], present: Present) -> list[str]:
    """Describe the columns that are there: the declared ones as declared, others as they are."""
    quote = present.dialect.identifier_preparer.quote
    made: list[str] = []
    for name, column in known.items():
        if name in table.c:
            made.append(str(CreateColumn(table.c[name]).compile(dialect=present.dialect)).strip())
        else:
            made.append(f"{quote(name)} {column['type'].compile(present.dialect)}")
    return made


def _index_statements(connection: Connection, table: str) -> list[str]:
    asked = (
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
    )
    return [row[0] for row in connection.exec_driver_sql(asked, (table,))]
