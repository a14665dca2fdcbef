"""Looking a flow through: what would stop everybody, and what would pass unseen, is told before."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from crmkit.domain.access.soundness import Finding
from crmkit.domain.access.user import User
from crmkit.domain.approvals.flow import ApprovalFlow, ApprovalFlowId
from crmkit.domain.approvals.node import Mode, Node, WhenLate, WhenNobody, WhenOwn
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.filters.as_json import filter_to_json
from crmkit.domain.filters.tree import Filter
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal, DealOutcome
from crmkit.errors import InvalidSettings
from crmkit.services import approvals
from tests.services.approvals.office import LIMIT, Office, opened, publish

DEAL = where(Deal)
WON = filter_to_json(DEAL.outcome.eq(DealOutcome.WON))
SUN = Node(name="sun", approvers=(Approvers.in_role("finance"),))
HUGE = filter_to_json(DEAL.value.gt(Money("500000", "CNY")))


@pytest.fixture
def office(tenant: str) -> Iterator[Office]:
    """Give an office in memory."""
    with opened("memory:", tenant) as office:
        yield office


def look(office: Office, *nodes: Node, **parts: Any) -> list[Finding]:
    """Look a flow about deals through."""
    given = {"exit": WON, "nodes": nodes or (SUN,), **parts}
    flow = ApprovalFlow(id=ApprovalFlowId(uuid4()), code="new", entity="deal", **given)
    with office.work("boss") as work:
        return list(approvals.look_through_flow(work, flow))


def said(findings: list[Finding]) -> list[tuple[str, bool]]:
    """Return where each finding lies, and whether it is a fault."""
    return [(finding.path, finding.is_fault) for finding in findings]


def test_a_sound_flow_has_no_findings(office: Office) -> None:
    """The roles are played, the conditions can be met, somebody is there for everybody."""
    two = Node(name="two", approvers=SUN.approvers, when=HUGE)
    assert look(office, SUN, two) == [
        Finding(
            path="nodes.sun.approvers",
            message="sun can submit nothing here, for nobody can approve it",
            is_fault=False,
        ),
        Finding(
            path="nodes.two.approvers",
            message="sun can submit nothing here, for nobody can approve it",
            is_fault=False,
        ),
    ]
    spare = {"nobody": WhenNobody.ASSIGN, "fallback": (office.people["boss"],)}
    assert look(office, Node(name="n", approvers=SUN.approvers, **spare)) == []


@pytest.mark.parametrize(
    ("nodes", "parts", "path"),
    [
        ((), {"when": filter_to_json(DEAL.outcome.eq(DealOutcome.LOST))}, "exit"),
        (
            (SUN, Node(name="x", approvers=SUN.approvers, when=HUGE)),
            {"when": filter_to_json(DEAL.value.le(LIMIT))},
            "nodes.x.when",
        ),
        ((Node(name="x", approvers=(Approvers.in_role("nobody"),)),), {}, "nodes.x.approvers"),
        ((Node(name="x", approvers=(Approvers.superior(9),)),), {}, "nodes.x.approvers"),
        (
            (Node(name="x", approvers=SUN.approvers, mode=Mode.QUORUM, quorum=2),),
            {},
            "nodes.x.approvers",
        ),
    ],
)
def test_what_stops_everybody_is_a_fault(
    office: Office, nodes: tuple[Node, ...], parts: dict[str, Any], path: str
) -> None:
    """Nothing that can need it, a node nothing comes to, nobody to ask, too few for the quorum."""
    assert (path, True) in said(look(office, *nodes, **parts))


def test_what_passes_unseen_is_told(office: Office) -> None:
    """Records without a node, nodes passed unasked, one's own yes, escalation to nobody."""
    node = Node(name="x", approvers=SUN.approvers, when=HUGE)
    assert ("nodes", False) in said(look(office, node))
    passes = Node(name="x", approvers=(Approvers.superior(),), nobody=WhenNobody.PASS)
    [finding] = look(office, passes)
    assert finding.message == "boss, sun pass it without anybody who is asked"
    own = Node(name="x", approvers=SUN.approvers, own=WhenOwn.ALLOW)
    [finding] = look(office, own)
    assert finding.message == "sun decide on what they submit themselves"
    late = Node(
        name="x",
        approvers=(Approvers.users(office.people["boss"]),),
        own=WhenOwn.ALLOW,
        late_after=60,
        late=WhenLate.SUPERIOR,
    )
    assert "nobody is above boss when it is late" in [one.message for one in look(office, late)]


def test_who_is_gone_is_named(office: Office) -> None:
    """A role that nobody plays beside one that somebody does, and a user who has left."""
    both = Node(name="x", approvers=(*SUN.approvers, Approvers.in_role("nobody")))
    assert "nobody plays nobody" in [one.message for one in look(office, both)]
    stranger = office.people["sun"].__class__(uuid4().hex)
    gone = Node(name="x", approvers=(*SUN.approvers, Approvers.users(stranger)))
    assert any("no active user" in one.message for one in look(office, gone))


def test_a_step_that_writes_what_is_approved_is_told(office: Office) -> None:
    """Approved as it stands, the record would say something else when it takes the step."""
    exit_ = filter_to_json(DEAL.name.starts_with("won"))
    assert "exit" in [one.path for one in look(office, exit=exit_)]
    assert "exit" not in [one.path for one in look(office, exit=exit_, moves=("name",))]


def test_a_line_of_superiors_in_a_circle_is_told(office: Office) -> None:
    """Each of those in it is named; the others are not."""
    with office.work("boss") as work:
        boss = work.users.first(where(User).login.eq("boss"))
        assert boss is not None
        work.users.save(boss.evolve(manager_id=office.people["wang"]))
    paths = [one.path for one in look(office) if "above themselves" in one.message]
    assert sorted(paths) == ["users.boss", "users.wang"]


def test_what_can_never_be_needed_is_not_published(office: Office) -> None:
    """Contradictions within the flow are refused when it is published, and name the condition."""
    node = Node(name="x", approvers=SUN.approvers, when=HUGE)
    cases: list[tuple[Node, Filter, str]] = [
        (SUN, DEAL.outcome.eq(DealOutcome.LOST), "exit"),
        (node, DEAL.value.le(LIMIT), "nodes.x.when"),
    ]
    for one, when, path in cases:
        with pytest.raises(InvalidSettings) as caught, office.work("boss") as work:
            publish(work, one, code="new", when=when)
        assert caught.value.path == path
