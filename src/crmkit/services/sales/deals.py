"""What people do with deals."""

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import UserId
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.sales.deal import Deal, DealId
from crmkit.domain.sales.deal_parts import Evidence
from crmkit.domain.sales.pipeline import Pipeline, PipelineId, Reopening
from crmkit.domain.sales.stage import StageType
from crmkit.errors import RuleBroken
from crmkit.ports import Action
from crmkit.services.parties import find_customer
from crmkit.services.sales.stages import keep_stay, must_be_allowed, stays_of
from crmkit.work import UnitOfWork

OPEN_DEAL = Action("deal:open", "Open a deal", zh="新建商机", right=Right.CREATE)
MOVE_DEAL = Action("deal:move", "Move a deal to another stage", zh="推进商机阶段", right=Right.EDIT)
WIN_DEAL = Action("deal:win", "Close a deal as won", zh="赢单", right=Right.EDIT)
LOSE_DEAL = Action("deal:lose", "Close a deal as lost", zh="输单", right=Right.EDIT)
REOPEN_DEAL = Action("deal:reopen", "Open a closed deal again", zh="重新打开商机", right=Right.EDIT)


class ReopeningForbidden(RuleBroken):
    """The pipeline lets no closed deal be opened again."""


def open_deal(
    work: UnitOfWork,
    *,
    name: str,
    pipeline: PipelineId,
    customer: CustomerId | None = None,
    value: Money | None = None,
    owner: UserId | None = None,
) -> Deal:
    """Open a deal at the first stage of a pipeline, with a customer as it lives on after merges."""
    work.permit(OPEN_DEAL)
    stages = work.pipelines.get(pipeline).stages
    buyer = None if customer is None else find_customer(work, customer)
    if buyer is not None:
        work.hold(buyer)
    deal = Deal(
        id=DealId(work.new_id()),
        name=name,
        stage=stages[0].name,
        pipeline_id=pipeline,
        customer_id=None if buyer is None else buyer.id,
        value=value,
        owner_id=owner,
    )
    return work.deals.add(deal.open(at=work.now))


def move_deal(work: UnitOfWork, deal_id: DealId, *, to: str) -> Deal:
    """Move an open deal to another stage of its pipeline, or say all that is in the way.

    At a stage for what is won or lost it is closed, where the pipeline asks for no reason.
    """
    deal = work.deals.get(deal_id)
    work.permit(MOVE_DEAL, on=deal)
    pipeline = _pipeline(work, deal)
    if pipeline is None:
        return _kept(work, deal, deal.move(to, at=work.now), None)
    match pipeline.stage(to).type:
        case StageType.WON:
            return win_deal(work, deal_id, stage=to)
        case StageType.LOST:
            return lose_deal(work, deal_id, stage=to)
        case _:
            return _kept(work, deal, deal.move(to, at=work.now), pipeline)


def win_deal(
    work: UnitOfWork,
    deal_id: DealId,
    *,
    reason: str | None = None,
    stage: str | None = None,
    evidence: tuple[Evidence, ...] = (),
) -> Deal:
    """Close an open deal as won, at the stage of its pipeline for what is won."""
    deal = work.deals.get(deal_id)
    work.permit(WIN_DEAL, on=deal)
    pipeline = _pipeline(work, deal)
    at_stage = _closing_stage(pipeline, StageType.WON, stage)
    won = deal.win(at=work.now, reason=reason, stage=at_stage, evidence=evidence)
    _must_close_well(work, pipeline, deal, won, StageType.WON)
    return _kept(work, deal, won, pipeline)


def lose_deal(
    work: UnitOfWork,
    deal_id: DealId,
    *,
    reason: str | None = None,
    stage: str | None = None,
    evidence: tuple[Evidence, ...] = (),
) -> Deal:
    """Close an open deal as lost, at the stage of its pipeline for what is lost."""
    deal = work.deals.get(deal_id)
    work.permit(LOSE_DEAL, on=deal)
    pipeline = _pipeline(work, deal)
    at_stage = _closing_stage(pipeline, StageType.LOST, stage)
    lost = deal.lose(at=work.now, reason=reason, stage=at_stage, evidence=evidence)
    _must_close_well(work, pipeline, deal, lost, StageType.LOST)
    return _kept(work, deal, lost, pipeline)


def reopen_deal(work: UnitOfWork, deal_id: DealId) -> Deal:
    """Open a deal again that was won or lost, where its pipeline says it stands then."""
    deal = work.deals.get(deal_id)
    work.permit(REOPEN_DEAL, on=deal)
    pipeline = _pipeline(work, deal)
    opened = deal.reopen(at=work.now, stage=_stage_again(work, pipeline, deal))
    return _kept(work, deal, opened, pipeline)


def _pipeline(work: UnitOfWork, deal: Deal) -> Pipeline | None:
    """Return the pipeline whose rules hold, whether the actor sees it or not."""
    return None if deal.pipeline_id is None else work.definitions.pipeline(deal.pipeline_id)


def _kept(work: UnitOfWork, before: Deal, after: Deal, pipeline: Pipeline | None) -> Deal:
    kept: Deal = keep_stay(work, before, after, pipeline)
    return kept


def _closing_stage(pipeline: Pipeline | None, type_: StageType, named: str | None) -> str | None:
    if pipeline is None or named is not None:
        return named
    found = pipeline.closing(type_)
    return None if found is None else found.name


def _must_close_well(
    work: UnitOfWork, pipeline: Pipeline | None, deal: Deal, closed: Deal, type_: StageType
) -> None:
    """Check the way to the last stage, as the deal is when it stands there, and the reason."""
    if pipeline is None:
        return
    if closed.stage != deal.stage:
        must_be_allowed(work, pipeline, closed.replaced(stage=deal.stage), closed.stage)
    reason = closed.won_reason if type_ is StageType.WON else closed.lost_reason
    pipeline.check_reason(type_, reason)


def _stage_again(work: UnitOfWork, pipeline: Pipeline | None, deal: Deal) -> str | None:
    """Return where a deal stands again: at the open stage it was closed from, or the first."""
    if pipeline is None:
        return None
    if pipeline.reopening is Reopening.NEVER:
        raise ReopeningForbidden(
            f"{pipeline.name} opens nothing again", path="deal.outcome", fix="open another deal"
        )
    if pipeline.reopening is Reopening.WHERE_IT_CLOSED:
        stood = (stay.stage for stay in reversed(stays_of(work, deal)) if stay.outcome == "open")
        for name in (deal.stage, *stood):
            if name in pipeline.names and pipeline.stage(name).type is StageType.OPEN:
                return name
    return pipeline.stages[0].name
