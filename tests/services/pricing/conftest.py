"""A desk on each store in turn; the schema of each is set up once for all tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from crmkit.crm import CRM
from crmkit.plugins.builtin import BaseCurrency
from tests.services.pricing.desk import Desk


@pytest.fixture(scope="session")
def opened() -> Iterator[Callable[[str], CRM]]:
    """Give a function that opens the CRM at a URL, once."""
    known: dict[str, CRM] = {}
    with ExitStack() as closing:

        def crm_at(url: str) -> CRM:
            if url not in known:
                own = BaseCurrency("CNY", zone="Asia/Shanghai")
                crm = CRM.open(url, plugins=[own], plugin_names=())
                known[url] = closing.enter_context(crm)
                known[url].schema.apply()
            return known[url]

        yield crm_at


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the URL of a SQLite database for all tests."""
    return f"sqlite:///{tmp_path_factory.mktemp('pricing') / 'crm.db'}"


@pytest.fixture(params=["memory", "sqlite", "postgresql", "mongodb"])
def desk(request: pytest.FixtureRequest, opened: Callable[[str], CRM]) -> Desk:
    """Give a desk on each store in turn."""
    return _desk(request, opened)


@pytest.fixture(params=["memory"])
def near_desk(request: pytest.FixtureRequest, opened: Callable[[str], CRM]) -> Desk:
    """Give a desk in memory, where only logic is at stake."""
    return _desk(request, opened)


def _desk(request: pytest.FixtureRequest, opened: Callable[[str], CRM]) -> Desk:
    names = {"sqlite": "sqlite_url", "postgresql": "pricing_postgres", "mongodb": "pricing_mongo"}
    url = request.getfixturevalue(names[request.param]) if request.param in names else "memory:"
    return Desk(opened(url), f"t-{uuid4().hex}")


@pytest.fixture(scope="session")
def pricing_postgres(keep_postgres: Callable[[], str]) -> str:
    """Give the URL of a PostgreSQL database for all tests."""
    return keep_postgres()


@pytest.fixture(scope="session")
def pricing_mongo(keep_mongo: Callable[[], str]) -> str:
    """Give the URL of a MongoDB database for all tests."""
    return keep_mongo()
