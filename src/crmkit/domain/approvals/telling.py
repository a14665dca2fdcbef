"""What approvals tell: their events, the lines of their log, and their refusals."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Event, UserId
from crmkit.domain.kinds import Text
from crmkit.errors import RuleBroken

ApprovalId = NewType("ApprovalId", UUID)


class Deed(StrEnum):
    """What somebody did to an approval."""

    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    RETURN = "return"
    RESUBMIT = "resubmit"
    WITHDRAW = "withdraw"
    ADD_SIGNER = "add_signer"
    PASS = "pass"  # noqa: S105 - no password
    ESCALATE = "escalate"
    MIGRATE = "migrate"
    VOID = "void"
    APPLY = "apply"


@attrs.frozen(kw_only=True)
class Line:
    """One line of the log: who did what, at which node, in whose place, to whom, and why."""

    at: datetime
    did: Deed
    by: UserId | None = None
    node: Annotated[str, Text(max_length=100)] | None = None
    in_place_of: UserId | None = None
    to: UserId | None = None
    comment: Annotated[str, Text(max_length=2000)] | None = None


@attrs.frozen(kw_only=True)
class ApprovalMoved(Event):
    """Somebody did something to an approval; the events below derive from it."""

    approval_id: ApprovalId


@attrs.frozen(kw_only=True)
class ApprovalSubmitted(ApprovalMoved):
    """Something was submitted for approval, or submitted again."""


@attrs.frozen(kw_only=True)
class ApprovalAsked(ApprovalMoved):
    """Others are asked to decide now."""

    node: str
    user_ids: tuple[UserId, ...]


@attrs.frozen(kw_only=True)
class ApprovalCopied(ApprovalMoved):
    """People got a copy (抄送)."""

    user_ids: tuple[UserId, ...]


@attrs.frozen(kw_only=True)
class ApprovalDecided(ApprovalMoved):
    """One approver said yes or no."""

    node: str
    by: UserId
    verdict: str


@attrs.frozen(kw_only=True)
class ApprovalGranted(ApprovalMoved):
    """It was approved as a whole."""

    entity: str
    record_id: UUID


@attrs.frozen(kw_only=True)
class ApprovalRejected(ApprovalMoved):
    """It was rejected."""

    comment: str | None


@attrs.frozen(kw_only=True)
class ApprovalReturned(ApprovalMoved):
    """It went back to a node, or to the submitter (None)."""

    node: str | None


@attrs.frozen(kw_only=True)
class ApprovalWithdrawn(ApprovalMoved):
    """The submitter took it back."""


@attrs.frozen(kw_only=True)
class ApproverAdded(ApprovalMoved):
    """One more was asked (加签)."""

    node: str
    user_id: UserId


@attrs.frozen(kw_only=True)
class ApprovalEscalated(ApprovalMoved):
    """Nobody decided in time."""

    node: str


@attrs.frozen(kw_only=True)
class ApprovalMigrated(ApprovalMoved):
    """It goes by another edition of its flow."""

    flow_id: UUID


@attrs.frozen(kw_only=True)
class ApprovalVoided(ApprovalMoved):
    """What was approved counts no more."""


@attrs.frozen(kw_only=True)
class ApprovalApplied(ApprovalMoved):
    """The changes that were held aside took effect."""


class ApprovalRequired(RuleBroken):
    """What the record says was not approved, so it cannot take this step."""


class ApprovalOver(RuleBroken):
    """The approval is decided, withdrawn or void; nothing more can be done to it."""


class ApprovalStillOpen(RuleBroken):
    """The approval is not decided yet, or is still needed."""


class NotYourTurn(RuleBroken):
    """Nobody asks this person for a decision now."""


class OwnSubmission(RuleBroken):
    """Submitters do not decide on what they submitted."""


class CommentMissing(RuleBroken):
    """The flow asks why."""


class NotTheSubmitter(RuleBroken):
    """Only who submitted it may do this."""


class WithdrawalTooLate(RuleBroken):
    """The flow lets nothing be taken back any more."""


class SignersFixed(RuleBroken):
    """The flow does not let approvers ask others, or this one is asked already."""


class CannotReturnThere(RuleBroken):
    """It only goes back to a node that it has passed."""


class ContentHasChanged(RuleBroken):
    """The record says something else than what was submitted."""


class AlreadySubmitted(RuleBroken):
    """The record is under way through the same flow."""


class DecisionsOnly(RuleBroken):
    """An approval moves by decisions; it cannot be written, imported or undone."""


class NotAUser(RuleBroken):
    """Whoever acts is none of the users, and cannot approve anything."""
