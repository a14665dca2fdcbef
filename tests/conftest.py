"""Real servers, one of each kind for all processes of a run; empty databases for whoever asks."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings

from crmkit.crm import CRM
from crmkit.testing.rooms import memory_folder
from crmkit.testing.servers import MariaServer, MongoServer, PostgresServer, Room, Server
from tests.shelves import MongoShelf, PostgresShelf, SqliteShelf

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
PROFILE = "full" if os.environ.get("CRMKIT_FULL") == "1" else "quick"
ROOM = "CRMKIT_TEST_ROOM"
OPENED = pytest.StashKey[Room]()

settings.register_profile(
    "quick", max_examples=40, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile(
    "full", max_examples=400, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile(PROFILE)


def pytest_configure(config: pytest.Config) -> None:
    """Open the room for servers that the other processes of this run join.

    Temporary files are kept in memory where there is enough of it: a disk that syncs is slow.
    """
    if in_memory := memory_folder():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(in_memory))
    if not Path(os.environ.get(ROOM, "nowhere")).is_dir():
        config.stash[OPENED] = Room.open()
        os.environ[ROOM] = str(config.stash[OPENED].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the servers, where this process opened their room."""
    if OPENED in config.stash:
        del os.environ[ROOM]
        config.stash[OPENED].close()


def pytest_report_header() -> str:
    """Say which run this is, on which servers."""
    maria = ", MariaDB" if MariaServer.installed() else "; MariaDB is not installed"
    data = "found" if SHARED.exists() else "absent"
    return f"crmkit: {PROFILE} run; PostgreSQL, MongoDB{maria}; real data {data} in ../shared"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what the tests have measured, also those that ran in other processes."""
    reports = terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])
    figures = [line for one in reports for name, line in one.user_properties if name == "figure"]
    if figures:
        terminalreporter.section("figures")
    for line in sorted(figures):
        terminalreporter.write_line(line)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Give a function that keeps a line for the summary of the run."""
    return lambda line: record_property("figure", line)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of real data, or skip and say so."""
    if not SHARED.exists():
        pytest.skip("the folder ../shared with real data is not here")
    return SHARED


@pytest.fixture(scope="session")
def postgres() -> Server:
    """Give the PostgreSQL server of the run."""
    return PostgresServer.shared(_room())


@pytest.fixture(scope="session")
def mongo() -> Server:
    """Give the MongoDB replica set of the run."""
    return MongoServer.shared(_room())


@pytest.fixture(scope="session")
def maria() -> Server:
    """Give the MariaDB server of the run, where one is installed."""
    if not MariaServer.installed():
        pytest.skip("MariaDB is not installed on this machine")
    return MariaServer.shared(_room())


@pytest.fixture(scope="module")
def new_postgres(postgres: Server) -> Iterator[Callable[[], str]]:
    """Give a function that makes an empty PostgreSQL database, dropped after the module."""
    yield from _maker(postgres)


@pytest.fixture(scope="session")
def keep_postgres(postgres: Server) -> Iterator[Callable[[], str]]:
    """Give a function that makes an empty PostgreSQL database, dropped after the run."""
    yield from _maker(postgres)


@pytest.fixture(scope="module")
def new_mongo(mongo: Server) -> Iterator[Callable[[], str]]:
    """Give a function that makes an empty MongoDB database, dropped after the module."""
    yield from _maker(mongo)


@pytest.fixture(scope="session")
def keep_mongo(mongo: Server) -> Iterator[Callable[[], str]]:
    """Give a function that makes an empty MongoDB database, dropped after the run."""
    yield from _maker(mongo)


@pytest.fixture(scope="session")
def keep_mariadb(maria: Server) -> Iterator[Callable[[], str]]:
    """Give a function that makes an empty MariaDB database, dropped after the run."""
    yield from _maker(maria)


@pytest.fixture(scope="session")
def postgres_url(keep_postgres: Callable[[], str]) -> str:
    """Give the URL of this worker's own PostgreSQL database."""
    return keep_postgres()


@pytest.fixture(scope="session")
def mongo_url(keep_mongo: Callable[[], str]) -> str:
    """Give the URL of this worker's own MongoDB database."""
    return keep_mongo()


@pytest.fixture(scope="session")
def mariadb_url(keep_mariadb: Callable[[], str]) -> str:
    """Give the URL of this worker's own MariaDB database."""
    return keep_mariadb()


@pytest.fixture
def fresh_postgres(postgres: Server) -> Iterator[str]:
    """Give the URL of an empty PostgreSQL database, dropped after the test."""
    yield from _fresh(postgres)


@pytest.fixture
def fresh_mongo(mongo: Server) -> Iterator[str]:
    """Give the URL of an empty MongoDB database, dropped after the test."""
    yield from _fresh(mongo)


