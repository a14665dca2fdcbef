"""SQLAlchemy engines as its documentation advises for each store, and column types they share."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from benchmarks.model import Stage


class UtcInstant(sa.types.TypeDecorator[datetime]):
    """Aware instants on stores that keep none: the recipe of SQLAlchemy's own documentation."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Store the UTC time without its zone."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Give the zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


def instant_type() -> sa.types.TypeEngine[datetime]:
    """Keep instants natively where the store has them."""
    return UtcInstant().with_variant(sa.DateTime(timezone=True), "postgresql")


def json_type() -> sa.types.TypeEngine[Any]:
    """Keep JSON as JSONB where the store has it."""
    return sa.JSON().with_variant(JSONB(), "postgresql")


def stage_type() -> sa.Enum:
    """Keep the enum's values as text."""
    return sa.Enum(
        Stage, native_enum=False, length=20, values_callable=lambda cls: [m.value for m in cls]
    )


def sqlite_engine(place: str, name: str) -> sa.Engine:
    """Open a file in WAL mode whose transactions begin at once."""
    engine = sa.create_engine(f"sqlite:///{Path(place) / name}.db")

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def postgres_engine(place: str, name: str) -> sa.Engine:
    """Open the server with everything in a schema of the subject's own."""
    url = sa.make_url(place).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, connect_args={"options": f"-csearch_path={name}"})
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    return engine
