"""Profiles: how one vendor works, on the ground of a published standard."""

from decimal import Decimal
from typing import Final

import attrs

from crmkit.domain.estimates.figures import ASSUMED, PERCENTILES, Factor
from crmkit.domain.estimates.levels import TaxProfile
from crmkit.domain.estimates.spreads import Spread, standard_spread
from crmkit.domain.estimates.standards import CSBMK_202510, Standard
from crmkit.domain.estimates.words import NO_WORDS, Label
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue

ONE: Final = Decimal(1)


@attrs.frozen(kw_only=True)
class Productivity:
    """Hours per function point of a vendor's own, with how far projects lie around it."""

    hours: Decimal
    spread: Spread
    source: str
    page: str = ""

    def __attrs_post_init__(self) -> None:
        """Refuse hours that are not above zero."""
        if not self.hours > 0:
            raise InvalidValue(
                f"{self.hours} hours build nothing", path="productivity.hours", fix="above zero"
            )


@attrs.frozen(kw_only=True)
class Profile:
    """What a vendor's prices rest on; `attrs.evolve` makes a neighbour of a known one.

    `percentile` picks the productivity from the standard; `productivity` takes its place when the
    vendor knows his own, as after calibration. `locality` scales the rates of `city` to a place
    that the standard does not list. `day_cost` and `margin` price labour where the scope asks for
    the vendor's own rates; `day_cost` is before profit and tax.
    """

    name: str
    label: Label
    standard: Standard = CSBMK_202510
    percentile: str = "P50"
    productivity: Productivity | None = None
    city: str = "济南"
    locality: Decimal = ONE
    locality_why: Label = NO_WORDS
    team: str = "related"
    platform: str = "java"
    tax: TaxProfile = TaxProfile.SERVICES
    day_cost: Money | None = None
    margin: Decimal = Decimal("0.15")
    team_size: int = 3

    def __attrs_post_init__(self) -> None:
        """Refuse figures that price nothing."""
        if self.percentile not in PERCENTILES:
            raise InvalidValue(
                f"{self.percentile!r} is not published",
                path="profile.percentile",
                fix=f"one of {', '.join(PERCENTILES)}",
            )
        if not self.locality > 0:
            raise InvalidValue(
                f"{self.locality} scales prices away", path="profile.locality", fix="above zero"
            )
        if self.team_size < 1:
            raise InvalidValue("nobody builds it", path="profile.team_size", fix="1 or more")

    def hours_per_point(self, industry: str) -> Factor:
        """Return the hours per function point, the vendor's own or the standard's."""
        label = Label("hours per function point", "生产率（人时/功能点）")
        if self.productivity is not None:
            own = self.productivity
            return Factor(
                name="productivity", label=label, value=own.hours, source=own.source, page=own.page
            )
        found = self.standard.hours_per_point(industry)
        source = f"{self.standard.name} {self.percentile}"
        return Factor(
            name="productivity",
            label=label,
            value=found.at(self.percentile),
            source=source,
            page=found.page,
        )

    def upkeep_per_point(self) -> Factor:
        """Return the hours that keep one function point up for a year."""
        found = self.standard.upkeep_hours["all"]
        return Factor(
            name="upkeep_productivity",
            label=Label("upkeep hours per function point and year", "运维生产率（人时/功能点·年）"),
            value=found.at(self.percentile),
            source=f"{self.standard.name} {self.percentile}",
            page=found.page,
        )

    def upkeep_spread(self) -> Spread:
        """Return how far single systems lie around the hours of upkeep."""
        return standard_spread(self.standard.upkeep_hours["all"])

    def spread(self, industry: str) -> Spread:
        """Return how far single projects lie around the hours per function point."""
        if self.productivity is not None:
            return self.productivity.spread
        return standard_spread(self.standard.hours_per_point(industry))

    def located(self) -> Factor:
        """Return the factor of the vendor's place."""
        return Factor(
            name="locality",
            label=Label("locality", "地区调整"),
            value=self.locality,
            source=ASSUMED,
        )


LIAOCHENG: Final = Profile(
    name="liaocheng-smb",
    label=Label("small vendor in Liaocheng", "聊城中小软件商"),
    percentile="P25",
    locality=Decimal("0.88"),
    locality_why=Label(
        "Liaocheng is not in CSBMK; its class D cities cost 0.895 of Jinan",
        "聊城不在基准数据中；D 类城市平均为济南的 0.895",
    ),
    team="same_industry",
)
CSBMK_P50: Final = Profile(
    name="csbmk-p50",
    label=Label("the industry's median in Jinan", "行业中位数（济南）"),
    team="same_industry",
)
PROFILES: Final = (LIAOCHENG, CSBMK_P50)
"""The profiles that crmkit brings; the first is the default."""
