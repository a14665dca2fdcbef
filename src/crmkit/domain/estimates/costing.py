"""What labour costs in an estimate: the factors of a point, of a day, of a point kept up a year."""

from decimal import Decimal
from functools import cached_property
from typing import Final

import attrs

from crmkit.domain.estimates.figures import EXACT, Factor
from crmkit.domain.estimates.levels import Cloud, PriceMode, TaxProfile
from crmkit.domain.estimates.profiles import Profile
from crmkit.domain.estimates.scope import Scope
from crmkit.domain.estimates.scope_parts import Maintenance
from crmkit.domain.estimates.sizing import SizedScope
from crmkit.domain.estimates.standards import Standard
from crmkit.domain.estimates.three_points import likeliest
from crmkit.domain.estimates.vat import VatRate, vat_rate
from crmkit.domain.estimates.words import Label
from crmkit.errors import InvalidValue

PROFILE: Final = "profile"
ONE: Final = Decimal(1)
_HOUR: Final = Label("person-months per hour", "人月/人时")
_DAY: Final = Label("person-months per day", "人月/人天")


@attrs.frozen(kw_only=True, slots=False)
class Costing:
    """A sized scope, and the prices of labour that its lines are drafted from."""

    sized: SizedScope

    @property
    def scope(self) -> Scope:
        """Return the scope."""
        return self.sized.scope

    @property
    def profile(self) -> Profile:
        """Return the profile of the vendor."""
        return self.sized.profile

    @property
    def standard(self) -> Standard:
        """Return the standard that the profile rests on."""
        return self.sized.profile.standard

    @cached_property
    def vat(self) -> VatRate:
        """Return the rate by which the vendor's sales are taxed."""
        return vat_rate(self.tax, self.scope.as_of)

    @property
    def tax(self) -> TaxProfile:
        """Return how the vendor's sales are taxed."""
        return self.scope.tax or self.profile.tax

    @cached_property
    def point_price(self) -> tuple[Factor, ...]:
        """Return the factors of one function point built, in yuan."""
        return (
            *self.effort_of_a_point,
            _share_of_a_month(self.standard.hours_per_month, _HOUR, self.standard),
            *self._month("build"),
        )

    @cached_property
    def day_price(self) -> tuple[Factor, ...]:
        """Return the factors of one person-day, in yuan."""
        return (
            _share_of_a_month(self.standard.days_per_month, _DAY, self.standard),
            *self._month("build"),
        )

    @cached_property
    def upkeep_price(self) -> tuple[Factor, ...]:
        """Return the factors of one function point kept up for a year, in yuan."""
        return (
            *self._effort_of_upkeep(),
            _share_of_a_month(self.standard.hours_per_month, _HOUR, self.standard),
            *self._month("upkeep"),
        )

    @property
    def effort_of_a_point(self) -> tuple[Factor, ...]:
        """Return the factors of the hours that one function point takes."""
        choice, scope, profile = self.standard.choice, self.scope, self.profile
        return (
            profile.hours_per_point(scope.industry),
            choice("application", scope.application),
            choice("integrity", scope.integrity),
            _nonfunctional(scope, self.standard),
            choice("platform", profile.platform),
            choice("team", profile.team),
        )

    def _effort_of_upkeep(self) -> tuple[Factor, ...]:
        choice, scope = self.standard.choice, self.scope
        wanted = scope.maintenance or Maintenance()
        spread = scope.technology.multi_site or scope.technology.cloud is Cloud.SEVERAL
        return (
            self.profile.upkeep_per_point(),
            choice("update", wanted.updates),
            choice("support", wanted.support),
            choice("response", wanted.response),
            choice("users", _users_row(likeliest(scope.users))),
            choice("linked", _linked_row(len(scope.integrations))),
            choice("deployment", "spread" if spread else "central"),
            choice("upkeep_team", self.profile.team),
        )

    def _month(self, work: str) -> tuple[Factor, ...]:
        if self.scope.price_mode is PriceMode.OWN_RATE:
            return self._own_month()
        city = self.standard.city(self.scope.city or self.profile.city)
        rate = Factor(
            name="rate",
            label=Label(
                f"yuan per person-month in {city.name.en}", f"{city.name.zh}人月费率（元）"
            ),
            value=city.build if work == "build" else city.upkeep,
            source=self.standard.name,
            page=city.page,
        )
        return (rate, *([] if self.profile.locality == 1 else [self.profile.located()]))

    def _own_month(self) -> tuple[Factor, ...]:
        if self.profile.day_cost is None:
            raise InvalidValue(
                f"the profile {self.profile.name} has no day cost of its own",
                path="profile.day_cost",
                fix="give one, or price by the benchmark",
            )
        cost = EXACT.multiply(self.profile.day_cost.amount, self.standard.days_per_month)
        return (
            _own("rate", Label("own cost per person-month", "自有人月成本（元）"), cost),
            _own("margin", Label("margin", "利润"), ONE + self.profile.margin),
            self.vat.as_factor(),
        )


def _own(name: str, label: Label, value: Decimal) -> Factor:
    return Factor(name=name, label=label, value=value, source=PROFILE)


def _share_of_a_month(units: Decimal, label: Label, standard: Standard) -> Factor:
    value = EXACT.divide(ONE, units)
    return Factor(name="months", label=label, value=value, source=standard.name)


def _nonfunctional(scope: Scope, standard: Standard) -> Factor:
    """Weigh what a plain system does not have: 1 + 0.025 for each of four demands."""
    technology = scope.technology
    demands = (
        technology.cloud is Cloud.SEVERAL,
        technology.big_data,
        technology.high_availability,
        technology.multi_site,
    )
    return Factor(
        name="nonfunctional",
        label=Label("distribution, performance, reliability, sites", "非功能性要求"),
        value=ONE + _DEMAND * sum(demands),
        source=standard.name,
        page="26",
    )


def _users_row(users: Decimal) -> str:
    return "up_to_1000" if users <= 1000 else "up_to_10000" if users <= 10_000 else "more"


def _linked_row(systems: int) -> str:
    return "none" if systems == 0 else "some" if systems < 10 else "many"


_DEMAND: Final = Decimal("0.025")
