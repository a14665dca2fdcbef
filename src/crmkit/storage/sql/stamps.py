"""Stamps: which revision a database is at, and for which shape of each entity it was prepared."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import attrs
from sqlalchemy import Column, Connection, MetaData, String, Table, delete, insert, inspect, select

from crmkit.domain.columns import columns_of
from crmkit.domain.entity import EntitySpec
from crmkit.errors import SchemaTooNew
from crmkit.storage.sql.dialects import MYSQL, is_long

COMPONENT: Final = "crmkit"


@attrs.frozen
class Revision:
    """One frozen change of stored data, in the order in which all databases take them.

    `run` gets the connection and the prefix; it must leave what it finds done as it is.
    """

    number: int
    summary: str
    run: Callable[[Connection, str], None] | None = None


REVISIONS: Final = (Revision(1, "the first tables"),)
"""Never changed once released; the last is the one this crmkit writes."""


class Stamps:
    """The table of stamps: one row for crmkit itself, one for each entity that was prepared."""

    def __init__(self, prefix: str, schema: str | None, *, kind: str) -> None:
        """Name the table."""
        self.schema = schema
        self._kind = kind
        self.table = Table(
            f"{prefix}schema",
            MetaData(),
            Column("component", String(100), primary_key=True),
            Column("revision", String(20), nullable=False),
            Column("checksum", String(64), nullable=False),
            Column("applied_at", String(40), nullable=False),
            schema=schema,
        )

    def are_there(self, connection: Connection) -> bool:
        """Say whether the database has the table."""
        return inspect(connection).has_table(self.table.name, schema=self.schema)

    def revision(self, connection: Connection) -> int | None:
        """Return the revision of the data, None where nothing was stamped yet."""
        if not self.are_there(connection):
            return None
        row = self._rows(connection).get(COMPONENT)
        return None if row is None else int(row[0])

    def check_not_newer(self, connection: Connection) -> None:
        """Raise `SchemaTooNew` when a newer crmkit has been here."""
        revision, latest = self.revision(connection), REVISIONS[-1].number
        if revision is not None and revision > latest:
            raise SchemaTooNew(
                f"the data is at revision {revision}, this crmkit knows {latest}",
                path="schema",
                fix="upgrade crmkit",
            )

    def outdated(self, connection: Connection, specs: Iterable[EntitySpec]) -> list[str]:
        """Name the entities, and crmkit itself, for which steps are waiting."""
        rows = self._rows(connection)
        wanted = self._wanted(specs)
        return [name for name, stamp in wanted.items() if rows.get(name) != stamp]

    def write(self, connection: Connection, specs: Iterable[EntitySpec]) -> None:
        """Stamp the database for these entities; those of other programs stay as they are."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        rows = self._rows(connection)
        for component, stamp in self._wanted(specs).items():
            if rows.get(component) != stamp:
                revision, checksum = stamp
                connection.execute(delete(self.table).where(self.table.c.component == component))
                values = {"component": component, "revision": revision, "checksum": checksum}
                connection.execute(insert(self.table).values(**values, applied_at=at))

    def _rows(self, connection: Connection) -> Mapping[str, tuple[str, str]]:
        table = self.table
        asked = select(table.c.component, table.c.revision, table.c.checksum)
        return {row[0]: (row[1], row[2]) for row in connection.execute(asked)}

    def _wanted(self, specs: Iterable[EntitySpec]) -> dict[str, tuple[str, str]]:
        latest = str(REVISIONS[-1].number)
        each = {f"entity {spec.name}": (latest, _checksum(spec, self._kind)) for spec in specs}
        return {COMPONENT: (latest, "")} | each


def _checksum(spec: EntitySpec, kind: str) -> str:
    """Return a digest of what an entity asks of its table; on MySQL a text has its length too."""
    columns = [
        (column.name, column.form.value, column.optional, is_long(column))
        for column in columns_of(spec).values()
    ]
    lengths = [getattr(part.kind, "max_length", 0) for part in spec.parts.values()]
    asked = (columns, spec.unique, spec.indexes, lengths if kind == MYSQL else [])
    return hashlib.sha256(repr(asked).encode()).hexdigest()
