"""From what a caller has to a store; drivers are imported only here."""

from enum import StrEnum
from urllib.parse import urlsplit

from crmkit.errors import InvalidSettings
from crmkit.ports import Storage
from crmkit.storage.memory import MemoryStorage
from crmkit.storage.memory.places import MemoryPlaces
from crmkit.storage.per_tenant import PerTenantStorage, Places

_SQL_SCHEMES = frozenset({"sqlite", "postgresql", "postgres", "mysql", "mariadb"})


class Tenancy(StrEnum):
    """Where the records of tenants lie: in shared tables, or each in a place of its own."""

    SHARED = "shared"
    SEPARATE = "separate"


def open_storage(
    target: object,
    *,
    prefix: str = "crm_",
    schema: str | None = None,
    tenants: Tenancy | str = Tenancy.SHARED,
) -> Storage:
    """Return the store for a URL, a SQLAlchemy engine, a MongoClient or a ready `Storage`.

    `prefix` goes before every table or collection, `schema` is the SQL schema or Mongo database.
    With separate `tenants` each has a schema of PostgreSQL, a file of SQLite or a MongoDB database.
    """
    if tenants not in tuple(Tenancy):
        raise InvalidSettings(
            f"unknown tenancy {tenants!r}", path="tenants", fix="shared or separate"
        )
    if tenants == Tenancy.SEPARATE:
        return PerTenantStorage(_places(target, prefix, schema))
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
    scheme = _scheme(url)
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


def _places(target: object, prefix: str, schema: str | None) -> Places:
    module = type(target).__module__.partition(".")[0]
    scheme = _scheme(target) if isinstance(target, str) else ""
    if scheme == "memory":
        return MemoryPlaces()
    if module == "sqlalchemy" or scheme in _SQL_SCHEMES:
        from crmkit.storage.sql.places import sql_places

        return sql_places(target, prefix=prefix, schema=schema)
    if module == "pymongo" or scheme == "mongodb":
        from crmkit.storage.mongo.places import MongoDatabases

        return MongoDatabases(target, prefix=prefix, database=schema)  # type: ignore[arg-type]
    raise InvalidSettings(
        "tenants cannot be kept apart here", path="tenants", fix="give a URL, an engine or a client"
    )


def _scheme(url: str) -> str:
    return urlsplit(url).scheme.partition("+")[0]
