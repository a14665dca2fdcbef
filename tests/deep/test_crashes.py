"""Crashes and lost connections leave all of a work or nothing, and are told truly."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from crmkit.crm import CRM
from crmkit.domain.changes import Change, Changeset, IdempotencyRecord, OutboxMessage
from crmkit.domain.entity import spec_of
from crmkit.domain.parties.customer import Customer
from crmkit.errors import AlreadyDone, Conflict, OutcomeUnknown, StoreUnavailable
from crmkit.plugins.hookspecs import hookimpl
from crmkit.ports import Ask
from crmkit.services import parties

CHILD = Path(__file__).parent / "crash_child.py"
LOGS = (Customer, Changeset, Change, OutboxMessage, IdempotencyRecord)
CRASHED = 42


class Subscriber:
    """Wants every event, so that the outbox is written."""

    @hookimpl
    def after_commit(self, message):
        """Hear nothing; it is not delivered here."""


def write(crm):
    """Write a customer under a key, with change log and outbox."""
    with crm.work(by="t", tenant="t", idempotency_key="once") as work:
        parties.register_customer(work, "鲁西科技")


def counts(crm):
    """Count the rows of each kind that are there."""
    session = crm.storage.session("t", read_only=True)
    try:
        return [sum(len(rows) for rows in session.find(spec_of(cls), Ask())) for cls in LOGS]
    finally:
        session.rollback()


def is_whole(found):
    """Say whether a work is there as a whole, or not at all."""
    return found == [0, 0, 0, 0, 0] or (found[0] == 1 and all(found))


def test_process_may_die_at_any_statement(tmp_path):
    """Before and after each statement of a work the process dies, and nothing is half there."""
    seen = set()
    for point in range(1, 200):
        url = f"sqlite:///{tmp_path / f'crash{point}.db'}"
        with CRM.open(url, plugins=[Subscriber()]) as crm:
            crm.schema.apply()
        done = subprocess.run([sys.executable, str(CHILD), url, str(point)], check=False)
        with CRM.open(url, plugins=[Subscriber()]) as crm:
            found = counts(crm)
            assert is_whole(found), (point, found)
            seen.add(found[0])
            if found[0] == 0:
                write(crm)
            else:
                with pytest.raises(AlreadyDone):
                    write(crm)
            assert counts(crm)[0] == 1
        if done.returncode == 0:
            break
        assert done.returncode == CRASHED
    assert point > 8
    assert seen == {0, 1}


@pytest.mark.parametrize("moment", ["before the write", "after the write", "at the commit"])
def test_postgres_connection_may_break_at_any_time(fresh_postgres, moment):
    """A connection that the server cuts is told truly, and a repeat takes effect once."""
    engine = sa.create_engine(fresh_postgres.replace("postgresql://", "postgresql+psycopg://"))
    with CRM.open(engine, plugins=[Subscriber()]) as crm:
        crm.schema.apply()
        with pytest.raises((StoreUnavailable, OutcomeUnknown)):
            work = crm.work(by="t", tenant="t", idempotency_key="once")
            with work:
                if moment == "before the write":
                    cut(engine)
                parties.register_customer(work, "鲁西科技")
                if moment == "after the write":
                    cut(engine)
                    work.customers.find()
                if moment == "at the commit":
                    cut(engine)
        assert counts(crm) == [0, 0, 0, 0, 0]
        write(crm)
        assert is_whole(counts(crm))
    engine.dispose()


def cut(engine):
    """End all other connections to this database, from the server's side."""
    with engine.connect() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )


FAULTS = [
    ("insert", {"errorCode": 112, "errorLabels": ["TransientTransactionError"]}, Conflict),
    ("insert", {"errorCode": 251, "errorLabels": ["TransientTransactionError"]}, Conflict),
    ("insert", {"closeConnection": True}, StoreUnavailable),
    (
        "commitTransaction",
        {"errorCode": 112, "errorLabels": ["TransientTransactionError"]},
        Conflict,
    ),
    (
        "commitTransaction",
        {"errorCode": 251, "errorLabels": ["TransientTransactionError"]},
        Conflict,
    ),
    ("commitTransaction", {"closeConnection": True}, None),
    ("commitTransaction", {"errorCode": 91}, None),
]


@pytest.mark.parametrize(("command", "fault", "told"), FAULTS)
def test_mongo_fault_is_told_truly(failing_mongo, command, fault, told):
    """A fault of the server is a conflict, an absence, or is outlived; nothing is half there."""
    from pymongo import MongoClient

    with (
        MongoClient(failing_mongo.url()) as client,
        CRM.open(client, schema="faults", plugins=[Subscriber()]) as crm,
    ):
        client.drop_database("faults")
        crm.schema.apply()
        point = {"configureFailPoint": "failCommand", "mode": {"times": 1}}
        client.admin.command({**point, "data": {"failCommands": [command], **fault}})
        try:
            if told is None:
                write(crm)
            else:
                with pytest.raises(told):
                    write(crm)
                assert counts(crm) == [0, 0, 0, 0, 0]
                write(crm)
        finally:
            client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
        assert is_whole(counts(crm))
        with pytest.raises(AlreadyDone):
            write(crm)
        client.drop_database("faults")


def test_lost_commit_reply_is_unknown_and_safe_to_repeat(failing_mongo):
    """When no reply to the commit ever comes, that is said, and the key makes a repeat safe."""
    from pymongo import MongoClient

    with (
        MongoClient(failing_mongo.url()) as client,
        CRM.open(client, schema="unknown", plugins=[Subscriber()]) as crm,
    ):
        crm.schema.apply()
        point = {"configureFailPoint": "failCommand", "mode": "alwaysOn"}
        fault = {"failCommands": ["commitTransaction"], "closeConnection": True}
        client.admin.command({**point, "data": fault})
        try:
            with pytest.raises(OutcomeUnknown) as caught:
                write(crm)
        finally:
            client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
        assert caught.value.idempotency_key == "once"
        assert is_whole(counts(crm))
        with contextlib.suppress(AlreadyDone, Conflict):  # the lost transaction may still hold on
            write(crm)
        assert is_whole(counts(crm))
