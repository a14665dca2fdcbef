"""What follows when something happens on a ticket: its clocks, the rules, and what they do."""

from collections import deque
from typing import Final

from crmkit.domain.filters.where import where
from crmkit.domain.support.automation import AutomationRule, RuleVerdict
from crmkit.domain.support.moments import Author, Happening, Moment
from crmkit.domain.support.sla import follow
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_record import TicketMoment
from crmkit.services.support.commands import carry_out
from crmkit.services.support.fitting import fits
from crmkit.services.support.levels import Levels
from crmkit.work import UnitOfWork

MAX_CHAIN: Final = 10
"""How many rules may follow from each other."""


def happen(
    work: UnitOfWork,
    ticket: Ticket,
    happening: Happening,
    *,
    author: Author = Author.SYSTEM,
    public: bool = False,
    levels: Levels | None = None,
) -> Ticket:
    """Keep what happened on a changed ticket, with all that follows, and save it once.

    A rule fires at most once in a chain, so that rules which set each other off come to an end.
    """
    levels, rules = levels or Levels(work), _rules(work)
    moment = ticket.moment(work.now, happening, author=author, public=public)
    waiting = deque([TicketMoment.of(ticket, moment, work.new_id(), ())])
    moments: list[TicketMoment] = []
    while waiting:
        record = waiting.popleft()
        ticket = _ticked(ticket, record.moment, levels)
        ticket, trace, more = _reacted(work, ticket, record, rules)
        moments.append(record.evolve(trace=trace))
        waiting.extend(more)
    saved = work.tickets.save(ticket) if ticket.version else work.tickets.add(ticket)
    work.behind(TicketMoment).insert_many(moments)
    return saved


def _ticked(ticket: Ticket, moment: Moment, levels: Levels) -> Ticket:
    level = levels.of(ticket)
    return ticket if level is None else ticket.ticking(follow(ticket.clocks, moment, level))


def _rules(work: UnitOfWork) -> list[AutomationRule]:
    rule = where(AutomationRule)
    active = rule.is_active.eq(True)  # noqa: FBT003 - the value compared with
    return work.behind(AutomationRule).find(active, order=[rule.rank.asc(), rule.name.asc()])


def _reacted(
    work: UnitOfWork, ticket: Ticket, record: TicketMoment, rules: list[AutomationRule]
) -> tuple[Ticket, tuple[RuleVerdict, ...], list[TicketMoment]]:
    """Ask the rules one after the other; each sees what those before it did."""
    trace: list[RuleVerdict] = []
    more: list[TicketMoment] = []
    for rule in rules:
        if not rule.listens_to(record.moment):
            continue
        reason = _held_back(work, ticket, record, rule)
        if not reason:
            ticket, done, followed = _fired(work, ticket, rule, record.chain)
            more += followed
            trace.append(RuleVerdict(rule=rule.label, fired=True, reason=done[:500]))
        else:
            trace.append(RuleVerdict(rule=rule.label, fired=False, reason=reason))
    return ticket, tuple(trace), more


def _held_back(work: UnitOfWork, ticket: Ticket, record: TicketMoment, rule: AutomationRule) -> str:
    """Return why a rule does not fire, nothing when it does."""
    if rule.label in record.chain:
        return "fired before in this chain"
    if len(record.chain) >= MAX_CHAIN:
        return f"{MAX_CHAIN} rules have followed from each other"
    return "" if fits(work, ticket, rule.condition) else "the ticket does not fit"


def _fired(
    work: UnitOfWork, ticket: Ticket, rule: AutomationRule, chain: tuple[str, ...]
) -> tuple[Ticket, str, list[TicketMoment]]:
    done: list[str] = []
    followed: list[TicketMoment] = []
    for command in rule.commands:
        ticket, happening, outcome = carry_out(work, ticket, command)
        done.append(f"{command}: {outcome}")
        if happening is not None:
            moment = ticket.moment(work.now, happening)
            caused = TicketMoment.of(ticket, moment, work.new_id(), (*chain, rule.label))
            followed.append(caused)
    return ticket, "; ".join(done) or "nothing to do", followed
