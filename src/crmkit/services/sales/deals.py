"""What people do with deals."""

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import UserId
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.sales.deal import Deal, DealId
from crmkit.domain.sales.pipeline import PipelineId
from crmkit.ports import Action
from crmkit.services.parties import find_customer
from crmkit.work import UnitOfWork

OPEN_DEAL = Action("deal:open", "Open a deal", zh="新建商机", right=Right.CREATE)
MOVE_DEAL = Action("deal:move", "Move a deal to another stage", zh="推进商机阶段", right=Right.EDIT)
WIN_DEAL = Action("deal:win", "Close a deal as won", zh="赢单", right=Right.EDIT)
LOSE_DEAL = Action("deal:lose", "Close a deal as lost", zh="输单", right=Right.EDIT)
REOPEN_DEAL = Action("deal:reopen", "Open a closed deal again", zh="重新打开商机", right=Right.EDIT)


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
    """Move an open deal to another stage of its pipeline."""
    deal = work.deals.get(deal_id)
    work.permit(MOVE_DEAL, on=deal)
    if deal.pipeline_id is not None:
        work.pipelines.get(deal.pipeline_id).stage(to)
    return work.deals.save(deal.move(to))


def win_deal(work: UnitOfWork, deal_id: DealId) -> Deal:
    """Close an open deal as won."""
    deal = work.deals.get(deal_id)
    work.permit(WIN_DEAL, on=deal)
    return work.deals.save(deal.win(at=work.now))


def lose_deal(work: UnitOfWork, deal_id: DealId, *, reason: str | None = None) -> Deal:
    """Close an open deal as lost."""
    deal = work.deals.get(deal_id)
    work.permit(LOSE_DEAL, on=deal)
    return work.deals.save(deal.lose(at=work.now, reason=reason))


def reopen_deal(work: UnitOfWork, deal_id: DealId) -> Deal:
    """Open a deal again that was won or lost."""
    deal = work.deals.get(deal_id)
    work.permit(REOPEN_DEAL, on=deal)
    return work.deals.save(deal.reopen())
