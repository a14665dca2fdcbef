"""What a system costs its owner over the years, and whether its upkeep is in the usual range."""

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import attrs

from crmkit.domain.estimates.figures import EXACT, PERCENTILES
from crmkit.domain.estimates.lines import LineGroup
from crmkit.domain.estimates.scope_parts import MOST_YEARS, Maintenance
from crmkit.domain.estimates.sizes import check_count
from crmkit.domain.money import Money
from crmkit.errors import OutOfRange

if TYPE_CHECKING:
    from crmkit.domain.estimates.estimate import Estimate

DISCOUNT: Final = Decimal("0.05")


@attrs.frozen(kw_only=True)
class YearOfOwnership:
    """What one year costs; year 0 is the project itself."""

    year: int
    build: Money
    upkeep: Money
    renewals: Money

    @property
    def total(self) -> Money:
        """Add up the year."""
        return self.build + self.upkeep + self.renewals


@attrs.frozen(kw_only=True)
class Ownership:
    """The years, their sum, and what they are worth on the first day.

    `share` is the upkeep of a year over the price of building; `usual` the published percentiles
    that it lies between.
    """

    years: tuple[YearOfOwnership, ...]
    present_value: Money
    share: Decimal
    usual: str

    @property
    def total(self) -> Money:
        """Add up all years, undiscounted."""
        return Money.total((year.total for year in self.years), "CNY")


def own(estimate: "Estimate", years: int, discount: Decimal) -> Ownership:
    """Foretell the costs of so many years after the project.

    Upkeep is that of the scope, or the least there is where the scope names none. What is bought
    by the year is renewed from the second year on.
    """
    if check_count(years, "years", least=1) > MOST_YEARS:
        raise OutOfRange(f"{years} years are too far away", path="years", fix=f"1 to {MOST_YEARS}")
    build, upkeep, renewals = _parts(estimate)
    none = Money(0, "CNY")
    rows = [YearOfOwnership(year=0, build=build, upkeep=none, renewals=none)]
    for year in range(1, years + 1):
        renewed = renewals if year > 1 else none
        rows.append(YearOfOwnership(year=year, build=none, upkeep=upkeep, renewals=renewed))
    share = EXACT.divide(upkeep.amount, build.amount) if build else Decimal(0)
    return Ownership(
        years=tuple(rows),
        present_value=_present_value(rows, discount),
        share=share,
        usual=_between(share, estimate),
    )


def _parts(estimate: "Estimate") -> tuple[Money, Money, Money]:
    """Return the price of building, the upkeep of one year, and what is renewed every year."""
    wanted = estimate.scope.maintenance or Maintenance()
    yearly = attrs.evolve(wanted, years=1)
    priced = estimate.priced_again(estimate.scope.with_(maintenance=yearly))
    build = estimate.total - estimate.subtotal(LineGroup.UPKEEP)
    bought = (line for line in estimate.lines if line.group is LineGroup.BOUGHT)
    renewals = Money.total((line.amount for line in bought if line.draft.yearly), "CNY")
    return build, priced.subtotal(LineGroup.UPKEEP), renewals


def _present_value(years: list[YearOfOwnership], discount: Decimal) -> Money:
    worth = Decimal(0)
    for row in years:
        worth += EXACT.divide(row.total.amount, EXACT.power(1 + discount, row.year))
    return Money.rounded(worth, "CNY")


def _between(share: Decimal, estimate: "Estimate") -> str:
    published = estimate.profile.standard.upkeep_share
    below = [name for name in PERCENTILES if published.at(name) <= share]
    above = [name for name in PERCENTILES if published.at(name) > share]
    if not below:
        return f"below {above[0]}"
    return f"{below[-1]} to {above[0]}" if above else f"above {below[-1]}"
