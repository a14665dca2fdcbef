"""The win model: learns what is there, is calibrated, and refuses what it must not know."""

import csv
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crmkit.domain.chances.example import Example, FeatureLeaks, Known, SampleTooSmall
from crmkit.domain.chances.win_model import Verdict, brier, train

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


def example(day: int, *, won: bool, late: bool = False, **features: Any) -> Example:
    """Return a deal that was asked about on a day and closed ten days later."""
    asked = BEGIN + timedelta(days=day)
    at = asked + timedelta(days=5) if late else asked
    return Example(
        features={name: Known(value=value, at=at) for name, value in features.items()},
        asked_at=asked,
        closed_at=asked + timedelta(days=10),
        won=won,
    )


def drawn(number: int, seed: int = 7) -> list[Example]:
    """Draw deals of which one kind is won in 80, the other in 30 of a hundred; size adds to it."""
    chance = random.Random(seed)
    found = []
    for day in range(number):
        source, size = chance.choice(["展会", "电话"]), chance.gauss(10, 2)
        odds = (0.8 if source == "展会" else 0.3) + (size - 10) * 0.05
        won = chance.random() < odds
        found.append(example(day, won=won, source=source, size=size, noise=chance.choice("abc")))
    return found


def test_it_learns_what_there_is_to_learn() -> None:
    """With a strong feature it beats stage and base rate; its chances are near the true ones."""
    verdict = train(drawn(2000), stage_chance=0.5)
    assert verdict.is_better
    assert (verdict.trained, verdict.calibrated, verdict.tested) == (1200, 400, 400)
    assert verdict.model.chance({"source": "展会", "size": 10.0}) == pytest.approx(0.8, abs=0.07)
    assert verdict.model.chance({"source": "电话", "size": 10.0}) == pytest.approx(0.3, abs=0.07)
    (first, *_others) = verdict.model.reasons({"source": "展会", "size": 10.0})
    assert (first.feature, first.weight > 0) == ("source=展会", True)
    assert 0 <= verdict.model.percent({"source": "never seen"}) <= 100


def test_it_is_calibrated_on_deals_it_never_saw() -> None:
    """Of the latest deals given a chance between a and b, about as many were won."""
    examples = drawn(4000, seed=11)
    model = train(examples[:3000], stage_chance=0.5).model
    for low, high in ((0.15, 0.45), (0.65, 0.95)):
        told = [
            (chance, one.won)
            for one in examples[3000:]
            if low <= (chance := model.chance(_plain(one))) < high
        ]
        assert len(told) > 300
        mean = sum(chance for chance, _won in told) / len(told)
        assert sum(won for _chance, won in told) / len(told) == pytest.approx(mean, abs=0.06)


def test_the_same_deals_give_the_same_model() -> None:
    """Nothing in training is left to chance."""
    assert train(drawn(400), stage_chance=0.5) == train(drawn(400), stage_chance=0.5)


def test_noise_alone_is_not_better() -> None:
    """Without anything to learn, the verdict keeps within the base rate's score."""
    chance = random.Random(3)
    noise = [
        example(day, won=chance.random() < 0.6, kind=chance.choice("abcdef")) for day in range(1500)
    ]
    verdict = train(noise, stage_chance=0.6)
    assert verdict.brier == pytest.approx(verdict.rate, abs=0.01)


def test_too_few_deals_are_refused() -> None:
    """Below 200 deals, or 50 of one outcome, the chances of stages are all there is."""
    with pytest.raises(SampleTooSmall, match="199 closed deals"):
        train(drawn(199), stage_chance=0.5)
    lonely = [example(day, won=day < 49, kind="a") for day in range(500)]
    with pytest.raises(SampleTooSmall, match="49 of the rarer"):
        train(lonely, stage_chance=0.5)


def test_what_was_known_later_is_refused() -> None:
    """A feature written after one would have asked is named, with how often."""
    late = [example(day, won=day % 2 == 0, late=day > 390, kind="a") for day in range(400)]
    with pytest.raises(FeatureLeaks, match="9 of 400") as refused:
        train(late, stage_chance=0.5)
    assert refused.value.path == "features.kind"


@pytest.mark.parametrize("told", [lambda won: "signed" if won else "none", float])
def test_what_tells_the_outcome_is_refused(told: Callable[[bool], Any]) -> None:
    """A kind or an amount that parts won from lost deals is refused by its name."""
    telling = [example(day, won=day % 3 == 0, contract=told(day % 3 == 0)) for day in range(400)]
    with pytest.raises(FeatureLeaks, match="how the deals ended"):
        train(telling, stage_chance=0.5)


def test_the_score_is_brier_s() -> None:
    """Certain and right is nothing, certain and wrong is one."""
    assert brier([(1.0, True), (0.0, True)]) == 0.5
    assert brier([(0.5, True), (0.5, False)]) == 0.25


def _plain(one: Example) -> dict[str, Any]:
    return {name: known.value for name, known in one.features.items()}


def test_on_real_deals_the_verdict_is_told(shared: Path, figure: Callable[[str], None]) -> None:
    """On 6,711 closed deals the model is scored beside the stage, and the price paid is a leak."""
    rows = [row for row in _rows(shared, "sales_pipeline") if row["deal_stage"] in ("Won", "Lost")]
    accounts = {row["account"]: row for row in _rows(shared, "accounts")}
    verdict = train([_deal(row, accounts) for row in rows], stage_chance=0.5)
    figure(
        f"win model on {len(rows):,} real deals, the latest {verdict.tested:,}: {_told(verdict)}"
    )
    assert verdict.brier < verdict.stage
    assert verdict.brier == pytest.approx(verdict.rate, abs=0.01)
    leaking = [_deal(row, accounts, close_value=float(row["close_value"])) for row in rows]
    with pytest.raises(FeatureLeaks, match="close_value"):
        train(leaking, stage_chance=0.5)


def _told(verdict: Verdict) -> str:
    scores = f"Brier {verdict.brier:.4f}, stage default 50% {verdict.stage:.4f}"
    return f"{scores}, share won so far {verdict.rate:.4f}; better than both: {verdict.is_better}"


def _rows(shared: Path, name: str) -> list[dict[str, str]]:
    with (shared / f"data/maven_crm/{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _deal(row: dict[str, str], accounts: dict[str, dict[str, str]], **more: Any) -> Example:
    asked = datetime.fromisoformat(row["engage_date"]).replace(tzinfo=UTC)
    account = accounts.get(row["account"], {})
    features = {
        "agent": row["sales_agent"],
        "product": row["product"],
        "sector": account.get("sector", ""),
        "place": account.get("office_location", ""),
        **more,
    }
    return Example(
        features={name: Known(value=value, at=asked) for name, value in features.items()},
        asked_at=asked,
        closed_at=datetime.fromisoformat(row["close_date"]).replace(tzinfo=UTC),
        won=row["deal_stage"] == "Won",
    )
