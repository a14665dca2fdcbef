"""What plugins may do in a work: veto, add changes, bring entities and fields, change rows."""

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.entity import entity
from crmkit.domain.parties.customer import Customer, CustomerRegistered
from crmkit.errors import (
    InvalidSettings,
    InvalidValue,
    PluginError,
    Refused,
    StoreClosed,
    UnknownField,
    Vetoed,
)
from crmkit.plugins import Plugins, hookimpl, shared_field
from crmkit.services import parties
from crmkit.services.custom_fields import define_field
from crmkit.services.history import history
from crmkit.storage.memory import MemoryStorage
from crmkit.work import UnitOfWork
from crmkit.work.telling import RecordChanged

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)
React = Callable[[Event, UnitOfWork], None]


class Reacts:
    """Does something at each event."""

    def __init__(self, react: React, name: str = "reacts") -> None:
        self.react = react
        self.name = name

    @hookimpl
    def before_commit(self, event: Event, work: UnitOfWork) -> None:
        """React."""
        self.react(event, work)


def crm_with(*plugins: object) -> CRM:
    """Open a CRM in memory with plugins."""
    return CRM(MemoryStorage(), plugins=Plugins(plugins, plugin_names=()))


def register(crm: CRM, name: str = "鲁西科技") -> Customer:
    """Register a customer."""
    with crm.work(by="li", tenant="acme") as work:
        return parties.register_customer(work, name)


def customers(crm: CRM) -> list[str]:
    """Name the customers that are there."""
    with crm.work(by="li", tenant="acme") as work:
        return [customer.name for customer in work.customers.find()]


def raises(error: Exception) -> React:
    """Make a reaction that raises."""

    def react(_event: Event, _work: UnitOfWork) -> None:
        raise error

    return react


def test_hooks_see_every_write_and_every_event() -> None:
    """First the general event of the write, then those of the record."""
    seen: list[Event] = []
    register(crm_with(Reacts(lambda event, _work: seen.append(event))))
    assert [type(event) for event in seen] == [RecordChanged, CustomerRegistered]


def test_a_veto_writes_nothing() -> None:
    """The refusal passes as it is, and says which plugin it came from."""
    crm = crm_with(Reacts(raises(Vetoed("not on Fridays")), "calendar"))
    with pytest.raises(Vetoed, match="not on Fridays") as refused:
        register(crm)
    assert refused.value.__notes__ == ["raised by plugin 'calendar' in before_commit"]
    assert customers(crm) == []


@pytest.mark.parametrize("error", [ValueError("oops"), KeyError("x"), RecursionError()], ids=repr)
def test_a_failing_hook_writes_nothing_and_is_named(error: Exception) -> None:
    """Whatever else it raises becomes an error that names plugin and hook."""
    crm = crm_with(Reacts(raises(error), "careless"))
    with pytest.raises(PluginError) as failed:
        register(crm)
    assert (failed.value.plugin, failed.value.hook) == ("careless", "before_commit")
    assert failed.value.__cause__ is error
    assert customers(crm) == []


def test_the_first_refusal_ends_the_work() -> None:
    """Plugins after it are not asked."""
    asked: list[Event] = []
    later = Reacts(lambda event, _work: asked.append(event), "later")
    with pytest.raises(Vetoed):
        register(crm_with(Reacts(raises(Vetoed("no")), "first"), later))
    assert asked == []


@pytest.fixture
def assistant(near_url: str) -> Iterator[CRM]:
    """Give a CRM, on each store in turn, whose plugin plans a call for each new customer."""

    def plan_a_call(event: Event, work: UnitOfWork) -> None:
        if isinstance(event, CustomerRegistered):
            parties.follow_up(work, work.customers.get(event.customer_id), "call")

    seen: list[Event] = []
    watches = Reacts(lambda event, _work: seen.append(event), "watches")
    plugins = [Reacts(plan_a_call, "assistant"), watches]
    with CRM.open(near_url, plugins=plugins, plugin_names=()) as crm:
        crm.schema.apply()
        yield crm
    assert {event.entity for event in seen if isinstance(event, RecordChanged)} == {
        "customer",
        "activity",
    }


