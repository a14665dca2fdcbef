"""From what a driver raises to what crmkit promises: refused, in conflict, unavailable, unknown."""

import re
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from crmkit.errors import (
    CrmkitError,
    Duplicate,
    OutcomeUnknown,
    OutOfRange,
    StoreError,
    StoreUnavailable,
    TransactionConflict,
)

Unique = Mapping[str, tuple[str, tuple[str, ...]]]
"""By index name: the entity and its unique fields."""

_POSTGRES_CONFLICTS: Final = frozenset({"40001", "40P01", "55P03"})
_MYSQL_CONFLICTS: Final = frozenset({1205, 1213, 1020, 3572})
_MYSQL_LOST: Final = frozenset({2006, 2013, 2003, 2055})
_MYSQL_DUPLICATE: Final = 1062
_SQLITE_COLUMNS: Final = re.compile(r"UNIQUE constraint failed: (.+)")


class Failures:
    """Translates the errors of one store, whose unique indexes it knows by name."""

    def __init__(self, unique: Unique, entity_of_table: Mapping[str, str]) -> None:
        """Know the indexes and tables."""
        self._unique = unique
        self._entity_of_table = entity_of_table

    def translate(self, error: BaseException, *, committing: bool = False) -> BaseException:
        """Return the error of crmkit for an error of the driver; others come back as they are."""
        if isinstance(error, CrmkitError):
            return error
        if isinstance(error, sqlite3.Error):
            return self._sqlite(error)
        module = type(error).__module__.partition(".")[0]
        if module == "psycopg":
            return self._postgres(error, committing=committing)
        if module == "pymysql":
            return self._mysql(error, committing=committing)
        return error

    def _sqlite(self, error: sqlite3.Error) -> CrmkitError:
        text = str(error)
        found = _SQLITE_COLUMNS.search(text)
        if found is not None:
            return self._sqlite_duplicate(found.group(1))
        if "locked" in text or "busy" in text:
            return TransactionConflict(
                "another transaction holds the database", path="store", fix="repeat the work"
            )
        if "integer overflow" in text:
            return OutOfRange("the sum needs more than 64 bits", path="summary")
        return StoreError(text, path="store")

    def _sqlite_duplicate(self, places: str) -> Duplicate:
        named = re.search(r"index '(.+)'", places)
        if named is not None:
            return self._duplicate(named.group(1))
        columns = [place.strip() for place in places.split(",")]
        entity = self._entity_of_table.get(columns[0].partition(".")[0], "record")
        names = [column.partition(".")[2] for column in columns]
        fields = [name.removesuffix("_key") for name in names if name != "tenant"]
        return Duplicate(entity, fields)

    def _postgres(self, error: Any, *, committing: bool) -> BaseException:
        state = getattr(error, "sqlstate", None)
        if state == "23505":
            return self._duplicate(error.diag.constraint_name or "")
        if state in _POSTGRES_CONFLICTS:
            return TransactionConflict(str(error).strip(), path="store", fix="repeat the work")
        lost = state is None or state.startswith(("08", "57P"))
        if lost and type(error).__name__ in ("OperationalError", "AdminShutdown", "InterfaceError"):
            return _lost(error, committing=committing)
        return StoreError(str(error).strip(), path="store")

    def _mysql(self, error: Any, *, committing: bool) -> BaseException:
        code = error.args[0] if error.args else 0
        if code == _MYSQL_DUPLICATE:
            found = re.search(r"for key '(?:.*\.)?(.+)'", str(error.args[1]))
            return self._duplicate(found.group(1) if found else "")
        if code in _MYSQL_CONFLICTS:
            return TransactionConflict(str(error), path="store", fix="repeat the work")
        if code in _MYSQL_LOST or code == 0:
            return _lost(error, committing=committing)
        return StoreError(str(error), path="store")

    def _duplicate(self, name: str) -> Duplicate:
        entity, fields = self._unique.get(name, ("", ()))
        if entity:
            return Duplicate(entity, fields)
        table = name.removesuffix("_pkey")
        return Duplicate(self._entity_of_table.get(table, table or "record"), ("id",))


def _lost(error: BaseException, *, committing: bool) -> CrmkitError:
    reason = str(error).strip() or "the connection was lost"
    if committing:
        return OutcomeUnknown(f"the reply to the commit was lost: {reason}")
    return StoreUnavailable(reason, path="store", fix="check that the database runs")
