"""Service levels at work: which policy a ticket has and why, and what its clocks go by."""

from collections.abc import Iterable

from crmkit.domain.filters.where import where
from crmkit.domain.support.sla import Level
from crmkit.domain.support.sla_policy import PolicyChoice, SlaPolicy, choose_policy
from crmkit.domain.support.ticket import SlaPolicyId, Ticket
from crmkit.errors import NotFound
from crmkit.services.calendars.keeping import business_calendar
from crmkit.services.support.fitting import fits
from crmkit.work import UnitOfWork


class Levels:
    """The levels of one unit of work, each brought once however many tickets have it."""

    def __init__(self, work: UnitOfWork) -> None:
        """Begin with none."""
        self._work = work
        self._known: dict[SlaPolicyId, Level] = {}

    def of(self, ticket: Ticket) -> Level | None:
        """Return the level of a ticket, None when it has no policy."""
        policy_id = ticket.sla_policy_id
        if policy_id is None:
            return None
        if policy_id not in self._known:
            policy = self._work.behind(SlaPolicy).first(where(SlaPolicy).id.eq(policy_id))
            if policy is None:
                raise NotFound(f"there is no policy {policy_id}", path="ticket.sla_policy_id")
            self._known[policy_id] = self.level(policy)
        return self._known[policy_id]

    def bring_all(self) -> None:
        """Bring the levels of all policies, before many tickets are gone through."""
        for policy in self._work.behind(SlaPolicy).find():
            self.bring(policy)

    def bring(self, policy: SlaPolicy) -> None:
        """Bring the level of a policy that is at hand."""
        self._known[policy.id] = self.level(policy)

    def level(self, policy: SlaPolicy) -> Level:
        """Return what a policy asks, with its calendar."""
        return policy.level(business_calendar(self._work, policy.calendar_id))


def policy_for(work: UnitOfWork, ticket: Ticket, policies: Iterable[SlaPolicy]) -> PolicyChoice:
    """Choose the policy of a ticket, with the verdict on each of those given."""
    judged = [(policy, fits(work, ticket, policy.selector)) for policy in policies]
    return choose_policy(judged, work.now)


def ruled(work: UnitOfWork, ticket: Ticket, levels: Levels) -> Ticket:
    """Give a ticket its policy and the reason for it; the level of a new policy is brought."""
    choice = policy_for(work, ticket, work.behind(SlaPolicy).find())
    if choice.policy is None:
        return ticket.evolve(sla_policy_id=None, sla_reason="no policy fits")
    if choice.policy.id != ticket.sla_policy_id:
        levels.bring(choice.policy)
    work.vouched.add(choice.policy.id)
    reason = next(verdict.reason for verdict in choice.verdicts if verdict.chosen)
    return ticket.evolve(
        sla_policy_id=choice.policy.id, sla_reason=f"{choice.policy.name} {reason}"
    )
