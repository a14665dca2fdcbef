"""Merging and unmerging, splitting, and ties between tickets."""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.crm import CRM
from crmkit.domain.support.moments import Author
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.refusals import (
    LinkWouldCircle,
    TicketBlocked,
    TicketNotMerged,
    TicketWasMerged,
)
from crmkit.domain.support.statuses import StatusCategory
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import TicketMerged, TicketUnmerged
from crmkit.domain.support.ticket_record import LinkKind
from crmkit.errors import InvalidValue, RuleBroken
from crmkit.services.support import assigning, merging, sla, tickets, ties
from tests.services.stopped_clock import Stopped
from tests.services.support.conftest import MONDAY, Desk, new_desk

MARKS = ("version", "updated_at", "updated_by")
DEEDS = (
    lambda desk, one: tickets.reply_to_ticket(desk, one.id),
    lambda desk, one: tickets.reply_to_ticket(desk, one.id, Author.CUSTOMER),
    lambda desk, one: tickets.move_ticket(desk, one.id, "pending_customer"),
    lambda desk, one: tickets.move_ticket(desk, one.id, "open"),
    lambda desk, one: tickets.prioritise_ticket(desk, one.id, Priority.HIGH),
    lambda desk, one: tickets.resolve_ticket(desk, one.id),
    lambda desk, one: tickets.update_ticket(desk, one.id, tags=("vip",), topic="press"),
)


def content(ticket: Ticket) -> dict[str, Any]:
    """Return all that a ticket is, but for the marks of its last change."""
    fields = attrs.asdict(ticket, recurse=False)
    return {name: value for name, value in fields.items() if name not in MARKS}


def two(desk: Desk) -> tuple[Ticket, Ticket]:
    """Open two tickets."""
    with desk.work() as unit:
        one, other = (tickets.open_ticket(unit, name, queue=desk.queue.id) for name in "AB")
        return one, other


def test_a_merged_ticket_leads_to_the_other_and_comes_back_exactly(desk: Desk) -> None:
    """Nothing is copied: replies go to the kept one, and unmerging restores the lost one."""
    keep, lose = two(desk)
    desk.at(2, 10)
    desk.run(tickets.move_ticket, lose.id, "pending_customer")
    with desk.work() as unit:
        before = unit.tickets.get(lose.id)
    with desk.work() as unit:
        merging.merge_tickets(unit, keep.id, lose.id)
        assert TicketMerged(ticket_id=lose.id, into_id=keep.id) in unit.events
    with desk.work() as unit:
        merged = unit.tickets.get(lose.id)
        assert (merged.category, merged.due_at) == (StatusCategory.MERGED, None)
        assert tickets.find_ticket(unit, lose.id).id == keep.id
    replied = desk.run(tickets.reply_to_ticket, lose.id, Author.CUSTOMER)
    assert replied.id == keep.id
    with desk.work() as unit:
        merging.unmerge_ticket(unit, lose.id)
        assert TicketUnmerged(ticket_id=lose.id, from_id=keep.id) in unit.events
    with desk.work() as unit:
        assert content(unit.tickets.get(lose.id)) == content(before)


def test_a_late_reply_does_not_bring_a_merged_ticket_back(desk: Desk) -> None:
    """A customer who writes on a merged ticket writes on the kept one, however late."""
    keep, lose = two(desk)
    desk.run(tickets.resolve_ticket, lose.id)
    desk.run(merging.merge_tickets, keep.id, lose.id)
    desk.at(30, 9)
    assert desk.run(tickets.reply_to_ticket, lose.id, Author.CUSTOMER).id == keep.id
    with desk.work() as unit:
        assert unit.tickets.count() == 2


@given(deeds=st.lists(st.sampled_from(DEEDS), max_size=6), hours=st.integers(0, 200))
def test_merge_then_unmerge_is_the_identity(deeds: list[Any], hours: int) -> None:
    """Whatever happened on a ticket before, it is afterwards what it was."""
    with CRM.open("memory:", plugin_names=(), clock=(clock := Stopped(MONDAY))) as crm:
        desk = new_desk(crm, clock)
        keep, lose = two(desk)
        for step, deed in enumerate(deeds):
            desk.at(2 + step, 9 + hours % 8)
            try:
                desk.run(deed, lose)
            except RuleBroken:
                continue
        with desk.work() as unit:
            before = unit.tickets.get(lose.id)
        desk.at(20, 9)
        desk.run(merging.merge_tickets, keep.id, lose.id)
        desk.at(21, 9)
        desk.run(merging.unmerge_ticket, lose.id)
        with desk.work() as unit:
            assert content(unit.tickets.get(lose.id)) == content(before)


