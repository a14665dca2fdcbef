"""What differs between the databases: places inside JSON, needles in text, calendar spans."""

import re
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, ColumnElement, Text, literal_column
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.url import make_url

from crmkit.domain.columns import Leaf
from crmkit.domain.filters.summary import Bucket
from crmkit.domain.kinds import Form
from crmkit.errors import InvalidFilter

SQLITE, POSTGRES, MYSQL, MARIADB = "sqlite", "postgresql", "mysql", "mariadb"
BY_CODE_POINT: Final = {MYSQL: "utf8mb4_0900_bin", MARIADB: "utf8mb4_nopad_bin"}
"""Collations by code point in which trailing blanks count."""
_STEP: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(:[a-z]+)?")
_ZONE: Final = re.compile(r"[A-Za-z0-9_+\-/]+")
_TYPES: Final = {Form.TEXT: Text, Form.INTEGER: BigInteger, Form.BOOLEAN: Boolean}


def positional(dialect: Dialect) -> Dialect:
    """Return a dialect of the same kind that compiles to positional parameters."""
    style = "qmark" if dialect.name == SQLITE else "format"
    kind: Any = type(dialect)
    made: Dialect = kind(paramstyle=style)
    made.server_version_info = getattr(dialect, "server_version_info", None)
    if made.name == MYSQL:
        made.is_mariadb = getattr(dialect, "is_mariadb", False)  # type: ignore[attr-defined]
    return made


def server_of(dialect: Dialect) -> str:
    """Name the kind of server: sqlite, postgresql, mysql or mariadb."""
    return MARIADB if getattr(dialect, "is_mariadb", False) else dialect.name


def driver_url(url: str) -> str:
    """Name the driver that crmkit brings for a plain URL such as `postgresql://`."""
    made = make_url(url)
    drivers = {
        "postgresql": "postgresql+psycopg",
        "postgres": "postgresql+psycopg",
        "mysql": "mysql+pymysql",
        "mariadb": "mysql+pymysql",
    }
    named = made.set(drivername=drivers.get(made.drivername, made.drivername))
    return named.render_as_string(hide_password=False)


def inside_json(kind: str, column: str, leaf: Leaf) -> ColumnElement[Any]:
    """Return the scalar at a place inside a JSON column; used by queries and by indexes alike.

    The path is part of the text, never a parameter: only so can an index on it be found.
    """
    for step in leaf.keys:
        if not _STEP.fullmatch(step):
            raise InvalidFilter(f"{step!r} is not a place in a document", path=leaf.column)
    text = _RENDERERS[kind](column, leaf)
    return literal_column(text, _TYPES.get(leaf.form, Text)())


def bucket_text(kind: str, column: str, bucket: Bucket, zone: str, *, is_instant: bool) -> str:
    """Return the expression for the first day of a calendar span."""
    if not _ZONE.fullmatch(zone):
        raise InvalidFilter(f"{zone!r} is not a time zone", path="zone")
    if kind == SQLITE:
        return f"crmkit_bucket({column}, '{bucket}', '{zone if is_instant else ''}')"
    if kind == POSTGRES:
        local = f"{column} AT TIME ZONE '{zone}'" if is_instant else f"CAST({column} AS timestamp)"
        return f"CAST(date_trunc('{bucket}', {local}) AS date)"
    return _mysql_bucket(column, bucket)


def _sqlite(column: str, leaf: Leaf) -> str:
    path = "".join(f'."{step}"' for step in leaf.keys)
    return f"({column} ->> '${path}')"


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


def _mysql(column: str, leaf: Leaf) -> str:
    path = "".join(f'."{step}"' for step in leaf.keys)
    value = f"JSON_VALUE({column}, '${path}')"
    match leaf.form:
        case Form.INTEGER:
            return f"CAST({value} AS SIGNED)"
        case Form.BOOLEAN:
            words = ("true", 1), ("1", 1), ("false", 0), ("0", 0)
            cases = " ".join(f"WHEN '{word}' THEN {bit}" for word, bit in words)
            return f"(CASE {value} {cases} END)"
        case Form.TEXTS:
            return f"JSON_EXTRACT({column}, '${path}')"
        case _:
            return f"CONVERT({value} USING utf8mb4) COLLATE {BY_CODE_POINT[MYSQL]}"


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


def _mariadb(column: str, leaf: Leaf) -> str:
    return _mysql(column, leaf).replace(BY_CODE_POINT[MYSQL], BY_CODE_POINT[MARIADB])


_RENDERERS: Final = {SQLITE: _sqlite, POSTGRES: _postgres, MYSQL: _mysql, MARIADB: _mariadb}
