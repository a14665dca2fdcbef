"""Approvals go from node to node by what people say, and tell whose turn it is."""

from datetime import timedelta

import attrs
import pytest

from crmkit.domain.approvals import telling
from crmkit.domain.approvals.case import ApprovalStatus
from crmkit.domain.approvals.flow import Repeats, Withdrawal
from crmkit.domain.approvals.node import Mode, Node, WhenLate, WhenOwn
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.approvals.step import Place
from crmkit.domain.approvals.telling import Deed
from crmkit.errors import InvalidValue
from tests.domain.approvals.sample_people import (
    AT,
    LI,
    QIAN,
    SUN,
    WANG,
    ZHAO,
    Company,
    flow_of,
    route_of,
    said,
    submitted,
)

LINE = Node(name="line", approvers=(Approvers.superiors(2),), mode=Mode.SEQUENCE)
FINANCE = Node(name="finance", approvers=(Approvers.in_role("finance"),), mode=Mode.ALL)
FLOW = flow_of(LINE, FINANCE)


def waits(case) -> set[str]:
    """Return the names of those whom a case waits for."""
    return set(case.waiting_for)


def names(*users) -> set[str]:
    """Return user ids as a case keeps them."""
    return {str(user) for user in users}


def test_one_after_the_other_then_all_together() -> None:
    """The superiors are asked in turn, finance at once; the last yes approves."""
    route = route_of(FLOW)
    case = submitted(FLOW)
    seen = [waits(case)]
    for user in (WANG, ZHAO, QIAN, SUN):
        case = case.approve(FLOW, said(user), route)
        seen.append(waits(case))
    expected = [names(WANG), names(ZHAO), names(SUN, QIAN), names(SUN), set()]
    assert (seen, case.status, case.closed_at) == (expected, ApprovalStatus.APPROVED, AT)
    granted = telling.ApprovalGranted(approval_id=case.id, entity="deal", record_id=case.record_id)
    assert granted in case.events
    asked = [event.user_ids for event in case.events if isinstance(event, telling.ApprovalAsked)]
    assert asked == [(WANG,), (ZHAO,), (SUN, QIAN)]


def test_one_no_of_all_rejects() -> None:
    """It is over, with the comment, and nobody is asked any more."""
    flow = flow_of(FINANCE)
    case = submitted(flow).reject(flow, said(SUN, comment="太低"))
    assert (case.status, waits(case)) == (ApprovalStatus.REJECTED, set())
    assert telling.ApprovalRejected(approval_id=case.id, comment="太低") in case.events
    with pytest.raises(telling.ApprovalOver):
        case.approve(flow, said(QIAN), route_of(flow))


def test_the_first_of_any_decides() -> None:
    """Yes or no, the others are not asked any more (或签)."""
    flow = flow_of(attrs.evolve(FINANCE, mode=Mode.ANY))
    yes = submitted(flow).approve(flow, said(QIAN), route_of(flow))
    no = submitted(flow).reject(flow, said(SUN))
    assert (yes.status, no.status) == (ApprovalStatus.APPROVED, ApprovalStatus.REJECTED)


def test_a_quorum_survives_as_many_noes_as_it_can() -> None:
    """Two of three: one no leaves it open, a second ends it."""
    three = Approvers.users(SUN, QIAN, ZHAO)
    flow = flow_of(Node(name="board", approvers=(three,), mode=Mode.QUORUM, quorum=2))
    once = submitted(flow).reject(flow, said(SUN))
    assert (once.status, waits(once)) == (ApprovalStatus.PENDING, names(QIAN, ZHAO))
    assert once.reject(flow, said(ZHAO)).status is ApprovalStatus.REJECTED
    both = once.approve(flow, said(QIAN), route_of(flow)).approve(flow, said(ZHAO), route_of(flow))
    assert both.status is ApprovalStatus.APPROVED


