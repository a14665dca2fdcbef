"""Cases that stand still: what is late goes on, and one that cannot stops no other."""

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.case import ApprovalStatus
from crmkit.domain.approvals.node import Node, WhenLate
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.sales.deal import Deal
from crmkit.services import approvals
from tests.services.approvals.office import FLOW, Office, opened

PASSES = Node(name="boss", approvers=(Approvers.superior(2),), late_after=60, late=WhenLate.PASS)


@pytest.fixture
def office(ready_url: str, tenant: str) -> Iterator[Office]:
    """Give an office, on each store in turn, in which Boss's silence counts as a yes."""
    with opened(ready_url, tenant, PASSES) as office:
        yield office


def change(office: Office, deal: Deal, **fields: Any) -> Deal:
    """Change a deal as it is now."""
    with office.work("li") as work:
        return work.deals.save(work.deals.get(deal.id).evolve(**fields))


def escalate(office: Office) -> dict[Any, Approval]:
    """Let an hour and more pass, and what is late go on; return each by its record."""
    office.clock.go_on(hours=2)
    return {one.record_id: one for one in office.run("boss", approvals.escalate_late_approvals)}


def test_one_that_cannot_pass_stops_no_other(office: Office) -> None:
    """What changed or was removed meanwhile goes back with the reason; the others pass."""
    sound, moved, gone = (office.open_deal() for _ in range(3))
    for deal in (sound, moved, gone):
        office.submit(deal)
    change(office, moved, name="ERP")
    with office.work("li") as work:
        work.deals.remove(gone)
    late = escalate(office)
    assert {deal.id: late[deal.id].status for deal in (sound, moved, gone)} == {
        sound.id: ApprovalStatus.APPROVED,
        moved.id: ApprovalStatus.RETURNED,
        gone.id: ApprovalStatus.RETURNED,
    }
    assert "name changed" in str(late[moved.id].log[-1].comment)
    assert escalate(office) == {}
    again = office.run("li", approvals.resubmit, late[moved.id].id)
    assert again.status is ApprovalStatus.PENDING


def test_silence_applies_nothing_over_a_field_that_moved(office: Office) -> None:
    """A change held aside goes back; submitted again it is over the value of now."""
    deal = office.open_deal()
    held = office.run("li", approvals.propose_change, deal, FLOW, name="ERP")
    change(office, deal, name="MES")
    back = escalate(office)[deal.id]
    assert (back.status, office.deal(deal).name) == (ApprovalStatus.RETURNED, "MES")
    again = office.run("li", approvals.resubmit, held.id)
    assert again.base == {"name": "MES"}
    assert escalate(office)[deal.id].status is ApprovalStatus.APPROVED
    assert office.deal(deal).name == "ERP"


def test_what_came_back_is_approved_over_the_value_of_now(office: Office) -> None:
    """Sent back because the field had moved, and submitted again, it takes effect."""
    deal = office.open_deal()
    held = office.run("li", approvals.propose_change, deal, FLOW, name="ERP")
    change(office, deal, name="MES")
    office.run("boss", approvals.send_back, held.id, comment="MES?")
    office.run("li", approvals.resubmit, held.id)
    done = office.run("boss", approvals.approve, held.id)
    assert (done.applied_at, office.deal(deal).name) == (office.clock.at, "ERP")


def test_a_superior_is_told_even_of_what_changed(ready_url: str, tenant: str) -> None:
    """Whom it waits for does not hang on the record; who decides learns that it has changed."""
    node = attrs.evolve(PASSES, approvers=(Approvers.superior(1),), late=WhenLate.SUPERIOR)
    with opened(ready_url, tenant, node) as office:
        deal = office.open_deal()
        office.submit(deal)
        change(office, deal, name="ERP")
        assert str(office.people["boss"]) in escalate(office)[deal.id].waiting_for
