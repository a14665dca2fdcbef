"""Pipelines as data: criteria, moves, editions with a mapping, stays as rows, what rots."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NewType
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.crm import CRM
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import entity
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import (
    Deal,
    DealAlreadyClosed,
    DealId,
    DealOutcome,
    DealStillOpen,
)
from crmkit.domain.sales.moving import MoveRefused
from crmkit.domain.sales.pipeline import Move, Pipeline, PipelineId, Reopening, StageInUse
from crmkit.domain.sales.stage import Stage, StageType
from crmkit.domain.sales.stage_stay import age_of
from crmkit.errors import InvalidSettings, InvalidValue, UnknownField
from crmkit.services import sales
from crmkit.services.sales.deals import ReopeningForbidden
from crmkit.storage.memory import MemoryStorage
from crmkit.work import UnitOfWork
from tests.services.stopped_clock import Stopped

STAGES = (
    Stage(name="new", probability=10, rot_after=60),
    Stage(name="offer", probability=50, rot_after=600),
    Stage(name="won", probability=100, type=StageType.WON),
    Stage(name="lost", probability=0, type=StageType.LOST),
)
MachineId = NewType("MachineId", UUID)


@entity("machine")
@attrs.frozen(kw_only=True)
class Machine(Aggregate):
    """A machine that is built, stage by stage: a vendor's own entity."""

    id: MachineId
    stage: str
    pipeline_id: PipelineId | None = None


