"""The way of a complaint, from the first call to the end, in the order of ISO 10002."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class ComplaintStage(StrEnum):
    """How far a complaint has come: the stages of ISO 10002, and what follows a rejected answer."""

    RECEIVED = "received"
    REGISTERED = "registered"
    ACKNOWLEDGED = "acknowledged"
    ASSESSED = "assessed"
    INVESTIGATING = "investigating"
    RESPONSE_PROPOSED = "response_proposed"
    DECISION_COMMUNICATED = "decision_communicated"
    IN_REVIEW = "in_review"
    EXTERNAL = "external"
    CLOSED = "closed"

    @property
    def is_open(self) -> bool:
        """Say whether the complaint is not closed."""
        return self is not ComplaintStage.CLOSED

    @property
    def is_answered(self) -> bool:
        """Say whether a decision was communicated, so that remedies are delivered."""
        return self in ANSWERED


class Closing(StrEnum):
    """Why a complaint was closed."""

    ACCEPTED = "accepted"
    UNANSWERED = "unanswered"
    """The complainant did not answer to the decision."""
    RULED = "ruled"
    """A body outside has ruled."""
    WITHDRAWN = "withdrawn"


_S = ComplaintStage
ANSWERED: Final = (_S.DECISION_COMMUNICATED, _S.IN_REVIEW, _S.EXTERNAL)
OPEN_STAGES: Final = tuple(stage for stage in _S if stage.is_open)
BEFORE: Final[Mapping[ComplaintStage, tuple[ComplaintStage, ...]]] = {
    _S.REGISTERED: (_S.RECEIVED,),
    _S.ACKNOWLEDGED: (_S.REGISTERED,),
    _S.ASSESSED: (_S.ACKNOWLEDGED,),
    _S.INVESTIGATING: (_S.ASSESSED, _S.INVESTIGATING),
    _S.RESPONSE_PROPOSED: (_S.INVESTIGATING, _S.IN_REVIEW),
    _S.DECISION_COMMUNICATED: (_S.RESPONSE_PROPOSED,),
    _S.IN_REVIEW: (_S.DECISION_COMMUNICATED,),
    _S.EXTERNAL: (_S.DECISION_COMMUNICATED, _S.IN_REVIEW),
}
"""From which stages a complaint comes to each; how it is closed has a table of its own."""
CLOSES: Final[Mapping[Closing, tuple[ComplaintStage, ...]]] = {
    Closing.ACCEPTED: (_S.DECISION_COMMUNICATED,),
    Closing.UNANSWERED: (_S.DECISION_COMMUNICATED,),
    Closing.RULED: (_S.EXTERNAL,),
    Closing.WITHDRAWN: OPEN_STAGES,
}
"""In which stages a complaint is closed, for each reason."""