def test_merges_in_a_row_and_in_a_circle(near_desk: Desk) -> None:
    """A chain leads to its end; a ticket is not merged into itself, by whatever way."""
    one, other = two(near_desk)
    third, _ = two(near_desk)
    near_desk.run(merging.merge_tickets, other.id, one.id)
    near_desk.run(merging.merge_tickets, third.id, other.id)
    with near_desk.work() as unit:
        assert tickets.find_ticket(unit, one.id).id == third.id
    with pytest.raises(TicketWasMerged):
        near_desk.run(merging.merge_tickets, one.id, third.id)
    with pytest.raises(TicketWasMerged):
        near_desk.run(merging.merge_tickets, third.id, one.id)
    with pytest.raises(InvalidValue):
        near_desk.run(merging.merge_tickets, third.id, third.id)
    with pytest.raises(TicketNotMerged):
        near_desk.run(merging.unmerge_ticket, third.id)


def test_a_second_matter_is_split_off(desk: Desk) -> None:
    """The new ticket has the same people and clocks of its own; the old one is as it was."""
    one, _ = two(desk)
    desk.at(2, 10)
    new = desk.run(merging.split_ticket, one.id, "invoice is wrong")
    assert (new.queue_id, new.opened_at) == (one.queue_id, desk.clock.at)
    with desk.work() as unit:
        assert unit.tickets.get(one.id) == one
        (link,) = ties.links_of(unit, one.id)
    assert (link.from_id, link.kind, link.to_id) == (new.id, LinkKind.SPLIT_FROM, one.id)


@pytest.mark.parametrize("kind", [LinkKind.CHILD_OF, LinkKind.BLOCKS])
def test_a_ticket_waits_for_its_children_and_for_what_blocks_it(desk: Desk, kind: LinkKind) -> None:
    """It is not resolved before them, and is afterwards."""
    parent, child = two(desk)
    link = desk.run(ties.link_tickets, child.id, kind, parent.id)
    for service, *args in ((tickets.resolve_ticket,), (tickets.move_ticket, "closed")):
        with pytest.raises(TicketBlocked) as caught:
            desk.run(service, parent.id, *args)
        assert "'B'" in str(caught.value)
    desk.run(ties.unlink_tickets, link.id)
    desk.run(ties.link_tickets, child.id, kind, parent.id)
    desk.run(tickets.resolve_ticket, child.id)
    assert desk.run(tickets.resolve_ticket, parent.id).category is StatusCategory.RESOLVED


def test_ties_do_not_go_round(near_desk: Desk) -> None:
    """No ticket is its own grandparent; a tie to itself is refused, another kind is not."""
    one, other = two(near_desk)
    third, _ = two(near_desk)
    near_desk.run(ties.link_tickets, one.id, LinkKind.CHILD_OF, other.id)
    near_desk.run(ties.link_tickets, other.id, LinkKind.CHILD_OF, third.id)
    with pytest.raises(LinkWouldCircle):
        near_desk.run(ties.link_tickets, third.id, LinkKind.CHILD_OF, one.id)
    with pytest.raises(LinkWouldCircle):
        near_desk.run(ties.link_tickets, one.id, LinkKind.DUPLICATE_OF, one.id)
    near_desk.run(ties.link_tickets, third.id, LinkKind.CAUSED_BY, one.id)


def test_time_is_added_up_over_merged_tickets(near_desk: Desk) -> None:
    """Entries stay where they were logged, and count for the kept ticket."""
    keep, lose = two(near_desk)
    (li,) = near_desk.users("Li")
    near_desk.run(assigning.log_time, lose.id, li, 45, note="on site")
    near_desk.run(merging.merge_tickets, keep.id, lose.id)
    near_desk.run(assigning.log_time, lose.id, li, 30)
    with near_desk.work() as unit:
        assert assigning.time_on(unit, keep.id).total_seconds() == 75 * 60
    with pytest.raises(InvalidValue):
        near_desk.run(assigning.log_time, keep.id, li, 0)
    with near_desk.work() as unit:
        assert sla.explain_clocks(unit, keep.id)[0].startswith("first_response, cycle 1")
