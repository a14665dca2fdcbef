"""The servers that the tests run against are real, shared, and gone when their room is."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pymongo
import pytest

from crmkit.errors import MissingExtra, StoreUnavailable
from crmkit.testing.rooms import Program, wait_until
from crmkit.testing.servers import MongoServer, PostgresServer, Room

START_AND_WAIT = """
from crmkit.testing.servers import MongoServer
server = MongoServer.start()
print(server.port, flush=True)
input()
"""


def test_postgres_answers(fresh_postgres: str) -> None:
    """A fresh PostgreSQL database is there and empty."""
    with psycopg.connect(fresh_postgres) as connection:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(tables).fetchone() == (0,)


def test_mongo_has_transactions_and_test_commands(fresh_mongo: str) -> None:
    """A fresh MongoDB database belongs to a replica set, and commands can be made to fail."""
    with pymongo.MongoClient[dict[str, object]](fresh_mongo) as client:
        with client.start_session() as session, session.start_transaction():
            client.get_default_database()["deals"].insert_one({"name": "rollout"}, session=session)
        client.admin.command("configureFailPoint", "failCommand", mode="off")
        assert client.get_default_database()["deals"].count_documents({}) == 1


def test_mariadb_answers(fresh_mariadb: str) -> None:
    """A fresh MariaDB database is there, where MariaDB is installed."""
    assert fresh_mariadb.startswith("mysql://")


def test_a_run_shares_one_server(postgres: PostgresServer, mongo: MongoServer) -> None:
    """Whoever asks for the server of the room gets the same one."""
    room = Room(Path(os.environ["CRMKIT_TEST_ROOM"]))
    assert PostgresServer.shared(room) == postgres
    assert MongoServer.shared(room) == mongo


def test_a_server_ends_with_its_block() -> None:
    """After the block the server is gone."""
    with MongoServer.start() as server:
        assert server.answers()
    assert not server.answers()


@pytest.mark.parametrize("last", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_ends_with_its_process(last: signal.Signals) -> None:
    """A killed process leaves no server behind."""
    program = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout
        server = MongoServer(int(program.stdout.readline()))
        assert server.answers()
        program.send_signal(last)
    while server.answers():
        time.sleep(0.05)


def test_a_server_that_ends_at_once_says_why() -> None:
    """What the program printed last is the error."""
    room = Room.open()
    folder = room.folder / "sulking"
    folder.mkdir()
    room.keep(Program([sys.executable, "-c", "raise SystemExit('not today')"]), folder=folder)
    with pytest.raises(StoreUnavailable, match="not today"):
        wait_until(lambda: False, folder=folder, what="sulking")
    room.close()
    assert not room.folder.exists()


def test_a_missing_wheel_names_the_extra() -> None:
    """Without the wheel the error says which extra brings the server."""
    script = (
        "import sys; sys.modules['fiftyone'] = None\n"
        "from crmkit.testing.servers import MongoServer\n"
        "try: MongoServer.start()\n"
        "except ImportError as error: print(error)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == str(MissingExtra("a MongoDB server for tests", "test"))
