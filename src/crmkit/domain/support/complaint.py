"""Complaints: received, contained, investigated by somebody independent, decided, put right."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Final, Self

import attrs

from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.parties.contact import ContactId
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import CUSTOMER_CARE, LegalBasis, Retention
from crmkit.domain.sales.product import ProductId
from crmkit.domain.support import complaint_events as told
from crmkit.domain.support.complaint_events import ComplaintId
from crmkit.domain.support.complaint_parts import (
    Complexity,
    Containment,
    Decision,
    ReceivedVia,
    Severity,
)
from crmkit.domain.support.complaint_rule import AnswerBy, ComplaintRuleId
from crmkit.domain.support.complaint_stages import (
    BEFORE,
    CLOSES,
    OPEN_STAGES,
    Closing,
    ComplaintStage,
)
from crmkit.domain.support.corrections import CorrectiveAction, EffectCheck, check, finish, plan
from crmkit.domain.support.refusals import (
    AlreadyRated,
    FindingsMissing,
    NoSuchStep,
    NotIndependent,
    RemedyNotDelivered,
)
from crmkit.domain.support.remedies import Remedy, RemedyKind, deliver, not_owed, owed, promise
from crmkit.domain.support.ticket_events import TicketId
from crmkit.errors import InvalidValue

Name = Annotated[str, Text(max_length=200)]
Story = Annotated[str, Text(max_length=10_000)]
_THREE: Final = ("accused_id", "investigator_id", "reviewer_id")
BEST: Final = 5
"""The most content that somebody can be with how a complaint was handled; 1 is the least."""


@keeps(
    personal=("subject", "description", "findings", "review_reason", "ruling", "rating_comment"),
    sensitive=("vulnerability",),
    financial=("remedies",),
    about=("complainant_id", "customer_id"),
    purpose=CUSTOMER_CARE,
    basis=LegalBasis.LEGAL_DUTY,
    retention=Retention(days=3 * 365, after="closed_at"),
)
@entity(
    "complaint",
    unique=[Unique("number")],
    indexes=[
        Index(("stage", "due_at")),
        Index(("investigator_id", "stage")),
        Index("customer_id"),
        Index("ticket_id"),
    ],
    labels={"en": "Complaint", "zh": "投诉"},
    events=told.EVENTS,
)
@attrs.frozen(kw_only=True)
class Complaint(Aggregate):
    """Somebody is not content and expects an answer.

    Who investigates it, who reviews the answer and whom it is about (`accused_id`) are three
    people. `vulnerability` says why the complainant needs particular care.
    """

    id: ComplaintId
    subject: Annotated[str, Text(max_length=500, searchable=True)]
    via: ReceivedVia
    number: Annotated[str, Text(max_length=100)] | None = None
    description: Story | None = None
    complainant_id: ContactId | None = None
    customer_id: CustomerId | None = None
    product_id: ProductId | None = None
    ticket_id: TicketId | None = None
    accused_id: UserId | None = None
    sought: tuple[RemedyKind, ...] = ()
    vulnerability: Name | None = None
    severity: Severity | None = None
    complexity: Complexity | None = None
    is_safety_matter: bool = False
    stage: ComplaintStage = ComplaintStage.RECEIVED
    received_at: datetime | None = None
    acknowledged_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    closing: Closing | None = None
    rule_id: ComplaintRuleId | None = None
    due_on: date | None = None
    due_at: datetime | None = None
    is_provisional: bool = False
    investigator_id: UserId | None = None
    reviewer_id: UserId | None = None
    findings: Story | None = None
    root_cause: Annotated[str, Text(max_length=2000)] | None = None
    decision: Decision | None = None
    remedies: tuple[Remedy, ...] = ()
    containments: tuple[Containment, ...] = ()
    corrective_actions: tuple[CorrectiveAction, ...] = ()
    review_reason: Story | None = None
    external_body: Name | None = None
    external_reference: Name | None = None
    ruling: Story | None = None
    satisfaction: int | None = None
    rating_comment: Annotated[str, Text(max_length=2000)] | None = None

    def is_late(self, at: datetime) -> bool:
        """Say whether the answer came, or is still missing, after the last day for it."""
        ended = self.answered_at or self.closed_at or at
        return self.due_at is not None and ended >= self.due_at

    def receive(self, *, at: datetime) -> Self:
        """Begin a new complaint."""
        return self.evolve(received_at=at).recording(told.ComplaintReceived(complaint_id=self.id))

    def fall_due(self, by: AnswerBy) -> Self:
        """Have a last day for the answer; it is told when it moves."""
        if (by.at, by.provisional) == (self.due_at, self.is_provisional):
            return self
        moved = told.ComplaintDeadlineMoved(
            complaint_id=self.id, from_on=self.due_on, to_on=by.on, provisional=by.provisional
        )
        dated = self.evolve(due_on=by.on, due_at=by.at, is_provisional=by.provisional)
        return dated if self.due_at is None else dated.recording(moved)

    def accuse(self, accused: UserId) -> Self:
        """Be about what a colleague did."""
        self._must_stand_in(OPEN_STAGES, "be about somebody else")
        self._must_be_independent("accused_id", accused)
        return self.evolve(accused_id=accused)

    def contain(self, containment: Containment) -> Self:
        """Note what was done at once; that is never too early or too late."""
        event = told.ComplaintContained(complaint_id=self.id, action=containment.action)
        return self.evolve(containments=(*self.containments, containment)).recording(event)

    def register(self, number: str | None) -> Self:
        """Have a number, so that it is not lost."""
        return self._advanced(ComplaintStage.REGISTERED, number=number)

    def acknowledge(self, *, at: datetime) -> Self:
        """Note that the complainant knows that it has arrived."""
        return self._advanced(ComplaintStage.ACKNOWLEDGED, acknowledged_at=at)

    def assess(self, severity: Severity, complexity: Complexity, *, is_safety_matter: bool) -> Self:
        """Say how grave and how hard it is."""
        return self._advanced(
            ComplaintStage.ASSESSED,
            severity=severity,
            complexity=complexity,
            is_safety_matter=is_safety_matter,
        )

    def investigate(self, investigator: UserId) -> Self:
        """Be looked into by somebody whom it is not about, or by another one from now on."""
        self._must_be_independent("investigator_id", investigator)
        return self._advanced(ComplaintStage.INVESTIGATING, investigator_id=investigator)

    def note_findings(self, findings: str, root_cause: str | None) -> Self:
        """Keep what was found, and what lies behind it; a review may find more."""
        self._must_stand_in(BEFORE[ComplaintStage.RESPONSE_PROPOSED], "have findings written")
        return self.evolve(findings=findings, root_cause=root_cause or self.root_cause)

    def propose(self, decision: Decision, remedies: Iterable[Remedy]) -> Self:
        """Have an answer ready; what was delivered before stays beside the new remedies."""
        proposed = self._advanced(
            ComplaintStage.RESPONSE_PROPOSED,
            decision=decision,
            remedies=promise(self.remedies, remedies),
        )
        if self.findings is None:
            raise FindingsMissing(
                "has no findings", path="complaint.findings", fix="note_findings first"
            )
        return proposed

    def communicate(self, *, at: datetime) -> Self:
        """Note that the complainant was told; the first time is what the deadline asks for."""
        answered = self._advanced(
            ComplaintStage.DECISION_COMMUNICATED, answered_at=self.answered_at or at
        )
        decision = answered.decision or Decision.NOT_UPHELD
        return answered.recording(told.ComplaintDecided(complaint_id=self.id, decision=decision))

    def reject(self, reason: str, reviewer: UserId) -> Self:
        """Be reviewed once, by somebody who did not investigate it."""
        if self.reviewer_id is not None:
            raise NoSuchStep(
                "was reviewed before", path="complaint.stage", fix="escalate it to a body outside"
            )
        self._must_be_independent("reviewer_id", reviewer)
        return self._advanced(ComplaintStage.IN_REVIEW, reviewer_id=reviewer, review_reason=reason)

    def escalate(self, body: str, reference: str | None) -> Self:
        """Go to a body outside: an ombudsman, an authority, arbitration, a court."""
        return self._advanced(
            ComplaintStage.EXTERNAL, external_body=body, external_reference=reference
        )

    def take_ruling(self, ruling: str, remedies: Iterable[Remedy]) -> Self:
        """Keep what the body outside ruled, and the remedies it orders."""
        self._must_stand_in((ComplaintStage.EXTERNAL,), "be ruled on")
        return self.evolve(ruling=ruling, remedies=promise(self.remedies, remedies))

    def deliver(self, kind: RemedyKind, *, at: datetime) -> Self:
        """Note that the complainant has a remedy: the first of its kind that is still owed."""
        if not self.stage.is_answered:
            raise not_owed(kind)
        remedies, given = deliver(self.remedies, kind, at=at)
        event = told.RemedyDelivered(complaint_id=self.id, kind=kind, amount=given.amount)
        return self.evolve(remedies=remedies).recording(event)

    def close(self, closing: Closing, *, at: datetime) -> Self:
        """Come to an end with nothing owed; who withdraws a complaint forgoes what is owed."""
        self._must_stand_in(CLOSES[closing], f"be closed as {closing}")
        if closing is Closing.RULED and self.ruling is None:
            raise NoSuchStep("has no ruling", path="complaint.ruling", fix="take_ruling first")
        remedies = promise(self.remedies, ()) if closing is Closing.WITHDRAWN else self.remedies
        if left := owed(remedies):
            raise RemedyNotDelivered(
                f"still owed: {', '.join(one.kind for one in left)}",
                path="complaint.remedies",
                fix="deliver them first",
            )
        event = told.ComplaintClosed(complaint_id=self.id, closing=closing)
        return self._at(
            ComplaintStage.CLOSED, closing=closing, closed_at=at, remedies=remedies
        ).recording(event)

    def rate(self, satisfaction: int, comment: str | None) -> Self:
        """Keep how content the complainant is with how it was handled, once it is closed."""
        self._must_stand_in((ComplaintStage.CLOSED,), "be rated")
        if self.satisfaction is not None:
            raise AlreadyRated("was rated before", path="complaint.satisfaction")
        if not 1 <= satisfaction <= BEST:
            raise InvalidValue(
                f"is not from 1 to {BEST}", path="complaint.satisfaction", fix="give such a number"
            )
        event = told.ComplaintRated(complaint_id=self.id, satisfaction=satisfaction)
        return self.evolve(satisfaction=satisfaction, rating_comment=comment).recording(event)

    def correct(self, action: CorrectiveAction) -> Self:
        """Plan an action against the root cause, which must be known; after closing as well."""
        if self.root_cause is None:
            raise FindingsMissing(
                "has no root cause", path="complaint.root_cause", fix="note_findings first"
            )
        return self.evolve(corrective_actions=plan(self.corrective_actions, action))

    def finish_correction(self, name: str, *, at: datetime) -> Self:
        """Note that a corrective action is done."""
        return self.evolve(corrective_actions=finish(self.corrective_actions, name, at=at))

    def check_correction(self, name: str, found: EffectCheck, *, at: datetime) -> Self:
        """Keep whether an action that is done took the cause away."""
        event = told.CorrectionChecked(
            complaint_id=self.id,
            action=name,
            is_effective=found.is_effective,
            checked_by_id=found.checker,
        )
        checked = check(self.corrective_actions, name, found, at=at)
        return self.evolve(corrective_actions=checked).recording(event)

    def _must_be_independent(self, field: str, person: UserId) -> None:
        if person in [getattr(self, name) for name in _THREE if name != field]:
            raise NotIndependent(
                "would judge a matter of their own",
                path=f"complaint.{field}",
                fix="name somebody else",
            )

    def _advanced(self, to: ComplaintStage, **changes: Any) -> Self:
        self._must_stand_in(BEFORE[to], f"become {to}")
        return self._at(to, **changes)

    def _at(self, to: ComplaintStage, **changes: Any) -> Self:
        event = told.ComplaintAdvanced(complaint_id=self.id, from_stage=self.stage, to_stage=to)
        changed = self.evolve(stage=to, **changes)
        return changed if to is self.stage else changed.recording(event)

    def _must_stand_in(self, stages: tuple[ComplaintStage, ...], to: str) -> None:
        if self.stage not in stages:
            fix = f"do so when it is {' or '.join(stages)}"
            raise NoSuchStep(f"is {self.stage}, cannot {to}", path="complaint.stage", fix=fix)
