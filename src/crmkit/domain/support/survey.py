"""Surveys: who is asked about a solved ticket, how seldom, and what they answered."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.parties.contact import ContactId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import CUSTOMER_CARE, LegalBasis, Retention
from crmkit.domain.support.refusals import NotAsked
from crmkit.domain.support.scores import SurveyKind, check_answer
from crmkit.domain.support.ticket_events import TicketId
from crmkit.errors import InvalidValue

SurveyId = NewType("SurveyId", UUID)
SurveyResponseId = NewType("SurveyResponseId", UUID)


@keeps()
@entity("survey", unique=[Unique("name")], labels={"en": "Survey", "zh": "满意度调查"})
@attrs.frozen(kw_only=True)
class Survey(Aggregate):
    """One question about solved tickets, put to a share of them and to nobody too often.

    `percent` of the tickets are in the sample; who was asked by any survey within `rest_days` is
    left in peace.
    """

    id: SurveyId
    name: Annotated[str, Text(max_length=100)]
    kind: SurveyKind
    question: Mapping[str, str] = attrs.field(factory=dict)
    percent: int = 100
    rest_days: int = 30

    def __attrs_post_init__(self) -> None:
        """Refuse shares beyond a whole, and rests that are no time."""
        super().__attrs_post_init__()
        if not 0 <= self.percent <= 100:
            raise InvalidValue("is not from 0 to 100", path="survey.percent")
        if not 0 <= self.rest_days <= 3650:
            raise InvalidValue("is not from 0 to 3650", path="survey.rest_days")

    def samples(self, ticket_id: TicketId, cycle: int) -> bool:
        """Say whether a cycle of a ticket is in the sample: always the same, without chance."""
        named = f"{self.id}:{ticket_id}:{cycle}".encode()
        drawn = int.from_bytes(hashlib.sha256(named).digest()[:8], "big") % 100
        return drawn < self.percent

    def why_not(
        self, ticket_id: TicketId, cycle: int, *, asked_at: datetime | None, now: datetime
    ) -> str | None:
        """Return why somebody last asked then is not asked now, None when they are."""
        if not self.samples(ticket_id, cycle):
            return "not in the sample"
        if asked_at is not None and now - asked_at < timedelta(days=self.rest_days):
            return f"asked less than {self.rest_days} days ago"
        return None


@keeps(
    personal=("comment",),
    about=("contact_id",),
    purpose=CUSTOMER_CARE,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=Retention(days=3 * 365, after="created_at"),
)
@entity(
    "survey_response",
    unique=[Unique(("survey_id", "ticket_id", "cycle"))],
    indexes=[Index(("contact_id", "asked_at")), Index("survey_id")],
    labels={"en": "Survey response", "zh": "调查答复"},
)
@attrs.frozen(kw_only=True)
class SurveyResponse(Aggregate):
    """Whether somebody was asked about a cycle of a ticket, why not, and what they answered."""

    id: SurveyResponseId
    survey_id: SurveyId
    ticket_id: TicketId
    cycle: int
    kind: SurveyKind
    contact_id: ContactId
    agent_id: UserId | None = None
    asked_at: datetime | None = None
    excluded: Annotated[str, Text(max_length=100)] | None = None
    answered_at: datetime | None = None
    score: int | None = None
    comment: Annotated[str, Text(max_length=2000)] | None = None

    def answer(self, score: int, comment: str | None, *, at: datetime) -> Self:
        """Keep an answer, once, from somebody who was asked."""
        if self.excluded is not None or self.answered_at is not None:
            reason = self.excluded or "was answered before"
            raise NotAsked(reason, path="survey_response.score")
        check_answer(self.kind, score)
        return self.evolve(score=score, comment=comment, answered_at=at)
