"""Exact arithmetic of prices: quantities, unit prices and percentages as whole millionths.

Amounts are whole minor units. Nothing here is below zero, and no result depends on the decimal
context of the thread.
"""

from decimal import Context, Decimal
from functools import lru_cache
from typing import Final

from crmkit.domain.currencies import EXPONENTS
from crmkit.domain.kinds import Number
from crmkit.domain.money import Money

MILLION: Final = 10**6
WHOLE: Final = 100 * MILLION
"""A hundred per cent."""
_SIX: Final = Number()
_PER_MINOR: Final = {code: int(10 ** (6 - places)) for code, places in EXPONENTS.items()}
_WIDE: Final = Context(prec=64)


def millionths(number: Decimal) -> int:
    """Count the millionths of a number that was checked to have at most six places."""
    return int(number.scaleb(6, _WIDE))


def millionths_of(money: Money) -> int:
    """Count the millionths of an amount of money."""
    return money.minor * _PER_MINOR[money.currency]


def decimal_of(count: int) -> Decimal:
    """Return a count of millionths as a number with six places."""
    return Decimal(count).scaleb(-6, _WIDE)


@lru_cache(maxsize=4096)
def short(number: Decimal) -> str:
    """Write a number without trailing zeros."""
    return _SIX.text(number)


def half_up(numerator: int, denominator: int) -> int:
    """Divide, rounded half up (四舍五入)."""
    return (2 * numerator + denominator) // (2 * denominator)


def minor_of(quantity: int, price: int, currency: str) -> int:
    """Return what a quantity costs at a unit price, both in millionths, in minor units."""
    return minor_of_product(quantity * price, currency)


def minor_of_product(product: int, currency: str) -> int:
    """Return products of quantities and unit prices, added up exactly, in minor units."""
    return half_up(product * 10 ** EXPONENTS[currency], MILLION * MILLION)


def unit_price_of(minor: int, quantity: int, currency: str) -> int:
    """Return the unit price, in millionths, at which a quantity costs so many minor units."""
    return half_up(minor * MILLION * MILLION, quantity * 10 ** EXPONENTS[currency])


def without_tax(price: int, percent: int) -> int:
    """Return a price in millionths without the tax that it holds."""
    return half_up(price * WHOLE, WHOLE + percent)


def with_tax(price: int, percent: int) -> int:
    """Return a price in millionths with the tax on it."""
    return half_up(price * (WHOLE + percent), WHOLE)
