"""Part L: entities and fields that come later, without losing what is there."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Annotated, Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity
from crmkit.domain.filters.where import where
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.errors import Duplicate, SchemaBlocked, SchemaOutdated
from crmkit.ports import Capability
from crmkit.testing.sample import Colour
from crmkit.testing.storage.harness import StorageHarness

_RENT = Money("5.50", "CNY")


@entity("plot")
@attrs.frozen(kw_only=True)
class Plot(Aggregate):
    """A piece of land, as first declared."""

    name: str


@entity("plot", unique=[Unique("number")])
@attrs.frozen(kw_only=True)
class PlotWithMore(Aggregate):
    """The same, declared with more fields and a unique one."""

    name: str
    number: str | None = None
    size: int = 7
    is_free: bool = True
    notes: tuple[str, ...] = ()
    rent: Money = _RENT
    fence: Colour = Colour.BLUE
    since: date = date(2026, 1, 2)


@entity("plot", unique=[Unique("number"), Unique("size")])
@attrs.frozen(kw_only=True)
class PlotOfOneSize(Aggregate):
    """The same, no two of one size."""

    name: str
    number: str | None = None
    size: int = 7
    is_free: bool = True
    notes: tuple[str, ...] = ()


@entity("plot")
@attrs.frozen(kw_only=True)
class PlotToSearch(Aggregate):
    """The same, whose name can be searched."""

    name: Annotated[str, Text(searchable=True)]


@entity("plot")
@attrs.frozen(kw_only=True)
class PlotWithoutName(Aggregate):
    """The same, without its name."""

    street: str | None = None


@entity("house")
@attrs.frozen(kw_only=True)
class House(Aggregate):
    """An entity that comes later."""

    name: str


@pytest.fixture
def reopen(storage_harness: StorageHarness) -> Iterator[Any]:
    """Give a function that opens one fresh database again and again with other classes."""
    open_one = storage_harness.fresh()
    opened: list[CRM] = []

    def open_with(*classes: type[Any]) -> CRM | None:
        crm = CRM(open_one(), entities=classes)
        opened.append(crm)
        return crm if Capability.DURABLE in crm.storage.capabilities else None

    yield open_with
    for crm in opened:
        crm.close()


def test_new_entity_is_planned_and_applied(reopen: Any) -> None:
    """A class that comes later is refused until its step was taken; older records stay."""
    crm = reopen(Plot)
    if crm is None:
        return
    crm.schema.apply()
    with crm.work(by="t", tenant="t") as work:
        work.of(Plot).add(Plot(id=work.new_id(), name="old"))
    later = reopen(Plot, House)
    with pytest.raises(SchemaOutdated):
        later.work(by="t", tenant="t")
    assert any("house" in step.summary for step in later.schema.plan())
    later.schema.apply()
    with later.work(by="t", tenant="t") as work:
        work.of(House).add(House(id=work.new_id(), name="new"))
        assert [plot.name for plot in work.of(Plot).find()] == ["old"]
    assert later.schema.verify() == ()


def test_new_fields_fill_older_records(reopen: Any) -> None:
    """A field that comes later has its default in older records, and its rules in new ones."""
    crm = reopen(Plot)
    if crm is None:
        return
    crm.schema.apply()
    with crm.work(by="t", tenant="t") as work:
        old = work.of(Plot).add(Plot(id=work.new_id(), name="old"))
    later = reopen(PlotWithMore)
    assert later.schema.plan() != ()
    later.schema.apply()
    with later.work(by="t", tenant="t") as work:
        plot = work.of(PlotWithMore).get(old.id)
        assert (plot.number, plot.size, plot.is_free, plot.notes) == (None, 7, True, ())
        assert (plot.rent, plot.fence) == (_RENT, Colour.BLUE)
        asked = where(PlotWithMore)
        since = asked.size.eq(7) & asked.rent.gt(Money(5, "CNY")) & asked.since.lt(date(2026, 2, 1))
        assert work.of(PlotWithMore).count(since) == 1
        work.of(PlotWithMore).save(plot.evolve(number="1"))
    with pytest.raises(Duplicate), later.work(by="t", tenant="t") as work:
        work.of(PlotWithMore).add(PlotWithMore(id=work.new_id(), name="new", number="1"))
    assert later.schema.verify() == ()


def test_verify_finds_what_is_missing(reopen: Any) -> None:
    """What the classes declare and the database lacks is drift, with a fix."""
    crm = reopen(Plot)
    if crm is None:
        return
    crm.schema.apply()
    drifts = reopen(Plot, House).schema.verify()
    assert drifts
    assert all(drift.fix for drift in drifts)


def test_field_that_becomes_searchable_finds_older_records(reopen: Any) -> None:
    """The folded key of a text that is already there is worked out by the step."""
    crm = reopen(Plot)
    if crm is None:
        return
    crm.schema.apply()
    with crm.work(by="t", tenant="t") as work:
        work.of(Plot).insert_many(Plot(id=work.new_id(), name=name) for name in ("Süd 1", "NORD"))
    later = reopen(PlotToSearch)
    later.schema.apply()
    with later.work(by="t", tenant="t", read_only=True) as work:
        plots, asked = work.of(PlotToSearch), where(PlotToSearch)
        assert [plot.name for plot in plots.find(asked.name.contains("süd"))] == ["Süd 1"]
        assert [plot.name for plot in plots.find(asked.name.starts_with("nord"))] == ["NORD"]
    assert later.schema.verify() == ()


def test_field_that_is_retired_lets_records_be_written(reopen: Any) -> None:
    """A class without a field that others had to give writes beside the older records."""
    crm = reopen(Plot)
    if crm is None:
        return
    crm.schema.apply()
    with crm.work(by="t", tenant="t") as work:
        old = work.of(Plot).add(Plot(id=work.new_id(), name="old"))
    later = reopen(PlotWithoutName)
    later.schema.apply()
    with later.work(by="t", tenant="t") as work:
        plots = work.of(PlotWithoutName)
        plots.add(PlotWithoutName(id=work.new_id(), street="new"))
        plots.save(plots.get(old.id).evolve(street="of old"))
    with later.work(by="t", tenant="t", read_only=True) as work:
        found = [plot.street for plot in work.of(PlotWithoutName).find()]
    assert sorted(map(str, found)) == ["new", "of old"]


def test_interrupted_steps_go_on_where_they_stopped(reopen: Any) -> None:
    """Records that break a new rule stop the steps with one clear error; mended, they go on."""
    crm = reopen(PlotWithMore)
    if crm is None:
        return
    crm.schema.apply()
    with crm.work(by="t", tenant="t") as work:
        twins = [PlotWithMore(id=work.new_id(), name=name, size=3) for name in ("a", "b")]
        twins = work.of(PlotWithMore).insert_many(twins)
    later = reopen(PlotOfOneSize)
    with pytest.raises(SchemaBlocked):
        later.schema.apply()
    with pytest.raises(SchemaOutdated):
        later.work(by="t", tenant="t")
    with crm.work(by="t", tenant="t") as work:
        work.of(PlotWithMore).save(twins[0].evolve(size=4))
    later.schema.apply()
    with pytest.raises(Duplicate), later.work(by="t", tenant="t") as work:
        work.of(PlotOfOneSize).add(PlotOfOneSize(id=work.new_id(), name="c", size=4))
    assert later.schema.verify() == ()


def test_steps_are_taken_by_one_at_a_time(reopen: Any) -> None:
    """Several handles that apply at once all succeed, and each step was taken once."""
    crms = [reopen(PlotWithMore, House) for _ in range(3)]
    if crms[0] is None:
        return
    with ThreadPoolExecutor(len(crms)) as pool:
        taken = list(pool.map(lambda crm: crm.schema.apply(), crms))
    told = [(step.revision, step.summary) for steps in taken for step in steps]
    assert len(told) == len(set(told)) > 0
    assert all(crm.schema.verify() == () for crm in crms)
