"""Surveys: asked about each cycle of a ticket that is solved, answered, and summed up."""

from datetime import datetime
from typing import Any

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.parties.contact import ContactId
from crmkit.domain.support.refusals import TicketNotFinished
from crmkit.domain.support.scores import Score, SurveyKind, score
from crmkit.domain.support.statuses import StatusCategory
from crmkit.domain.support.survey import Survey, SurveyId, SurveyResponse, SurveyResponseId
from crmkit.domain.support.ticket_events import TicketId
from crmkit.errors import InvalidValue
from crmkit.ports import Action
from crmkit.services.drafting import draft
from crmkit.services.parties import find_contact
from crmkit.services.support.tickets import find_ticket
from crmkit.work import UnitOfWork

DEFINE_SURVEY = Action("survey:define", "Define a survey", zh="定义满意度调查", right=Right.CREATE)
ASK_SURVEY = Action("survey:ask", "Ask a customer in a survey", zh="发送满意度调查")
ANSWER_SURVEY = Action("survey_response:answer", "Keep an answer to a survey", zh="登记调查答复")

_SOLVED = (StatusCategory.RESOLVED, StatusCategory.CLOSED)


def define_survey(work: UnitOfWork, name: str, kind: SurveyKind, **fields: Any) -> Survey:
    """Define a survey; `fields` are any others of `Survey`."""
    work.permit(DEFINE_SURVEY)
    return work.surveys.add(draft(Survey, SurveyId(work.new_id()), name=name, kind=kind, **fields))


def ask_about(work: UnitOfWork, survey_id: SurveyId, ticket_id: TicketId) -> SurveyResponse:
    """Ask who requested a solved ticket about its present cycle, or keep why they are not asked.

    A cycle is asked about once in each survey: a second time is a `Duplicate`. Of two works that
    would ask the same person at once, one ends in a `Conflict`.
    """
    survey, ticket = work.surveys.get(survey_id), find_ticket(work, ticket_id)
    work.permit(ASK_SURVEY, on=survey)
    if ticket.category not in _SOLVED:
        raise TicketNotFinished(f"is {ticket.status}", path="ticket.status", fix="resolve it first")
    if ticket.requester_id is None:
        raise InvalidValue("has nobody to ask", path="ticket.requester_id", fix="name a contact")
    contact = find_contact(work, ticket.requester_id)
    work.hold(contact)
    last = _last_asked(work, contact.id)
    excluded = survey.why_not(ticket.id, ticket.cycle, asked_at=last, now=work.now)
    response = SurveyResponse(
        id=SurveyResponseId(work.new_id()),
        survey_id=survey.id,
        ticket_id=ticket.id,
        cycle=ticket.cycle,
        kind=survey.kind,
        contact_id=contact.id,
        agent_id=ticket.assignee_id,
        asked_at=None if excluded else work.now,
        excluded=excluded,
    )
    return work.survey_responses.add(response)


def answer_survey(
    work: UnitOfWork, response_id: SurveyResponseId, score: int, *, comment: str | None = None
) -> SurveyResponse:
    """Keep what somebody answered who was asked; once."""
    response = work.survey_responses.get(response_id)
    work.permit(ANSWER_SURVEY, on=response)
    return work.survey_responses.save(response.answer(score, comment, at=work.now))


def score_of(work: UnitOfWork, survey_id: SurveyId) -> Score:
    """Return the score of a survey with its interval, and how many answered of how many asked."""
    survey, response = work.surveys.get(survey_id), where(SurveyResponse)
    mine = response.survey_id.eq(survey_id) & response.excluded.is_none()
    asked = list(work.survey_responses.stream(mine))
    return score(survey.kind, [one.score for one in asked if one.score is not None], len(asked))


def _last_asked(work: UnitOfWork, contact_id: ContactId) -> datetime | None:
    response = where(SurveyResponse)
    asked = response.contact_id.eq(contact_id) & response.excluded.is_none()
    last = work.survey_responses.first(asked, order=[response.asked_at.desc()])
    return None if last is None else last.asked_at
