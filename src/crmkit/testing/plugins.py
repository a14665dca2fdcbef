"""The contract of plugins: what crmkit expects of every plugin, to be run by whoever writes one.

Subclass it in a test file and give the plugin; pytest does the rest::

    from crmkit.testing.plugins import PluginContract

    class TestMyPlugin(PluginContract):
        @pytest.fixture
        def plugin(self):
            return MyPlugin()
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

import pytest

from crmkit.crm import CRM
from crmkit.domain.changes import Change, DeliveryState
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.money import Money
from crmkit.errors import Refused
from crmkit.plugins import Plugins
from crmkit.plugins.hookspecs import KINDS
from crmkit.plugins.loading import named
from crmkit.ports import Ask
from crmkit.services import parties, sales
from crmkit.services.custom_fields import fields_of
from crmkit.services.outbox import MESSAGE, Retries
from crmkit.storage.memory import MemoryStorage

R = TypeVar("R")
TENANT: Final = "contract"
ACTOR: Final = "contract"
ROW: Final = {"name": "鲁西科技", "email": "li@example.com", "note": ""}
_CHANGE: Final = spec_of(Change)


class PluginContract:
    """Twelve promises that a plugin keeps; derive a class and override the fixture `plugin`."""

    @pytest.fixture
    def plugin(self) -> object:
        """Give the plugin to be tested."""
        pytest.fail("override the fixture `plugin` to give the plugin")

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        """Give what else the plugin needs of `CRM`, such as `entities`."""
        return {}

    @pytest.fixture
    def crm(self, plugin: object, settings: dict[str, Any]) -> CRM:
        """Give a CRM in memory with the plugin."""
        return _open(plugin, settings)

    def test_it_is_let_in(self, plugin: object) -> None:
        """Hooks are spelt right, take known arguments, and are neither async nor generators."""
        Plugins([plugin], plugin_names=(), strict=True)

    def test_it_implements_something(self, plugin: object) -> None:
        """At least one hook carries `@hookimpl`."""
        assert _hooks(plugin), f"no method carries @hookimpl; the hooks are {', '.join(KINDS)}"

    def test_its_name_is_lasting(self, plugin: object) -> None:
        """The name is text without an address in memory, for it is kept in the outbox."""
        name = _name(plugin)
        assert name == name.strip()
        assert f"{id(plugin):x}" not in name
        assert str(id(plugin)) not in name

    def test_it_serves_two_crms_at_once(self, plugin: object, settings: dict[str, Any]) -> None:
        """What it keeps belongs to no single CRM."""
        for crm in (_open(plugin, settings), _open(plugin, settings)):
            _sell_unless_refused(crm)
            assert crm.deliver_due(limit=10_000).failed == 0

    def test_its_entities_have_their_own_names(self, plugin: object) -> None:
        """None is called like one of crmkit's own, and all can be kept."""
        own = {spec.name for spec in CRM(MemoryStorage(), plugins=_loaded()).registry}
        for spec in _entities(plugin):
            assert spec.name not in own

    def test_its_entities_have_labels(self, plugin: object) -> None:
        """In English at least, for lists and reports."""
        for spec in _entities(plugin):
            assert spec.labels.get("en") or not spec.soft, f"{spec.name} has no English label"

    def test_its_fields_are_on_every_tenant(self, crm: CRM, plugin: object) -> None:
        """Each is seen by tenants that never heard of the plugin, and has a label."""
        for spec in crm.registry:
            for field in crm.plugins.fields(spec.name):
                assert field.label("en"), f"{field.key} has no label"
                with crm.work(by=ACTOR, tenant="somebody") as work:
                    assert field in fields_of(work, spec.name)

    def test_it_lets_ordinary_work_pass_or_refuses_it(self, crm: CRM) -> None:
        """A sale from customer to win ends well, or with a refusal; never with another error."""
        refusal = _sell_unless_refused(crm)
        assert refusal is None or refusal.message, "a refusal says why"

    def test_it_has_no_effect_when_the_work_is_rolled_back(self, crm: CRM) -> None:
        """What it adds before the commit leaves with the work."""
        before = _count_changes(crm)
        with crm.work(by=ACTOR, tenant=TENANT) as work:
            parties.register_customer(work, "鲁西科技")
            work.rollback()
        assert _count_changes(crm) == before

    def test_it_takes_the_same_event_twice_as_once(self, crm: CRM) -> None:
        """Delivered again, nothing more is written: effects carry the key of the message."""
        _sell_unless_refused(crm)
        retries = Retries(attempts=1)
        crm.deliver_due(limit=10_000, retries=retries)
        assert crm.dead_letters(TENANT) == (), "a delivery failed"
        before = _count_changes(crm)
        _deliver_again(crm)
        crm.deliver_due(limit=10_000, retries=retries)
        assert _count_changes(crm) == before

    def test_it_answers_rows_with_rows(self, crm: CRM) -> None:
        """Every entity, also unknown columns and empty texts; the given row is left alone."""
        for spec in crm.registry:
            row = dict(ROW)
            with suppress(Refused):
                crm.plugins.import_row(spec.name, 1, row)
            assert row == ROW

    def test_it_numbers_with_different_numbers(self, crm: CRM) -> None:
        """Two documents of one entity never get the same number."""
        for entity in ("customer", "deal"):
            taken = [_number(crm, entity) for _document in range(3)]
            assert len(set(taken)) == len(taken)


def _loaded(*plugins: object) -> Plugins:
    return Plugins(plugins, plugin_names=(), strict=True)


def _open(plugin: object, settings: dict[str, Any]) -> CRM:
    return CRM(MemoryStorage(), plugins=_loaded(plugin), **settings)


def _name(plugin: object) -> str:
    [(name, _instance)] = named([plugin])
    return name


def _hooks(plugin: object) -> list[str]:
    name = _name(plugin)
    return [row.hook for row in _loaded(plugin).describe() if row.plugin == name]


def _entities(plugin: object) -> list[EntitySpec]:
    own = set(_loaded().entities())
    return [spec_of(cls) for cls in _loaded(plugin).entities() if cls not in own]


def _sell_unless_refused(crm: CRM) -> Refused | None:
    """Register, open, move and win, each in a work of its own, until a plugin says no."""
    try:
        customer = _run(crm, parties.register_customer, "鲁西科技")
        pipeline = _run(crm, sales.define_pipeline, "Sales")
        deal = _run(
            crm,
            sales.open_deal,
            name="CRM",
            pipeline=pipeline.id,
            customer=customer.id,
            value=Money("98000", "CNY"),
        )
        _run(crm, sales.move_deal, deal.id, to="proposal")
        _run(crm, sales.win_deal, deal.id)
    except Refused as refusal:
        return refusal
    return None


def _run(crm: CRM, service: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    return crm.run(service, *args, by=ACTOR, tenant=TENANT, **kwargs)


def _count_changes(crm: CRM) -> int:
    with crm.work(by=ACTOR, tenant=TENANT) as work, work.storing() as session:
        return sum(len(batch) for batch in session.find(_CHANGE, Ask()))


def _deliver_again(crm: CRM) -> None:
    """Call the plugin once more with every message that it has received."""
    with crm.work(by=ACTOR, tenant=TENANT) as work, work.storing() as session:
        messages = [message for batch in session.find(MESSAGE, Ask()) for message in batch]
    for message in messages:
        if message.state is DeliveryState.DONE:
            crm.plugins.deliver(message.subscriber, message, crm)


def _number(crm: CRM, entity: str) -> str:
    with crm.work(by=ACTOR, tenant=TENANT) as work:
        return work.next_number(entity)
