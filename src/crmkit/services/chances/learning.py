"""Learning: examples from closed deals as they were known then, models, chances of open deals."""

from collections.abc import Sequence
from datetime import timedelta

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.chances.example import Example
from crmkit.domain.chances.knowing import (
    FIELDS,
    asking_time,
    check_fields,
    example_of,
    known_of,
)
from crmkit.domain.chances.trained import TrainedModel, TrainedModelId
from crmkit.domain.chances.win_model import Reason, train
from crmkit.domain.changes import Change
from crmkit.domain.filters.where import where
from crmkit.domain.sales.deal import Deal, DealId, DealOutcome
from crmkit.domain.sales.pipeline import PipelineId
from crmkit.domain.sales.stage_stay import StageStay
from crmkit.errors import InvalidValue
from crmkit.ports import Action
from crmkit.services.history import histories, history
from crmkit.services.sales.deal_team import predict_deal
from crmkit.services.sales.stages import stays_of, stays_of_many
from crmkit.work import UnitOfWork

TRAIN_MODEL = Action(
    "win_model:train", "Train a model of winning", zh="训练赢率模型", right=Right.CREATE
)
DAY = timedelta(days=1)


@attrs.frozen(kw_only=True)
class Sample:
    """The examples of a pipeline, what was asked of it, and how many closed deals make none.

    `next` leads to the examples of the deals that follow, None at the end; samples are added up.
    """

    pipeline: PipelineId
    after: int
    fields: tuple[str, ...]
    examples: tuple[Example, ...]
    left_out: int
    next: str | None = None

    def __add__(self, other: "Sample") -> "Sample":
        """Return the examples of both; raises `InvalidValue` where they were asked otherwise."""
        asked = [(one.pipeline, one.after, one.fields) for one in (self, other)]
        if asked[0] != asked[1]:
            raise InvalidValue(
                "was asked otherwise", path="sample", fix="add pages of one pipeline, asked alike"
            )
        return attrs.evolve(
            other,
            examples=self.examples + other.examples,
            left_out=self.left_out + other.left_out,
        )


@attrs.frozen(kw_only=True)
class Predicted:
    """An open deal with the chance that a model gives it, and the reasons, strongest first."""

    deal: Deal
    percent: int
    reasons: tuple[Reason, ...]


def closed_examples(
    work: UnitOfWork,
    pipeline: PipelineId,
    *,
    after: int = 14,
    fields: Sequence[str] = FIELDS,
) -> Sample:
    """Return the closed deals of a pipeline as they were known so many days after their opening.

    Values come from the change log up to then, stages from the stays. Deals that had closed by
    then, or were written down only later, are left out: one could not have asked about them.
    """
    sample = examples_page(work, pipeline, after=after, fields=fields)
    while sample.next is not None:
        sample += examples_page(work, pipeline, after=after, fields=fields, start=sample.next)
    return sample


def examples_page(
    work: UnitOfWork,
    pipeline: PipelineId,
    *,
    after: int = 14,
    fields: Sequence[str] = FIELDS,
    size: int = 500,
    start: str | None = None,
) -> Sample:
    """Return what `closed_examples` does of the next `size` closed deals, by the order of ids.

    Each page may be a work of its own, however many deals there are: begin the next at its `next`.
    """
    work.permit(TRAIN_MODEL)
    check_fields(fields)
    deal = where(Deal)
    closed = deal.pipeline_id.eq(pipeline) & deal.outcome.ne(DealOutcome.OPEN)
    page = work.deals.page(closed, size=size, after=start)
    asked = {one.id: at for one in page.items if (at := asking_time(one, after * DAY)) is not None}
    askable = [one for one in page.items if one.id in asked]
    stays, changes = stays_of_many(work, askable), histories(work, askable)
    return Sample(
        pipeline=pipeline,
        after=after,
        fields=tuple(fields),
        examples=tuple(
            example_of(one, asked[one.id], stays[one.id], changes[one.id], fields)
            for one in askable
        ),
        left_out=len(page.items) - len(askable),
        next=page.next,
    )


def train_win_model(
    work: UnitOfWork,
    name: str,
    pipeline: PipelineId,
    *,
    after: int = 14,
    fields: Sequence[str] = FIELDS,
) -> TrainedModel:
    """Train a model on the closed deals of a pipeline that the actor sees, and keep it.

    Its scores stand beside those of the stages at that time. Raises `SampleTooSmall` and
    `FeatureLeaks`; then nothing is kept. All is one transaction: of many thousand deals, prefer
    `examples_page` and `train_on`.
    """
    return train_on(work, name, closed_examples(work, pipeline, after=after, fields=fields))


def train_on(work: UnitOfWork, name: str, sample: Sample) -> TrainedModel:
    """Do as `train_win_model` on examples that were read before, in works of their own."""
    work.permit(TRAIN_MODEL)
    verdict = train(sample.examples, stage_chance=0.5)
    made = TrainedModel.of(
        verdict,
        id=TrainedModelId(work.new_id()),
        name=name,
        pipeline_id=sample.pipeline,
        trained_at=work.now,
        asked_after=sample.after,
        fields=sample.fields,
        left_out=sample.left_out,
    )
    return work.win_models.add(made)


def predict_with(work: UnitOfWork, model_id: TrainedModelId, deal_id: DealId) -> Predicted:
    """Keep the chance that a trained model gives an open deal as it stands now, with reasons.

    Raises `StageIsBetter` when the model did not beat the chance of the stage.
    """
    trained = work.win_models.get(model_id)
    trained.must_be_better()
    deal = work.deals.get(deal_id)
    return _predicted(work, trained, deal, stays_of(work, deal), history(work, deal))


def predict_open_deals(
    work: UnitOfWork, model_id: TrainedModelId, *, limit: int = 1000
) -> list[Predicted]:
    """Keep the chances of the open deals of a model's pipeline that it has given none yet.

    Deals come in the order of their ids; run it until it brings fewer than `limit`. Raises
    `StageIsBetter`.
    """
    trained = work.win_models.get(model_id)
    trained.must_be_better()
    deal = where(Deal)
    asked = deal.pipeline_id.eq(trained.pipeline_id) & deal.outcome.eq(DealOutcome.OPEN)
    asked &= deal.model_chance.model.ne(trained.name)
    deals = work.deals.find(asked, order=[deal.id.asc()], limit=limit)
    stays, changes = stays_of_many(work, deals), histories(work, deals)
    return [_predicted(work, trained, one, stays[one.id], changes[one.id]) for one in deals]


def _predicted(
    work: UnitOfWork,
    trained: TrainedModel,
    deal: Deal,
    stays: Sequence[StageStay],
    changes: Sequence[Change],
) -> Predicted:
    known = known_of(deal, stays, changes, trained.fields, work.now)
    features = {name: one.value for name, one in known.items()}
    percent = trained.model.percent(features)
    kept = predict_deal(work, deal.id, percent, model=trained.name)
    return Predicted(deal=kept, percent=percent, reasons=trained.model.reasons(features))
