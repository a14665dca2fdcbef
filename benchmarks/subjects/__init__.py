"""The subjects: every library on every store it can use, in the order they are shown."""

from importlib import import_module
from typing import Final, NamedTuple

from benchmarks.subject import Subject


class Entry(NamedTuple):
    """Where a subject is found and what must be installed for it."""

    store: str
    name: str
    path: str
    needs: tuple[str, ...]
    peer: bool = True

    @property
    def raw(self) -> bool:
        """Say whether this is the driver that the others are measured by."""
        return self.name == RAW

    def missing(self) -> str | None:
        """Name the first package that is not installed."""
        for package in self.needs:
            try:
                import_module(package)
            except ImportError as wrong:
                return f"{package} cannot be imported ({wrong})"
        return None

    def load(self) -> type[Subject]:
        """Import the class of the subject."""
        module, _, name = self.path.partition(":")
        found: type[Subject] = getattr(import_module(f"benchmarks.subjects.{module}"), name)
        return found


def _crmkit(store: str, driver: tuple[str, ...]) -> tuple[Entry, ...]:
    """Return crmkit's ways on one store: the whole, with an outbox, the storage port."""
    needs = ("crmkit", *driver) if store == "mongo" else ("crmkit", "sqlalchemy", *driver)
    return (
        Entry(store, "crmkit", "crmkit_subject:Crmkit", needs, peer=False),
        Entry(store, "crmkit + outbox", "crmkit_subject:CrmkitOutbox", needs, peer=False),
        Entry(store, "crmkit store", "crmkit_subject:CrmkitStore", needs, peer=False),
    )


RAW: Final = "raw driver"
STORES: Final = ("sqlite", "postgres", "mongo")
_SQLALCHEMY = ("sqlalchemy",)
_POSTGRES = ("psycopg",)
ENTRIES: Final = (
    Entry("sqlite", RAW, "raw_sqlite:RawSqlite", (), peer=False),
    *_crmkit("sqlite", ()),
    Entry("sqlite", "SQLAlchemy Core", "sqlalchemy_core:CoreOnSqlite", _SQLALCHEMY),
    Entry("sqlite", "SQLAlchemy ORM", "sqlalchemy_orm:OrmOnSqlite", _SQLALCHEMY),
    Entry("sqlite", "Django ORM", "django_orm:DjangoOnSqlite", ("django",)),
    Entry("sqlite", "Tryton", "tryton_orm:TrytonOnSqlite", ("trytond",)),
    Entry("postgres", RAW, "raw_postgres:RawPostgres", _POSTGRES, peer=False),
    Entry("postgres", "raw COPY", "raw_postgres:RawCopy", _POSTGRES, peer=False),
    *_crmkit("postgres", _POSTGRES),
    Entry("postgres", "SQLAlchemy Core", "sqlalchemy_core:CoreOnPostgres", _SQLALCHEMY + _POSTGRES),
    Entry("postgres", "SQLAlchemy ORM", "sqlalchemy_orm:OrmOnPostgres", _SQLALCHEMY + _POSTGRES),
    Entry("postgres", "Django ORM", "django_orm:DjangoOnPostgres", ("django", "psycopg")),
    Entry("mongo", RAW, "raw_mongo:RawMongo", ("pymongo",), peer=False),
    *_crmkit("mongo", ("pymongo",)),
    Entry("mongo", "MongoEngine", "mongoengine_odm:MongoEngineOdm", ("mongoengine",)),
)
