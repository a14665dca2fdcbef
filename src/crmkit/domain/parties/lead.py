"""Leads: someone who may become a customer, before anybody knows."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Index, entity
from crmkit.domain.kinds import Number, Text
from crmkit.domain.parties.contact import ContactId
from crmkit.domain.parties.contact_points import ContactPoint
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.parties.duplicate_features import lead_features
from crmkit.domain.parties.duplicate_rules import LEADS, Rules
from crmkit.domain.parties.match_keys import match_keys
from crmkit.domain.parties.pool import PoolId, RecordClaimed, RecordPooled
from crmkit.domain.parties.scorecard import Score, ScoreReason
from crmkit.domain.parties.tenure import MARKS
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import CUSTOMER_CARE, LegalBasis, Retention
from crmkit.errors import RuleBroken

LeadId = NewType("LeadId", UUID)


class LeadStatus(StrEnum):
    """How far a lead has come."""

    NEW = "new"
    WORKING = "working"
    CONVERTED = "converted"
    DISQUALIFIED = "disqualified"


@attrs.frozen(kw_only=True)
class LeadConverted(Event):
    """A lead became a customer."""

    lead_id: LeadId
    customer_id: CustomerId


class LeadAlreadyClosed(RuleBroken):
    """The lead was converted or disqualified before."""


@keeps(
    personal=("name", "contact_points", "closed_reason", "match_keys"),
    about=("id", "contact_id", "customer_id"),
    purpose=CUSTOMER_CARE,
    basis=LegalBasis.CONSENT,
    retention=Retention(days=365, after="closed_at"),
)
@entity(
    "lead",
    indexes=[Index("status"), Index("match_keys"), Index("owner_id"), Index("pool_id")],
    labels={"en": "Lead", "zh": "线索"},
    events=(LeadConverted, RecordPooled, RecordClaimed),
)
@attrs.frozen(kw_only=True)
class Lead(Aggregate):
    """A person or company that showed interest."""

    derived_names: ClassVar = ("match_keys",)
    step_names: ClassVar = (
        *("status", "closed_at", "closed_reason", "customer_id", "contact_id"),
        *("score", "scored_at", "score_reasons"),
        *MARKS,
    )

    id: LeadId
    name: Annotated[str, Text(max_length=300, searchable=True)]
    company: Annotated[str, Text(max_length=300, searchable=True)] | None = None
    source: Annotated[str, Text(max_length=200)] | None = None
    status: LeadStatus = LeadStatus.NEW
    contact_points: tuple[ContactPoint, ...] = ()
    closed_at: datetime | None = None
    closed_reason: str | None = None
    customer_id: CustomerId | None = None
    contact_id: ContactId | None = None
    match_keys: tuple[str, ...] = ()
    score: Annotated[Decimal, Number(scale=2)] | None = None
    scored_at: datetime | None = None
    score_reasons: tuple[ScoreReason, ...] = ()
    pool_id: PoolId | None = None
    pooled_at: datetime | None = None
    owned_since: datetime | None = None
    owner_reason: str | None = None
    last_owner_id: UUID | None = None

    def derived(self) -> Mapping[str, Any]:
        """Return the match keys."""
        return {"match_keys": match_keys(self.features(), self.likeness)}

    @property
    def likeness(self) -> Rules:
        """Return the rules by which it is compared with others."""
        return LEADS

    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return what it is compared by."""
        return lead_features(self.name, self.company, contact_points=self.contact_points)

    def rate(self, score: Score) -> Self:
        """Take a score and its reasons; the same score leaves the lead as it is."""
        if (self.score, self.score_reasons) == (score.total, score.reasons):
            return self
        return self.evolve(score=score.total, score_reasons=score.reasons, scored_at=score.at)

    def work_on(self) -> Self:
        """Begin to work on the lead."""
        self._must_be_open()
        return self.evolve(status=LeadStatus.WORKING)

    def convert(
        self, *, customer_id: CustomerId, contact_id: ContactId | None, at: datetime
    ) -> Self:
        """Close the lead as a customer."""
        self._must_be_open()
        converted = self.evolve(
            status=LeadStatus.CONVERTED,
            customer_id=customer_id,
            contact_id=contact_id,
            closed_at=at,
        )
        return converted.recording(LeadConverted(lead_id=self.id, customer_id=customer_id))

    def disqualify(self, reason: str, *, at: datetime) -> Self:
        """Close the lead without a customer."""
        self._must_be_open()
        return self.evolve(status=LeadStatus.DISQUALIFIED, closed_reason=reason, closed_at=at)

    def _must_be_open(self) -> None:
        if self.closed_at is not None:
            raise LeadAlreadyClosed(
                f"was {self.status} at {self.closed_at:%Y-%m-%d}",
                path="lead.status",
                fix="capture another lead",
            )
