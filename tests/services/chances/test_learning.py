"""Learning from deals as they were known then, on each store; models are kept, used and refused."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmkit.crm import CRM
from crmkit.domain.chances.example import Example, FeatureLeaks, Known, SampleTooSmall
from crmkit.domain.chances.trained import StageIsBetter, TrainedModel, TrainedModelId
from crmkit.domain.chances.win_model import train
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import DealAlreadyClosed
from crmkit.domain.sales.stage import Stage, StageType
from crmkit.errors import InvalidValue, UnknownField
from crmkit.services import sales
from crmkit.services.chances import learning
from tests.services.stopped_clock import Stopped

BEGIN = datetime(2025, 1, 6, 2, tzinfo=UTC)
WEEKS, EACH = 26, 9
STAGES = (
    Stage(name="接洽", probability=20),
    Stage(name="方案", probability=60),
    Stage(name="赢单", probability=100, type=StageType.WON),
    Stage(name="输单", probability=0, type=StageType.LOST),
)


class Firm:
    """A firm that opens deals each week, and closes them the week after the next."""

    def __init__(self, url: str, tenant: str) -> None:
        """Open it."""
        self.clock, self.tenant = Stopped(BEGIN), tenant
        self.crm = CRM.open(url, plugin_names=(), clock=self.clock)
        with self.work() as work:
            self.pipeline = sales.define_pipeline(work, "机床", STAGES).id
        self.chance = random.Random(26)
        self.deals: list[list[Any]] = []

    def work(self) -> Any:
        """Open a work."""
        return self.crm.work(by="boss", tenant=self.tenant)

    def live(self, weeks: int = WEEKS) -> None:
        """Let weeks pass: small deals are mostly won, large ones mostly lost, and worth nothing."""
        for week in range(weeks):
            self.clock.at = BEGIN + timedelta(weeks=week)
            with self.work() as work:
                self.deals.append([self._open(work) for _number in range(EACH)])
                for deal in self.deals[week - 2] if week >= 2 else ():
                    self._close(work, deal)

    def _open(self, work: Any) -> Any:
        value = Money(self.chance.choice(("1000", "90000")), "CNY")
        return sales.open_deal(work, name="车床", pipeline=self.pipeline, value=value)

    def _close(self, work: Any, deal: Any) -> None:
        sales.move_deal(work, deal.id, to="方案")
        if self.chance.random() < (0.9 if deal.value < Money("5000", "CNY") else 0.15):
            sales.win_deal(work, deal.id)
        else:
            sales.update_deal(work, deal.id, value=Money("0", "CNY"))
            sales.lose_deal(work, deal.id, reason="价格")


class Named(Firm):
    """A firm whose small deals are all won, and the others lost."""

    def _close(self, work: Any, deal: Any) -> None:
        is_won = deal.value < Money("5000", "CNY")
        (sales.win_deal if is_won else sales.lose_deal)(work, deal.id)


def drawn() -> list[Example]:
    """Draw examples of which one kind is mostly won."""
    chance = random.Random(1)
    kinds = [chance.choice("ab") for _number in range(300)]
    return [
        Example(
            features={"kind": Known(value=kind, at=BEGIN)},
            asked_at=BEGIN + timedelta(days=day),
            closed_at=BEGIN + timedelta(days=day + 1),
            won=chance.random() < (0.8 if kind == "a" else 0.2),
        )
        for day, kind in enumerate(kinds)
    ]


@pytest.fixture
def firm(ready_url: str, tenant: str) -> Iterator[Firm]:
    """Give a firm on each store in turn."""
    made = Firm(ready_url, tenant)
    with made.crm:
        yield made


def test_a_model_is_learned_kept_and_used(firm: Firm) -> None:
    """Examples hold what was known then; the model keeps its scores and tells chances."""
    firm.live()
    with firm.work() as work:
        sample = learning.closed_examples(work, firm.pipeline, after=5, fields=("value",))
        model = learning.train_win_model(work, "v1", firm.pipeline, after=5, fields=("value",))
    assert (len(sample.examples), sample.left_out) == ((WEEKS - 2) * EACH, 0)
    values = {round(one.features["value"].value, 3) for one in sample.examples}
    assert values == {round(3.00043, 3), round(4.95425, 3)}
    assert {one.features["stage"].value for one in sample.examples} == {"接洽"}
    assert {one.stage_chance for one in sample.examples} == {0.2}
    assert (model.trained, model.calibrated, model.tested) == (129, 43, 44)
    assert model.brier < model.stage_brier
    assert model.is_better
    with firm.work() as work:
        kept = work.win_models.get(model.id)
        small, large = sorted(firm.deals[-1], key=lambda one: one.value)[:: EACH - 1]
        told = [learning.predict_with(work, kept.id, one.id) for one in (small, large)]
    assert kept == model
    assert (told[0].percent > 70, told[1].percent < 30) == (True, True)
    assert told[0].deal.model_chance.model == "v1"
    assert told[0].reasons[0].feature == "value"
    with firm.work() as work:
        first = learning.predict_open_deals(work, kept.id, limit=10)
        rest = learning.predict_open_deals(work, kept.id)
        assert learning.predict_open_deals(work, kept.id) == []
    assert (len(first), len(rest)) == (10, 2 * EACH - 2 - 10)
    with firm.work() as work, pytest.raises(DealAlreadyClosed):
        learning.predict_with(work, kept.id, firm.deals[0][0].id)


def test_pages_of_examples_make_the_same_model(firm: Firm) -> None:
    """Each page is a work of its own; together they are what one work would read."""
    firm.live()
    asked: dict[str, Any] = {"after": 5, "fields": ("value",)}
    pages, start = [], None
    while not pages or start is not None:
        with firm.work() as work:
            pages.append(learning.examples_page(work, firm.pipeline, **asked, size=90, start=start))
        start = pages[-1].next
    assert [len(page.examples) for page in pages] == [90, 90, 36]
    added = pages[0] + pages[1] + pages[2]
    with firm.work() as work:
        assert added == learning.closed_examples(work, firm.pipeline, **asked)
        model = learning.train_on(work, "by page", added)
        whole = learning.train_win_model(work, "whole", firm.pipeline, **asked)
        other = learning.examples_page(work, firm.pipeline, after=6)
    assert (model.weights, model.brier, model.left_out) == (whole.weights, whole.brier, 0)
    assert (model.asked_after, model.fields, model.pipeline_id) == (5, ("value",), firm.pipeline)
    with pytest.raises(InvalidValue, match="otherwise"):
        _sum = added + other


def test_what_was_not_known_in_time_is_left_out(firm: Firm) -> None:
    """Examples say what was known then; deals that had closed make none, and few are too few."""
    firm.live(4)
    with firm.work() as work:
        late = learning.closed_examples(work, firm.pipeline, after=14)
        assert (late.examples, late.left_out) == ((), 2 * EACH)
        sample = learning.closed_examples(work, firm.pipeline, after=13, fields=("value",))
        assert len(sample.examples) == 2 * EACH
        values = {round(one.features["value"].value, 3) for one in sample.examples}
        assert values == {3.0, 4.954}
        assert {one.stage_chance for one in sample.examples} == {0.2}
        with pytest.raises(SampleTooSmall, match="18 closed deals"):
            learning.train_win_model(work, "v1", firm.pipeline, after=13)
        assert work.win_models.count() == 0
        verdict = train(drawn(), stage_chance=0.5)
        model = TrainedModel.of(
            verdict,
            id=TrainedModelId(work.new_id()),
            name="v1",
            pipeline_id=firm.pipeline,
            trained_at=work.now,
            asked_after=13,
            fields=("value",),
            left_out=0,
        )
        kept = work.win_models.add(model)
    with firm.work() as work:
        assert work.win_models.get(kept.id) == kept
        assert len(learning.predict_open_deals(work, kept.id)) == 2 * EACH
        assert learning.predict_open_deals(work, kept.id) == []
    assert kept.model.chance({"kind": "a"}) == pytest.approx(
        verdict.model.chance({"kind": "a"}), abs=1e-6
    )


@pytest.mark.parametrize("near_url", ["memory"], indirect=True)
def test_models_that_must_not_be_used_are_refused(near_url: str, tenant: str) -> None:
    """What tells the outcome, what is no field, and what does not beat the stage is refused."""
    firm = Firm(near_url, tenant)
    firm.live()
    with firm.crm, firm.work() as work:
        with pytest.raises(UnknownField):
            learning.closed_examples(work, firm.pipeline, fields=("nothing",))
        with pytest.raises(InvalidValue, match="no single value"):
            learning.closed_examples(work, firm.pipeline, fields=("splits",))
        blind = learning.train_win_model(work, "blind", firm.pipeline, after=5, fields=())
        beaten = blind.evolve(stage_brier=blind.brier)
        worse = work.win_models.save(beaten)
        with pytest.raises(StageIsBetter, match="Brier"):
            learning.predict_with(work, worse.id, firm.deals[-1][0].id)
    named = Named("memory:", tenant)
    named.live()
    with named.crm, named.work() as work, pytest.raises(FeatureLeaks, match="how the deals ended"):
        learning.train_win_model(work, "v1", named.pipeline, after=5, fields=("value",))
