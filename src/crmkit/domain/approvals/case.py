"""Cases: what an approval keeps, and how it goes from node to node."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event, UserId
from crmkit.domain.approvals import telling
from crmkit.domain.approvals.flow import ApprovalFlow, ApprovalFlowId, Repeats
from crmkit.domain.approvals.node import Stop, WhenOwn
from crmkit.domain.approvals.step import Step, Task, Verdict
from crmkit.domain.approvals.telling import ApprovalId, Deed, Line
from crmkit.domain.kinds import Text

Route = Sequence[Stop]
"""All nodes of the flow in order, each with whom it asks about this record."""


class ApprovalStatus(StrEnum):
    """How an approval stands."""

    PENDING = "pending"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    VOID = "void"


@attrs.frozen(kw_only=True)
class Decision:
    """What a person says: `users` are this person and those in whose place they may decide."""

    by: UserId
    users: frozenset[UserId]
    at: datetime
    comment: str | None = None


@attrs.frozen(kw_only=True)
class Case(Aggregate):
    """One case: `content` is what the record said, by whose hash the approval is bound to it.

    `changes` are fields, as plain JSON, that are held aside until it is approved, over the values
    in `base`; `is_new` says that the record itself is. `waiting_for` and `due_at` follow from the
    last step.
    """

    derived_names: ClassVar = ("waiting_for", "due_at")

    id: ApprovalId
    flow_id: ApprovalFlowId
    flow: Annotated[str, Text(max_length=100)]
    entity: Annotated[str, Text(max_length=63)]
    record_id: UUID
    submitter_id: UserId
    submitted_at: datetime
    content: Any
    content_hash: Annotated[str, Text(max_length=64)]
    changes: Any | None = None
    base: Any | None = None
    is_new: bool = False
    removes: bool = False
    status: ApprovalStatus = ApprovalStatus.PENDING
    round: int = 1
    steps: tuple[Step, ...] = ()
    log: tuple[Line, ...] = ()
    waiting_for: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()
    due_at: datetime | None = None
    closed_at: datetime | None = None
    applied_at: datetime | None = None

    def derived(self) -> Mapping[str, Any]:
        """Return whom the last step waits for, and until when."""
        pending = self.status is ApprovalStatus.PENDING and self.steps
        waiting = self.steps[-1].waiting_for if pending else ()
        due = self.steps[-1].due_at if pending else None
        return {"waiting_for": tuple(map(str, waiting)), "due_at": due}

    def check_step(self, before: Any) -> None:
        """Refuse to be kept but by what was decided: no import, undo or plain save moves it."""
        if not any(isinstance(event, telling.ApprovalMoved) for event in self.events):
            raise telling.DecisionsOnly(
                "moves by decisions only", path="approval.status", fix="submit, approve, withdraw"
            )

    @property
    def granted_by(self) -> frozenset[UserId]:
        """Return those who said yes, in the last round, and those in whose place they did."""
        said_yes = (
            task
            for step in self.steps
            if step.round == self.round
            for task in step.tasks
            if _is_yes(task)
        )
        return frozenset(user for task in said_yes for user in (task.approver, task.by) if user)

    @property
    def step(self) -> Step:
        """Return the step that is open, or was the last."""
        return self.steps[-1]

    def entering(self, flow: ApprovalFlow, route: Route, start: int, *, at: datetime) -> Self:
        """Go on from a place of the route to the next node that asks somebody, or to the end."""
        case = self
        for stop in route[start:]:
            if stop.applies:
                case = case._at_stop(flow, stop, at=at)
                if case.step.verdict is None:
                    return case.asking(())
        told = telling.ApprovalGranted(
            approval_id=self.id, entity=self.entity, record_id=self.record_id
        )
        return case.closed(ApprovalStatus.APPROVED, at).recording(told)

    def decided(self, flow: ApprovalFlow, said: Decision, verdict: Verdict) -> Self:
        """Note what somebody says on the task that is theirs."""
        at = self.my_task(flow, said)
        asked = self.step.tasks[at].asked
        line = Line(
            at=said.at,
            did=Deed.APPROVE if verdict is Verdict.YES else Deed.REJECT,
            by=said.by,
            node=self.step.node,
            in_place_of=None if said.by in asked else self.step.tasks[at].approver,
            comment=said.comment,
        )
        told = telling.ApprovalDecided(
            approval_id=self.id, node=self.step.node, by=said.by, verdict=str(verdict)
        )
        step = self.step.decide(at, verdict, by=said.by, when=said.at, comment=said.comment)
        return self.noting(line, told).stepping(step)

    def my_task(self, flow: ApprovalFlow, said: Decision) -> int:
        """Return the place of the open task that a person may decide, or refuse."""
        if self.status is not ApprovalStatus.PENDING:
            raise self.over("is not waiting for anybody")
        self.must_not_be_own(flow, said.by)
        mine = self.step.task_of(frozenset((said.by,)))
        at = self.step.task_of(said.users) if mine is None else mine
        if at is None:
            raise telling.NotYourTurn(
                f"waits for others at {self.step.node}",
                path="approval.waiting_for",
                fix="let one of them decide, or delegate",
            )
        return at

    def must_not_be_own(self, flow: ApprovalFlow, user: UserId) -> None:
        """Refuse the submitter where the node does not allow it."""
        if user == self.submitter_id and flow.node(self.step.node).own is not WhenOwn.ALLOW:
            raise telling.OwnSubmission(
                "submitters do not decide on what they submitted",
                path="approval.approver",
                fix="let another decide",
            )

    def must_be_submitter(self, user: UserId) -> None:
        """Refuse everybody but the submitter."""
        if user != self.submitter_id:
            raise telling.NotTheSubmitter("was submitted by another", path="approval.submitter_id")

    def must_be_open(self) -> None:
        """Refuse when it is neither pending nor returned."""
        if self.status not in (ApprovalStatus.PENDING, ApprovalStatus.RETURNED):
            raise self.over("is over")

    def over(self, reason: str) -> telling.ApprovalOver:
        """Return the refusal of something that comes too late or too early."""
        return telling.ApprovalOver(f"{reason}: it is {self.status}", path="approval.status")

    def noting(self, line: Line, *events: Event) -> Self:
        """Write a line into the log and tell."""
        return self.evolve(log=(*self.log, line)).recording(*events)

    def stepping(self, step: Step) -> Self:
        """Put the open step as it is now."""
        return self.evolve(steps=(*self.steps[:-1], step))

    def asking(self, already: tuple[UserId, ...]) -> Self:
        """Tell whose turn has come."""
        new = tuple(user for user in self.step.waiting_for if user not in already)
        if not new:
            return self
        told = telling.ApprovalAsked(approval_id=self.id, node=self.step.node, user_ids=new)
        return self.recording(told)

    def closed(self, status: ApprovalStatus, at: datetime) -> Self:
        """Be over."""
        return self.evolve(status=status, closed_at=at)

    def _at_stop(self, flow: ApprovalFlow, stop: Stop, *, at: datetime) -> Self:
        step = Step.at_stop(stop, number=self.round, at=at)
        copies = tuple(dict.fromkeys((*self.copied, *map(str, stop.copied))))
        arrived = self.evolve(steps=(*self.steps, self._repeated(flow, step, at)), copied=copies)
        if stop.copied:
            told = telling.ApprovalCopied(approval_id=self.id, user_ids=stop.copied)
            arrived = arrived.recording(told)
        if arrived.step.verdict is Verdict.YES:
            return arrived.noting(Line(at=at, did=Deed.PASS, node=stop.node.name))
        return arrived

    def _repeated(self, flow: ApprovalFlow, step: Step, at: datetime) -> Step:
        """Let those who said yes before, in this round, not be asked again, as the flow says."""
        earlier = [known for known in self.steps if known.round == self.round]
        if flow.repeats is Repeats.EACH:
            earlier = []
        elif flow.repeats is Repeats.ADJACENT:
            earlier = earlier[-1:]
        said_yes = {task.by for known in earlier for task in known.tasks if _is_yes(task)}
        for place, task in enumerate(step.tasks):
            if task.approver in said_yes:
                step = step.decide(place, Verdict.YES, by=task.approver, when=at, comment=None)
        return step


def _is_yes(task: Task) -> bool:
    return task.verdict is Verdict.YES
