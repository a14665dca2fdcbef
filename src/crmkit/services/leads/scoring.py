"""Scoring: leads get points by a scorecard, with the reasons, and lose them with time."""

from collections.abc import Callable, Mapping
from typing import Any

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.paths import path_to
from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.filters.where import where
from crmkit.domain.kinds import Form
from crmkit.domain.parties.lead import Lead, LeadId
from crmkit.domain.parties.scorecard import Score, Scorecard, ScorecardId, ScoreRule
from crmkit.errors import InvalidSettings, NotFound
from crmkit.ports import Action
from crmkit.services.conditions import read_condition
from crmkit.work import UnitOfWork

DEFINE_SCORECARD = Action(
    "scorecard:define", "Define how leads are scored", zh="定义评分卡", right=Right.CREATE
)
SCORE_LEADS = Action("lead:score", "Score leads", zh="线索评分", right=Right.EDIT)
PAGE = 500


def define_scorecard(work: UnitOfWork, name: str, *rules: ScoreRule) -> Scorecard:
    """Define a scorecard, or its next edition when there is one of the name."""
    work.permit(DEFINE_SCORECARD)
    spec = work.registry[Lead]
    for rule in rules:
        read_condition(work, spec.name, rule.when)
        since = rule.since and path_to(spec, rule.since, {})
        if since and since.kind.form is not Form.INSTANT:
            raise InvalidSettings(f"{rule.since} is no instant", path=f"rules.{rule.name}.since")
    card = where(Scorecard)
    known = work.scorecards.first(card.name.eq(name), order=[card.number.desc()])
    number = 1 if known is None else known.number + 1
    new = Scorecard(id=ScorecardId(work.new_id()), name=name, number=number, rules=rules)
    return work.scorecards.add(new)


def score_leads(work: UnitOfWork, card_name: str, fits: Filter = EVERYTHING) -> int:
    """Score open leads by the newest edition of a card; return how many got another score."""
    work.permit(SCORE_LEADS)
    card, matching = _card(work, card_name), _matching(work)
    lead = work.where(Lead)
    wanted = fits & lead.closed_at.is_none()
    changed, after = 0, None
    while True:
        page = work.leads.page(wanted, order=[lead.id.asc()], size=PAGE, after=after)
        scored = (one.rate(card.score(one, matching, at=work.now)) for one in page.items)
        moved = [new for old, new in zip(page.items, scored, strict=True) if new is not old]
        changed += len(work.leads.save_many(moved))
        if page.next is None:
            return changed
        after = page.next


def explain_score(work: UnitOfWork, lead_id: LeadId, card_name: str) -> Score:
    """Return the score of a lead now and what it is made of; nothing is kept."""
    card = _card(work, card_name)
    return card.score(work.leads.get(lead_id), _matching(work), at=work.now)


def _card(work: UnitOfWork, name: str) -> Scorecard:
    card = where(Scorecard)
    found = work.scorecards.first(card.name.eq(name), order=[card.number.desc()])
    if found is None:
        raise NotFound(f"there is no scorecard {name!r}", path="scorecard.name")
    return found


def _matching(work: UnitOfWork) -> Callable[[Mapping[str, Any], Any], bool]:
    read: dict[str, Filter] = {}

    def fits(written: Mapping[str, Any], record: Any) -> bool:
        key = repr(written)
        if key not in read:
            read[key] = read_condition(work, "lead", written)
        return matches(read[key], record)

    return fits
