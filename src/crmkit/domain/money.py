"""Money: an exact amount in one currency; never a float, never two currencies in one sum."""

from collections.abc import Iterable, Sequence
from decimal import MAX_PREC, ROUND_HALF_EVEN, Context, Decimal
from typing import Final, Self

import attrs

from crmkit.domain.currencies import EXPONENTS, exponent_of
from crmkit.domain.minor_units import (
    MAX_MINOR,
    count_minor,
    in_range,
    multiply_minor,
    round_minor,
    share_minor,
)
from crmkit.domain.money_formats import format_minor
from crmkit.errors import InvalidValue, MixedCurrencies, OutOfRange, WrongType

MOST_PARTS: Final = 100_000
_SCALING: Final = Context(prec=MAX_PREC)


@attrs.frozen(init=False, repr=False, order=False)
class Money:
    """An amount of one currency, exact to its ISO 4217 minor unit.

    `Money("98000", "CNY")` has the amount `Decimal("98000.00")` and 9,800,000 minor units, which
    fit 64 bits. Floats, NaN and more decimal places than the currency has are refused;
    `Money.rounded` rounds openly. No result depends on the decimal context of the thread.
    """

    minor: int
    currency: str

    def __init__(self, amount: Decimal | str | int, currency: str) -> None:
        """Check the amount and count its minor units; text is read as `Decimal` reads it."""
        _set_minor(self, count_minor(amount, currency))
        _set_currency(self, currency)

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> Self:
        """Make money from a count of minor units."""
        if type(minor) is not int or type(currency) is not str or currency not in EXPONENTS:
            minor = _count(minor)
            exponent_of(currency)
        made = object.__new__(cls)
        _set_minor(made, minor if -MAX_MINOR <= minor <= MAX_MINOR else in_range(minor))
        _set_currency(made, currency)
        return made

    @classmethod
    def rounded(
        cls, amount: Decimal | str | int, currency: str, rounding: str = ROUND_HALF_EVEN
    ) -> Self:
        """Make money from an amount with any number of places, rounded as `decimal` names it."""
        return cls.from_minor(round_minor(amount, currency, rounding), currency)

    @classmethod
    def total(cls, amounts: Iterable["Money"], currency: str | None = None) -> "Money":
        """Add up money of one currency; of nothing at all, `currency` says what it is zero of."""
        minor = 0
        for amount in amounts:
            if not isinstance(amount, Money):
                raise _not_money(amount)
            if amount.currency != currency:
                if currency is not None:
                    raise _mixed(currency, amount.currency)
                currency = amount.currency
            minor += amount.minor
        if currency is None:
            raise InvalidValue(
                "the total of nothing has no currency", path="currency", fix="name one"
            )
        return cls.from_minor(minor, currency)

    @property
    def amount(self) -> Decimal:
        """Return the amount with exactly the places of the currency."""
        return Decimal(self.minor).scaleb(-EXPONENTS[self.currency], _SCALING)

    def multiply(self, factor: Decimal | int, rounding: str = ROUND_HALF_EVEN) -> "Money":
        """Multiply exactly, then round once to the minor unit."""
        return Money.from_minor(multiply_minor(self.minor, factor, rounding), self.currency)

    def allocate(self, weights: Sequence[int | Decimal]) -> tuple["Money", ...]:
        """Share out by weights; the parts add up to the whole, to the last minor unit.

        What cannot be divided goes, one unit each, to the largest remainders, first come first.
        """
        return tuple(
            Money.from_minor(share, self.currency) for share in share_minor(self.minor, weights)
        )

    def split(self, parts: int) -> tuple["Money", ...]:
        """Share out evenly; the first parts are the larger ones."""
        if type(parts) is not int:
            raise WrongType("parts are a whole number", path="parts", fix="such as 12")
        if not 1 <= parts <= MOST_PARTS:
            raise OutOfRange(f"1 to {MOST_PARTS:,} parts", path="parts", fix="split less finely")
        return self.allocate([1] * parts)

    def format(self, locale: str = "zh") -> str:
        """Write it for people: `¥98,000.00` in Chinese, `CN¥98,000.00` in English.

        Known are zh, en, ja, de, de_CH, fr, sv, pt, hi and ar; a region of theirs is taken for the
        language. Source of patterns and signs: Unicode CLDR 47.
        """
        return format_minor(self.minor, self.currency, locale)

    def __add__(self, other: object) -> "Money":
        """Add money of the same currency."""
        return self._moved(self.minor + self._same(other).minor)

    def __sub__(self, other: object) -> "Money":
        """Subtract money of the same currency."""
        return self._moved(self.minor - self._same(other).minor)

    def __mul__(self, factor: Decimal | int) -> "Money":
        """Multiply when the product is whole minor units; `multiply` rounds."""
        return self._moved(multiply_minor(self.minor, factor))

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> "Money":
        """Return the opposite amount."""
        return self._moved(-self.minor)

    def __abs__(self) -> "Money":
        """Return the amount without its sign."""
        return self._moved(abs(self.minor))

    def __bool__(self) -> bool:
        """Say whether it is not zero."""
        return self.minor != 0

    def __lt__(self, other: object) -> bool:
        """Compare money of the same currency."""
        return self.minor < self._same(other).minor

    def __le__(self, other: object) -> bool:
        """Compare money of the same currency."""
        return self.minor <= self._same(other).minor

    def __gt__(self, other: object) -> bool:
        """Compare money of the same currency."""
        return self.minor > self._same(other).minor

    def __ge__(self, other: object) -> bool:
        """Compare money of the same currency."""
        return self.minor >= self._same(other).minor

    def __str__(self) -> str:
        """Write the amount and the currency."""
        return f"{self.amount:f} {self.currency}"

    def __repr__(self) -> str:
        """Write it as it can be typed."""
        return f"Money('{self.amount:f}', '{self.currency}')"

    def _moved(self, minor: int) -> "Money":
        return Money.from_minor(minor, self.currency)

    def _same(self, other: object) -> "Money":
        if not isinstance(other, Money):
            raise _not_money(other)
        if other.currency != self.currency:
            raise _mixed(self.currency, other.currency)
        return other


def _count(minor: object) -> int:
    if isinstance(minor, int) and not isinstance(minor, bool):
        return int(minor)
    raise WrongType(
        f"minor units are a whole number, not {type(minor).__name__}",
        path="minor",
        fix="write Money('9.99', currency) for an amount",
    )


def _mixed(one: str, other: str) -> MixedCurrencies:
    return MixedCurrencies(
        f"{one} and {other} do not mix", path="currency", fix="convert one of them first"
    )


def _not_money(other: object) -> WrongType:
    return WrongType(
        f"money goes with money, not with {type(other).__name__}",
        fix="write Money(amount, currency), and Money.total(amounts) for a sum",
    )


_set_minor = Money.__dict__["minor"].__set__
_set_currency = Money.__dict__["currency"].__set__
