"""What differs between the databases: places inside JSON, long text, calendar spans."""

import re
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, ColumnElement, Text, literal_column
from sqlalchemy.engine import Dialect

from crmkit.domain.columns import Column, Leaf, Role, columns_of
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.summary import Bucket
from crmkit.domain.kinds import Form
from crmkit.errors import InvalidFilter

SQLITE, POSTGRES, MYSQL, MARIADB = "sqlite", "postgresql", "mysql", "mariadb"
BY_CODE_POINT: Final = {MYSQL: "utf8mb4_0900_bin", MARIADB: "utf8mb4_nopad_bin"}
"""Collations by code point in which trailing blanks count."""
SHORT: Final = 320
"""The most characters of a text that an index takes whole."""
CUT: Final = 150
"""How many first characters of a longer text an index takes."""
BUCKET_FUNCTION: Final = "crmkit_bucket"
"""What SQLite is taught, to find the first day of a calendar span in a time zone."""
_STEP: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(:[a-z]+)?")
_ZONE: Final = re.compile(r"[A-Za-z0-9_+\-/]+")
_TYPES: Final = {Form.TEXT: Text, Form.INTEGER: BigInteger, Form.BOOLEAN: Boolean}


def positional(dialect: Dialect) -> Dialect:
    """Return a dialect of the same kind that compiles to positional parameters."""
    style = "qmark" if dialect.name == SQLITE else "format"
    kind: Any = type(dialect)
    made: Dialect = kind(paramstyle=style)
    made.server_version_info = getattr(dialect, "server_version_info", None)
    if made.name in (MYSQL, MARIADB):
        made.is_mariadb = getattr(dialect, "is_mariadb", False)  # type: ignore[attr-defined]
    return made


def server_of(dialect: Dialect) -> str:
    """Name the kind of server: sqlite, postgresql, mysql or mariadb."""
    return MARIADB if getattr(dialect, "is_mariadb", False) else dialect.name


def kind_of(server: str) -> str:
    """Name the kind of database; MariaDB counts as MySQL."""
    return MYSQL if server == MARIADB else server


def quoted(kind: str, name: str) -> str:
    """Quote the name of a table or column."""
    return f"`{name}`" if kind == MYSQL else f'"{name}"'


def is_long(column: Column) -> bool:
    """Say whether a column may hold more text than an index takes."""
    if column.form is not Form.TEXT or column.name == "tenant":
        return False
    return column.role is Role.KEY or getattr(column.part.kind, "max_length", 0) > SHORT


def is_cut(kind: str, spec: EntitySpec, leaf: Leaf) -> bool:
    """Say whether an index on PostgreSQL has only the first characters of a leaf.

    What is asked of such a leaf is also asked of these characters, so that the index is of use.
    """
    if kind != POSTGRES or leaf.form is not Form.TEXT:
        return False
    return bool(leaf.keys) or leaf.column in _long_and_indexed(spec)


def inside_json(server: str, column: str, leaf: Leaf) -> ColumnElement[Any]:
    """Return the scalar at a place inside a JSON column; used by queries and by indexes alike.

    The path is part of the text, never a parameter: only so can an index on it be found.
    """
    return literal_column(place_text(server, column, leaf), _TYPES.get(leaf.form, Text)())


def place_text(server: str, column: str, leaf: Leaf) -> str:
    """Return the text of a column, or of the place inside its JSON."""
    if not leaf.keys:
        return column
    for step in leaf.keys:
        if not _STEP.fullmatch(step):
            raise InvalidFilter(f"{step!r} is not a place in a document", path=leaf.column)
    return _RENDERERS[server](column, leaf)


