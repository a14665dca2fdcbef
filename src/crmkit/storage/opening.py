"""From what a caller has to a store; drivers are imported only here."""

from urllib.parse import urlsplit

from crmkit.errors import InvalidSettings
from crmkit.ports import Storage
from crmkit.storage.memory import MemoryStorage

_SQL_SCHEMES = frozenset({"sqlite", "postgresql", "postgres", "mysql", "mariadb"})


def open_storage(target: object, *, prefix: str = "crm_", schema: str | None = None) -> Storage:
    """Return the store for a URL, a SQLAlchemy engine, a MongoClient or a ready `Storage`.

    `prefix` goes before every table or collection, `schema` is the SQL schema or Mongo database.
    """
    if isinstance(target, str):
        return _by_url(target, prefix, schema)
    module = type(target).__module__.partition(".")[0]
    if module == "sqlalchemy":
        return _sql(target, prefix, schema)
    if module == "pymongo":
        return _mongo(target, prefix, schema)
    if hasattr(target, "session") and hasattr(target, "bind"):
        store: Storage = target  # type: ignore[assignment]
        return store
    raise InvalidSettings(
        f"cannot open a {type(target).__name__}",
        path="target",
        fix="give a URL, a SQLAlchemy engine or a MongoClient",
    )


def _by_url(url: str, prefix: str, schema: str | None) -> Storage:
    scheme = urlsplit(url).scheme.partition("+")[0]
    if scheme == "memory":
        return MemoryStorage()
    if scheme in _SQL_SCHEMES:
        return _sql(url, prefix, schema)
    if scheme == "mongodb":
        return _mongo(url, prefix, schema)
    raise InvalidSettings(
        f"unknown kind of store {scheme!r}",
        path="url",
        fix="begin with memory:, sqlite:, postgresql:, mysql: or mongodb:",
    )


def _sql(target: object, prefix: str, schema: str | None) -> Storage:
    from crmkit.storage.sql import SqlStorage

    return SqlStorage(target, prefix=prefix, schema=schema)  # type: ignore[arg-type]


def _mongo(target: object, prefix: str, database: str | None) -> Storage:
    from crmkit.storage.mongo import MongoStorage

    return MongoStorage(target, prefix=prefix, database=database)  # type: ignore[arg-type]
