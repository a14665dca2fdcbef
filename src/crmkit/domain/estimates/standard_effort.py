"""The method that prices are made with, as one of several that foretell hours."""

from decimal import Decimal

import attrs

from crmkit.domain.estimates.costing import Costing
from crmkit.domain.estimates.figures import EXACT, product
from crmkit.domain.estimates.sizing import SizedScope
from crmkit.domain.estimates.words import Label


@attrs.frozen
class StandardEffort:
    """Hours as GB/T 36964-2018 has them: size times productivity times factors."""

    name = "gb-t-36964"
    label = Label("GB/T 36964 function points", "GB/T 36964 功能点法")
    source = "GB/T 36964-2018 with the benchmark of the profile"

    def hours(self, sized: SizedScope) -> Decimal:
        """Return the hours of building all function points."""
        factors = Costing(sized=sized).effort_of_a_point
        return EXACT.multiply(sized.points, product(factor.value for factor in factors))
