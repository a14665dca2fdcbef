"""Assignment: who of several agents gets a ticket, always the same one, and why not the others."""

from collections.abc import Iterable

import attrs

from crmkit.domain.aggregate import UserId
from crmkit.domain.support.desk import Agent, Strategy
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.refusals import NobodyToAssign
from crmkit.domain.support.ticket import Ticket

POINTS = {Priority.CRITICAL: 8, Priority.HIGH: 4, Priority.NORMAL: 2, Priority.LOW: 1}
"""How much of a capacity a ticket takes."""


@attrs.frozen(kw_only=True)
class Candidate:
    """An agent as it stands now: the points in hand, whether at work, and who stands in.

    `helped` counts the tickets of the same customer that the agent had before.
    """

    agent: Agent
    load: int = 0
    is_on_shift: bool = True
    is_absent: bool = False
    helped: int = 0

    @property
    def user_id(self) -> UserId:
        """Return the user."""
        return self.agent.user_id


@attrs.frozen(kw_only=True)
class Assignment:
    """Who gets the ticket and why, and for each other one the reason why not."""

    user_id: UserId
    reason: str
    passed_over: tuple[tuple[UserId, str], ...] = ()


def choose_agent(ticket: Ticket, candidates: Iterable[Candidate], strategy: Strategy) -> Assignment:
    """Choose by a strategy among those who fit, or raise `NobodyToAssign` with the reasons.

    Equal candidates are taken in the order of their last turn, then of their ids.
    """
    judged = [(candidate, obstacle(ticket, candidate)) for candidate in candidates]
    fitting = [candidate for candidate, reason in judged if not reason]
    passed = tuple((one.user_id, reason) for one, reason in judged if reason)
    if not fitting:
        told = "; ".join(f"{user} {reason}" for user, reason in passed) or "there is no agent"
        raise NobodyToAssign(told[:1000], path="ticket.assignee_id", fix="assign it by hand")
    first, *others = sorted(fitting, key=lambda one: (*_rank(one, strategy), one.user_id.int))
    behind = tuple((one.user_id, f"comes after, {_reason(one, strategy)}") for one in others)
    return Assignment(
        user_id=first.user_id, reason=_reason(first, strategy), passed_over=(*passed, *behind)
    )


def obstacle(ticket: Ticket, candidate: Candidate) -> str:
    """Return why an agent cannot take a ticket, nothing when it can."""
    agent = candidate.agent
    lacking = sorted(set(ticket.skills) - set(agent.skills))
    if not agent.is_available:
        return "takes no tickets"
    if candidate.is_absent:
        return "is absent"
    if not candidate.is_on_shift:
        return "is off shift"
    if lacking:
        return f"lacks {', '.join(lacking)}"
    if ticket.language and agent.languages and ticket.language not in agent.languages:
        return f"does not speak {ticket.language}"
    if candidate.load + POINTS[ticket.priority] > agent.capacity:
        return f"has {candidate.load} of {agent.capacity} points in hand"
    return ""


def _rank(one: Candidate, strategy: Strategy) -> tuple[int, ...]:
    share = one.load * 1_000_000 // one.agent.capacity
    match strategy:
        case Strategy.ROUND_ROBIN:
            return (one.agent.turn,)
        case Strategy.LEAST_LOAD:
            return (share, one.agent.turn)
        case Strategy.AFFINITY:
            return (-one.helped, share, one.agent.turn)


def _reason(one: Candidate, strategy: Strategy) -> str:
    match strategy:
        case Strategy.ROUND_ROBIN:
            return f"round robin: last turn {one.agent.turn}"
        case Strategy.LEAST_LOAD:
            return f"load: {one.load} of {one.agent.capacity} points in hand"
        case Strategy.AFFINITY:
            return f"affinity: helped this customer {one.helped} times"
