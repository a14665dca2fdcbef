"""The parts of a scope: modules, links, technology, migration, upkeep, what is bought."""

from typing import Final

import attrs

from crmkit.domain.estimates.levels import (
    Change,
    Cloud,
    Complexity,
    Direction,
    Fit,
    Response,
    Support,
    Updates,
)
from crmkit.domain.estimates.scope_fields import amount_field, choice_field, flag_field, text_field
from crmkit.domain.estimates.three_points import Amount, check_amount
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue

MOST_YEARS: Final = 20


def _years(value: object) -> Amount:
    years = check_amount(value, "years")
    if not isinstance(years, int) or years > MOST_YEARS:
        raise InvalidValue(
            f"{value} is no number of years", path="years", fix=f"a whole number up to {MOST_YEARS}"
        )
    return years


@attrs.frozen(kw_only=True)
class Module:
    """One part of the CRM; `count` says how many of its kind."""

    fit: Fit = choice_field(Fit, "fit", Fit.STANDARD)
    complexity: Complexity = choice_field(Complexity, "complexity", Complexity.NORMAL)
    change: Change = choice_field(Change, "change", Change.ADD)
    count: Amount = amount_field("count", 1, least=1)


@attrs.frozen(kw_only=True)
class Integration:
    """A link with another system, which exchanges records of so many entities."""

    system: str = text_field("system", attrs.NOTHING)
    direction: Direction = choice_field(Direction, "direction", Direction.IN)
    entities: Amount = amount_field("entities", 1, least=1)
    fit: Fit = choice_field(Fit, "fit", Fit.NEW)


@attrs.frozen(kw_only=True)
class Technology:
    """Where and how the system runs; phones and tablets are the module `mobile`."""

    cloud: Cloud = choice_field(Cloud, "cloud", Cloud.OWN_SERVER)
    big_data: bool = flag_field("big_data")
    high_availability: bool = flag_field("high_availability")
    multi_site: bool = flag_field("multi_site")


@attrs.frozen(kw_only=True)
class Migration:
    """Old records to bring over, from how many files or systems."""

    records: Amount = amount_field("records", 0)
    sources: Amount = amount_field("sources", 0)


@attrs.frozen(kw_only=True)
class Maintenance:
    """Upkeep that is paid for, by the year."""

    years: Amount = attrs.field(default=1, converter=_years)
    response: Response = choice_field(Response, "response", Response.WITHIN_72H)
    updates: Updates = choice_field(Updates, "updates", Updates.QUARTERLY)
    support: Support = choice_field(Support, "support", Support.REMOTE)
    backup: bool = flag_field("backup")


@attrs.frozen(kw_only=True)
class ThirdParty:
    """Something bought for the client: a server, short messages, a licence; price with tax."""

    name: str = text_field("name", attrs.NOTHING)
    price: Money
    quantity: Amount = amount_field("quantity", 1)
    yearly: bool = flag_field("yearly")

    def __attrs_post_init__(self) -> None:
        """Refuse a price below zero, or in another currency."""
        if self.price.currency != "CNY" or self.price.minor < 0:
            raise InvalidValue(
                f"{self.price} is no price in CNY", path="price", fix="such as Money('1200', 'CNY')"
            )
