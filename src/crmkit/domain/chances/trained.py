"""Trained models: what was learned when, from which deals, and how good it is."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.chances.win_model import Verdict, WinModel
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Number, Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.pipeline import PipelineId
from crmkit.errors import RuleBroken

TrainedModelId = NewType("TrainedModelId", UUID)
Exact = Annotated[Decimal, Number(scale=9)]
_PLACES: Final = Decimal("0.000000001")


class StageIsBetter(RuleBroken):
    """The model did not beat the chance of the stage, so that one is to be used."""


@attrs.frozen(kw_only=True)
class Weight:
    """The weight of a feature in log odds; the nameless one is for every deal."""

    feature: Annotated[str, Text(max_length=1000)]
    weight: Exact


@attrs.frozen(kw_only=True)
class Scale:
    """The mean and the spread of an amount, by which it is measured."""

    feature: Annotated[str, Text(max_length=200)]
    mean: Exact
    spread: Exact


@keeps()
@entity(
    "win_model",
    unique=[Unique("name")],
    indexes=[Index(("pipeline_id", "trained_at"))],
    labels={"en": "Win model", "zh": "赢率模型"},
)
@attrs.frozen(kw_only=True)
class TrainedModel(Aggregate):
    """A model that was trained on the closed deals of a pipeline, with what its test told.

    Deals were asked about `asked_after` days after they were opened. The scores are Brier's, on the
    latest deals: of the model, of the stage at that time, and of the share won so far.
    `left_out` deals had closed by then, or have no history so old.
    """

    id: TrainedModelId
    name: Annotated[str, Text(max_length=200)]
    pipeline_id: PipelineId
    trained_at: datetime
    asked_after: int
    fields: tuple[str, ...]
    weights: tuple[Weight, ...]
    scales: tuple[Scale, ...]
    slope: Exact
    shift: Exact
    trained: int
    calibrated: int
    tested: int
    left_out: int
    brier: Exact
    stage_brier: Exact
    rate_brier: Exact

    @property
    def is_better(self) -> bool:
        """Say whether it beats the chance of the stage and the share won so far."""
        return self.brier < min(self.stage_brier, self.rate_brier)

    @property
    def model(self) -> WinModel:
        """Return what tells chances."""
        return WinModel(
            weights={one.feature: float(one.weight) for one in self.weights},
            scales={one.feature: (float(one.mean), float(one.spread)) for one in self.scales},
            slope=float(self.slope),
            shift=float(self.shift),
        )

    @classmethod
    def of(cls, verdict: Verdict, **fields: Any) -> Self:
        """Keep what training came to; numbers are kept to nine places."""
        model = verdict.model
        weights = sorted((name, _exact(size)) for name, size in model.weights.items())
        return cls(
            weights=tuple(Weight(feature=name, weight=size) for name, size in weights),
            scales=tuple(
                Scale(feature=name, mean=_exact(mean), spread=_exact(spread))
                for name, (mean, spread) in sorted(model.scales.items())
            ),
            slope=_exact(model.slope),
            shift=_exact(model.shift),
            trained=verdict.trained,
            calibrated=verdict.calibrated,
            tested=verdict.tested,
            brier=_exact(verdict.brier),
            stage_brier=_exact(verdict.stage),
            rate_brier=_exact(verdict.rate),
            **fields,
        )

    def must_be_better(self) -> None:
        """Raise `StageIsBetter` unless it is."""
        if not self.is_better:
            raise StageIsBetter(
                f"Brier {self.brier:.4f}, of the stage {self.stage_brier:.4f}",
                path="win_model.brier",
                fix="use the chance of the stage",
            )


def _exact(number: float) -> Decimal:
    return Decimal(repr(number)).quantize(_PLACES)
