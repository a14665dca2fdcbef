"""What a node does when it is special: copies, nobody to ask, one's own, and who has left."""

from typing import Any

import attrs
import pytest

from crmkit.domain.access.user import User, UserId
from crmkit.domain.approvals.case import ApprovalStatus
from crmkit.domain.approvals.node import NobodyCanApprove, Node, WhenNobody, WhenOwn
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.approvals.telling import (
    ApprovalCopied,
    ApprovalRequired,
    Deed,
    NotYourTurn,
    OwnSubmission,
)
from crmkit.domain.sales.deal import DealOutcome
from crmkit.services import approvals, sales
from tests.services.approvals.office import FLOW, Office, opened

FINANCE = Node(name="finance", approvers=(Approvers.in_role("finance"),))
EMPTY = Node(name="empty", approvers=(Approvers.in_role("nobody"),))


def test_a_copy_goes_to_whom_the_node_names(ready_url: str, tenant: str) -> None:
    """It is told and kept, and who gets it is not asked (抄送)."""
    node = Node(name="n", approvers=(Approvers.superior(),), copies=(Approvers.in_role("finance"),))
    with opened(ready_url, tenant, node) as office:
        deal = office.open_deal()
        with office.work("li") as work:
            case = approvals.submit_for_approval(work, deal, FLOW)
            told = [event for event in work.events if isinstance(event, ApprovalCopied)]
        assert [event.user_ids for event in told] == [(office.people["sun"],)]
        with office.work("li") as work:
            assert work.approvals.get(case.id).copied == (str(office.people["sun"]),)
        with pytest.raises(NotYourTurn):
            office.run("sun", approvals.approve, case.id)
        assert office.run("sun", approvals.approvals_waiting_for) == []


@pytest.mark.parametrize("policy", WhenNobody)
def test_a_node_with_nobody_does_what_its_policy_says(
    near_url: str, tenant: str, policy: WhenNobody
) -> None:
    """Refused before anything is kept, passed with a line in the log, or given to who stands in."""
    with opened(near_url, tenant) as office:
        stands_in = (office.people["sun"],) if policy is WhenNobody.ASSIGN else ()
        node = attrs.evolve(EMPTY, nobody=policy, fallback=stands_in)
        revise(office, node)
        deal = office.open_deal()
        if policy is WhenNobody.REFUSE:
            with pytest.raises(NobodyCanApprove) as caught:
                office.submit(deal)
            assert caught.value.path == "nodes.empty.approvers"
            with office.work("li") as work:
                assert work.approvals.count() == 0
            return
        case = office.submit(deal)
        if policy is WhenNobody.PASS:
            assert [line.did for line in case.log] == [Deed.SUBMIT, Deed.PASS]
        else:
            assert case.waiting_for == (str(office.people["sun"]),)
            case = office.run("sun", approvals.approve, case.id)
        assert case.status is ApprovalStatus.APPROVED
        assert office.run("li", sales.win_deal, deal.id).outcome is DealOutcome.WON


@pytest.mark.parametrize("policy", WhenOwn)
def test_ones_own_is_decided_as_the_node_says(near_url: str, tenant: str, policy: WhenOwn) -> None:
    """By the superior, by nobody, or by oneself where that is allowed and no other way."""
    with opened(near_url, tenant) as office:
        approvers = (Approvers.users(office.people["li"]),)
        revise(office, Node(name="n", approvers=approvers, own=policy))
        deal = office.open_deal()
        case = office.submit(deal)
        if policy is WhenOwn.SKIP:
            assert case.status is ApprovalStatus.APPROVED
            return
        if policy is WhenOwn.SUPERIOR:
            assert case.waiting_for == (str(office.people["wang"]),)
            with pytest.raises(OwnSubmission):
                office.run("li", approvals.approve, case.id)
        by = "wang" if policy is WhenOwn.SUPERIOR else "li"
        assert office.run(by, approvals.approve, case.id).status is ApprovalStatus.APPROVED


def test_who_has_left_is_replaced_by_asking_anew(near_url: str, tenant: str) -> None:
    """A case that waits for somebody who is gone asks those who are there, and the old are not."""
    with opened(near_url, tenant, FINANCE) as office:
        deal = office.open_deal()
        case = office.submit(deal)
        with office.work("boss") as work:
            sun = work.users.get(office.people["sun"])
            work.users.save(sun.deactivate(at=work.now))
            qian = User(id=UserId(work.new_id()), name="qian", login="qian", roles=("finance",))
            work.users.add(qian)
        with pytest.raises(NotYourTurn):
            office.run("qian", approvals.approve, case.id)
        asked = office.run("boss", approvals.migrate_approval, case.id)
        assert asked.waiting_for == (str(qian.id),)
        with pytest.raises(ApprovalRequired):
            office.run("li", sales.win_deal, deal.id)
        office.run("qian", approvals.approve, case.id)
        assert office.run("li", sales.win_deal, deal.id).outcome is DealOutcome.WON


def revise(office: Office, *nodes: Node, **changes: Any) -> None:
    """Publish another edition of the flow."""
    office.run("boss", approvals.revise_flow, FLOW, nodes=nodes, **changes)
