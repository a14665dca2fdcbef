"""Macros and rules: typed commands, in order, with a trace, and an end."""

from itertools import pairwise

import pytest

from crmkit.domain.filters.where import where
from crmkit.domain.support.automation import AutomationRule, Command, Do
from crmkit.domain.support.moments import Author, Happening, When
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.refusals import TicketFinished
from crmkit.domain.support.statuses import StatusCategory
from crmkit.domain.support.ticket import Ticket
from crmkit.errors import InvalidValue
from crmkit.services.support import macros, setting_up, sla, tickets
from tests.services.support.conftest import Desk

OPENED = When(happenings=(Happening.OPENED,))
MOVED = When(happenings=(Happening.MOVED,))
RAISED = When(happenings=(Happening.PRIORITISED,))


def opened(desk: Desk, **fields) -> Ticket:
    """Open a ticket in the queue."""
    return desk.run(tickets.open_ticket, "机器停了", queue=desk.queue.id, **fields)


def traces(desk: Desk, ticket: Ticket) -> list[list[tuple[str, bool, str]]]:
    """Return the verdicts of each moment of a ticket."""
    with desk.work() as unit:
        moments = sla.moments_of(unit, ticket.id)
    return [[(one.rule, one.fired, one.reason) for one in moment.trace] for moment in moments]


def test_rules_follow_in_order_and_tell_why(desk: Desk) -> None:
    """Each sees what the ones before did; clocks follow what rules do; the trace is kept."""
    (li,) = desk.agents("Li")
    line = where(Ticket).topic.eq("line down")
    critical = where(Ticket).priority.eq(Priority.CRITICAL)
    with desk.work() as unit:
        setting_up.define_rule(
            unit,
            "b assign the worst",
            OPENED,
            Command(do=Do.ASSIGN, to="next"),
            condition=critical,
            rank=2,
        )
        setting_up.define_rule(
            unit,
            "a raise",
            OPENED,
            Command(do=Do.PRIORITISE, to="critical"),
            Command(do=Do.TAG, to="line"),
            Command(do=Do.WATCH, to=str(li)),
            condition=line,
            rank=1,
        )
    ticket = opened(desk, topic="line down")
    assert (ticket.priority, ticket.assignee_id) == (Priority.CRITICAL, li)
    assert (ticket.tags, ticket.watcher_ids) == (("line",), (li,))
    assert ticket.clocks[0].priority is Priority.CRITICAL
    assert traces(desk, ticket) == [
        [
            ("a raise v1", True, f"prioritise critical: done; tag line: done; watch {li}: done"),
            ("b assign the worst v1", True, "assign next: done"),
        ],
        [],
        [],
    ]
    with desk.work() as unit:
        moments = sla.moments_of(unit, ticket.id)
    assert [(one.happening, one.cause) for one in moments] == [
        (Happening.OPENED, None),
        (Happening.PRIORITISED, "a raise v1"),
        (Happening.ASSIGNED, "b assign the worst v1"),
    ]
    other = opened(desk)
    assert {reason for _, _, reason in traces(desk, other)[0]} == {"the ticket does not fit"}


def test_rules_that_set_each_other_off_come_to_an_end(desk: Desk) -> None:
    """A rule fires once in a chain; the chain names what led to each moment."""
    with desk.work() as unit:
        setting_up.define_rule(unit, "to open", MOVED, Command(do=Do.MOVE, to="open"))
        setting_up.define_rule(
            unit, "to internal", MOVED, Command(do=Do.MOVE, to="pending_internal")
        )
    ticket = opened(desk)
    desk.run(tickets.move_ticket, ticket.id, "pending_customer")
    with desk.work() as unit:
        chains = [one.chain for one in sla.moments_of(unit, ticket.id)]
    assert chains[:2] == [(), ()]
    assert max(len(chain) for chain in chains) == 2
    assert all(len(set(chain)) == len(chain) for chain in chains)
    told = [verdict for trace in traces(desk, ticket) for verdict in trace]
    assert ("to open v1", False, "fired before in this chain") in told


def test_a_chain_of_many_rules_is_cut(near_desk: Desk) -> None:
    """At most ten rules follow from each other."""
    names = [f"step {at:02}" for at in range(14)]
    with near_desk.work() as unit:
        for name in names:
            setting_up.define_status(unit, name, StatusCategory.OPEN)
        for at, (here, there) in enumerate(pairwise(names)):
            setting_up.define_rule(
                unit,
                f"from {here}",
                MOVED,
                Command(do=Do.MOVE, to=there),
                condition=where(Ticket).status.eq(here),
                rank=-at,
            )
    ticket = opened(near_desk)
    moved = near_desk.run(tickets.move_ticket, ticket.id, names[0])
    assert moved.status == names[10]
    told = [verdict for trace in traces(near_desk, ticket) for verdict in trace]
    assert ("from step 10 v1", False, "10 rules have followed from each other") in told


