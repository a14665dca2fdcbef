"""Part L: entities and fields that come later, without losing what is there."""

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity
from crmkit.domain.filters.where import where
from crmkit.errors import Duplicate, SchemaOutdated
from crmkit.ports import Capability
from crmkit.testing.storage.harness import StorageHarness


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
        assert work.of(PlotWithMore).count(where(PlotWithMore).size.eq(7)) == 1
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
