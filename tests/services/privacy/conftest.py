"""One CRM on each kind of store for all tests of privacy; each test has a tenant of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.changes import OutboxMessage
from crmkit.errors import NotPermitted
from crmkit.plugins.hookspecs import hookimpl
from crmkit.ports import Action, Actor, Clearance
from crmkit.testing.storage.harness import Place, new_tenant
from crmkit.work import UnitOfWork
from crmkit.work.clearance import OpenClearance


@attrs.frozen
class SomeClearance(OpenClearance):
    """Refuses what is called forbidden, and everything to nobody."""

    actor: Actor

    def permit(self, action: Action, record: Any) -> None:
        """Refuse actions of one noun, and one actor."""
        if action.name.startswith("forbidden:") or self.actor.id == "nobody":
            raise NotPermitted("not by you", path=action.name)


class NobodyIsPermitted:
    """An access that lets everybody do everything, but for the forbidden and nobody."""

    def enter(self, work: UnitOfWork) -> Clearance:
        """Return what the actor may do."""
        return SomeClearance(work.actor)


class Listener:
    """A plugin to which every event is sent; its messages wait in the outbox."""

    @hookimpl
    def after_commit(self, message: OutboxMessage) -> None:
        """Take a message."""


@pytest.fixture(scope="session", params=["memory", "sqlite", "postgresql", "mongodb"])
def everywhere(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[CRM]:
    """Give a CRM on each store in turn."""
    url = _url(request, tmp_path_factory.mktemp("privacy"))
    with _opened(url) as crm:
        crm.schema.apply()
        yield crm


@pytest.fixture
def place(everywhere: CRM) -> Place:
    """Give a tenant of its own, on each store in turn."""
    return Place(everywhere, new_tenant())


@pytest.fixture(scope="session", params=["memory", "sqlite"])
def close_by(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[CRM]:
    """Give a CRM on the stores without a server in turn."""
    url = _url(request, tmp_path_factory.mktemp("privacy"))
    with _opened(url) as crm:
        crm.schema.apply()
        yield crm


@pytest.fixture
def near(close_by: CRM) -> Place:
    """Give a tenant of its own, on memory and SQLite."""
    return Place(close_by, new_tenant())


def _opened(url: str) -> CRM:
    return CRM.open(url, plugins=[Listener()], plugin_names=(), access=NobodyIsPermitted())


def _url(request: pytest.FixtureRequest, folder: Path) -> str:
    match request.param:
        case "sqlite":
            return f"sqlite:///{folder / 'crm.db'}"
        case "postgresql":
            postgres: str = request.getfixturevalue("keep_postgres")()
            return postgres
        case "mongodb":
            mongo: str = request.getfixturevalue("keep_mongo")()
            return mongo
        case _:
            return "memory:"
