"""Engines: how a URL becomes one, and what crmkit asks of the caller's."""

import sqlite3
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.url import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from crmkit.errors import InvalidSettings, MissingExtra
from crmkit.storage.sql.dialects import MARIADB, MYSQL, POSTGRES, SQLITE

BUSY_SECONDS: Final = 30
"""How long SQLite waits for another writer, and any store for a free connection."""
_DRIVERS: Final = {
    SQLITE: "pysqlite",
    POSTGRES: "psycopg",
    "postgres": "psycopg",
    MYSQL: "pymysql",
    MARIADB: "pymysql",
}
_EXTRAS: Final = {"psycopg": ("PostgreSQL", "postgres"), "pymysql": ("MySQL", "mysql")}
_OLDEST_SQLITE: Final = (3, 38)


def engine_of(url: str) -> Engine:
    """Return an engine for a URL, by the driver that crmkit speaks to."""
    named = driver_url(url)
    try:
        engine = create_engine(named, **_options(named))
    except ModuleNotFoundError as missing:
        feature, extra = _EXTRAS.get(missing.name or "", (str(missing.name), "all"))
        raise MissingExtra(feature, extra) from None
    except NoSuchModuleError as unknown:
        raise InvalidSettings(str(unknown), path="url") from None
    prepare = _PREPARED.get(named.get_backend_name())
    if prepare is not None:
        event.listen(engine, "connect", prepare)
    return engine


def driver_url(url: str) -> URL:
    """Return the URL with the driver that crmkit brings, such as psycopg for `postgresql://`."""
    try:
        made = make_url(url)
    except ArgumentError:
        raise InvalidSettings("is not a database URL", path="url") from None
    backend = made.get_backend_name()
    if backend not in _DRIVERS:
        raise InvalidSettings(f"crmkit does not know {backend}", path="url")
    if "+" in made.drivername and not made.drivername.endswith(f"+{_DRIVERS[backend]}"):
        raise _wrong_driver(made.drivername, backend)
    kept = MYSQL if backend == MARIADB else POSTGRES if backend == "postgres" else backend
    return made.set(drivername=f"{kept}+{_DRIVERS[backend]}")


def check_engine(engine: Engine) -> Engine:
    """Return the caller's engine, or raise `InvalidSettings` when crmkit cannot speak to it."""
    backend = engine.dialect.name
    if backend not in _DRIVERS:
        raise InvalidSettings(f"crmkit does not know {backend}", path="engine")
    if engine.dialect.driver != _DRIVERS[backend]:
        raise _wrong_driver(f"{backend}+{engine.dialect.driver}", backend)
    if backend == SQLITE and sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise InvalidSettings(
            f"SQLite {sqlite3.sqlite_version} is too old", path="engine", fix="use 3.38 or newer"
        )
    return engine


def _wrong_driver(given: str, backend: str) -> InvalidSettings:
    driver = _DRIVERS[backend]
    return InvalidSettings(
        f"crmkit does not speak through {given}", path="url", fix=f"use {backend}+{driver}"
    )


def _options(url: URL) -> dict[str, Any]:
    options: dict[str, Any] = {"pool_timeout": BUSY_SECONDS}
    if url.get_backend_name() != SQLITE:
        return options
    options["connect_args"] = {
        "timeout": BUSY_SECONDS,
        "check_same_thread": False,
        "cached_statements": 512,
    }
    if url.database in (None, "", ":memory:") or "mode=memory" in str(url.database):
        options |= {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
    return options


def _write_ahead(driver: Any, _record: object) -> None:
    """Let readers read while one writes."""
    driver.execute("PRAGMA journal_mode=WAL")
    driver.execute("PRAGMA synchronous=NORMAL")


def _in_utc(driver: Any, _record: object) -> None:
    """Let instants come in UTC, and every transaction see one snapshot."""
    from psycopg import IsolationLevel

    driver.execute("SET TIME ZONE 'UTC'")
    driver.commit()
    driver.isolation_level = IsolationLevel.REPEATABLE_READ


def _strictly(driver: Any, _record: object) -> None:
    """Let no value be cut to fit, silently."""
    with driver.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')")


_PREPARED: Final = {SQLITE: _write_ahead, POSTGRES: _in_utc, MYSQL: _strictly}
