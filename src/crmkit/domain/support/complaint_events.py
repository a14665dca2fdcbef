"""What is told about complaints."""

from datetime import date
from typing import Final, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Event, UserId
from crmkit.domain.money import Money
from crmkit.domain.support.complaint_parts import Decision
from crmkit.domain.support.complaint_stages import Closing, ComplaintStage
from crmkit.domain.support.remedies import RemedyKind

ComplaintId = NewType("ComplaintId", UUID)


@attrs.frozen(kw_only=True)
class ComplaintReceived(Event):
    """Somebody complained."""

    complaint_id: ComplaintId


@attrs.frozen(kw_only=True)
class ComplaintAdvanced(Event):
    """A complaint has come to another stage."""

    complaint_id: ComplaintId
    from_stage: ComplaintStage
    to_stage: ComplaintStage


@attrs.frozen(kw_only=True)
class ComplaintContained(Event):
    """Something was done at once so that nothing more happens."""

    complaint_id: ComplaintId
    action: str


@attrs.frozen(kw_only=True)
class ComplaintDecided(Event):
    """The complainant was told the decision."""

    complaint_id: ComplaintId
    decision: Decision


@attrs.frozen(kw_only=True)
class RemedyDelivered(Event):
    """The complainant has got a remedy."""

    complaint_id: ComplaintId
    kind: RemedyKind
    amount: Money | None


@attrs.frozen(kw_only=True)
class ComplaintClosed(Event):
    """A complaint was closed."""

    complaint_id: ComplaintId
    closing: Closing


@attrs.frozen(kw_only=True)
class CorrectionChecked(Event):
    """Somebody looked whether a corrective action took the root cause away."""

    complaint_id: ComplaintId
    action: str
    is_effective: bool
    checked_by_id: UserId


@attrs.frozen(kw_only=True)
class ComplaintDeadlineMoved(Event):
    """The last day for an answer is another one, for a calendar that has changed."""

    complaint_id: ComplaintId
    from_on: date | None
    to_on: date
    provisional: bool


@attrs.frozen(kw_only=True)
class ComplaintRated(Event):
    """The complainant said how content they are with how the complaint was handled."""

    complaint_id: ComplaintId
    satisfaction: int


EVENTS: Final = (
    ComplaintReceived,
    ComplaintAdvanced,
    ComplaintContained,
    ComplaintDecided,
    RemedyDelivered,
    ComplaintClosed,
    CorrectionChecked,
    ComplaintDeadlineMoved,
    ComplaintRated,
)
