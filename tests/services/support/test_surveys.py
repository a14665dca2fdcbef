"""Surveys on every store: who is asked, how seldom, once for each cycle, and the score."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from crmkit.domain.support.refusals import NotAsked, TicketNotFinished
from crmkit.domain.support.scores import SurveyKind
from crmkit.domain.support.survey import Survey
from crmkit.domain.support.ticket import Ticket
from crmkit.errors import Duplicate, InvalidValue
from crmkit.services import parties
from crmkit.services.support import surveys, tickets
from tests.services.support.conftest import Desk


def solved(desk: Desk, requester: UUID | None) -> Ticket:
    """Open a ticket and solve it."""
    ticket = desk.run(tickets.open_ticket, "停机", requester_id=requester)
    return desk.run(tickets.resolve_ticket, ticket.id)


def survey(desk: Desk, name: str = "after", **fields: object) -> Survey:
    """Define a survey of how content people are."""
    return desk.run(surveys.define_survey, name, SurveyKind.CSAT, **fields)


def test_each_cycle_is_asked_about_once_and_answered_once(desk: Desk) -> None:
    """A reopened ticket is asked about again; all answers count in the score."""
    asks = survey(desk, rest_days=0, question={"en": "Are you content?", "zh": "您满意吗?"})
    ticket = solved(desk, desk.run(parties.add_contact, "王芳").id)
    first = desk.run(surveys.ask_about, asks.id, ticket.id)
    with pytest.raises(Duplicate), desk.work() as unit:
        surveys.ask_about(unit, asks.id, ticket.id)
    answered = desk.run(surveys.answer_survey, first.id, 5, comment="很好")
    with desk.work() as unit:
        assert unit.survey_responses.get(first.id) == answered
        assert unit.surveys.get(asks.id) == asks
    with pytest.raises(NotAsked), desk.work() as unit:
        surveys.answer_survey(unit, first.id, 4)
    desk.run(tickets.reopen_ticket, ticket.id)
    with pytest.raises(TicketNotFinished), desk.work() as unit:
        surveys.ask_about(unit, asks.id, ticket.id)
    desk.run(tickets.resolve_ticket, ticket.id)
    second = desk.run(surveys.ask_about, asks.id, ticket.id)
    assert (first.cycle, second.cycle) == (1, 2)
    found = desk.run(surveys.score_of, asks.id)
    assert (found.asked, found.answered, found.value) == (2, 1, 1)


def test_nobody_is_asked_too_often(desk: Desk) -> None:
    """Within the rest, of whichever survey, the reason is kept; it is no part of the score."""
    one, other = survey(desk), survey(desk, "other")
    wang = desk.run(parties.add_contact, "王芳").id
    desk.run(surveys.ask_about, one.id, solved(desk, wang).id)
    tired = desk.run(surveys.ask_about, other.id, solved(desk, wang).id)
    assert (tired.excluded, tired.asked_at) == ("asked less than 30 days ago", None)
    with pytest.raises(NotAsked), desk.work() as unit:
        surveys.answer_survey(unit, tired.id, 5)
    assert desk.run(surveys.score_of, other.id).asked == 0
    desk.at(1, 9, month=4)
    assert desk.run(surveys.ask_about, other.id, solved(desk, wang).id).excluded is None


def test_two_works_do_not_ask_one_person_at_once(desk: Desk) -> None:
    """Of four that ask about four tickets at the same time, one asks; the others find it so."""
    ask, wang = survey(desk), desk.run(parties.add_contact, "王芳").id
    ids = [solved(desk, wang).id for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(desk.run, surveys.ask_about, ask.id, one) for one in ids]
    assert sum(call.result().excluded is None for call in calls) == 1


def test_the_sample_is_the_same_every_time(near_desk: Desk) -> None:
    """Each cycle of a ticket is in it or not for good; about the share of them that was asked."""
    desk = near_desk
    ask = survey(desk, percent=30)
    ids = [UUID(int=number) for number in range(2000)]
    drawn = [ask.samples(one, 1) for one in ids]
    assert drawn == [ask.samples(one, 1) for one in ids]
    assert 500 <= sum(drawn) <= 700
    none = survey(desk, "none", percent=0)
    ticket = solved(desk, desk.run(parties.add_contact, "王芳").id)
    assert desk.run(surveys.ask_about, none.id, ticket.id).excluded == "not in the sample"


def test_wrong_surveys_name_the_field(near_desk: Desk) -> None:
    """Shares, rests and tickets without anybody to ask are refused by name."""
    desk = near_desk
    ask, nobody = survey(desk), solved(desk, None)
    for call, path in [
        (lambda: survey(desk, "a", percent=101), "survey.percent"),
        (lambda: survey(desk, "b", rest_days=-1), "survey.rest_days"),
        (lambda: desk.run(surveys.ask_about, ask.id, nobody.id), "ticket.requester_id"),
    ]:
        with pytest.raises(InvalidValue) as caught:
            call()
        assert caught.value.path == path
