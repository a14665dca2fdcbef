"""Approvals against a model in plain lists: same turn, same outcome, same refusals, any history."""

import os
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.case import ApprovalStatus
from crmkit.domain.approvals.node import Mode, Node
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.approvals.step import Place
from crmkit.errors import RuleBroken
from tests.domain.approvals.sample_people import AT, LI, flow_of, route_of, said, submitted

PEOPLE = [UserId(UUID(int=at)) for at in range(10, 18)]
STEPS = 60 if os.environ.get("CRMKIT_FULL") == "1" else 20


class Slot:
    """One approver of a node and those added, in the order in which they decide."""

    def __init__(self, user: UserId) -> None:
        """Begin with the approver alone."""
        self.queue = [user]
        self.refused = False


class Model:
    """What an approval must do, in lists: per node the slots, of each the one whose turn it is."""

    def __init__(self, nodes: list[tuple[str, list[UserId], int]]) -> None:
        """Begin at the first node."""
        self.nodes = nodes
        self.status = "pending"
        self.go_to(0)

    def go_to(self, at: int) -> None:
        """Ask those of a node."""
        self.at = at
        self.slots = [Slot(user) for user in self.nodes[at][1]]
        self.asked = set(self.nodes[at][1])

    def turn(self) -> dict[UserId, Slot]:
        """Return whose turn it is."""
        if self.status != "pending":
            return {}
        waiting = [slot for slot in self.slots if slot.queue and not slot.refused]
        if self.nodes[self.at][0] == "sequence":
            waiting = waiting[:1]
        return {slot.queue[0]: slot for slot in waiting}

    def say(self, user: UserId, *, yes: bool) -> None:
        """Take a decision and go on where the node is decided."""
        slot = self.turn()[user]
        if yes:
            slot.queue.pop(0)
        else:
            slot.refused = True
        mode, _users, quorum = self.nodes[self.at]
        done = sum(not slot.queue for slot in self.slots)
        refused = sum(slot.refused for slot in self.slots)
        need = {"any": 1, "quorum": quorum}.get(mode, len(self.slots))
        spare = len(self.slots) - need if mode == "quorum" else 0
        if done >= need:
            self.pass_node()
        elif refused > spare:
            self.status = "rejected"

    def pass_node(self) -> None:
        """Go to the next node, or be approved."""
        if self.at + 1 == len(self.nodes):
            self.status = "approved"
        else:
            self.go_to(self.at + 1)


@st.composite
def plans(draw: st.DrawFn) -> list[tuple[str, list[UserId], int]]:
    """Draw the nodes of a flow: a mode, some people, and how many must agree."""
    nodes: list[tuple[str, list[UserId], int]] = []
    for _node in range(draw(st.integers(1, 3))):
        mode = draw(st.sampled_from(["any", "all", "sequence", "quorum"]))
        users = draw(st.lists(st.sampled_from(PEOPLE[:5]), min_size=1, max_size=4, unique=True))
        quorum = draw(st.integers(1, len(users))) if mode == "quorum" else 0
        nodes.append((mode, users, quorum))
    return nodes


class ApprovalHistory(RuleBasedStateMachine):
    """Anybody tries anything at any time."""

    @initialize(plan=plans())
    def submit(self, plan: Any) -> None:
        """Submit through some flow."""
        nodes = [
            Node(
                name=f"n{at}", approvers=(Approvers.users(*users),), mode=Mode(mode), quorum=quorum
            )
            for at, (mode, users, quorum) in enumerate(plan)
        ]
        self.model = Model(plan)
        self.begin(*nodes)

    def begin(self, *nodes: Node) -> None:
        """Submit through a flow of these nodes."""
        self.flow = flow_of(*nodes)
        self.route = route_of(self.flow)
        self.case = submitted(self.flow)

    @rule(user=st.sampled_from([*PEOPLE, LI]), yes=st.booleans())
    def decide(self, user: UserId, yes: bool) -> None:
        """Say yes or no."""
        may = user in self.model.turn()
        if self.tries(may, lambda: self.said(user, yes=yes)):
            self.model.say(user, yes=yes)

    @rule(user=st.sampled_from(PEOPLE), who=st.sampled_from([*PEOPLE, LI]), first=st.booleans())
    def add_signer(self, user: UserId, who: UserId, first: bool) -> None:
        """Ask one more, before or after."""
        slot = self.model.turn().get(user)
        place = Place.BEFORE if first else Place.AFTER
        has_one_behind = slot is not None and len(slot.queue) > 1
        if has_one_behind and not first:
            return
        may = slot is not None and who not in self.model.asked and who != LI
        if self.tries(may, lambda: self.added(user, who, place)) and slot is not None:
            slot.queue.insert(0 if first else 1, who)
            self.model.asked.add(who)

    @rule(user=st.sampled_from(PEOPLE), to=st.none() | st.integers(0, 2))
    def send_back(self, user: UserId, to: int | None) -> None:
        """Send back to a node or to the submitter."""
        may = user in self.model.turn() and (to is None or to <= self.model.at)
        node = None if to is None else f"n{to}"
        if self.tries(may, lambda: self.sent_back(user, node)):
            if to is None:
                self.model.status = "returned"
            else:
                self.model.go_to(to)

    @rule(user=st.sampled_from([LI, PEOPLE[0]]))
    def resubmit(self, user: UserId) -> None:
        """Submit again."""
        may = self.model.status == "returned" and user == LI
        if self.tries(may, lambda: self.resubmitted(user)):
            self.model.status = "pending"
            self.model.go_to(0)

    @rule(user=st.sampled_from([LI, PEOPLE[0]]), really=st.integers(0, 9))
    def withdraw(self, user: UserId, really: int) -> None:
        """Take it back, now and then."""
        may = self.model.status in ("pending", "returned") and user == LI
        if may and really:
            return
        if self.tries(may, lambda: self.withdrawn(user)):
            self.model.status = "withdrawn"

    def said(self, user: UserId, *, yes: bool) -> Any:
        """Return the case after somebody spoke."""
        if yes:
            return self.case.approve(self.flow, said(user), self.route)
        return self.case.reject(self.flow, said(user))

    def added(self, user: UserId, who: UserId, place: Place) -> Any:
        """Return the case after somebody asked one more."""
        return self.case.add_signer(self.flow, said(user), who, place=place)

    def sent_back(self, user: UserId, node: str | None) -> Any:
        """Return the case after somebody sent it back."""
        return self.case.send_back(self.flow, said(user), self.route, node=node)

    def resubmitted(self, user: UserId) -> Any:
        """Return the case after somebody submitted it again."""
        return self.case.resubmit(self.flow, self.route, by=user, at=AT)

    def withdrawn(self, user: UserId) -> Any:
        """Return the case after somebody took it back."""
        return self.case.withdraw(self.flow, by=user, at=AT)

    def tries(self, may: bool, step: Any) -> bool:
        """Take a step that the model allows; one that it forbids must be refused."""
        try:
            after = step()
        except (RuleBroken, ValueError):
            assert not may
            return False
        assert may
        self.case = after
        return True

    @invariant()
    def agrees(self) -> None:
        """The same status, and the same people whose turn it is."""
        if hasattr(self, "model"):
            assert self.case.status == ApprovalStatus(self.model.status)
            assert set(self.case.waiting_for) == {str(user) for user in self.model.turn()}


TestApprovalHistory = ApprovalHistory.TestCase
TestApprovalHistory.settings = settings(stateful_step_count=STEPS)
