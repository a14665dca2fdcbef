"""What a published benchmark of the software industry holds."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import attrs

from crmkit.domain.estimates.figures import EXACT, Factor, Quantiles
from crmkit.domain.estimates.words import Label
from crmkit.errors import InvalidValue


@attrs.frozen(kw_only=True)
class CityRate:
    """What a person-month costs in one city, in yuan: building and upkeep."""

    name: Label
    build: Decimal
    upkeep: Decimal
    grade: str
    page: str


@attrs.frozen(kw_only=True)
class Standard:
    """One edition of a benchmark; `choices` holds its tables of factors by table and row.

    The rates contain direct and indirect labour, a fair profit and the taxes; direct costs other
    than labour are not in them.
    """

    name: str
    title: Label
    published: date
    hours_per_month: Decimal
    days_per_month: Decimal
    build_hours: Mapping[str, Quantiles]
    upkeep_hours: Mapping[str, Quantiles]
    cities: Mapping[str, CityRate]
    phases: Mapping[str, Factor]
    choices: Mapping[str, Mapping[str, Factor]]
    upkeep_share: Quantiles

    def choice(self, table: str, row: str) -> Factor:
        """Return one factor of a table, such as that of `low` in the table `fit`."""
        return self.choices[table][row]

    def city(self, name: str) -> CityRate:
        """Return the rates of a city by its Chinese name or its pinyin."""
        found = self.cities.get(name)
        if found is None:
            wanted = name.replace("'", "").replace(" ", "").casefold()
            found = next((c for c in self.cities.values() if c.name.en.casefold() == wanted), None)
        if found is None:
            raise InvalidValue(
                f"{self.name} has no rate of {name!r}",
                path="scope.city",
                fix=f"take the nearest of {', '.join(self.cities)}, with a locality of the profile",
            )
        return found

    def hours_per_point(self, industry: str) -> Quantiles:
        """Return the hours that one function point takes to build in an industry."""
        if industry in self.build_hours:
            return self.build_hours[industry]
        raise InvalidValue(
            f"{self.name} does not tell {industry!r} apart",
            path="scope.industry",
            fix=f"one of {', '.join(self.build_hours)}",
        )

    def price_per_point(self, city: str, percentile: str = "P50", industry: str = "all") -> Decimal:
        """Return what one function point costs to build in a city, in yuan, unrounded."""
        hours = self.hours_per_point(industry).at(percentile)
        return EXACT.divide(EXACT.multiply(self.city(city).build, hours), self.hours_per_month)