@attrs.frozen
class Shop:
    """A CRM with a clock and a tenant."""

    crm: CRM
    clock: Stopped
    tenant: str

    def work(self) -> UnitOfWork:
        """Open a work."""
        return self.crm.work(by="li", tenant=self.tenant)

    def run(self, service: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a service."""
        with self.work() as work:
            return service(work, *args, **kwargs)

    def pipeline(self, stages: tuple[Stage, ...] = STAGES, **rules: Any) -> Pipeline:
        """Define a pipeline."""
        made: Pipeline = self.run(sales.define_pipeline, "usual", stages, **rules)
        return made

    def deal(self, pipeline: Pipeline, **fields: Any) -> Deal:
        """Open a deal."""
        value = fields.pop("value", Money("100", "CNY"))
        opened = self.run(sales.open_deal, name="CRM", pipeline=pipeline.id, value=value)
        return self.run(sales.update_deal, opened.id, **fields) if fields else opened


@pytest.fixture
def shop(ready_url: str, tenant: str) -> Iterator[Shop]:
    """Give a shop on each store in turn."""
    clock = Stopped()
    with CRM.open(ready_url, plugin_names=(), clock=clock) as crm:
        yield Shop(crm, clock, tenant)


@pytest.fixture
def near_shop(tenant: str) -> Shop:
    """Give a shop in memory, where machines are built too."""
    clock = Stopped()
    return Shop(CRM(MemoryStorage(), clock=clock, entities=[Machine]), clock, tenant)


def test_a_move_is_refused_with_every_reason_at_once(shop: Shop) -> None:
    """The move itself, what leaving asks, what is missing, what entering asks; nothing is kept."""
    deal = where(Deal)
    strict = (
        attrs.evolve(
            STAGES[0], leave={"not": {"field": "next_step", "op": "is_none", "value": None}}
        ),
        attrs.evolve(
            STAGES[1],
            requires=("expected_on", "customer_id"),
            entry={
                "all": [
                    {"not": {"field": "owner_id", "op": "is_none", "value": None}},
                    {"field": "value", "op": "gt", "value": "1000 CNY"},
                ]
            },
        ),
        STAGES[2],
    )
    pipeline = shop.pipeline(strict, moves=(Move(from_stage="new", to_stage="won"),))
    opened = shop.deal(pipeline)
    with pytest.raises(MoveRefused) as caught:
        shop.run(sales.move_deal, opened.id, to="offer")
    assert [(found.path, found.reason) for found in caught.value.obstacles] == [
        ("deal.stage", "new does not lead to offer"),
        ("deal.stage", "to leave new, next_step must have a value"),
        ("deal.expected_on", "is needed at offer"),
        ("deal.customer_id", "is needed at offer"),
        ("deal.stage", "to enter offer, owner_id must have a value"),
        ("deal.stage", "to enter offer, value must be more than 1000.00 CNY"),
    ]
    with shop.work() as work:
        assert work.deals.first(deal.id.eq(opened.id)) == opened
        assert work.stage_stays.count() == 0


def test_stages_for_won_and_lost_close_the_deal(shop: Shop) -> None:
    """Moving there closes it, closing it moves there, with the reasons that the pipeline lists."""
    pipeline = shop.pipeline(lost_reasons=("price", "timing"))
    moved, won, lost = (shop.deal(pipeline) for _ in range(3))
    closed = [
        shop.run(sales.move_deal, moved.id, to="won"),
        shop.run(sales.win_deal, won.id, reason="quality"),
        shop.run(sales.lose_deal, lost.id, reason="price"),
    ]
    seen = [(deal.stage, str(deal.outcome), deal.won_reason or deal.lost_reason) for deal in closed]
    assert seen == [("won", "won", None), ("won", "won", "quality"), ("lost", "lost", "price")]
    for reason in (None, "weather"):
        with pytest.raises(InvalidValue) as caught:
            shop.run(sales.lose_deal, shop.deal(pipeline).id, reason=reason)
        assert caught.value.path == "deal.lost_reason"


def test_stays_are_rows_that_add_up_to_the_age(shop: Shop) -> None:
    """Each stay with stage, outcome, span, value and chance; the last one goes on."""
    pipeline = shop.pipeline()
    deal = shop.deal(pipeline)
    shop.clock.go_on(hours=2)
    shop.run(sales.move_deal, deal.id, to="offer")
    shop.clock.go_on(hours=5)
    shop.run(sales.win_deal, deal.id)
    shop.clock.go_on(days=1)
    again = shop.run(sales.reopen_deal, deal.id)
    shop.clock.go_on(minutes=30)
    with shop.work() as work:
        stays = sales.stays_of(work, again)
        spent = sales.time_at_stages(work, again)
        age = age_of(again, now=work.now)
    assert [(stay.stage, stay.outcome, stay.to_stage, stay.probability) for stay in stays] == [
        ("new", "open", "offer", 10),
        ("offer", "open", "won", 50),
        ("won", "won", "offer", 100),
    ]
    assert again.stage == "offer"
    assert spent == {
        "new": timedelta(hours=2),
        "offer": timedelta(hours=5, minutes=30),
        "won": timedelta(days=1),
    }
    assert sum(spent.values(), timedelta(0)) == age


def test_a_stage_in_use_goes_only_with_a_mapping(shop: Shop) -> None:
    """A rehearsal shows who would move; then they move, each with its stay."""
    pipeline = shop.pipeline()
    deals = [shop.deal(pipeline) for _ in range(3)]
    shop.run(sales.move_deal, deals[0].id, to="offer")
    fewer = (Stage(name="first", probability=5), *STAGES[1:])
    with pytest.raises(StageInUse, match="2 at new"):
        shop.run(sales.edit_pipeline, pipeline.id, stages=fewer)
    with pytest.raises(InvalidValue):
        shop.run(sales.edit_pipeline, pipeline.id, stages=fewer, mapping={"new": "nowhere"})
    with shop.crm.rehearse(by="li", tenant=shop.tenant) as rehearsal:
        sales.edit_pipeline(rehearsal, pipeline.id, stages=fewer, mapping={"new": "first"})
    would = {change.record_id for change in rehearsal.changes if change.entity == "deal"}
    assert would == {deals[1].id, deals[2].id}
    edited = shop.run(sales.edit_pipeline, pipeline.id, stages=fewer, mapping={"new": "first"})
    with shop.work() as work:
        assert sales.stages_in_use(work, edited) == {"first": 2, "offer": 1}
        assert [stay.to_stage for stay in sales.stays_of(work, deals[1])] == ["first"]
    assert edited.number == 2


def test_two_stages_change_places_by_a_mapping(near_shop: Shop) -> None:
    """Each record moves once, though it then stands where others come from."""
    shop = near_shop
    pipeline = shop.pipeline()
    deals = [shop.deal(pipeline) for _ in range(4)]
    for deal in deals[:2]:
        shop.run(sales.move_deal, deal.id, to="offer")
    swap = {"new": "offer", "offer": "new"}
    shop.run(sales.edit_pipeline, pipeline.id, mapping=swap)
    with shop.work() as work:
        stages = [work.deals.get(deal.id).stage for deal in deals]
    assert stages == ["new", "new", "offer", "offer"]


@pytest.mark.parametrize("policy", Reopening)
def test_a_closed_deal_opens_again_where_the_pipeline_says(
    near_shop: Shop, policy: Reopening
) -> None:
    """Where it was closed from, at the start, or never."""
    pipeline = near_shop.pipeline(reopening=policy)
    deal = near_shop.deal(pipeline)
    near_shop.run(sales.move_deal, deal.id, to="offer")
    near_shop.run(sales.lose_deal, deal.id)
    if policy is Reopening.NEVER:
        with pytest.raises(ReopeningForbidden):
            near_shop.run(sales.reopen_deal, deal.id)
        return
    stage = {"where_it_closed": "offer", "at_the_start": "new"}[policy]
    assert near_shop.run(sales.reopen_deal, deal.id).stage == stage


def test_a_change_of_the_limit_acts_at_once(shop: Shop) -> None:
    """What rots is counted in working time from entering the stage, by the limit as it is now."""
    pipeline = shop.pipeline()
    old, moved = shop.deal(pipeline), shop.deal(pipeline)
    shop.clock.go_on(minutes=59)
    shop.run(sales.move_deal, moved.id, to="offer")
    assert shop.run(sales.rotting_deals, pipeline.id) == []
    shop.clock.go_on(minutes=1)
    [(rotten, since)] = shop.run(sales.rotting_deals, pipeline.id)
    assert (rotten.id, since) == (old.id, shop.clock.at)
    quick = (STAGES[0], attrs.evolve(STAGES[1], rot_after=1), *STAGES[2:])
    shop.run(sales.edit_pipeline, pipeline.id, stages=quick)
    found = shop.run(sales.rotting_deals, pipeline.id)
    assert {one.id for one, _since in found} == {old.id, moved.id}


def test_any_entity_passes_a_pipeline(near_shop: Shop) -> None:
    """A vendor's own is moved, judged and kept like a deal; one without a stage is refused."""
    shop = near_shop
    stages = (Stage(name="cut"), Stage(name="welded", requires=("owner_id",)))
    pipeline = shop.pipeline(stages, entity="machine")
    with shop.work() as work:
        new = Machine(id=MachineId(work.new_id()), stage="cut", pipeline_id=pipeline.id)
        machine = work.of(Machine).add(new)
    with pytest.raises(MoveRefused, match=r"machine\.owner_id"):
        shop.run(sales.move_in_pipeline, machine, to="welded")
    shop.run(sales.edit_pipeline, pipeline.id, stages=(stages[0], Stage(name="welded")))
    shop.clock.go_on(hours=1)
    moved = shop.run(sales.move_in_pipeline, machine, to="welded")
    with shop.work() as work:
        [stay] = sales.stays_of(work, moved)
    assert (moved.stage, stay.stage, stay.lasted) == ("welded", "cut", 3_600_000)
    with pytest.raises(InvalidSettings):
        shop.run(sales.define_pipeline, "customers", stages, entity="customer")


def test_a_pipeline_that_cannot_be_meant_is_refused(near_shop: Shop) -> None:
    """Moves to nowhere, unknown fields, a closed beginning, what is not to be edited."""
    wrong: list[tuple[tuple[Stage, ...], dict[str, Any], type[Exception]]] = [
        (STAGES, {"moves": (Move(from_stage="new", to_stage="x"),)}, InvalidValue),
        ((Stage(name="a", requires=("nothing",)),), {}, UnknownField),
        ((Stage(name="a", requires=("custom.nothing",)),), {}, UnknownField),
        ((Stage(name="a", entry={"field": "x", "op": "eq", "value": 1}),), {}, UnknownField),
        (STAGES[2:], {}, InvalidValue),
    ]
    for stages, rules, error in wrong:
        with pytest.raises(error):
            near_shop.pipeline(stages, **rules)
    with pytest.raises(InvalidValue):
        Stage(name="a", rot_after=0)
    pipeline = near_shop.pipeline()
    with pytest.raises(UnknownField):
        near_shop.run(sales.edit_pipeline, pipeline.id, entity="machine")


def test_an_imported_deal_without_marks_is_moved_too(near_shop: Shop) -> None:
    """Its first stay begins when it was opened, or came into the CRM."""
    with near_shop.work() as work:
        deal = work.deals.add(Deal(id=DealId(work.new_id()), name="old", stage="offer"))
    near_shop.clock.go_on(hours=1)
    moved = near_shop.run(sales.move_deal, deal.id, to="anything")
    with near_shop.work() as work:
        [stay] = sales.stays_of(work, moved)
    assert stay.lasted == 3_600_000


steps = st.lists(
    st.tuples(
        st.sampled_from(["new", "offer", "won", "lost", "win", "lose", "reopen", "wait"]),
        st.integers(1, 10**9),
    ),
    max_size=20,
)


@settings(max_examples=30)
@given(path=steps)
def test_whatever_happens_the_stays_tile_the_life_of_a_deal(path: list[tuple[str, int]]) -> None:
    """They follow each other without gap or overlap, and sum to the age, to the millisecond."""
    clock = Stopped()
    shop = Shop(CRM(MemoryStorage(), clock=clock), clock, "acme")
    deal = shop.deal(shop.pipeline())
    for what, milliseconds in path:
        clock.go_on(milliseconds=milliseconds)
        _try(shop, deal.id, what)
    with shop.work() as work:
        now = work.deals.get(deal.id)
        stays = sales.stays_of(work, now)
        spent = sales.time_at_stages(work, now)
        assert sum(spent.values(), timedelta(0)) == work.now - deal.opened_at
    ends = [deal.opened_at, *(stay.left_at for stay in stays)]
    begins = [*(stay.entered_at for stay in stays), now.stage_since]
    assert ends == begins
    assert all(stay.left_at - stay.entered_at == _span(stay) for stay in stays)
    closed = {"won": DealOutcome.WON, "lost": DealOutcome.LOST}
    assert closed.get(now.stage, DealOutcome.OPEN) is now.outcome


def _try(shop: Shop, deal_id: Any, what: str) -> None:
    services = {"win": sales.win_deal, "lose": sales.lose_deal, "reopen": sales.reopen_deal}
    try:
        if what in services:
            shop.run(services[what], deal_id)
        elif what != "wait":
            shop.run(sales.move_deal, deal_id, to=what)
    except (DealAlreadyClosed, DealStillOpen):
        return


def _span(stay: Any) -> timedelta:
    return timedelta(milliseconds=stay.lasted)


def test_an_undone_move_takes_its_stay_with_it(shop: Shop) -> None:
    """The stays still tile the life of the deal; a stay of a move that stands stays."""
    deal = shop.deal(shop.pipeline())
    changesets = []
    for stage in ("offer", "new"):
        shop.clock.go_on(hours=1)
        with shop.work() as work:
            sales.move_deal(work, deal.id, to=stage)
        changesets.append(work.changeset_id)
    shop.crm.undo(changesets[1], by="li", tenant=shop.tenant)
    with shop.work() as work:
        now = work.deals.get(deal.id)
        assert [(stay.stage, stay.to_stage) for stay in sales.stays_of(work, now)] == [
            ("new", "offer")
        ]
        spent = sales.time_at_stages(work, now)
        assert sum(spent.values(), timedelta(0)) == age_of(now, now=work.now)
    assert now.stage == "offer"
