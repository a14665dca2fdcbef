"""The contract for plugins: good ones keep it, and each bad one is caught by a fitting test."""

import inspect
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import OutboxMessage
from crmkit.domain.entity import entity
from crmkit.domain.sales.deal import DealWon
from crmkit.errors import CrmkitError, Vetoed
from crmkit.plugins import hookimpl
from crmkit.plugins.builtin import YearlyNumbers
from crmkit.services import parties
from crmkit.testing.plugins import PluginContract
from crmkit.work import UnitOfWork


class PlansHandover:
    """Plans a hand-over for each deal that was won, once."""

    topics = (DealWon,)

    @hookimpl
    def after_commit(self, message: OutboxMessage, crm: CRM) -> None:
        """Plan it under the key of the message."""
        crm.run(
            plan,
            by="handover",
            tenant=message.tenant,
            idempotency_key=str(message.id),
            cause_id=message.changeset_id,
        )


def plan(work: UnitOfWork) -> None:
    """Plan a hand-over with every customer."""
    for customer in work.customers.find():
        parties.follow_up(work, customer, "hand over")


class RefusesDeals:
    """Says no to every deal, with a reason."""

    @hookimpl
    def before_commit(self, event):
        """Refuse."""
        if isinstance(event, DealWon):
            raise Vetoed("not today")


class TestNumbering(PluginContract):
    """crmkit's own numbering keeps the contract."""

    @pytest.fixture
    def plugin(self) -> object:
        """Give it."""
        return YearlyNumbers(zone="Asia/Shanghai")


class TestObserver(PluginContract):
    """An observer with effects in the CRM keeps the contract."""

    @pytest.fixture
    def plugin(self) -> object:
        """Give it."""
        return PlansHandover()


class TestVeto(PluginContract):
    """A plugin that says no keeps the contract."""

    @pytest.fixture
    def plugin(self) -> object:
        """Give it."""
        return RefusesDeals()


class DoesNothing:
    """Has no hook."""


class Misspelt:
    """Has a hook that does not exist."""

    @hookimpl
    def before_comit(self, event):
        """Never run."""


class Stumbles:
    """Fails at ordinary events."""

    @hookimpl
    def before_commit(self, event):
        """Fail."""
        raise KeyError(event)


class RepeatsItself:
    """Plans a hand-over each time it is told."""

    topics = (DealWon,)

    @hookimpl
    def after_commit(self, message: OutboxMessage, crm: CRM) -> None:
        """Plan without a key."""
        crm.run(plan, by="handover", tenant=message.tenant)


class FailsToDeliver:
    """Cannot take a message."""

    @hookimpl
    def after_commit(self, message):
        """Fail."""
        raise ConnectionError


class NumbersAlike:
    """Gives each document the same number."""

    @hookimpl
    def number_document(self):
        """Give one number."""
        return "N-1"


class SpoilsRows:
    """Answers rows with something else."""

    @hookimpl
    def import_row(self, values):
        """Answer numbers."""
        return dict.fromkeys(values, 1)


@entity("wagon")
@attrs.frozen(kw_only=True)
class Wagon(Aggregate):
    """Has no label."""


class BringsWagons:
    """Brings an entity without a label."""

    @hookimpl
    def register_entities(self):
        """Bring it."""
        return [Wagon]


@entity("deal", labels={"en": "Deal"})
@attrs.frozen(kw_only=True)
class Rival(Aggregate):
    """Is called like an entity of crmkit."""


class BringsARival:
    """Brings an entity whose name is taken."""

    @hookimpl
    def register_entities(self):
        """Bring it."""
        return [Rival]


class NamedByAddress:
    """Has another name in each run."""

    @property
    def name(self) -> str:
        """Return the address."""
        return f"plugin at {id(self):#x}"

    @hookimpl
    def before_commit(self, event):
        """See an event."""


class ServesOne:
    """Remembers the first CRM that it meets."""

    met: CRM | None = None

    @hookimpl
    def after_commit(self, crm):
        """Refuse another."""
        self.met = self.met or crm
        if self.met is not crm:
            raise RuntimeError

    @hookimpl
    def before_commit(self, work):
        """Refuse another."""
        if self.met is not None and self.met.registry is not work.registry:
            raise RuntimeError


@pytest.mark.parametrize(
    ("plugin", "caught_by"),
    [
        (DoesNothing, "test_it_implements_something"),
        (Misspelt, "test_it_is_let_in"),
        (Stumbles, "test_it_lets_ordinary_work_pass_or_refuses_it"),
        (RepeatsItself, "test_it_takes_the_same_event_twice_as_once"),
        (FailsToDeliver, "test_it_takes_the_same_event_twice_as_once"),
        (NumbersAlike, "test_it_numbers_with_different_numbers"),
        (SpoilsRows, "test_it_answers_rows_with_rows"),
        (BringsWagons, "test_its_entities_have_labels"),
        (BringsARival, "test_its_entities_have_their_own_names"),
        (NamedByAddress, "test_its_name_is_lasting"),
        (ServesOne, "test_it_serves_two_crms_at_once"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_bad_plugin_is_caught(plugin: type[object], caught_by: str) -> None:
    """By the test that tells its fault."""
    with pytest.raises((AssertionError, CrmkitError)):
        _run(caught_by, plugin())


@pytest.mark.parametrize("good", [YearlyNumbers, PlansHandover, RefusesDeals])
def test_every_promise_is_run(good: type[object]) -> None:
    """The good plugins pass each of the twelve when they are called by name."""
    promises = [name for name in vars(PluginContract) if name.startswith("test_")]
    assert len(promises) == 12
    for promise in promises:
        _run(promise, good())


def _run(promise: str, plugin: object) -> None:
    """Call one test of the contract by hand."""
    test = getattr(PluginContract(), promise)
    given: dict[str, Any] = dict(_given(plugin, set(inspect.signature(test).parameters)))
    test(**given)


def _given(plugin: object, wanted: set[str]) -> Iterator[tuple[str, Any]]:
    if "plugin" in wanted:
        yield "plugin", plugin
    if "settings" in wanted:
        yield "settings", {}
    if "crm" in wanted:
        yield "crm", CRM.open("memory:", plugins=[plugin], plugin_names=())
