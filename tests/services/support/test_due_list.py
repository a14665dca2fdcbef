"""What is about to breach for a team is found in an index, not by looking at every ticket."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pymongo
import sqlalchemy as sa

from crmkit.crm import CRM
from crmkit.services.support import sla
from tests.services.support.conftest import SetClock, new_desk


def test_sqlite_looks_into_the_index(tmp_path: Path) -> None:
    """One statement, whose plan searches by team and due time and sorts nothing."""
    path, asked = tmp_path / "crm.db", list[str]()

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.set_trace_callback(asked.append)
        return connection

    clock = SetClock()
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


def test_mongodb_has_the_index(fresh_mongo: str) -> None:
    """Tenant, team and due time are one index."""
    with CRM.open(fresh_mongo, plugin_names=()) as crm:
        crm.schema.apply()
    with pymongo.MongoClient(fresh_mongo) as client:
        indexes = client.get_default_database()["crm_ticket"].index_information()
    keys = [[name for name, _ in one["key"]][:3] for one in indexes.values()]
    assert ["tenant", "team_id", "due_at"] in keys
