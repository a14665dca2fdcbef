"""Quotas: what a person or a unit is to win in a span, and how far they have come."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, NewType
from uuid import UUID

import attrs

from crmkit.domain.access.unit import UnitId
from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.span import Span
from crmkit.errors import InvalidValue

QuotaId = NewType("QuotaId", UUID)
_PLACES: Final = Decimal("0.01")


@keeps(financial=("amount",))
@entity(
    "quota",
    unique=[Unique(("holder", "first_on", "last_on"))],
    indexes=[Index(("first_on", "last_on"))],
    labels={"en": "Quota", "zh": "销售定额"},
)
@attrs.frozen(kw_only=True)
class Quota(Aggregate):
    """What one person (`user_id`), or one unit with all below it (`unit_id`), is to win."""

    derived_names: ClassVar = ("holder",)

    id: QuotaId
    amount: Money
    first_on: date
    last_on: date
    user_id: UserId | None = None
    unit_id: UnitId | None = None
    holder: Annotated[str, Text(max_length=60)] = ""

    def __attrs_post_init__(self) -> None:
        """Refuse a quota of nobody, of two, of no days, or of nothing."""
        super().__attrs_post_init__()
        if (self.user_id is None) == (self.unit_id is None):
            raise InvalidValue(
                "is held by one person or one unit", path="quota.user_id", fix="give one of them"
            )
        if self.amount.minor <= 0:
            raise InvalidValue("is above zero", path="quota.amount", fix="give what is to be won")
        Span(first=self.first_on, last=self.last_on)

    def derived(self) -> Mapping[str, Any]:
        """Name the holder, for there is one quota of each in a span."""
        kind, holder = ("user", self.user_id) if self.user_id else ("unit", self.unit_id)
        return {"holder": f"{kind}:{holder}"}

    @property
    def span(self) -> Span:
        """Return the days in which it is to be won."""
        return Span(first=self.first_on, last=self.last_on)


@attrs.frozen(kw_only=True)
class Attainment:
    """How far a quota was reached: what was won of it."""

    quota: Quota
    won: Money

    @property
    def percent(self) -> Decimal:
        """Return what was won in percent of the quota, to two places."""
        ratio = Decimal(self.won.minor) * 100 / self.quota.amount.minor
        return ratio.quantize(_PLACES)

    @property
    def gap(self) -> Money:
        """Return what is still to be won; nothing once the quota is reached."""
        missing = self.quota.amount - self.won
        return missing if missing.minor > 0 else Money(0, missing.currency)
