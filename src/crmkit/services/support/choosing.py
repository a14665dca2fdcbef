"""Choosing an agent: the desk as it stands now, and the turn that the chosen one takes."""

from collections.abc import Mapping

from crmkit.domain.aggregate import UserId
from crmkit.domain.filters.where import where
from crmkit.domain.support.assignment import POINTS, Assignment, Candidate, choose_agent
from crmkit.domain.support.desk import Agent, Queue, Strategy
from crmkit.domain.support.statuses import UNFINISHED
from crmkit.domain.support.ticket import Ticket
from crmkit.services.calendars.absences import absent_now
from crmkit.services.calendars.keeping import business_calendar
from crmkit.work import UnitOfWork


def next_agent(work: UnitOfWork, ticket: Ticket) -> Assignment:
    """Choose who gets a ticket by the strategy of its queue, and let them take their turn.

    The queue is held, so that of two works that hand out tickets at once one is repeated.
    """
    queue = None if ticket.queue_id is None else work.behind(Queue).get(ticket.queue_id)
    candidates = desk_of(work, ticket)
    strategy = Strategy.ROUND_ROBIN if queue is None else queue.strategy
    choice = choose_agent(ticket, candidates, strategy)
    _take_turn(work, queue, next(one for one in candidates if one.user_id == choice.user_id).agent)
    return choice


def desk_of(work: UnitOfWork, ticket: Ticket) -> list[Candidate]:
    """Return the agents of a ticket's team, all agents when it has none, as they stand now."""
    desk, agent = work.behind(Agent), where(Agent)
    team = ticket.team_id
    agents = desk.find() if team is None else desk.find(agent.team_ids.has_any([team]))
    users = [one.user_id for one in agents]
    loads, helped = _loads(work, users), _helped(work, ticket, users)
    absent = absent_now(work, users)
    return [
        Candidate(
            agent=one,
            load=loads.get(one.user_id, 0),
            helped=helped.get(one.user_id, 0),
            is_absent=one.user_id in absent,
            is_on_shift=_is_on_shift(work, one),
        )
        for one in agents
    ]


def _take_turn(work: UnitOfWork, queue: Queue | None, agent: Agent) -> None:
    turn = agent.turn + 1
    if queue is not None:
        turn = queue.turns + 1
        work.behind(Queue).save(queue.evolve(turns=turn))
    work.behind(Agent).save(agent.evolve(turn=turn))


def _loads(work: UnitOfWork, users: list[UserId]) -> Mapping[UserId, int]:
    ticket = where(Ticket)
    in_hand = ticket.assignee_id.in_(users) & ticket.category.in_(UNFINISHED)
    loads: dict[UserId, int] = {}
    for user, priority in work.behind(Ticket).columns(
        (ticket.assignee_id, ticket.priority), in_hand
    ):
        loads[user] = loads.get(user, 0) + POINTS[priority]
    return loads


def _helped(work: UnitOfWork, ticket: Ticket, users: list[UserId]) -> Mapping[UserId, int]:
    if ticket.customer_id is None:
        return {}
    past = where(Ticket)
    theirs = past.customer_id.eq(ticket.customer_id) & past.assignee_id.in_(users)
    helped: dict[UserId, int] = {}
    for (user,) in work.behind(Ticket).columns((past.assignee_id,), theirs):
        helped[user] = helped.get(user, 0) + 1
    return helped


def _is_on_shift(work: UnitOfWork, agent: Agent) -> bool:
    if agent.calendar_id is None:
        return True
    return business_calendar(work, agent.calendar_id).is_working(work.now)
