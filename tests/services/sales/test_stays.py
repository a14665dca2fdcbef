"""Whoever moves a deal, its stay is kept: services, plain saves, upserts and imports."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.filters.where import where
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.domain.sales.deal import Deal
from crmkit.domain.sales.pipeline import PipelineId
from crmkit.services import sales
from crmkit.services.imports.running import ImportJob, run_import
from crmkit.services.tables.rows import Row
from crmkit.work import UnitOfWork
from tests.services.stopped_clock import Stopped


@attrs.frozen
class Shop:
    """A CRM with a clock, a tenant and a pipeline."""

    crm: CRM
    clock: Stopped
    tenant: str
    pipeline: PipelineId

    def work(self) -> UnitOfWork:
        """Open a work."""
        return self.crm.work(by="li", tenant=self.tenant)


@pytest.fixture
def shop(ready_url: str, tenant: str) -> Iterator[Shop]:
    """Give a shop on each store in turn."""
    clock = Stopped()
    with CRM.open(ready_url, plugin_names=(), clock=clock) as crm:
        with crm.work(by="li", tenant=tenant) as work:
            pipeline = sales.define_pipeline(work, "usual").id
        yield Shop(crm, clock, tenant, pipeline)


def import_stage(shop: Shop, stage: str, **more: str) -> None:
    """Import the stage of deal 1."""
    names = ("number", "stage", *more)
    listed = tuple(ColumnMapping(field=name, column=name) for name in names)
    mapping = FileMapping(file=stage, entity="deal", key=("number",), columns=listed)
    row = Row(2, {"number": "1", "stage": stage, **more})
    job = ImportJob(mapping=mapping, header=names, rows=[row], content=stage)
    report = run_import(shop.crm, job, by="li", tenant=shop.tenant)
    assert report.notes == []


def move_by(shop: Shop, way: Callable[[UnitOfWork, Deal], Any]) -> None:
    """Move deal 1 in a work of its own."""
    with shop.work() as work:
        deal = work.deals.first(where(Deal).number.eq("1"))
        assert deal is not None
        way(work, deal)


def test_every_way_of_moving_keeps_the_stay(shop: Shop) -> None:
    """Each hour by another way; the stays follow each other, and sum to the age."""
    with shop.work() as work:
        deal = sales.open_deal(work, name="车床", pipeline=shop.pipeline)
        deal = work.deals.save(deal.evolve(number="1"))
        key = [where(Deal).number]
    ways: list[Callable[[str], Any]] = [
        lambda stage: move_by(shop, lambda w, one: sales.move_deal(w, one.id, to=stage)),
        lambda stage: move_by(shop, lambda w, one: w.deals.save(one.evolve(stage=stage))),
        lambda stage: move_by(
            shop,
            lambda w, one: w.deals.upsert_many(
                [one.replaced(id=w.new_id(), version=0, stage=stage)], key=key
            ),
        ),
        lambda stage: import_stage(shop, stage),
    ]
    stages = ["qualification", "proposal", "negotiation", "prospecting"]
    for way, stage in zip(ways, stages, strict=True):
        shop.clock.go_on(hours=1)
        way(stage)
    shop.clock.go_on(hours=1)
    with shop.work() as work:
        now = work.deals.get(deal.id)
        stays = sales.stays_of(work, now)
        spent = sales.time_at_stages(work, now)
    assert [one.stage for one in stays] == ["prospecting", *stages[:3]]
    assert [one.lasted for one in stays] == [3_600_000] * 4
    assert [one.entered_at for one in stays[1:]] == [one.left_at for one in stays[:-1]]
    assert (now.stage_since, spent["prospecting"]) == (stays[-1].left_at, timedelta(hours=2))
    assert sum(spent.values(), timedelta(0)) == timedelta(hours=5)


def test_an_import_may_say_since_when(shop: Shop) -> None:
    """What another system knows of the time is kept; the stay before ends then."""
    with shop.work() as work:
        deal = sales.open_deal(work, name="车床", pipeline=shop.pipeline)
        work.deals.save(deal.evolve(number="1"))
    begun = shop.clock.at
    shop.clock.go_on(days=2)
    since = begun + timedelta(days=1)
    import_stage(shop, "proposal", stage_since=since.isoformat())
    with shop.work() as work:
        now = work.deals.get(deal.id)
        [stay] = sales.stays_of(work, now)
    assert (now.stage_since, stay.left_at, stay.lasted) == (since, since, 86_400_000)


def test_an_undo_of_a_plain_save_takes_its_stay_with_it(shop: Shop) -> None:
    """The deal stands where it stood, since then, and nothing tells of another stage."""
    with shop.work() as work:
        deal = sales.open_deal(work, name="车床", pipeline=shop.pipeline)
    shop.clock.go_on(hours=1)
    with shop.work() as work:
        work.deals.save(work.deals.get(deal.id).evolve(stage="proposal"))
    shop.crm.undo(work.changeset_id, by="li", tenant=shop.tenant)
    with shop.work() as later:
        now = later.deals.get(deal.id)
        assert (now.stage, now.stage_since) == (deal.stage, deal.stage_since)
        assert sales.stays_of(later, now) == []


def test_what_stays_where_it_is_has_no_stay(shop: Shop) -> None:
    """Another value, a removal and a return are no moves."""
    with shop.work() as work:
        deal = sales.open_deal(work, name="车床", pipeline=shop.pipeline)
        deal = work.deals.save(deal.evolve(name="铣床"))
        deal = work.deals.restore(work.deals.remove(deal))
        assert sales.stays_of(work, deal) == []
