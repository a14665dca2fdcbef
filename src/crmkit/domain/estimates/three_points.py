"""A value that is not known yet: the least, the likeliest and the greatest."""

import math
from decimal import Decimal

import attrs

from crmkit.domain.estimates.figures import EXACT
from crmkit.domain.minor_units import as_decimal
from crmkit.errors import InvalidValue


@attrs.frozen(init=False)
class ThreePoint:
    """Somewhere from `low` to `high`, most likely `likely`; a single estimate takes the likeliest.

    Drawn from as a triangle. Mean and deviation are those of PERT: `(low + 4 likely + high) / 6`
    and `(high - low) / 6`.
    """

    low: Decimal
    likely: Decimal
    high: Decimal

    def __init__(self, low: Decimal | int, likely: Decimal | int, high: Decimal | int) -> None:
        """Read the numbers, never floats, and refuse values out of order."""
        ends = (("low", low), ("likely", likely), ("high", high))
        numbers = (as_decimal(end, name, texts=False) for name, end in ends)
        self.__attrs_init__(*numbers)  # pyright: ignore[reportAttributeAccessIssue]

    def __attrs_post_init__(self) -> None:
        """Refuse values that fall."""
        if not self.low <= self.likely <= self.high:
            raise InvalidValue(
                f"{self.low}, {self.likely}, {self.high} do not rise",
                path="low" if self.low > self.likely else "high",
                fix="give low <= likely <= high",
            )

    @property
    def mean(self) -> Decimal:
        """Return the mean of PERT."""
        return EXACT.divide(self.low + 4 * self.likely + self.high, Decimal(6))

    @property
    def deviation(self) -> Decimal:
        """Return the standard deviation of PERT."""
        return EXACT.divide(self.high - self.low, Decimal(6))

    def at(self, probability: float) -> float:
        """Return the value that is not exceeded with a probability, in the triangle."""
        low, likely, high = float(self.low), float(self.likely), float(self.high)
        span = high - low
        if not span:
            return likely
        if probability <= (likely - low) / span:
            return low + math.sqrt(probability * span * (likely - low))
        return high - math.sqrt((1 - probability) * span * (high - likely))


Amount = int | Decimal | ThreePoint
"""A number that is known, or a range of it."""


def likeliest(value: Amount) -> Decimal:
    """Return the number itself, or the likeliest of a range."""
    return value.likely if isinstance(value, ThreePoint) else Decimal(value)


def check_amount(value: object, path: str, *, least: int = 0, whole: bool = True) -> Amount:
    """Return a number or a range from `least` on, or raise naming `path`."""
    if isinstance(value, ThreePoint):
        for end in ("low", "likely", "high"):
            _check_number(getattr(value, end), f"{path}.{end}", least, whole=False)
        return value
    return _check_number(value, path, least, whole=whole)


def _check_number(value: object, path: str, least: int, *, whole: bool) -> int | Decimal:
    number = as_decimal(value, path, texts=False)
    if number < least:
        raise InvalidValue(f"{number} is below {least}", path=path, fix=f"give {least} or more")
    if number > MOST:
        raise InvalidValue(f"{number} is above {MOST:,}", path=path, fix="give a smaller number")
    if whole and number != int(number):
        raise InvalidValue(f"{number} is not whole", path=path, fix=f"give {int(number)}")
    return int(number) if number == int(number) else number


MOST = 1_000_000_000
