"""Measured quantities: finite numbers, refused by name. They are floats, for they are not money."""

from decimal import Decimal
from math import isfinite
from typing import Final, TypeAlias

from crmkit.errors import InvalidValue, OutOfRange, WrongType

Quantity: TypeAlias = float | int | Decimal
MOST: Final = 1e12
LEAST: Final = 1e-9


def as_number(value: object, path: str) -> float:
    """Return a finite number, or raise `InvalidValue` naming `path`."""
    if isinstance(value, bool) or not isinstance(value, float | int | Decimal):
        raise WrongType(f"expected a number, got {type(value).__name__}", path=path)
    try:
        number = float(value)
    except (OverflowError, ValueError):
        number = float("nan")
    if not isfinite(number):
        raise InvalidValue(f"{value} is not a finite number", path=path, fix="give what it was")
    if abs(number) > MOST:
        raise OutOfRange(f"{value} is beyond {MOST:g}", path=path, fix="use a larger unit")
    return number


def above_zero(value: object, path: str) -> float:
    """Return a finite number above zero, or raise `InvalidValue` naming `path`."""
    number = as_number(value, path)
    if number <= 0:
        raise InvalidValue(f"{value} is not above zero", path=path, fix="leave out what has none")
    if number < LEAST:
        raise OutOfRange(f"{value} is below {LEAST:g}", path=path, fix="use a smaller unit")
    return number


def between(value: object, path: str, low: float, high: float) -> float:
    """Return a number that lies between two others, or raise `InvalidValue` naming `path`."""
    number = as_number(value, path)
    if not low < number < high:
        raise InvalidValue(
            f"{value} is not between {low:g} and {high:g}", path=path, fix="give one in between"
        )
    return number
