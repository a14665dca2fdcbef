"""Sales: deals through the stages of a pipeline, won, lost and opened again."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from crmkit.crm import CRM
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import (
    Deal,
    DealAlreadyClosed,
    DealLost,
    DealMoved,
    DealOpened,
    DealOutcome,
    DealReopened,
    DealStillOpen,
    DealWon,
)
from crmkit.domain.sales.pipeline import Pipeline, PipelineId, Stage
from crmkit.errors import (
    CrmkitError,
    Duplicate,
    InvalidValue,
    NotFound,
    OutOfRange,
    VersionConflict,
    WrongType,
)
from crmkit.services import merging, parties, sales
from crmkit.work import UnitOfWork

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)
VALUE = Money("98000.50", "CNY")


def work(crm: CRM, tenant: str = "acme") -> UnitOfWork:
    """Open a unit of work."""
    return crm.work(by="li", tenant=tenant)


def opened(crm: CRM) -> Deal:
    """Open a deal in a pipeline of the usual stages."""
    with work(crm) as unit:
        pipeline = sales.define_pipeline(unit, "新客户")
        luxi = parties.register_customer(unit, "鲁西科技")
        return sales.open_deal(
            unit, name="CRM rollout", pipeline=pipeline.id, customer=luxi.id, value=VALUE
        )


@EVERYWHERE
def test_a_deal_opens_at_the_first_stage(crm: CRM) -> None:
    """It is open, with its value to the cent, since now, and an event is told."""
    with work(crm) as unit:
        stages = (Stage(name="new", labels={"zh": "新"}), Stage(name="offer", probability=60))
        pipeline = sales.define_pipeline(unit, "short", stages)
        deal = sales.open_deal(unit, name="CRM", pipeline=pipeline.id, value=VALUE)
        assert DealOpened(deal_id=deal.id) in unit.events
        assert deal.opened_at == unit.now
    with work(crm) as unit:
        assert unit.deals.get(deal.id) == deal
        assert unit.pipelines.get(pipeline.id).stages == stages
    assert (deal.stage, deal.outcome, deal.value) == ("new", DealOutcome.OPEN, VALUE)


@EVERYWHERE
def test_a_deal_moves_and_is_won(crm: CRM) -> None:
    """It goes to another stage, then is won at a time, with an event for each."""
    deal = opened(crm)
    with work(crm) as unit:
        moved = sales.move_deal(unit, deal.id, to="proposal")
        told = DealMoved(deal_id=deal.id, from_stage="prospecting", to_stage="proposal")
        assert told in unit.events
        assert sales.move_deal(unit, deal.id, to="proposal") == moved
    with work(crm) as unit:
        won = sales.win_deal(unit, deal.id)
        assert DealWon(deal_id=deal.id, value=VALUE) in unit.events
        assert won.closed_at == unit.now
    with work(crm) as unit:
        assert unit.deals.get(deal.id) == won
    assert (won.stage, won.outcome, won.version) == ("proposal", DealOutcome.WON, 3)


@EVERYWHERE
def test_a_deal_is_lost_with_a_reason_and_opened_again(crm: CRM) -> None:
    """The reason is kept while it is lost and forgotten when it is open again."""
    deal = opened(crm)
    with work(crm) as unit:
        lost = sales.lose_deal(unit, deal.id, reason="价格太高")
        assert DealLost(deal_id=deal.id, reason="价格太高") in unit.events
    assert (lost.outcome, lost.lost_reason) == (DealOutcome.LOST, "价格太高")
    with work(crm) as unit:
        again = sales.reopen_deal(unit, deal.id)
        assert DealReopened(deal_id=deal.id) in unit.events
    with work(crm) as unit:
        assert unit.deals.get(deal.id) == again
    assert (again.outcome, again.lost_reason, again.closed_at) == (DealOutcome.OPEN, None, None)


@EVERYWHERE
def test_a_closed_deal_is_neither_moved_nor_closed(crm: CRM) -> None:
    """It must be opened again first, and an open one is not opened again."""
    deal = opened(crm)
    with pytest.raises(DealStillOpen), work(crm) as unit:
        sales.reopen_deal(unit, deal.id)
    with work(crm) as unit:
        won = sales.win_deal(unit, deal.id)
    calls: list[Callable[[UnitOfWork], Deal]] = [
        lambda unit: sales.move_deal(unit, deal.id, to="proposal"),
        lambda unit: sales.win_deal(unit, deal.id),
        lambda unit: sales.lose_deal(unit, deal.id),
    ]
    for call in calls:
        with pytest.raises(DealAlreadyClosed) as caught, work(crm) as unit:
            call(unit)
        assert caught.value.path == "deal.outcome"
    with work(crm) as unit:
        assert unit.deals.get(deal.id) == won


@EVERYWHERE
def test_a_deal_with_a_merged_customer_goes_to_the_one_that_lives_on(crm: CRM) -> None:
    """An old id of a customer opens the deal with its survivor."""
    with work(crm) as unit:
        pipeline = sales.define_pipeline(unit, "new")
        keep, double = (parties.register_customer(unit, "鲁西科技") for _ in range(2))
        merging.merge_customers(unit, keep.id, double.id)
    with work(crm) as unit:
        deal = sales.open_deal(unit, name="CRM", pipeline=pipeline.id, customer=double.id)
    assert deal.customer_id == keep.id


@EVERYWHERE
def test_who_opens_a_deal_relies_on_the_customer(crm: CRM) -> None:
    """A deal is not opened with a customer that was removed before or is of another tenant."""
    deal = opened(crm)
    with work(crm) as unit:
        unit.customers.remove(unit.customers.get(deal.customer_id))
    for tenant in ("acme", "other"):
        with work(crm, tenant) as unit:
            pipeline = sales.define_pipeline(unit, "second")
        with pytest.raises(NotFound), work(crm, tenant) as unit:
            sales.open_deal(unit, name="ERP", pipeline=pipeline.id, customer=deal.customer_id)
    with work(crm) as unit:
        assert unit.deals.count() == 1


@EVERYWHERE
def test_a_stale_deal_is_not_saved(crm: CRM) -> None:
    """Who read a deal before it moved cannot save it."""
    deal = opened(crm)
    with work(crm) as unit:
        sales.move_deal(unit, deal.id, to="proposal")
    with pytest.raises(VersionConflict), work(crm) as unit:
        unit.deals.save(deal.evolve(name="late"))


def test_wrong_calls_name_the_field(crm: CRM) -> None:
    """Unknown stages and pipelines, other tenants and wrong values are refused by name."""
    deal = opened(crm)
    pipeline = deal.pipeline_id
    assert pipeline is not None
    missing = PipelineId(uuid4())
    cases: list[tuple[Callable[[UnitOfWork], object], type[CrmkitError], str]] = [
        (lambda unit: sales.move_deal(unit, deal.id, to="nowhere"), InvalidValue, "deal.stage"),
        (lambda unit: sales.open_deal(unit, name="x", pipeline=missing), NotFound, "pipeline.id"),
        (
            lambda unit: sales.open_deal(unit, name="x" * 301, pipeline=pipeline),
            OutOfRange,
            "name",
        ),
        (
            lambda unit: sales.open_deal(unit, name="x", pipeline=pipeline, value=5),  # type: ignore[arg-type]
            WrongType,
            "value",
        ),
        (lambda unit: sales.define_pipeline(unit, "x", ()), InvalidValue, "pipeline.stages"),
        (lambda unit: sales.define_pipeline(unit, "新客户"), Duplicate, "pipeline.name"),
    ]
    for call, error, path in cases:
        with pytest.raises(error) as caught, work(crm) as unit:
            call(unit)
        assert caught.value.path == path
    with pytest.raises(NotFound), work(crm, "other") as unit:
        sales.win_deal(unit, deal.id)
    with pytest.raises(InvalidValue):
        Pipeline(id=missing, name="x", stages=(Stage(name="a"), Stage(name="a")))
    with pytest.raises(InvalidValue) as chance:
        Stage(name="a", probability=101)
    assert chance.value.path == "probability"
