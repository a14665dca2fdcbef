"""Approvals: one record on its way through a flow, bound to what it said when it was submitted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

import attrs

from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals import telling
from crmkit.domain.approvals.case import ApprovalStatus, Case, Decision, Route
from crmkit.domain.approvals.flow import ApprovalFlow, Withdrawal
from crmkit.domain.approvals.node import WhenLate
from crmkit.domain.approvals.step import Place, Verdict
from crmkit.domain.approvals.telling import Deed, Line
from crmkit.domain.entity import Index, entity
from crmkit.domain.privacy.keeping import keeps


@keeps(financial=("content", "changes", "base"))
@entity(
    "approval",
    indexes=[
        Index(("record_id", "status")),
        Index("waiting_for"),
        Index(("status", "due_at")),
        Index("flow_id"),
        Index("submitter_id"),
    ],
    labels={"en": "Approval", "zh": "审批"},
    events=(
        telling.ApprovalSubmitted,
        telling.ApprovalAsked,
        telling.ApprovalCopied,
        telling.ApprovalDecided,
        telling.ApprovalGranted,
        telling.ApprovalRejected,
        telling.ApprovalReturned,
        telling.ApprovalWithdrawn,
        telling.ApproverAdded,
        telling.ApprovalEscalated,
        telling.ApprovalMigrated,
        telling.ApprovalVoided,
        telling.ApprovalApplied,
    ),
)
@attrs.frozen(kw_only=True)
class Approval(Case):
    """A case, and all that people do with it."""

    def submit(self, flow: ApprovalFlow, route: Route) -> Self:
        """Go to the first node that asks somebody."""
        told = telling.ApprovalSubmitted(approval_id=self.id)
        line = Line(at=self.submitted_at, did=Deed.SUBMIT, by=self.submitter_id)
        return self.noting(line, told).entering(flow, route, 0, at=self.submitted_at)

    def approve(self, flow: ApprovalFlow, said: Decision, route: Route) -> Self:
        """Say yes; when the node is decided, go on to the next."""
        decided = self.decided(flow, said, Verdict.YES)
        if decided.step.verdict is None:
            return decided.asking(self.step.waiting_for)
        return decided.entering(flow, route, flow.place_of(decided.step.node) + 1, at=said.at)

    def reject(self, flow: ApprovalFlow, said: Decision) -> Self:
        """Say no; it is over unless others at the node can still say yes."""
        self._must_say_why(flow, said)
        decided = self.decided(flow, said, Verdict.NO)
        if decided.step.verdict is None:
            return decided.asking(self.step.waiting_for)
        told = telling.ApprovalRejected(approval_id=self.id, comment=said.comment)
        return decided.closed(ApprovalStatus.REJECTED, said.at).recording(told)

    def send_back(
        self, flow: ApprovalFlow, said: Decision, route: Route, *, node: str | None = None
    ) -> Self:
        """Return it to a node that it has passed, or to the submitter (退回)."""
        self._must_say_why(flow, said)
        self.my_task(flow, said)
        if node is not None and flow.place_of(node) > flow.place_of(self.step.node):
            raise telling.CannotReturnThere(
                f"has not passed {node}", path="approval.node", fix="name an earlier node"
            )
        line = Line(
            at=said.at, did=Deed.RETURN, by=said.by, node=self.step.node, comment=said.comment
        )
        told = telling.ApprovalReturned(approval_id=self.id, node=node)
        back = self.noting(line, told).evolve(round=self.round + 1)
        if node is None:
            return back.evolve(status=ApprovalStatus.RETURNED)
        return back.entering(flow, route, flow.place_of(node), at=said.at)

    def give_back(self, *, at: datetime, comment: str) -> Self:
        """Return it to the submitter, whom nobody but the reason sends it back to."""
        line = Line(at=at, did=Deed.RETURN, node=self.step.node, comment=comment)
        told = telling.ApprovalReturned(approval_id=self.id, node=None)
        back = self.noting(line, told).evolve(round=self.round + 1)
        return back.evolve(status=ApprovalStatus.RETURNED)

    def resubmit(self, flow: ApprovalFlow, route: Route, *, by: UserId, at: datetime) -> Self:
        """Submit again, from the first node, what had come back."""
        self.must_be_submitter(by)
        if self.status is not ApprovalStatus.RETURNED:
            raise self.over("has not come back to the submitter")
        told = telling.ApprovalSubmitted(approval_id=self.id)
        line = Line(at=at, did=Deed.RESUBMIT, by=by)
        again = self.evolve(status=ApprovalStatus.PENDING, submitted_at=at)
        return again.noting(line, told).entering(flow, route, 0, at=at)

    def withdraw(self, flow: ApprovalFlow, *, by: UserId, at: datetime) -> Self:
        """Take it back (撤回)."""
        self.must_be_submitter(by)
        self.must_be_open()
        some_decided = any(task.verdict for step in self.steps for task in step.tasks)
        is_late = flow.withdrawal is Withdrawal.UNDECIDED and some_decided
        if is_late or flow.withdrawal is Withdrawal.NEVER:
            raise telling.WithdrawalTooLate("the flow does not let it be taken back now")
        line = Line(at=at, did=Deed.WITHDRAW, by=by)
        told = telling.ApprovalWithdrawn(approval_id=self.id)
        return self.noting(line, told).closed(ApprovalStatus.WITHDRAWN, at)

    def add_signer(
        self, flow: ApprovalFlow, said: Decision, who: UserId, *, place: Place = Place.BEFORE
    ) -> Self:
        """Ask one more, who decides before or after (加签)."""
        host = self.my_task(flow, said)
        if not flow.adds_signers or who in (task.approver for task in self.step.tasks):
            raise telling.SignersFixed(f"{who} cannot be added here", path="approval.approver")
        self.must_not_be_own(flow, who)
        line = Line(
            at=said.at,
            did=Deed.ADD_SIGNER,
            by=said.by,
            node=self.step.node,
            to=who,
            comment=said.comment,
        )
        told = telling.ApproverAdded(approval_id=self.id, node=self.step.node, user_id=who)
        added = self.step.add(who, host=host, place=place)
        return self.noting(line, told).stepping(added).asking(self.step.waiting_for)

    def void(self, *, by: UserId, at: datetime, comment: str | None = None) -> Self:
        """Let what was approved count no more."""
        if self.status is not ApprovalStatus.APPROVED:
            raise self.over("was not approved")
        line = Line(at=at, did=Deed.VOID, by=by, comment=comment)
        told = telling.ApprovalVoided(approval_id=self.id)
        return self.noting(line, told).closed(ApprovalStatus.VOID, at)

    def apply(self, *, at: datetime) -> Self:
        """Note that the changes held aside took effect."""
        told = telling.ApprovalApplied(approval_id=self.id)
        return self.noting(Line(at=at, did=Deed.APPLY), told).evolve(applied_at=at)

    def escalate(
        self, flow: ApprovalFlow, route: Route, superiors: Mapping[UserId, UserId], *, at: datetime
    ) -> Self:
        """Do what the flow says when nobody has decided in time.

        `superiors` are those above the ones waited for, where there are any.
        """
        if self.due_at is None or at < self.due_at:
            raise self.over("is not late")
        node = flow.node(self.step.node)
        told = telling.ApprovalEscalated(approval_id=self.id, node=node.name)
        line = Line(at=at, did=Deed.ESCALATE, node=node.name)
        late = self.stepping(attrs.evolve(self.step, due_at=None)).noting(line, told)
        match node.late:
            case WhenLate.PASS:
                return late.entering(flow, route, flow.place_of(node.name) + 1, at=at)
            case WhenLate.REJECT:
                rejected = telling.ApprovalRejected(approval_id=self.id, comment=None)
                return late.closed(ApprovalStatus.REJECTED, at).recording(rejected)
            case _:
                return late.with_superiors(superiors).asking(self.step.waiting_for)

    def migrate(
        self, flow: ApprovalFlow, route: Route, *, node: str, by: UserId, at: datetime
    ) -> Self:
        """Go by another edition of the flow, asking anew at a node of it."""
        self.must_be_open()
        line = Line(at=at, did=Deed.MIGRATE, by=by, node=node)
        told = telling.ApprovalMigrated(approval_id=self.id, flow_id=flow.id)
        moved = self.evolve(flow_id=flow.id, round=self.round + 1).noting(line, told)
        if self.status is ApprovalStatus.RETURNED:
            return moved
        return moved.entering(flow, route, flow.place_of(node), at=at)

    def with_superiors(self, superiors: Mapping[UserId, UserId]) -> Self:
        """Let superiors decide too on what is open."""
        step = self.step
        for at in self.step.open_tasks:
            above = superiors.get(step.tasks[at].approver)
            if above is not None and above != self.submitter_id:
                step = step.stand_in(at, above)
        return self.stepping(step)

    def _must_say_why(self, flow: ApprovalFlow, said: Decision) -> None:
        if flow.asks_why and not (said.comment or "").strip():
            raise telling.CommentMissing(
                "the flow asks why", path="approval.comment", fix="say why"
            )
