"""From what a driver raises to what crmkit promises: refused, in conflict, unavailable, unknown."""

import re
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crmkit.errors import (
    CrmkitError,
    Duplicate,
    OutcomeUnknown,
    OutOfRange,
    SchemaMissing,
    SchemaOutdated,
    StoreError,
    StoreUnavailable,
    TransactionConflict,
)

Unique = Mapping[str, tuple[str, tuple[str, ...]]]
"""By index name: the entity and its unique fields."""

APPLY: Final = "crm.schema.apply(), or: crmkit check --apply"
_POSTGRES_CONFLICTS: Final = frozenset({"40001", "40P01", "55P03"})
_POSTGRES_LOST: Final = ("08", "57P0", "53300")
_POSTGRES_RANGE: Final = frozenset({"22003", "22008", "22007"})
_MYSQL_CONFLICTS: Final = frozenset({1205, 1213, 1020, 3572})
_MYSQL_LOST: Final = frozenset({0, 1040, 1053, 1927, 2002, 2003, 2006, 2013, 2014, 2055, 4031})
_MYSQL_DUPLICATE: Final = 1062
_SQLITE_UNREACHABLE: Final = ("unable to open", "disk i/o", "disk is full", "not a database")


class Failures:
    """Translates the errors of one store, whose unique indexes it knows by name."""

    def __init__(self, unique: Unique, entity_of_table: Mapping[str, str]) -> None:
        """Know the indexes and tables."""
        self._unique = unique
        self._entity_of_table = entity_of_table

    def translate(
        self, error: BaseException, *, committing: bool = False, entity: str = ""
    ) -> BaseException:
        """Return the error of crmkit for an error of the driver; others come back as they are.

        `entity` is what the statement was about, for errors that do not tell.
        """
        if isinstance(error, DBAPIError) and error.orig is not None:
            error = error.orig
        if isinstance(error, CrmkitError):
            return error
        if isinstance(error, sqlite3.Error):
            return self._sqlite(error)
        if isinstance(error, PoolTimeout):
            return _busy()
        module = type(error).__module__.partition(".")[0]
        if module == "psycopg":
            return self._postgres(error, entity, committing=committing)
        if module == "pymysql":
            return self._mysql(error, entity, committing=committing)
        return error

    def _sqlite(self, error: sqlite3.Error) -> CrmkitError:
        text = str(error)
        low = text.lower()
        if "unique constraint failed" in low:
            return self._sqlite_duplicate(text.partition(":")[2].strip())
        if "locked" in low or "busy" in low:
            return TransactionConflict(
                "another transaction holds the database", path="store", fix="repeat the work"
            )
        if "integer overflow" in low:
            return _too_large()
        if "user-defined function raised" in low:
            return _beyond_calendar()
        if "no such table" in low:
            return SchemaMissing(text, path="schema", fix=APPLY)
        if "no such column" in low or "has no column" in low:
            return SchemaOutdated(text, path="schema", fix=APPLY)
        if any(mark in low for mark in _SQLITE_UNREACHABLE):
            return _unreachable(text)
        return StoreError(text, path="store")

    def _sqlite_duplicate(self, places: str) -> Duplicate:
        named = re.search(r"index '(.+)'", places)
        if named is not None:
            return self._duplicate(named.group(1), "")
        columns = [place.strip() for place in places.split(",")]
        entity = self._entity_of_table.get(columns[0].partition(".")[0], "record")
        names = [column.partition(".")[2] for column in columns]
        return Duplicate(
            entity, self._rule_of(entity, [name for name in names if name != "tenant"])
        )

    def _rule_of(self, entity: str, columns: list[str]) -> list[str]:
        """Return the fields of the rule over these columns; a folded key stands for its field."""
        bare = [name.removesuffix("_key") for name in columns]
        for owner, fields in self._unique.values():
            if owner == entity and list(fields) in (columns, bare):
                return list(fields)
        return columns

    def _postgres(self, error: Any, entity: str, *, committing: bool) -> BaseException:
        state = getattr(error, "sqlstate", None)
        text = str(error).strip()
        if state == "23505":
            return self._duplicate(error.diag.constraint_name or "", entity)
        if state in _POSTGRES_CONFLICTS:
            return TransactionConflict(text, path="store", fix="repeat the work")
        if state in ("42P01", "3F000"):
            return SchemaMissing(text, path="schema", fix=APPLY)
        if state == "42703":
            return SchemaOutdated(text, path="schema", fix=APPLY)
        if state in _POSTGRES_RANGE or (state is None and type(error).__name__ == "DataError"):
            return _beyond_calendar()
        broken = type(error).__name__ in ("OperationalError", "InterfaceError")
        if state.startswith(_POSTGRES_LOST) if state else broken:
            return _lost(text, committing=committing)
        return StoreError(text, path="store")

    def _mysql(self, error: Any, entity: str, *, committing: bool) -> BaseException:
        code = error.args[0] if error.args else 0
        text = str(error.args[1]) if len(error.args) > 1 else str(error)
        if code == _MYSQL_DUPLICATE:
            found = re.search(r"for key '(?:.*\.)?(.+)'$", text)
            return self._duplicate(found.group(1) if found else "", entity)
        if code in _MYSQL_CONFLICTS:
            return TransactionConflict(text, path="store", fix="repeat the work")
        if code in (1146, 1049):
            return SchemaMissing(text, path="schema", fix=APPLY)
        if code == 1054:
            return SchemaOutdated(text, path="schema", fix=APPLY)
        if code in _MYSQL_LOST:
            return _lost(text, committing=committing)
        return StoreError(text, path="store")

    def _duplicate(self, name: str, entity: str) -> Duplicate:
        """Name the rule behind an index; without one it is the key of the table."""
        owner, fields = self._unique.get(name, ("", ()))
        if owner:
            return Duplicate(owner, fields)
        table = self._entity_of_table.get(name.removesuffix("_pkey"), "")
        return Duplicate(entity or table or "record", ("id",))


def _lost(text: str, *, committing: bool) -> CrmkitError:
    reason = text or "the connection was lost"
    if committing:
        return OutcomeUnknown(f"the reply to the commit was lost: {reason}")
    return _unreachable(reason)


def _unreachable(reason: str) -> StoreUnavailable:
    return StoreUnavailable(reason, path="store", fix="check the URL and that the database runs")


def _busy() -> TransactionConflict:
    return TransactionConflict(
        "every connection is in use",
        path="store",
        fix="end works that are open, then repeat; or open the CRM on an engine with a larger pool",
    )


def _too_large() -> OutOfRange:
    return OutOfRange("the sum needs more than 64 bits", path="summary", fix="narrow the filter")


def _beyond_calendar() -> OutOfRange:
    return OutOfRange(
        "a value leaves the range of the calendar or of 64 bits",
        path="summary",
        fix="narrow the filter, or group in UTC",
    )