@EVERYWHERE
def test_changes_of_a_hook_are_written_logged_and_told(assistant: CRM) -> None:
    """They belong to the changeset of the work, and other hooks see them too."""
    customer = register(assistant)
    with assistant.work(by="li", tenant="acme") as work:
        [activity] = parties.activities_on(work, customer)
        [first] = history(work, activity)
        assert first.changeset_id == history(work, customer)[0].changeset_id


def test_hooks_that_answer_themselves_end_in_a_clear_refusal() -> None:
    """An endless exchange of changes is cut off, and nothing is written."""

    def answer(_event: Event, work: UnitOfWork) -> None:
        parties.add_contact(work, "again")

    crm = crm_with(Reacts(answer))
    with pytest.raises(Refused, match="keep answering"):
        register(crm)
    assert customers(crm) == []


def test_a_large_work_is_no_endless_one() -> None:
    """What people write themselves is not counted as answers."""
    crm = crm_with(Reacts(lambda _event, _work: None))
    with crm.work(by="li", tenant="acme") as work:
        for number in range(5_100):
            parties.register_customer(work, str(number))
    assert len(customers(crm)) == 5_100


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_hook_cannot_end_the_work(end: str) -> None:
    """The commit is not its own; trying writes nothing."""

    def meddle(_event: Event, work: UnitOfWork) -> None:
        getattr(work, end)()

    crm = crm_with(Reacts(meddle))
    with pytest.raises((Refused, StoreClosed)):
        register(crm)
    assert customers(crm) == []


def test_a_hook_cannot_swallow_a_failure_of_the_store() -> None:
    """A duplicate that it hides still ends the work."""

    def hide(event: Event, work: UnitOfWork) -> None:
        if isinstance(event, CustomerRegistered):
            made = work.customers.get(event.customer_id)
            try:
                work.customers.add(made.replaced(version=0))
            except Refused:
                return

    crm = crm_with(Reacts(hide))
    with pytest.raises(Refused, match="has failed"):
        register(crm)
    assert customers(crm) == []


@entity("vehicle", labels={"en": "Vehicle", "zh": "车辆"})
@attrs.frozen(kw_only=True)
class Vehicle(Aggregate):
    """An entity of a vendor."""

    plate: str


class Garage:
    """Brings an entity, and fields for it and for customers."""

    @hookimpl
    def register_entities(self):
        """Bring vehicles."""
        yield Vehicle

    @hookimpl
    def register_fields(self):
        """Give vehicles a colour, customers a grade."""
        yield shared_field("vehicle", "colour", FieldKind.TEXT, default="white")
        yield shared_field("customer", "grade", FieldKind.CHOICE, options=("A", "B"))


@EVERYWHERE
def test_entities_and_fields_of_a_plugin_are_kept_like_crmkit_s_own(near_url: str) -> None:
    """Written, defaulted, found, logged."""
    with CRM.open(near_url, plugins=[Garage], plugin_names=()) as crm:
        crm.schema.apply()
        with crm.work(by="li", tenant="acme") as work:
            made = work.of(Vehicle).add(Vehicle(id=work.new_id(), plate="鲁P 12345"))
        with crm.work(by="li", tenant="acme") as work:
            white = work.where(Vehicle)["custom.colour"].eq("white")
            assert [found.plate for found in work.of(Vehicle).find(white)] == ["鲁P 12345"]
            assert len(history(work, made)) == 1
        with pytest.raises(InvalidValue), crm.work(by="li", tenant="acme") as work:
            parties.register_customer(work, "a", custom={"grade": "C"})