@pytest.fixture(scope="session")
def failing_mongo() -> Iterator[Server]:
    """Give a MongoDB server of this process alone, which may be told to fail.

    What fails there fails for every client: on the server of the run, other tests would see it.
    """
    with MongoServer.start() as server:
        yield server


@pytest.fixture
def fresh_mariadb(maria: Server) -> Iterator[str]:
    """Give the URL of an empty MariaDB database, dropped after the test."""
    yield from _fresh(maria)


@pytest.fixture
def fresh_sqlite(tmp_path: Path) -> str:
    """Give the URL of an empty SQLite database."""
    return f"sqlite:///{tmp_path / 'crm.db'}"


@pytest.fixture(params=["memory", "sqlite", "postgresql", "mongodb"])
def fresh_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of a store without records, of each kind in turn; its schema is in place."""
    return _empty_store(request)


@pytest.fixture(scope="module", params=["memory", "sqlite", "postgresql", "mongodb"])
def lasting_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Give the URL of a store, of each kind in turn, for all tests of a module.

    It has no records when the module begins; tests keep apart by working for tenants of their own.
    """
    if request.param == "memory":
        yield "memory:"
    elif request.param == "sqlite":
        yield request.getfixturevalue("sqlite_shelf").copy(tmp_path_factory.mktemp("lasting"))
    else:
        names = {"postgresql": "postgres_shelf", "mongodb": "mongo_shelf"}
        yield from _lent(request.getfixturevalue(names[request.param]))


@pytest.fixture(params=["memory", "sqlite"])
def near_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of a store without records nor server; a test may name others for itself."""
    return _empty_store(request)


@pytest.fixture(scope="session", params=["memory", "sqlite", "postgresql", "mongodb"])
def ready_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the URL of a store with its schema in place, of each kind in turn, one for the run.

    Tests keep apart by their `tenant`; that is much quicker than an empty store for each.
    """
    if request.param == "memory":
        return "memory:"
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('ready') / 'crm.db'}"
    else:
        names = {"postgresql": "keep_postgres", "mongodb": "keep_mongo"}
        url = request.getfixturevalue(names[request.param])()
    with CRM.open(url, plugin_names=()) as crm:
        crm.schema.apply()
    return url


@pytest.fixture
def tenant() -> str:
    """Give the name of a tenant that nobody else has."""
    return f"t{uuid.uuid4().hex}"


@pytest.fixture
def ready_sqlite(sqlite_shelf: SqliteShelf, tmp_path: Path) -> str:
    """Give the URL of a SQLite database without records, its schema in place."""
    return sqlite_shelf.copy(tmp_path)


@pytest.fixture
def ready_postgres(postgres_shelf: PostgresShelf) -> Iterator[str]:
    """Give the URL of a PostgreSQL database without records, its schema in place."""
    yield from _lent(postgres_shelf)


@pytest.fixture
def ready_mongo(mongo_shelf: MongoShelf) -> Iterator[str]:
    """Give the URL of a MongoDB database without records, its schema in place."""
    yield from _lent(mongo_shelf)


@pytest.fixture(scope="session")
def sqlite_shelf(tmp_path_factory: pytest.TempPathFactory) -> SqliteShelf:
    """Give this worker's ready SQLite database, to be copied."""
    return SqliteShelf(tmp_path_factory.mktemp("ready"))


@pytest.fixture(scope="session")
def postgres_shelf(postgres: Server, keep_postgres: Callable[[], str]) -> PostgresShelf:
    """Give this worker's ready PostgreSQL databases."""
    return PostgresShelf(keep_postgres, lambda url: postgres.drop(_name_in(url)))


@pytest.fixture(scope="session")
def mongo_shelf(mongo: Server, keep_mongo: Callable[[], str]) -> MongoShelf:
    """Give this worker's ready MongoDB databases."""
    return MongoShelf(keep_mongo, lambda url: mongo.drop(_name_in(url)))


def _lent(shelf: PostgresShelf | MongoShelf) -> Iterator[str]:
    url = shelf.take()
    yield url
    shelf.give_back(url)


def _name_in(url: str) -> str:
    return urlsplit(url).path.strip("/")


def _empty_store(request: pytest.FixtureRequest) -> str:
    if request.param == "memory":
        return "memory:"
    names = {"sqlite": "ready_sqlite", "postgresql": "ready_postgres", "mongodb": "ready_mongo"}
    url: str = request.getfixturevalue(names[request.param])
    return url


def _room() -> Room:
    return Room(Path(os.environ[ROOM]))


def _maker(server: Server) -> Iterator[Callable[[], str]]:
    made: list[str] = []

    def make() -> str:
        made.append(_name())
        return server.database(made[-1])

    yield make
    for name in made:
        server.drop(name)


def _fresh(server: Server) -> Iterator[str]:
    name = _name()
    yield server.database(name)
    server.drop(name)


def _name() -> str:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    return f"t_{worker}_{uuid.uuid4().hex}"
