"""Nodes ask those whom their rules name; nobody, oneself and levels are settled by policy."""

from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from crmkit.domain.approvals.node import Mode, NobodyCanApprove, Node, WhenNobody, WhenOwn
from crmkit.domain.approvals.people import Approvers
from crmkit.errors import InvalidValue
from tests.domain.approvals.sample_people import LI, QIAN, SUN, WANG, ZHAO, Company

SUBMITTERS_OWN = (Approvers.users(LI),)


def asked(node: Node, company: Company | None = None, record: Any = None) -> tuple[Any, ...]:
    """Return whom a node asks about what Li submits."""
    return node.ask(LI, record, company or Company(), due_at=None).asked


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Approvers.users(SUN, QIAN, SUN), (SUN, QIAN)),
        (Approvers.superior(), (WANG,)),
        (Approvers.superior(2), (ZHAO,)),
        (Approvers.superiors(5), (WANG, ZHAO)),
        (Approvers.head(), (WANG,)),
        (Approvers.heads(2), (WANG, ZHAO)),
        (Approvers.in_role("finance"), (SUN, QIAN)),
        (Approvers.named_by("owner_id"), (QIAN,)),
    ],
)
def test_a_rule_names_people_by_their_place(rule: Approvers, expected: tuple[Any, ...]) -> None:
    """By name, up the line, by department, by role, by a field; each once, in order."""
    node = Node(name="n", approvers=(rule,))
    assert asked(node, record=SimpleNamespace(owner_id=QIAN)) == expected


def test_a_line_that_goes_in_a_circle_ends() -> None:
    """Nobody is asked twice, and the submitter is not their own superior."""
    company = Company()
    company.managers = {LI: WANG, WANG: LI}
    assert asked(Node(name="n", approvers=(Approvers.superiors(9),)), company) == (WANG,)


def test_where_nobody_can_be_asked_the_policy_says_what_happens() -> None:
    """It is refused by name, passes, or goes to those who stand in."""
    node = Node(name="n", approvers=(Approvers.superior(3),))
    with pytest.raises(NobodyCanApprove) as caught:
        asked(node)
    assert caught.value.path == "nodes.n.approvers"
    assert asked(attrs.evolve(node, nobody=WhenNobody.PASS)) == ()
    stands_in = attrs.evolve(node, nobody=WhenNobody.ASSIGN, fallback=(SUN,))
    assert asked(stands_in) == (SUN,)
    with pytest.raises(NobodyCanApprove):
        asked(stands_in, Company(SUN))


def test_too_few_for_a_quorum_never_pass_unasked() -> None:
    """Where one of the two who must agree is away, it is refused, even if nobody at all passes."""
    node = Node(
        name="n",
        approvers=(Approvers.users(SUN, QIAN),),
        mode=Mode.QUORUM,
        quorum=2,
        nobody=WhenNobody.PASS,
    )
    with pytest.raises(NobodyCanApprove):
        asked(node, Company(QIAN))


@pytest.mark.parametrize(
    ("own", "expected"),
    [(WhenOwn.ALLOW, (LI,)), (WhenOwn.SUPERIOR, (WANG,)), (WhenOwn.SKIP, ())],
)
def test_submitters_do_not_decide_on_their_own_unless_allowed(
    own: WhenOwn, expected: tuple[Any, ...]
) -> None:
    """Their superior does, or the node is skipped."""
    assert asked(Node(name="n", approvers=SUBMITTERS_OWN, own=own)) == expected


def test_who_stands_in_is_not_the_submitter_either() -> None:
    """A fallback to the submitter goes to the superior, or is refused."""
    node = Node(
        name="n",
        approvers=(Approvers.in_role("nobody"),),
        nobody=WhenNobody.ASSIGN,
        fallback=(LI,),
    )
    assert asked(node) == (WANG,)
    with pytest.raises(NobodyCanApprove):
        asked(node, Company(WANG))


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"approvers": ()}, "nodes.n.approvers"),
        ({"mode": Mode.QUORUM}, "nodes.n.quorum"),
        ({"quorum": 2}, "nodes.n.quorum"),
        ({"nobody": WhenNobody.ASSIGN}, "nodes.n.fallback"),
        ({"late_after": 0}, "nodes.n.late_after"),
        ({"mode": Mode.QUORUM, "quorum": 2}, "nodes.n.quorum"),
        (
            {"mode": Mode.QUORUM, "quorum": 4, "approvers": (Approvers.heads(3),)},
            "nodes.n.quorum",
        ),
    ],
)
def test_a_node_that_contradicts_itself_is_refused(settings: Any, path: str) -> None:
    """The setting is named."""
    with pytest.raises(InvalidValue) as caught:
        Node(**{"name": "n", "approvers": SUBMITTERS_OWN, **settings})
    assert caught.value.path == path


def test_a_rule_that_names_nobody_is_refused() -> None:
    """Users, a role or a field are given, and a level is at least one."""
    for wrong in (Approvers.users, lambda: Approvers.in_role("")):
        with pytest.raises(InvalidValue):
            wrong()
    with pytest.raises(InvalidValue):
        Approvers.superior(0)
