"""Delegations: who decides for whom, from when until when (委托)."""

from datetime import datetime
from typing import Annotated, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.entity import Index, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.span import check_end
from crmkit.errors import InvalidValue, RuleBroken

DelegationId = NewType("DelegationId", UUID)


class DelegationNotRunning(RuleBroken):
    """The delegation has not begun, or is over."""


@keeps()
@entity(
    "delegation",
    indexes=[Index(("to_id", "until_at")), Index("from_id")],
    labels={"en": "Delegation", "zh": "审批委托"},
)
@attrs.frozen(kw_only=True)
class Delegation(Aggregate):
    """One person lets another decide in their place, for flows of one code or for all."""

    id: DelegationId
    from_id: UserId
    to_id: UserId
    from_at: datetime
    until_at: datetime
    flow: Annotated[str, Text(max_length=100)] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a delegation to oneself, and one that ends before it begins."""
        super().__attrs_post_init__()
        if self.from_id == self.to_id:
            raise InvalidValue(
                "nobody delegates to themselves", path="delegation.to_id", fix="name another"
            )
        check_end(self.from_at, self.until_at, path="delegation.until_at", lasts=True)

    def end(self, *, at: datetime) -> Self:
        """End it before its time."""
        if not self.from_at < at < self.until_at:
            raise DelegationNotRunning(
                f"runs from {self.from_at:%Y-%m-%d} to {self.until_at:%Y-%m-%d}",
                path="delegation.until_at",
                fix="remove one that has not begun",
            )
        return self.evolve(until_at=at)
