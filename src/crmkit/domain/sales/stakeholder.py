"""Stakeholders: the people at the customer's who take part in a deal."""

from enum import StrEnum
from typing import Annotated, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, entity
from crmkit.domain.kinds import Text
from crmkit.domain.parties.contact import ContactId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import SALES, LegalBasis, Retention
from crmkit.domain.sales.deal import DealId

StakeholderId = NewType("StakeholderId", UUID)


class Stance(StrEnum):
    """How somebody stands to the deal."""

    CHAMPION = "champion"
    SUPPORTER = "supporter"
    NEUTRAL = "neutral"
    SCEPTIC = "sceptic"
    OPPONENT = "opponent"


class Influence(StrEnum):
    """How much somebody has to say."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@keeps(
    personal=("role", "stance", "influence", "notes"),
    about=("contact_id",),
    purpose=SALES,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=Retention(days=365 * 3),
)
@entity(
    "stakeholder",
    indexes=[Index("contact_id"), Index("deal_id")],
    labels={"en": "Stakeholder", "zh": "商机干系人"},
)
@attrs.frozen(kw_only=True)
class Stakeholder(Aggregate):
    """One person in one deal: the role is the client's word, such as decision maker (决策人)."""

    id: StakeholderId
    deal_id: DealId
    contact_id: ContactId
    role: Annotated[str, Text(max_length=200)] | None = None
    stance: Stance | None = None
    influence: Influence | None = None
    notes: Annotated[str, Text(max_length=2000)] | None = None