def test_a_tenant_s_own_field_goes_before_that_of_a_plugin() -> None:
    """Where a plugin arrives later, the tenant's data keep their meaning."""
    storage = MemoryStorage()
    before = CRM(storage)
    with before.work(by="li", tenant="acme") as work:
        define_field(work, "customer", "grade", FieldKind.NUMBER)
        parties.register_customer(work, "a", custom={"grade": 7})
    after = CRM(storage, plugins=[Garage])
    with after.work(by="li", tenant="acme") as work:
        assert work.customers.count(work.where(Customer)["custom.grade"].eq(7)) == 1
    with pytest.raises(InvalidValue), after.work(by="li", tenant="other") as work:
        parties.register_customer(work, "a", custom={"grade": 7})


def test_a_collecting_hook_that_fails_is_named() -> None:
    """The CRM is refused when it is opened, with the plugin and the hook."""

    class Broken:
        @hookimpl
        def register_entities(self):
            """Bring what is no entity."""
            return [int]

    class Vague:
        @hookimpl
        def register_fields(self):
            """Bring what is no field."""
            return ["colour"]

    for broken, hook in ((Broken, "register_entities"), (Vague, "register_fields")):
        with pytest.raises(PluginError) as failed:
            crm_with(broken)
        assert (failed.value.plugin, failed.value.hook) == (broken.__name__, hook)


def test_fields_that_contradict_each_other_are_refused() -> None:
    """Two plugins with one key, and fields of an entity that is not there."""

    class Lost:
        @hookimpl
        def register_fields(self):
            """Give a field to nothing."""
            return [shared_field("spaceship", "colour", FieldKind.TEXT)]

    class Again(Garage):
        name = "again"

        @hookimpl
        def register_entities(self):
            """Bring none."""
            return ()

    with pytest.raises(InvalidSettings, match="spaceship"):
        crm_with(Lost)
    with pytest.raises(InvalidSettings, match="colour"):
        crm_with(Garage, Again)


def test_two_crms_share_nothing() -> None:
    """The plugins of one are not those of another."""
    with_garage, without = crm_with(Garage), crm_with()
    assert "vehicle" in with_garage.registry
    assert "vehicle" not in without.registry
    with pytest.raises(UnknownField), without.work(by="li", tenant="acme") as work:
        parties.register_customer(work, "a", custom={"grade": "A"})


class ChangesRows:
    """Changes the rows of imports."""

    def __init__(self, name: str, change: Callable[[dict[str, str]], Any]) -> None:
        self.name = name
        self.change = change

    @hookimpl
    def import_row(self, entity: str, line: int, values: dict[str, str]) -> Any:
        """Change a row."""
        return self.change(values)


def test_rows_pass_from_plugin_to_plugin() -> None:
    """Each sees what the one before it made; None leaves the row as it is."""
    plugins = Plugins(
        [
            ChangesRows(
                "upper", lambda values: {key: text.upper() for key, text in values.items()}
            ),
            ChangesRows("looks", lambda _values: None),
            ChangesRows("adds", lambda values: {**values, "seen": values["name"]}),
        ]
    )
    assert plugins.import_row("customer", 1, {"name": "a"}) == {"name": "A", "seen": "A"}
    assert Plugins(plugin_names=()).import_row("customer", 1, {"name": "a"}) == {"name": "a"}


def test_a_row_is_refused_by_a_veto_and_failures_are_named() -> None:
    """A veto passes; any other failure, or an answer that is no row, names the plugin."""

    def veto(_values: dict[str, str]) -> None:
        raise Vetoed("line of a test customer")

    with pytest.raises(Vetoed):
        Plugins([ChangesRows("a", veto)]).import_row("customer", 1, {})
    for change in (lambda _values: 1 / 0, lambda _values: "text", lambda _values: {"a": 1}):
        with pytest.raises(PluginError, match="'a' failed in import_row"):
            Plugins([ChangesRows("a", change)]).import_row("customer", 1, {})


def test_a_plugin_cannot_change_the_row_behind_the_back_of_others() -> None:
    """It is given a copy."""
    values = {"name": "a"}
    plugins = Plugins([ChangesRows("clears", lambda row: row.clear())])
    assert plugins.import_row("customer", 1, values) == {"name": "a"} == values