def bucket_text(kind: str, column: str, bucket: Bucket, zone: str, *, is_instant: bool) -> str:
    """Return the expression for the first day of a calendar span."""
    if not _ZONE.fullmatch(zone):
        raise InvalidFilter(f"{zone!r} is not a time zone", path="zone")
    if kind == POSTGRES:
        instant = f"CAST({column} AS timestamptz) AT TIME ZONE '{zone}'"
        local = instant if is_instant else f"CAST({column} AS timestamp)"
        return f"CAST(date_trunc('{bucket}', {local}) AS date)"
    if kind == MYSQL:
        return _mysql_bucket(column, bucket)
    plain = not is_instant or zone == "UTC"
    if plain and bucket in _BY_PREFIX:
        return _BY_PREFIX[bucket].format(column=column)
    return f"{BUCKET_FUNCTION}({column}, '{bucket}', '{zone if is_instant else ''}')"


@cache
def _long_and_indexed(spec: EntitySpec) -> frozenset[str]:
    fields = {field for index in spec.indexes for field in index.fields}
    fields |= {field for rule in spec.unique for field in rule.fields}
    return frozenset(
        column.name
        for column in columns_of(spec).values()
        if column.part.name in fields and is_long(column)
    )


def _path(leaf: Leaf) -> str:
    return "$" + "".join(f'."{step}"' for step in leaf.keys)


def _sqlite(column: str, leaf: Leaf) -> str:
    return f"({column} ->> '{_path(leaf)}')"


def _postgres(column: str, leaf: Leaf) -> str:
    *outer, last = leaf.keys
    place = column + "".join(f" -> '{step}'" for step in outer)
    if leaf.form is Form.TEXT:
        return f"(({place} ->> '{last}') COLLATE \"C\")"
    if leaf.form is Form.TEXTS:
        return f"({place} -> '{last}')"
    name, cast = ("number", "bigint") if leaf.form is Form.INTEGER else ("boolean", "boolean")
    typed = f"jsonb_typeof({place} -> '{last}') = '{name}'"
    return f"(CASE WHEN {typed} THEN ({place} ->> '{last}')::{cast} END)"


def _mysql(column: str, leaf: Leaf, collation: str = BY_CODE_POINT[MYSQL]) -> str:
    value = f"JSON_VALUE({column}, '{_path(leaf)}')"
    match leaf.form:
        case Form.INTEGER:
            return f"CAST({value} AS SIGNED)"
        case Form.BOOLEAN:
            words = ("true", 1), ("1", 1), ("false", 0), ("0", 0)
            cases = " ".join(f"WHEN '{word}' THEN {bit}" for word, bit in words)
            return f"(CASE {value} {cases} END)"
        case Form.TEXTS:
            return f"JSON_EXTRACT({column}, '{_path(leaf)}')"
        case _:
            return f"CONVERT({value} USING utf8mb4) COLLATE {collation}"


def _mariadb(column: str, leaf: Leaf) -> str:
    return _mysql(column, leaf, BY_CODE_POINT[MARIADB])


def _mysql_bucket(column: str, bucket: Bucket) -> str:
    day = f"LEFT({column}, 10)"
    match bucket:
        case Bucket.DAY:
            return day
        case Bucket.WEEK:
            return f"LEFT(DATE_SUB({day}, INTERVAL WEEKDAY({day}) DAY), 10)"
        case Bucket.MONTH:
            return f"CONCAT(LEFT({column}, 7), '-01')"
        case Bucket.QUARTER:
            return f"CONCAT(LEFT({column}, 5), LPAD(QUARTER({day}) * 3 - 2, 2, '0'), '-01')"
        case Bucket.YEAR:
            return f"CONCAT(LEFT({column}, 4), '-01-01')"


_BY_PREFIX: Final = {
    Bucket.DAY: "substr({column}, 1, 10)",
    Bucket.MONTH: "(substr({column}, 1, 7) || '-01')",
    Bucket.YEAR: "(substr({column}, 1, 4) || '-01-01')",
}
_RENDERERS: Final = {SQLITE: _sqlite, POSTGRES: _postgres, MYSQL: _mysql, MARIADB: _mariadb}
