"""Money: an exact amount in one currency; never a float, never two currencies in one sum."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from typing import Any, Final, Self

import attrs

from crmkit.domain.currencies import EXPONENTS, exponent_of
from crmkit.errors import InvalidValue, MixedCurrencies, OutOfRange, WrongType

MAX_MINOR: Final = 2**63 - 1
_PRECISION: Final = 60
_MAX_DIGITS: Final = 25


@attrs.frozen(init=False, repr=False)
class Money:
    """An amount of one currency, exact to its ISO 4217 minor unit.

    `Money("98000", "CNY")` has the amount `Decimal("98000.00")` and 9,800,000 minor units. Floats,
    NaN and more decimal places than the currency has are refused; `Money.rounded` rounds openly.
    """

    minor: int
    currency: str

    def __init__(self, amount: Decimal | str | int, currency: str) -> None:
        """Check the amount and count its minor units."""
        exponent = exponent_of(currency)
        exact = _decimal(amount).scaleb(exponent)
        if exact != exact.to_integral_value():
            raise InvalidValue(
                f"{amount} has more than {exponent} decimal places of {currency}",
                path="amount",
                fix="use Money.rounded(amount, currency)",
            )
        _set_minor(self, _in_range(int(exact)))
        _set_currency(self, currency)

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> Self:
        """Make money from a count of minor units that is known to be right."""
        made = object.__new__(cls)
        _set_minor(made, minor)
        _set_currency(made, currency)
        return made

    @classmethod
    def rounded(
        cls, amount: Decimal | str | int, currency: str, rounding: str = ROUND_HALF_EVEN
    ) -> Self:
        """Make money from an amount with any number of places, rounded as `decimal` names it."""
        with localcontext(prec=_PRECISION):
            exact = _decimal(amount).scaleb(exponent_of(currency))
            return cls.from_minor(
                _in_range(int(exact.to_integral_value(rounding=rounding))), currency
            )

    @classmethod
    def total(cls, amounts: Iterable["Money"], currency: str) -> "Money":
        """Add up money of one currency; nothing at all is zero of it."""
        exponent_of(currency)
        whole = cls.from_minor(0, currency)
        for amount in amounts:
            whole = whole + amount
        return whole

    @property
    def amount(self) -> Decimal:
        """Return the amount with exactly the places of the currency."""
        return Decimal(self.minor).scaleb(-EXPONENTS[self.currency])

    def multiply(self, factor: Decimal | int, rounding: str = ROUND_HALF_EVEN) -> "Money":
        """Multiply by an exact factor and round to the minor unit."""
        with localcontext(prec=_PRECISION):
            return Money.rounded(_decimal(factor) * self.amount, self.currency, rounding)

    def allocate(self, weights: Sequence[int | Decimal]) -> tuple["Money", ...]:
        """Share out by weights; the parts add up to the whole, to the last minor unit.

        What cannot be divided goes, one unit each, to the largest remainders, first come first.
        """
        checked = [_decimal(weight) for weight in weights]
        if not checked or any(weight < 0 for weight in checked) or not any(checked):
            raise InvalidValue(
                "weights are not negative and not all zero", path="weights", fix="give some"
            )
        return tuple(Money.from_minor(part, self.currency) for part in _share(self.minor, checked))

    def split(self, parts: int) -> tuple["Money", ...]:
        """Share out evenly."""
        if type(parts) is not int or parts < 1:
            raise InvalidValue("at least one part", path="parts")
        return self.allocate([1] * parts)

    def __add__(self, other: object) -> "Money":
        """Add money of the same currency."""
        if not isinstance(other, Money):
            return NotImplemented
        return self._moved(self.minor + self._same(other).minor)

    def __sub__(self, other: object) -> "Money":
        """Subtract money of the same currency."""
        if not isinstance(other, Money):
            return NotImplemented
        return self._moved(self.minor - self._same(other).minor)

    def __mul__(self, factor: object) -> "Money":
        """Multiply by a whole number; `multiply` takes decimals and rounds."""
        if type(factor) is not int:
            return NotImplemented
        return self._moved(self.minor * factor)

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
        return self.minor < self._same(other).minor if isinstance(other, Money) else NotImplemented

    def __le__(self, other: object) -> bool:
        """Compare money of the same currency."""
        return self.minor <= self._same(other).minor if isinstance(other, Money) else NotImplemented

    def __gt__(self, other: object) -> bool:
        """Compare money of the same currency."""
        return self.minor > self._same(other).minor if isinstance(other, Money) else NotImplemented

    def __ge__(self, other: object) -> bool:
        """Compare money of the same currency."""
        return self.minor >= self._same(other).minor if isinstance(other, Money) else NotImplemented

    def __str__(self) -> str:
        """Write the amount and the currency."""
        return f"{self.amount:f} {self.currency}"

    def __repr__(self) -> str:
        """Write it as it can be typed."""
        return f"Money('{self.amount:f}', '{self.currency}')"

    def _moved(self, minor: int) -> "Money":
        return Money.from_minor(_in_range(minor), self.currency)

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise MixedCurrencies(
                f"{self.currency} and {other.currency} do not mix",
                path="currency",
                fix="convert one of them first",
            )
        return other


def _decimal(value: Any) -> Decimal:
    if type(value) is int:
        return Decimal(value) if abs(value) <= MAX_MINOR else Decimal(_in_range(value))
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except InvalidOperation:
            raise InvalidValue(f"{value!r} is not an amount", path="amount") from None
    if not isinstance(value, Decimal):
        raise WrongType(
            f"expected Decimal, text or whole number, got {type(value).__name__}",
            path="amount",
            fix="write Decimal('9.99'), never a float",
        )
    if not value.is_finite():
        raise InvalidValue("NaN and infinities are not amounts", path="amount")
    if value.adjusted() > _MAX_DIGITS:
        raise OutOfRange("the amount is too large", path="amount")
    return value


def _in_range(minor: int) -> int:
    if abs(minor) > MAX_MINOR:
        raise OutOfRange(
            "more than 64 bits of minor units", path="amount", fix="use a smaller amount"
        )
    return minor


def _share(minor: int, weights: Sequence[Decimal]) -> list[int]:
    with localcontext(prec=_PRECISION * 2):
        whole = sum(weights)
        exact = [abs(minor) * weight / whole for weight in weights]
        parts = [int(share) for share in exact]
        order = sorted(range(len(parts)), key=lambda at: (parts[at] - exact[at], at))
    for at in order[: abs(minor) - sum(parts)]:
        parts[at] += 1
    return [part if minor >= 0 else -part for part in parts]


_set_minor = Money.__dict__["minor"].__set__
_set_currency = Money.__dict__["currency"].__set__
