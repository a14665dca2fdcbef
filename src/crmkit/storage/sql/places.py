"""Places of a SQL database: a schema of PostgreSQL, or a file of SQLite, for each tenant."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateSchema, DropSchema

from crmkit.errors import CapabilityMissing, InvalidSettings
from crmkit.ports import Storage
from crmkit.storage.sql.dialects import POSTGRES, SQLITE
from crmkit.storage.sql.engines import engine_of
from crmkit.storage.sql.storage import SqlStorage

BASE: Final = "crmkit"


def sql_places(target: Any, *, prefix: str, schema: str | None) -> "SqliteFiles | PostgresSchemas":
    """Return the places that a URL or an engine can have."""
    kind = (
        target.dialect.name if isinstance(target, Engine) else make_url(target).get_backend_name()
    )
    if kind == POSTGRES:
        return PostgresSchemas(target, prefix=prefix, base=schema or BASE)
    if kind == SQLITE and isinstance(target, str):
        return SqliteFiles(target, prefix=prefix)
    raise CapabilityMissing(
        f"tenants cannot be kept apart on this {kind}",
        path="tenants",
        fix="use PostgreSQL, MongoDB or the URL of a SQLite file, or keep them in shared tables",
    )


class SqliteFiles:
    """Keeps each tenant in a file beside the one of the URL, which is the pattern."""

    def __init__(self, url: str, *, prefix: str) -> None:
        """Take the URL of a file, or raise `InvalidSettings`."""
        self._url = make_url(url)
        self._prefix = prefix
        if self._url.database in (None, "", ":memory:"):
            raise InvalidSettings(
                "a SQLite in memory has no files", path="url", fix="name a file, or open memory:"
            )
        self._file = Path(str(self._url.database))

    def open(self, name: str) -> Storage:
        """Return a store on a file."""
        if not name:
            return SqlStorage(str(self._url), prefix=self._prefix)
        url = self._url.set(database=str(self._path(name)))
        return SqlStorage(url.render_as_string(hide_password=False), prefix=self._prefix)

    def make(self, name: str) -> None:
        """Leave it to SQLite, which makes a file when it is first written."""

    def names(self) -> Sequence[str]:
        """Name the places by the files that are there."""
        found = self._file.parent.glob(f"{self._file.stem}.t_*{self._file.suffix}")
        start, end = len(self._file.stem) + 1, len(self._file.suffix)
        return sorted(path.name[start : len(path.name) - end] for path in found)

    def drop(self, name: str) -> None:
        """Delete a file with all that is in it, and what SQLite put beside it."""
        path = self._path(name)
        for file in (path, *path.parent.glob(f"{path.name}-*")):
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """Files share nothing."""

    def _path(self, name: str) -> Path:
        return self._file.with_name(f"{self._file.stem}.{name}{self._file.suffix}")


class PostgresSchemas:
    """Keeps each tenant in a schema; all share one engine, and with it the connections."""

    def __init__(self, target: str | Engine, *, prefix: str, base: str) -> None:
        """Take a URL or the caller's engine; `base` is the schema of the pattern."""
        self._owned = isinstance(target, str)
        self._engine = engine_of(target) if isinstance(target, str) else target
        self._prefix, self._base = prefix, base

    def open(self, name: str) -> Storage:
        """Return a store on a schema."""
        return SqlStorage(self._engine, prefix=self._prefix, schema=self._schema(name))

    def make(self, name: str) -> None:
        """Create the schema."""
        with self._engine.begin() as connection:
            connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name}
            )
            connection.execute(CreateSchema(self._schema(name), if_not_exists=True))

    def drop(self, name: str) -> None:
        """Drop a schema with all that is in it."""
        with self._engine.begin() as connection:
            connection.execute(DropSchema(self._schema(name), cascade=True, if_exists=True))

    def names(self) -> Sequence[str]:
        """Name the places by the schemas that are there."""
        start = f"{self._base}_t_"
        found = inspect(self._engine).get_schema_names()
        return sorted(name[len(self._base) + 1 :] for name in found if name.startswith(start))

    def close(self) -> None:
        """Close the engine, if it was opened here."""
        if self._owned:
            self._engine.dispose()

    def _schema(self, name: str) -> str:
        return f"{self._base}_{name}" if name else self._base
