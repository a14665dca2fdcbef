"""`python -m benchmarks.breaching`: what is about to breach for a team, among many tickets.

On each store the tickets of 50 teams are filled in below the services, the first ones through the
storage port, the others as copies of them that the database makes; then the list of one team is
asked 21 times. Prints the one statement that the list asks, the plan of the store for it, how
many rows the store looked at, and the milliseconds: least, median, most.
"""

import argparse
import sqlite3
import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, Final
from uuid import uuid4

import psycopg
import sqlalchemy as sa
from pymongo import MongoClient, monitoring

from benchmarks.contact import TENANT
from benchmarks.due import LISTED, Desk
from benchmarks.places import place_of
from benchmarks.subjects import STORES
from benchmarks.subjects.crmkit_places import place_of as own_place_of
from crmkit.storage.mongo.documents import document_id

FIELD: Final = "due_at"
ASKED: Final = ("find", "filter", "sort", "limit", "projection", "collation")
MADE: Final = 10_000
"""How many tickets are made one by one."""
EXPLAIN: Final = "EXPLAIN (ANALYZE, BUFFERS)"
Plan = tuple[str, str]


class Listening(monitoring.CommandListener):
    """Keeps the commands that find records."""

    def __init__(self) -> None:
        """Begin with none."""
        self.asked: list[Any] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Keep a find command."""
        if event.command_name == "find" and FIELD in str(event.command):
            self.asked.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Need nothing of it."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Need nothing of it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the plan and the time of the list on each store."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.breaching", description=__doc__)
    parser.add_argument("--store", action="append", choices=STORES)
    parser.add_argument("--size", type=int, default=500_000)
    asked = parser.parse_args(arguments)
    print(f"{asked.size:,} open tickets", flush=True)
    for store in asked.store or STORES:
        with place_of(store) as place:
            own = own_place_of(place, "breaching")
            own.make()
            open_one = {"sqlite": _on_sqlite, "postgres": _on_postgres}.get(store, _on_mongo)
            target, plans_of = open_one(own.url, own.schema)
            desk = Desk(target, own.schema, min(asked.size, MADE))
            copy_of = {"sqlite": _copy_on_sqlite, "postgres": _copy_on_postgres}
            copy_of.get(store, _copy_on_mongo)(own.url, own.schema, asked.size // MADE)
            own.settle()
            times = sorted(desk.list_due() * 1e3 for _ in range(LISTED))
            plans = plans_of(desk.list_due)
            desk.close()
            spread = f"{times[0]:.1f} {statistics.median(times):.1f} {times[-1]:.1f} ms"
            print(f"{store:<9} {spread}; statements a list asks of tickets: {len(plans)}")
            for statement, plan in plans:
                print(f"{statement}\n{plan}\n", flush=True)
    return 0


def _on_sqlite(url: str, _schema: str | None) -> tuple[Any, Any]:
    path, asked = url.removeprefix("sqlite:///"), list[str]()

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.set_trace_callback(lambda sql: asked.append(sql) if FIELD in sql else None)
        return connection

    def plans_of(ask: Callable[[], Any]) -> list[Plan]:
        asked.clear()
        ask()
        statements = [sql for sql in asked if sql.startswith("SELECT")]
        with closing(sqlite3.connect(path)) as connection:
            return [
                (_short(sql), _lines(connection.execute(f"EXPLAIN QUERY PLAN {sql}")))
                for sql in statements
            ]

    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.StaticPool), plans_of


def _on_postgres(url: str, _schema: str | None) -> tuple[Any, Any]:
    asked: list[tuple[str, Any]] = []

    class Told(psycopg.Cursor[Any]):
        """A cursor that keeps what it is asked about due times."""

        def execute(self, query: Any, params: Any = None, **named: Any) -> Any:
            """Keep the statement and carry it out."""
            if FIELD in str(query):
                asked.append((str(query), params))
            return super().execute(query, params, **named)

    def plans_of(ask: Callable[[], Any]) -> list[Plan]:
        asked.clear()
        ask()
        statements = [one for one in asked if one[0].startswith("SELECT")]
        with psycopg.connect(url) as connection:
            plans = [connection.execute(f"{EXPLAIN} {sql}", bound) for sql, bound in statements]
            told = [_lines(plan.fetchall()) for plan in plans]
        return [(_short(sql), plan) for (sql, _bound), plan in zip(statements, told, strict=True)]

    plain = url.replace("postgresql:", "postgresql+psycopg:", 1)
    return sa.create_engine(plain, connect_args={"cursor_factory": Told}), plans_of


def _on_mongo(url: str, schema: str | None) -> tuple[Any, Any]:
    listening = Listening()
    named: dict[str, Any] = {"uuidRepresentation": "standard", "event_listeners": [listening]}
    client: MongoClient[dict[str, Any]] = MongoClient(url, **named)

    def plans_of(ask: Callable[[], Any]) -> list[Plan]:
        listening.asked.clear()
        ask()
        database = client[schema or ""]
        plans: list[Plan] = []
        for one in listening.asked:
            plain = {key: one[key] for key in ASKED if key in one}
            told = database.command("explain", plain, codec_options=database.codec_options)
            counts = told["executionStats"]
            looked = f"keys {counts['totalKeysExamined']}, documents {counts['totalDocsExamined']}"
            plan = told["queryPlanner"]["winningPlan"]
            plans.append((str(plain)[:300], f"{_stages(plan)}; {looked}"))
        return plans

    return client, plans_of


def _copy_on_sqlite(url: str, _schema: str | None, times: int) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(crm_ticket)")]
        for _time in range(1, times):
            connection.execute(_copying("crm_ticket", names, "lower(hex(randomblob(16)))"), (MADE,))
        connection.commit()


def _copy_on_postgres(url: str, schema: str | None, times: int) -> None:
    table = f"{schema}.crm_ticket"
    with psycopg.connect(url) as connection:
        cursor = connection.execute(f"SELECT * FROM {table} LIMIT 0".encode())
        names = [column.name for column in cursor.description or ()]
        copying = _copying(table, names, "gen_random_uuid()").replace("?", "%s")
        for _time in range(1, times):
            connection.execute(copying.encode(), (MADE,))


def _copying(table: str, names: Sequence[str], new_id: str) -> str:
    """Return the statement that copies the first tickets under new ids."""
    cells = ", ".join(new_id if name == "id" else f'"{name}"' for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    first = f"SELECT * FROM {table} ORDER BY id LIMIT ?"
    return f"INSERT INTO {table} ({columns}) SELECT {cells} FROM ({first}) AS made"


def _copy_on_mongo(url: str, schema: str | None, times: int) -> None:
    with MongoClient[dict[str, Any]](url, uuidRepresentation="standard") as client:
        tickets = client[schema or ""]["crm_ticket"]
        made = list(tickets.find())
        for _time in range(1, times):
            tickets.insert_many([_copied(ticket) for ticket in made], ordered=False)


def _copied(ticket: dict[str, Any]) -> dict[str, Any]:
    new = uuid4()
    return {**ticket, "_id": document_id(TENANT, new), "id": new}


def _stages(plan: Any) -> str:
    index = f" {plan['indexName']}" if "indexName" in plan else ""
    below = plan.get("inputStage")
    return f"{plan['stage']}{index}" + (f" < {_stages(below)}" if below else "")


def _short(sql: str) -> str:
    """Leave out the columns of a statement."""
    words = " ".join(sql.split())
    return "SELECT ..." + words[words.index(" FROM ") :]


def _lines(rows: Any) -> str:
    return "\n".join(f"  {row[-1]}" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
