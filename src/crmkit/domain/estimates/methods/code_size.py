"""Lines of code that function points come to, for the models that count lines."""

from decimal import Decimal
from typing import Final

from crmkit.domain.estimates.figures import EXACT
from crmkit.domain.estimates.sizing import SizedScope
from crmkit.domain.minor_units import as_decimal
from crmkit.errors import InvalidValue

JAVA_LINES_PER_POINT: Final = Decimal(53)
"""Source lines of Java for one function point; COCOMO II Model Definition Manual 2.1, table 4."""


def above_zero(value: object, path: str) -> Decimal:
    """Return a number above zero, or raise `InvalidValue` naming `path`."""
    number = as_decimal(value, path, texts=False)
    if number <= 0:
        raise InvalidValue(f"{number} is not above zero", path=path, fix="give what there is")
    return number


def check_lines_per_point(value: object) -> Decimal:
    """Return a number above zero, or raise `InvalidValue` naming `lines_per_point`."""
    return above_zero(value, "lines_per_point")


def thousands_of_lines(sized: SizedScope, lines: Decimal) -> Decimal:
    """Return the size of what is to be built, in thousands of source lines."""
    return EXACT.divide(EXACT.multiply(sized.points, lines), Decimal(1000))