def test_who_is_not_asked_is_refused() -> None:
    """Out of turn, out of the flow, or the submitter in somebody's place."""
    case = submitted(FLOW)
    for user in (ZHAO, SUN):
        with pytest.raises(telling.NotYourTurn):
            case.approve(FLOW, said(user), route_of(FLOW))
    with pytest.raises(telling.OwnSubmission):
        case.approve(FLOW, said(LI, WANG), route_of(FLOW))


def test_a_delegate_decides_in_anothers_place_and_the_log_says_so() -> None:
    """The line names both."""
    case = submitted(FLOW).approve(FLOW, said(QIAN, WANG), route_of(FLOW))
    line = case.log[-1]
    assert (line.did, line.by, line.in_place_of) == (Deed.APPROVE, QIAN, WANG)
    assert waits(case) == names(ZHAO)


def test_a_signer_added_before_decides_first() -> None:
    """Then the one who asked; a no of either rejects (前加签)."""
    flow = flow_of(LINE)
    added = submitted(flow).add_signer(flow, said(WANG), SUN)
    assert waits(added) == names(SUN)
    assert added.reject(flow, said(SUN)).status is ApprovalStatus.REJECTED
    agreed = added.approve(flow, said(SUN), route_of(flow))
    assert waits(agreed) == names(WANG)


def test_a_signer_added_after_decides_next() -> None:
    """The node is not passed before (后加签)."""
    flow = flow_of(attrs.evolve(FINANCE, mode=Mode.ANY))
    added = submitted(flow).add_signer(flow, said(SUN), ZHAO, place=Place.AFTER)
    assert waits(added) == names(SUN, QIAN)
    first = added.approve(flow, said(SUN), route_of(flow))
    assert (first.status, waits(first)) == (ApprovalStatus.PENDING, names(ZHAO, QIAN))
    assert first.approve(flow, said(ZHAO), route_of(flow)).status is ApprovalStatus.APPROVED


def test_signers_are_added_within_bounds() -> None:
    """Not where the flow forbids it, nobody twice, never the submitter."""
    fixed = flow_of(LINE, adds_signers=False)
    with pytest.raises(telling.SignersFixed):
        submitted(fixed).add_signer(fixed, said(WANG), SUN)
    with pytest.raises(telling.SignersFixed):
        submitted(FLOW).add_signer(FLOW, said(WANG), ZHAO)
    with pytest.raises(telling.OwnSubmission):
        submitted(FLOW).add_signer(FLOW, said(WANG), LI)


def test_it_goes_back_to_an_earlier_node_or_to_the_submitter() -> None:
    """All behind that node are asked anew; the submitter may submit it again (退回)."""
    route = route_of(FLOW)
    case = submitted(FLOW)
    for user in (WANG, ZHAO, SUN):
        case = case.approve(FLOW, said(user), route)
    again = case.send_back(FLOW, said(QIAN), route, node="line")
    assert (again.status, waits(again), again.round) == (ApprovalStatus.PENDING, names(WANG), 2)
    home = case.send_back(FLOW, said(QIAN), route)
    assert (home.status, waits(home)) == (ApprovalStatus.RETURNED, set())
    changed = home.evolve(content={"value": 2}, content_hash="1" * 64)
    anew = changed.resubmit(FLOW, route, by=LI, at=AT)
    assert (anew.content_hash, waits(anew)) == ("1" * 64, names(WANG))
    with pytest.raises(telling.CannotReturnThere):
        submitted(FLOW).send_back(FLOW, said(WANG), route, node="finance")
    with pytest.raises(InvalidValue):
        submitted(FLOW).send_back(FLOW, said(WANG), route, node="nowhere")


@pytest.mark.parametrize("policy", Withdrawal)
def test_submitters_take_back_as_far_as_the_flow_lets_them(policy: Withdrawal) -> None:
    """Always, while nobody has decided, or never; and nobody else does (撤回)."""
    flow = flow_of(LINE, withdrawal=policy)
    fresh = submitted(flow)
    decided = fresh.approve(flow, said(WANG), route_of(flow))
    for case, allowed in (
        (fresh, policy is not Withdrawal.NEVER),
        (decided, policy is Withdrawal.ALWAYS),
    ):
        with pytest.raises(telling.NotTheSubmitter):
            case.withdraw(flow, by=WANG, at=AT)
        if allowed:
            assert case.withdraw(flow, by=LI, at=AT).status is ApprovalStatus.WITHDRAWN
        else:
            with pytest.raises(telling.WithdrawalTooLate):
                case.withdraw(flow, by=LI, at=AT)


