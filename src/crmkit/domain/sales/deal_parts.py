"""What a deal is made of: chances, shares, recurring value, competitors, why it was closed."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

import attrs

from crmkit.domain.aggregate import UserId
from crmkit.domain.kinds import Integer, Number, Text
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue

WHOLE: Final = Decimal(100)
Percent = Annotated[Decimal, Number(scale=4)]


class Period(StrEnum):
    """How often something recurs."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_MONTHS: Final = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}


@attrs.frozen(kw_only=True)
class Recurring:
    """Value that comes again each period, `times` often, or without an end (None)."""

    amount: Money
    every: Period
    times: int | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what never comes."""
        if self.times is not None and self.times < 1:
            raise InvalidValue("comes once or more", path="recurring.times")

    @property
    def monthly(self) -> Money:
        """Return what it is in a month, rounded to the cent."""
        return self.amount.multiply(Decimal(1) / _MONTHS[self.every])

    @property
    def yearly(self) -> Money:
        """Return what it is in a year."""
        return self.amount * (12 // _MONTHS[self.every])


@attrs.frozen(kw_only=True)
class Split:
    """The share that one person has in a deal."""

    user_id: UserId
    percent: Percent


@attrs.frozen(kw_only=True)
class Competitor:
    """Somebody else who wants the deal."""

    name: Annotated[str, Text(max_length=300)]
    strengths: Annotated[str, Text(max_length=2000)] | None = None
    weaknesses: Annotated[str, Text(max_length=2000)] | None = None


@attrs.frozen(kw_only=True)
class Evidence:
    """What shows that a deal was won or lost: a contract, an order, a mail."""

    kind: Annotated[str, Text(max_length=100)]
    reference: Annotated[str, Text(max_length=1000)]
    at: datetime | None = None


@attrs.frozen(kw_only=True)
class ModelChance:
    """The chance that a model gives, in percent, and which model when."""

    percent: int
    model: Annotated[str, Text(max_length=200)]
    at: datetime

    def __attrs_post_init__(self) -> None:
        """Refuse a chance outside 0 to 100."""
        _check_percent(self.percent, "model_chance.percent")


@attrs.frozen(kw_only=True)
class ManualChance:
    """The chance that a person gives, in percent: who, when, why, and until which day it counts."""

    percent: int
    by: Annotated[str, Text(max_length=200)]
    at: datetime
    reason: Annotated[str, Text(max_length=1000)]
    until: date | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a chance outside 0 to 100, and one without a reason."""
        _check_percent(self.percent, "manual_chance.percent")
        if not self.reason.strip():
            raise InvalidValue("needs a reason", path="manual_chance.reason", fix="say why")


@attrs.frozen(kw_only=True)
class Chances:
    """The three chances of a deal, in percent; a report chooses among them."""

    stage: int | None
    model: int | None
    manual: int | None

    @property
    def nearest(self) -> int | None:
        """Return the person's, else the model's, else that of the stage."""
        known = (self.manual, self.model, self.stage)
        return next((chance for chance in known if chance is not None), None)


def check_splits(splits: Sequence[Split]) -> None:
    """Refuse shares that are not 100 percent together, not above nothing, or two of one person."""
    if not splits:
        return
    total = sum((share.percent for share in splits), Decimal(0))
    if total != WHOLE:
        raise InvalidValue(
            f"the shares are {total.normalize():f} percent together",
            path="deal.splits",
            fix="let them be 100",
        )
    if any(share.percent <= 0 for share in splits):
        raise InvalidValue("a share is more than nothing", path="deal.splits")
    if len({share.user_id for share in splits}) != len(splits):
        raise InvalidValue("somebody has two shares", path="deal.splits", fix="join them")


def _check_percent(percent: int, path: str) -> None:
    if not 0 <= Integer().check(percent, path) <= 100:
        raise InvalidValue("a chance lies between 0 and 100", path=path)
