"""COCOMO of 1981, basic and intermediate."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
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
)
from crmkit.domain.estimates.sizing import SizedScope
from crmkit.domain.estimates.words import Label, choose


class Mode(StrEnum):
    """How a project is run: a small team at home in the trade, one under tight rules, between."""

    ORGANIC = "organic"
    SEMIDETACHED = "semidetached"
    EMBEDDED = "embedded"


def _modes(*curves: str) -> Mapping[Mode, tuple[Decimal, Decimal]]:
    split = [curve.split() for curve in curves]
    return {mode: (Decimal(a), Decimal(b)) for mode, (a, b) in zip(Mode, split, strict=True)}


BASIC: Final = _modes("2.4 1.05", "3.0 1.12", "3.6 1.20")
"""Coefficient and exponent of the basic model by mode; Boehm 1981, p. 75."""
INTERMEDIATE: Final = _modes("3.2 1.05", "3.0 1.12", "2.8 1.20")
"""Coefficient and exponent of the intermediate model by mode; Boehm 1981, p. 117."""
SCHEDULE: Final = _modes("2.5 0.38", "2.5 0.35", "2.5 0.32")
"""Coefficient and exponent of months from person-months; Boehm 1981, p. 75."""
EFFORT_MULTIPLIERS: Final = drivers("""
RELY 0.75 0.88 1.00 1.15 1.40 -
DATA -    0.94 1.00 1.08 1.16 -
CPLX 0.70 0.85 1.00 1.15 1.30 1.65
TIME -    -    1.00 1.11 1.30 1.66
STOR -    -    1.00 1.06 1.21 1.56
VIRT -    0.87 1.00 1.15 1.30 -
TURN -    0.87 1.00 1.07 1.15 -
ACAP 1.46 1.19 1.00 0.86 0.71 -
AEXP 1.29 1.13 1.00 0.91 0.82 -
PCAP 1.42 1.17 1.00 0.86 0.70 -
VEXP 1.21 1.10 1.00 0.90 -    -
LEXP 1.14 1.07 1.00 0.95 -    -
MODP 1.24 1.10 1.00 0.91 0.82 -
TOOL 1.24 1.10 1.00 0.91 0.83 -
SCED 1.23 1.08 1.00 1.04 1.10 -
""")
"""The fifteen cost drivers; Boehm 1981, table 8-2, p. 118."""


def _as_mode(value: object) -> Mode:
    return choose(Mode, value, "mode")


@attrs.frozen(kw_only=True)
class BasicCocomo81:
    """Effort from thousands of delivered source lines and the mode alone: PM = a x KDSI^b."""

    name = "cocomo-81-basic"
    label = Label("COCOMO-81 basic", "基本 COCOMO-81 模型")
    source = "Boehm, Software Engineering Economics, 1981, p. 75"

    mode: Mode = attrs.field(default=Mode.ORGANIC, converter=_as_mode)
    lines_per_point: Decimal = attrs.field(
        default=JAVA_LINES_PER_POINT, converter=check_lines_per_point
    )

    def person_months(self, kdsi: Decimal | int) -> Decimal:
        """Return the effort in months of 152 hours."""
        return _curve(BASIC[self.mode], above_zero(kdsi, "kdsi"))

    def months(self, kdsi: Decimal | int) -> Decimal:
        """Return the schedule in calendar months."""
        return _curve(SCHEDULE[self.mode], self.person_months(kdsi))

    def hours(self, sized: SizedScope) -> Decimal:
        """Return the hours for a scope, whose points come to lines of code."""
        kdsi = thousands_of_lines(sized, self.lines_per_point)
        return EXACT.multiply(self.person_months(kdsi), Decimal(HOURS_PER_PERSON_MONTH))


@attrs.frozen(kw_only=True)
class IntermediateCocomo81(BasicCocomo81):
    """The same with another curve, times fifteen cost drivers; those not rated are nominal."""

    name = "cocomo-81-intermediate"
    label = Label("COCOMO-81 intermediate", "中级 COCOMO-81 模型")
    source = "Boehm, Software Engineering Economics, 1981, p. 117-118"

    multipliers: Ratings = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Refuse drivers and ratings that the model does not have."""
        product_of(EFFORT_MULTIPLIERS, self.multipliers, "multipliers")

    def person_months(self, kdsi: Decimal | int) -> Decimal:
        """Return the effort in months of 152 hours."""
        multiplier = product_of(EFFORT_MULTIPLIERS, self.multipliers, "multipliers")
        return EXACT.multiply(multiplier, _curve(INTERMEDIATE[self.mode], above_zero(kdsi, "kdsi")))


def _curve(curve: tuple[Decimal, Decimal], size: Decimal) -> Decimal:
    coefficient, exponent = curve
    return EXACT.multiply(coefficient, EXACT.power(size, exponent))