def test_who_said_yes_is_asked_again_only_as_the_flow_says() -> None:
    """At each node, not at the next one, or once in all."""
    nodes = [
        Node(name=name, approvers=(Approvers.users(user),))
        for name, user in (("a", SUN), ("b", SUN), ("c", QIAN), ("d", SUN))
    ]
    ways = {Repeats.EACH: "SSQS", Repeats.ADJACENT: "SQS", Repeats.ONCE: "SQ"}
    for repeats, expected in ways.items():
        flow = flow_of(*nodes, repeats=repeats)
        case, asked = submitted(flow), ""
        while case.status is ApprovalStatus.PENDING:
            user = case.step.waiting_for[0]
            asked += "S" if user == SUN else "Q"
            case = case.approve(flow, said(user), route_of(flow))
        assert asked == expected


def test_no_needs_a_reason_where_the_flow_asks_why() -> None:
    """A blank one is none."""
    for comment in (None, "  "):
        with pytest.raises(telling.CommentMissing):
            submitted(FLOW).reject(FLOW, said(WANG, comment=comment))
    quiet = flow_of(LINE, asks_why=False)
    no = submitted(quiet).reject(quiet, said(WANG, comment=None))
    assert no.status is ApprovalStatus.REJECTED


@pytest.mark.parametrize("late", WhenLate)
def test_what_is_late_escalates_as_the_node_says(late: WhenLate) -> None:
    """The superior may decide too, or it passes, or it is rejected; once."""
    flow = flow_of(Node(name="n", approvers=(Approvers.superior(),), late_after=60, late=late))
    due = AT + timedelta(hours=1)
    route = [node.ask(LI, None, Company(), due_at=due) for node in flow.nodes]
    case = submitted(flow, route=route)
    with pytest.raises(telling.ApprovalOver):
        case.escalate(flow, route, {}, at=due - timedelta(seconds=1))
    escalated = case.escalate(flow, route, {WANG: ZHAO}, at=due)
    expected = {
        WhenLate.SUPERIOR: (ApprovalStatus.PENDING, names(WANG, ZHAO)),
        WhenLate.PASS: (ApprovalStatus.APPROVED, set()),
        WhenLate.REJECT: (ApprovalStatus.REJECTED, set()),
    }
    assert (escalated.status, waits(escalated), escalated.due_at) == (*expected[late], None)


def test_migration_asks_anew_at_a_node_of_the_other_edition() -> None:
    """What was said before stays in the log, and counts no more."""
    once = submitted(FLOW).approve(FLOW, said(WANG), route_of(FLOW))
    other = flow_of(attrs.evolve(FINANCE, name="money"), LINE)
    moved = once.migrate(other, route_of(other), node="money", by=ZHAO, at=AT)
    assert (waits(moved), len(moved.steps), moved.log[-2].did) == (
        names(SUN, QIAN),
        2,
        Deed.APPROVE,
    )


def test_void_ends_only_what_was_approved() -> None:
    """A pending one is withdrawn or rejected instead."""
    flow = flow_of(Node(name="n", approvers=(Approvers.users(LI),), own=WhenOwn.SKIP))
    case = submitted(flow)
    assert case.void(by=SUN, at=AT).status is ApprovalStatus.VOID
    with pytest.raises(telling.ApprovalOver):
        submitted(FLOW).void(by=SUN, at=AT)


def test_an_approval_is_kept_only_with_what_was_decided() -> None:
    """A plain change of its status is refused, whoever writes it."""
    case = submitted(FLOW)
    case.check_step(None)
    with pytest.raises(telling.DecisionsOnly):
        case.replaced(events=(), status=ApprovalStatus.APPROVED).check_step(case)
