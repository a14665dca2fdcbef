"""COCOMO II.2000, the post-architecture model."""

from decimal import Decimal
from typing import Final

import attrs

from crmkit.domain.estimates.figures import EXACT
from crmkit.domain.estimates.methods.code_size import (
    JAVA_LINES_PER_POINT,
    above_zero,
    check_lines_per_point,
    thousands_of_lines,
)
from crmkit.domain.estimates.methods.ratings import (
    HOURS_PER_PERSON_MONTH,
    Ratings,
    drivers,
    product_of,
    total_of,
)
from crmkit.domain.estimates.sizing import SizedScope
from crmkit.domain.estimates.words import Label

SCALE_FACTORS: Final = drivers("""
PREC 6.20 4.96 3.72 2.48 1.24 0.00
FLEX 5.07 4.05 3.04 2.03 1.01 0.00
RESL 7.07 5.65 4.24 2.83 1.41 0.00
TEAM 5.48 4.38 3.29 2.19 1.10 0.00
PMAT 7.80 6.24 4.68 3.12 1.56 0.00
""")
"""Precedentedness, flexibility, resolved risk, team cohesion, process maturity."""

EFFORT_MULTIPLIERS: Final = drivers("""
RELY 0.82 0.92 1.00 1.10 1.26 -
DATA -    0.90 1.00 1.14 1.28 -
CPLX 0.73 0.87 1.00 1.17 1.34 1.74
RUSE -    0.95 1.00 1.07 1.15 1.24
DOCU 0.81 0.91 1.00 1.11 1.23 -
TIME -    -    1.00 1.11 1.29 1.63
STOR -    -    1.00 1.05 1.17 1.46
PVOL -    0.87 1.00 1.15 1.30 -
ACAP 1.42 1.19 1.00 0.85 0.71 -
PCAP 1.34 1.15 1.00 0.88 0.76 -
PCON 1.29 1.12 1.00 0.90 0.81 -
APEX 1.22 1.10 1.00 0.88 0.81 -
PLEX 1.19 1.09 1.00 0.91 0.85 -
LTEX 1.20 1.09 1.00 0.91 0.84 -
TOOL 1.17 1.09 1.00 0.90 0.78 -
SITE 1.22 1.09 1.00 0.93 0.86 0.80
SCED 1.43 1.14 1.00 1.00 1.00 -
""")
"""The seventeen drivers of the post-architecture model."""

_COEFFICIENT: Final = Decimal("2.94")
_EXPONENT: Final = Decimal("0.91")
_HUNDREDTH: Final = Decimal("0.01")


@attrs.frozen(kw_only=True)
class Cocomo2:
    """Effort and schedule from thousands of source lines, scale factors and effort multipliers.

    PM = 2.94 x KSLOC^E x product of multipliers, E = 0.91 + 0.01 x sum of scale factors;
    months = 3.67 x PM^(0.28 + 0.2 x (E - 0.91)). What is not rated is nominal.
    """

    name = "cocomo-2"
    label = Label("COCOMO II.2000", "COCOMO II.2000 模型")
    source = (
        "Boehm et al., Software Cost Estimation with COCOMO II, 2000, chapter 2; "
        "COCOMO II Model Definition Manual 2.1, sections 2 to 4"
    )

    scale_factors: Ratings = attrs.field(factory=dict)
    multipliers: Ratings = attrs.field(factory=dict)
    lines_per_point: Decimal = attrs.field(
        default=JAVA_LINES_PER_POINT, converter=check_lines_per_point
    )

    def __attrs_post_init__(self) -> None:
        """Refuse drivers and ratings that the model does not have."""
        total_of(SCALE_FACTORS, self.scale_factors, "scale_factors")
        product_of(EFFORT_MULTIPLIERS, self.multipliers, "multipliers")

    @property
    def exponent(self) -> Decimal:
        """Return E, above 1 where a project twice as large costs more than twice as much."""
        total = total_of(SCALE_FACTORS, self.scale_factors, "scale_factors")
        return EXACT.add(_EXPONENT, _HUNDREDTH * total)

    @property
    def schedule_exponent(self) -> Decimal:
        """Return F, the power of the effort that gives the schedule."""
        return Decimal("0.28") + Decimal("0.2") * (self.exponent - _EXPONENT)

    def person_months(self, ksloc: Decimal | int) -> Decimal:
        """Return the effort in months of 152 hours."""
        multiplier = product_of(EFFORT_MULTIPLIERS, self.multipliers, "multipliers")
        return EXACT.multiply(multiplier, nominal_effort(ksloc, self.exponent))

    def months(self, ksloc: Decimal | int) -> Decimal:
        """Return the schedule in calendar months, neither pressed nor stretched."""
        powered = EXACT.power(self.person_months(ksloc), self.schedule_exponent)
        return EXACT.multiply(Decimal("3.67"), powered)

    def hours(self, sized: SizedScope) -> Decimal:
        """Return the hours for a scope, whose points come to lines of code."""
        ksloc = thousands_of_lines(sized, self.lines_per_point)
        return EXACT.multiply(self.person_months(ksloc), Decimal(HOURS_PER_PERSON_MONTH))


def nominal_effort(ksloc: Decimal | int, exponent: Decimal) -> Decimal:
    """Return person-months with every multiplier nominal."""
    return EXACT.multiply(_COEFFICIENT, EXACT.power(above_zero(ksloc, "ksloc"), exponent))