def test_what_a_ticket_refuses_is_told_and_stops_nothing(near_desk: Desk) -> None:
    """A rule that cannot be carried out leaves the ticket as it was and is seen in the trace."""
    with near_desk.work() as unit:
        setting_up.define_rule(
            unit,
            "impossible",
            OPENED,
            Command(do=Do.MOVE, to="nowhere"),
            Command(do=Do.ASSIGN, to="next"),
            Command(do=Do.TAG, to="seen"),
            Command(do=Do.UNTAG, to="absent"),
        )
    ticket = opened(near_desk)
    ((_, fired, reason),) = traces(near_desk, ticket)[0]
    assert (ticket.category, ticket.tags, fired) == (StatusCategory.NEW, ("seen",), True)
    assert "move nowhere: refused" in reason
    assert reason.endswith("tag seen: done; untag absent: was so already")


def test_a_changed_rule_is_another_version(near_desk: Desk) -> None:
    """What fired is told with the version that fired; a rule that is switched off is not asked."""
    with near_desk.work() as unit:
        rule = setting_up.define_rule(unit, "tag", OPENED, Command(do=Do.TAG, to="one"))
    first = opened(near_desk)
    near_desk.run(setting_up.change_rule, rule.id, commands=(Command(do=Do.TAG, to="two"),))
    second = opened(near_desk)
    near_desk.run(setting_up.change_rule, rule.id, is_active=False)
    third = opened(near_desk)
    assert [one.tags for one in (first, second, third)] == [("one",), ("two",), ()]
    assert traces(near_desk, second)[0][0][0] == "tag v2"
    assert traces(near_desk, third) == [[]]
    with near_desk.work() as unit:
        narrowed = setting_up.change_rule(unit, rule.id, condition=where(Ticket).topic.eq("x"))
        assert unit.automation_rules.get(rule.id) == narrowed
        assert isinstance(narrowed, AutomationRule)


def test_a_bots_reply_may_set_off_a_rule(near_desk: Desk) -> None:
    """Conditions know who wrote."""
    by_bot = When(happenings=(Happening.REPLIED,), authors=(Author.BOT,))
    with near_desk.work() as unit:
        setting_up.define_rule(unit, "bot", by_bot, Command(do=Do.QUEUE, to="machines"))
        setting_up.define_rule(unit, "raised", RAISED, Command(do=Do.TAG, to="raised"))
    ticket = near_desk.run(tickets.open_ticket, "no queue")
    near_desk.run(tickets.reply_to_ticket, ticket.id, Author.BOT)
    with near_desk.work() as unit:
        assert unit.tickets.get(ticket.id).team_id == near_desk.team


def test_a_macro_does_all_or_nothing(desk: Desk) -> None:
    """Its commands run in order; what is refused in the middle undoes the beginning."""
    (li,) = desk.agents("Li")
    with desk.work() as unit:
        setting_up.define_macro(
            unit,
            "take over",
            Command(do=Do.TAG, to="taken"),
            Command(do=Do.ASSIGN, to=str(li)),
            Command(do=Do.MOVE, to="open"),
        )
        setting_up.define_macro(
            unit,
            "broken",
            Command(do=Do.TAG, to="lost"),
            Command(do=Do.MOVE, to="closed"),
            Command(do=Do.PRIORITISE, to="low"),
        )
    ticket = opened(desk)
    done = desk.run(macros.run_macro, "take over", ticket.id)
    assert (done.tags, done.assignee_id, done.category) == (("taken",), li, StatusCategory.OPEN)
    with pytest.raises(TicketFinished):
        desk.run(macros.run_macro, "broken", ticket.id)
    with desk.work() as unit:
        assert unit.tickets.get(ticket.id) == done
    with pytest.raises(InvalidValue):
        desk.run(macros.run_macro, "unknown", ticket.id)


@pytest.mark.parametrize(
    ("do", "to"), [(Do.PRIORITISE, "urgent"), (Do.TAG, ""), (Do.PRIORITISE, "")]
)
def test_a_command_that_cannot_be_meant_is_refused(do: Do, to: str) -> None:
    """It is checked when it is written, not when it runs."""
    with pytest.raises(InvalidValue) as caught:
        Command(do=do, to=to)
    assert caught.value.path == "command.to"
