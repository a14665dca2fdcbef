"""What people do around a deal: who takes part, who shares it, what comes next, what they think."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import UserId
from crmkit.domain.filters.where import where
from crmkit.domain.parties.contact import ContactId
from crmkit.domain.sales.deal import Deal, DealId
from crmkit.domain.sales.deal_parts import Chances, Competitor, ManualChance, ModelChance, Split
from crmkit.domain.sales.stakeholder import Stakeholder, StakeholderId
from crmkit.errors import Duplicate
from crmkit.ports import Action
from crmkit.services.drafting import changed
from crmkit.services.parties import find_contact
from crmkit.work import UnitOfWork

INVOLVE = Action(
    "deal:involve", "Say who takes part in a deal", zh="维护商机干系人", right=Right.EDIT
)
SPLIT_DEAL = Action("deal:split", "Share a deal among people", zh="商机分成", right=Right.EDIT)
PLAN_NEXT = Action(
    "deal:plan", "Say what comes next in a deal", zh="维护商机下一步", right=Right.EDIT
)
JUDGE_DEAL = Action("deal:judge", "Judge the chance of a deal", zh="判断赢率", right=Right.EDIT)
CHANGE_DEAL = Action("deal:change", "Change a deal", zh="修改商机", right=Right.EDIT)


def update_deal(work: UnitOfWork, deal_id: DealId, **fields: Any) -> Deal:
    """Change some fields of a deal; stage, outcome and chances have their own ways."""
    deal = work.deals.get(deal_id)
    work.permit(CHANGE_DEAL, on=deal)
    return work.deals.save(changed(deal, **fields))


def involve(work: UnitOfWork, deal_id: DealId, contact_id: ContactId, **fields: Any) -> Stakeholder:
    """Let a contact take part in a deal, once; `fields` are role, stance, influence and notes."""
    deal, contact = work.deals.get(deal_id), find_contact(work, contact_id)
    work.permit(INVOLVE, on=deal)
    work.hold(deal)
    one = where(Stakeholder)
    if work.stakeholders.exists(one.deal_id.eq(deal.id) & one.contact_id.eq(contact.id)):
        raise Duplicate("stakeholder", ["contact_id"])
    who = Stakeholder(
        id=StakeholderId(work.new_id()), deal_id=deal.id, contact_id=contact.id, **fields
    )
    return work.stakeholders.add(who)


def change_stakeholder(
    work: UnitOfWork, stakeholder_id: StakeholderId, **fields: Any
) -> Stakeholder:
    """Change how somebody takes part."""
    who = work.stakeholders.get(stakeholder_id)
    work.permit(INVOLVE, on=work.deals.get(who.deal_id))
    return work.stakeholders.save(changed(who, **fields))


def stakeholders_of(work: UnitOfWork, deal_id: DealId) -> list[Stakeholder]:
    """Return who takes part in a deal, in the order they came."""
    one = where(Stakeholder)
    return work.stakeholders.find(one.deal_id.eq(deal_id), order=[one.id.asc()])


def split_deal(work: UnitOfWork, deal_id: DealId, shares: Mapping[UserId, Decimal | int]) -> Deal:
    """Share a deal among people, in percent that are 100 together; no shares take it back."""
    deal = work.deals.get(deal_id)
    work.permit(SPLIT_DEAL, on=deal)
    parts = [Split(user_id=user, percent=Decimal(percent)) for user, percent in shares.items()]
    for user in shares:
        work.users.get(user)
    return work.deals.save(deal.split(*parts))


def name_competitors(work: UnitOfWork, deal_id: DealId, *competitors: Competitor) -> Deal:
    """Say who else wants the deal."""
    deal = work.deals.get(deal_id)
    work.permit(CHANGE_DEAL, on=deal)
    return work.deals.save(deal.evolve(competitors=competitors))


def plan_next_step(
    work: UnitOfWork, deal_id: DealId, step: str | None, *, on: date | None = None
) -> Deal:
    """Say what comes next in a deal, and when."""
    deal = work.deals.get(deal_id)
    work.permit(PLAN_NEXT, on=deal)
    return work.deals.save(deal.evolve(next_step=step, next_step_on=on))


def judge_deal(
    work: UnitOfWork,
    deal_id: DealId,
    percent: int | None,
    *,
    reason: str,
    until: date | None = None,
) -> Deal:
    """Give a deal a chance of one's own, with a reason; None takes it back."""
    deal = work.deals.get(deal_id)
    work.permit(JUDGE_DEAL, on=deal)
    if percent is None:
        return work.deals.save(deal.judge(None))
    chance = ManualChance(
        percent=percent, by=work.actor.id, at=work.now, reason=reason, until=until
    )
    return work.deals.save(deal.judge(chance))


def predict_deal(work: UnitOfWork, deal_id: DealId, percent: int, *, model: str) -> Deal:
    """Keep the chance that a model gives an open deal."""
    deal = work.deals.get(deal_id)
    work.permit(JUDGE_DEAL, on=deal)
    predicted = ModelChance(percent=percent, model=model, at=work.now)
    return work.deals.save(deal.predict(predicted))


def chances_of(work: UnitOfWork, deal: Deal) -> Chances:
    """Return the three chances of a deal, today, apart; a person's may have run out."""
    stage = None
    if deal.pipeline_id is not None:
        stages = work.pipelines.get(deal.pipeline_id).stages
        stage = next((one.probability for one in stages if one.name == deal.stage), None)
    manual = deal.manual_chance
    if manual is not None and manual.until is not None and manual.until < work.now.date():
        manual = None
    return Chances(
        stage=stage,
        model=None if deal.model_chance is None else deal.model_chance.percent,
        manual=None if manual is None else manual.percent,
    )
