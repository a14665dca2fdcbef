"""What is about to breach for a team is found in an index, not by looking at every ticket."""

import re
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pymongo
import sqlalchemy as sa
from pymongo import monitoring

from crmkit.crm import CRM
from crmkit.services.support import sla
from tests.services.stopped_clock import Stopped
from tests.services.support.conftest import MONDAY, new_desk


def test_sqlite_looks_into_the_index(tmp_path: Path) -> None:
    """One statement, whose plan searches by team and due time and sorts nothing."""
    path, asked = tmp_path / "crm.db", list[str]()

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.set_trace_callback(asked.append)
        return connection

    clock = Stopped(MONDAY)
    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.StaticPool)
    with CRM.open(engine, plugin_names=(), clock=clock) as crm:
        crm.schema.apply()
        desk = new_desk(crm, clock)
        with desk.work() as unit:
            asked.clear()
            sla.about_to_breach(unit, desk.team, timedelta(hours=1))
            (statement,) = [sql for sql in asked if "due_at" in sql]
    engine.dispose()
    with sqlite3.connect(path) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    connection.close()
    plan = " ".join(str(row[-1]) for row in rows)
    assert "SEARCH" in plan
    assert "team_id=? AND due_at" in plan
    assert "TEMP B-TREE" not in plan


def test_postgresql_looks_into_the_index(fresh_postgres: str) -> None:
    """The plan searches by team and due time and sorts nothing, once a scan is not the cheapest."""
    asked: list[tuple[str, Any]] = []

    class Told(psycopg.Cursor[Any]):
        """A cursor that keeps what it is asked."""

        def execute(self, query: Any, params: Any = None, **named: Any) -> Any:
            """Keep the statement and carry it out."""
            asked.append((str(query), params))
            return super().execute(query, params, **named)

    engine = sa.create_engine(
        fresh_postgres.replace("postgresql:", "postgresql+psycopg:", 1),
        connect_args={"cursor_factory": Told},
    )
    _ask(engine, asked)
    (one,) = [told for told in asked if "due_at" in told[0]]
    with engine.connect() as connection:
        connection.exec_driver_sql("SET enable_seqscan = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {one[0]}", tuple(one[1])).fetchall()
    engine.dispose()
    plan = " ".join(str(row[0]) for row in rows)
    assert "Index Scan" in plan
    assert re.search(r"Index Cond: .*team_id = .*due_at <= ", plan), plan
    assert "Sort" not in plan


def test_mongodb_looks_into_the_index(fresh_mongo: str) -> None:
    """One command, whose plan scans an index by team and due time and sorts nothing."""
    listening = Listening()
    uuids = {"uuidRepresentation": "standard", "event_listeners": [listening]}
    with pymongo.MongoClient(fresh_mongo, **uuids) as client:
        database = client.get_default_database()
        _ask(client, listening.asked)
        (one,) = [command for command in listening.asked if "due_at" in str(command)]
        plain = {key: one[key] for key in one if key in ASKED}
        plan = database.command("explain", plain, codec_options=database.codec_options)
    winner = str(plan["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in winner
    assert "{'tenant': 1, 'team_id': 1, 'due_at': 1" in winner
    assert "'SORT'" not in winner


ASKED: Final = ("find", "filter", "sort", "limit", "projection", "collation")


class Listening(monitoring.CommandListener):
    """Keeps the commands that find records."""

    def __init__(self) -> None:
        """Begin with none."""
        self.asked: list[Any] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Keep a find command."""
        if event.command_name == "find":
            self.asked.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Need nothing of it."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Need nothing of it."""


def _ask(target: object, asked: list[Any]) -> None:
    """List what is about to breach, and leave what was asked of the store for it."""
    clock = Stopped(MONDAY)
    with CRM.open(target, plugin_names=(), clock=clock) as crm:
        crm.schema.apply()
        desk = new_desk(crm, clock)
        with desk.work() as unit:
            asked.clear()
            sla.about_to_breach(unit, desk.team, timedelta(hours=1))
