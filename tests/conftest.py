"""Real servers, one of each kind per test process; an empty database for whoever asks."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from crmkit.testing.servers import maria_server, mongo_server, postgres_server

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"

settings.register_profile(
    "quick", max_examples=40, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile(
    "full", max_examples=400, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("full" if os.environ.get("CRMKIT_FULL") else "quick")


def pytest_report_header() -> str:
    """Say which run this is."""
    run = "full" if os.environ.get("CRMKIT_FULL") else "quick"
    return f"crmkit: {run} run, shared data {'found' if SHARED.exists() else 'absent'}"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of real data, or skip and say so."""
    if not SHARED.exists():
        pytest.skip("the folder ../shared with real data is not here")
    return SHARED


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the URL of a PostgreSQL server."""
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def mongo_url() -> Iterator[str]:
    """Give the URL of a MongoDB replica set."""
    with mongo_server() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """Give the URL of a MariaDB server, where one is installed."""
    import shutil

    if shutil.which("mariadbd") is None:
        pytest.skip("MariaDB is not installed on this machine")
    with maria_server() as url:
        yield url


@pytest.fixture(scope="session")
def new_postgres(postgres_url: str) -> Callable[[], str]:
    """Give a function that makes an empty PostgreSQL database and returns its URL."""
    import psycopg

    def make() -> str:
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        base, question, query = postgres_url.partition("?")
        return f"{base.rpartition('/')[0]}/{name}{question}{query}"

    return make


@pytest.fixture(scope="session")
def new_mongo(mongo_url: str) -> Callable[[], str]:
    """Give a function that names an empty MongoDB database by its URL."""

    def make() -> str:
        base, _, query = mongo_url.partition("/?")
        return f"{base}/t{uuid.uuid4().hex}?{query}"

    return make


@pytest.fixture
def fresh_postgres(new_postgres: Callable[[], str]) -> str:
    """Give the URL of an empty PostgreSQL database."""
    return new_postgres()


@pytest.fixture
def fresh_mongo(new_mongo: Callable[[], str]) -> str:
    """Give the URL of an empty MongoDB database."""
    return new_mongo()


@pytest.fixture
def fresh_sqlite(tmp_path: Path) -> str:
    """Give the URL of an empty SQLite database."""
    return f"sqlite:///{tmp_path / 'crm.db'}"


@pytest.fixture(params=["memory", "sqlite", "postgresql", "mongodb"])
def fresh_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of an empty store, of each kind in turn."""
    return _empty_store(request)


@pytest.fixture(params=["memory", "sqlite"])
def near_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of an empty store without a server; a test may name others for itself."""
    return _empty_store(request)


def _empty_store(request: pytest.FixtureRequest) -> str:
    if request.param == "memory":
        return "memory:"
    names = {"sqlite": "fresh_sqlite", "postgresql": "fresh_postgres", "mongodb": "fresh_mongo"}
    url: str = request.getfixturevalue(names[request.param])
    return url
