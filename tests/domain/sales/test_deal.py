"""Deals move, are won, lost and opened again; what cannot be is refused as a person would say."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from crmkit.domain.money import Money
from crmkit.domain.sales.deal import (
    Deal,
    DealAlreadyClosed,
    DealId,
    DealLost,
    DealMoved,
    DealOpened,
    DealOutcome,
    DealReopened,
    DealStillOpen,
    DealWon,
)
from crmkit.domain.sales.pipeline import Pipeline, PipelineId, Stage
from crmkit.errors import InvalidValue, Refused, WrongType

AT = datetime(2026, 11, 24, tzinfo=UTC)
STAGES = (Stage(name="new", probability=0), Stage(name="offer", probability=100))


def deal(**more: Any) -> Deal:
    """Return an open deal."""
    settings = {"name": "CRM", "stage": "new", "value": Money("98000", "CNY"), **more}
    return Deal(id=DealId(UUID(int=1)), **settings)


def pipeline(stages: Any = STAGES) -> Pipeline:
    """Return a pipeline."""
    return Pipeline(id=PipelineId(UUID(int=2)), name="Sales", stages=stages)


def test_opening_notes_when() -> None:
    """A deal begins with an event."""
    opened = deal().open(at=AT)
    assert (opened.opened_at, opened.is_open) == (AT, True)
    assert opened.events == (DealOpened(deal_id=opened.id),)


def test_moving_tells_from_where_to_where() -> None:
    """A move to where it stands is none."""
    moved = deal().move("offer", at=AT)
    assert moved.stage == "offer"
    assert moved.events == (DealMoved(deal_id=moved.id, from_stage="new", to_stage="offer"),)
    still = deal()
    assert still.move("new", at=AT) is still


def test_winning_closes() -> None:
    """With the value in the event."""
    won = deal().win(at=AT)
    assert (won.outcome, won.closed_at, won.is_open) == (DealOutcome.WON, AT, False)
    assert won.events == (DealWon(deal_id=won.id, value=Money("98000", "CNY")),)


def test_losing_closes_with_a_reason() -> None:
    """That is kept with the deal and told with the event."""
    lost = deal().lose(at=AT, reason="太贵")
    assert (lost.outcome, lost.closed_at, lost.lost_reason) == (DealOutcome.LOST, AT, "太贵")
    assert lost.events == (DealLost(deal_id=lost.id, reason="太贵"),)


def test_reopening_forgets_the_end() -> None:
    """Neither date nor reason stay."""
    again = deal().lose(at=AT, reason="x").replaced(events=()).reopen(at=AT)
    assert (again.outcome, again.closed_at, again.lost_reason) == (DealOutcome.OPEN, None, None)
    assert again.events == (DealReopened(deal_id=again.id),)


@pytest.mark.parametrize("close", ["win", "lose"])
@pytest.mark.parametrize(
    "act",
    [lambda d: d.move("offer", at=AT), lambda d: d.win(at=AT), lambda d: d.lose(at=AT)],
    ids=["move", "win", "lose"],
)
def test_closed_deal_stays_as_it_is(close: str, act: Any) -> None:
    """Until it is reopened; the refusal says since when and what to do."""
    closed = getattr(deal(), close)(at=AT)
    with pytest.raises(DealAlreadyClosed, match="2026-11-24") as caught:
        act(closed)
    assert caught.value.fix == "reopen it first"
    assert isinstance(caught.value, Refused)


def test_open_deal_is_not_reopened() -> None:
    """There is nothing to take back."""
    with pytest.raises(DealStillOpen):
        deal().reopen(at=AT)


def test_stage_is_found_by_name() -> None:
    """Or refused with those there are."""
    assert pipeline().stage("offer") == pipeline().stages[1]
    with pytest.raises(InvalidValue, match="no stage 'won'") as caught:
        pipeline().stage("won")
    assert caught.value.fix == "one of new, offer"


@pytest.mark.parametrize("stages", [(), (STAGES[0], Stage(name="new"))])
def test_pipeline_has_different_stages(stages: Any) -> None:
    """At least one, each with a name of its own, also after a change."""
    with pytest.raises(InvalidValue) as caught:
        pipeline(stages)
    assert caught.value.path == "pipeline.stages"
    with pytest.raises(InvalidValue):
        pipeline().evolve(stages=stages)


@pytest.mark.parametrize(
    ("chance", "error"), [(-1, InvalidValue), (101, InvalidValue), ("5", WrongType)]
)
def test_chance_is_a_percentage(chance: Any, error: type[Exception]) -> None:
    """A whole number from 0 to 100."""
    with pytest.raises(error) as caught:
        Stage(name="new", probability=chance)
    assert getattr(caught.value, "path", "") == "probability"
