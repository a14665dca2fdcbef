"""Exact arithmetic behind money: whole counts of minor units, whatever the decimal context says."""

from collections.abc import Sequence
from decimal import (
    MAX_EMAX,
    MAX_PREC,
    MIN_EMIN,
    ROUND_05UP,
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
)
from typing import Any, Final

from crmkit.domain.currencies import exponent_of
from crmkit.errors import InvalidValue, OutOfRange, WrongType

MAX_MINOR: Final = 2**63 - 1
ROUNDINGS: Final = frozenset(
    {
        ROUND_05UP,
        ROUND_CEILING,
        ROUND_DOWN,
        ROUND_FLOOR,
        ROUND_HALF_DOWN,
        ROUND_HALF_EVEN,
        ROUND_HALF_UP,
        ROUND_UP,
    }
)
_FINEST_WEIGHT: Final = 30
_LARGEST_WEIGHT: Final = 30
_ONE: Final = Decimal(1)
_EXACT: Final = Context(prec=40, traps=[Inexact, InvalidOperation])
_OPEN: Final = Context(prec=40, traps=[InvalidOperation])
_WIDE: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation])


def count_minor(amount: Decimal | str | int, currency: str) -> int:
    """Count the minor units of an amount that has no more places than its currency."""
    exponent = exponent_of(currency)
    if type(amount) is int:
        return in_range(amount * 10**exponent)
    exact = as_decimal(amount, "amount")
    try:
        return in_range(int(_whole(exact.scaleb(exponent, _WIDE), _EXACT)))
    except Inexact:
        raise InvalidValue(
            f"{_shown(amount)} has more than {exponent} decimal places of {currency}",
            path="amount",
            fix="use Money.rounded(amount, currency)",
        ) from None


def round_minor(amount: Decimal | str | int, currency: str, rounding: str) -> int:
    """Count the minor units of an amount, rounded in the way that `decimal` calls `rounding`."""
    exact = as_decimal(amount, "amount").scaleb(exponent_of(currency), _WIDE)
    return in_range(int(_whole(exact, _OPEN, check_rounding(rounding))))


def multiply_minor(minor: int, factor: Decimal | int, rounding: str | None = None) -> int:
    """Multiply exactly, then round; without a rounding, a product between two units is refused."""
    product = _WIDE.multiply(Decimal(minor), as_decimal(factor, "factor", texts=False))
    if rounding is not None:
        return in_range(int(_whole(product, _OPEN, check_rounding(rounding))))
    try:
        return in_range(int(_whole(product, _EXACT)))
    except Inexact:
        raise InvalidValue(
            "the product lies between two minor units",
            path="factor",
            fix="use multiply(factor, rounding=...)",
        ) from None


def share_minor(minor: int, weights: Sequence[Decimal | int]) -> list[int]:
    """Share out a count by weights; the shares add up to it.

    Method of the largest remainder: each share is cut down to a whole number, then the units left
    over go one each to the largest remainders, the first of equals first. Debts mirror credits.
    """
    return share_whole(minor, _whole_weights(weights))


def share_whole(minor: int, parts: Sequence[int]) -> list[int]:
    """Share out a count by whole weights that are not below zero, and not all zero."""
    total = sum(parts)
    cut = [divmod(abs(minor) * part, total) for part in parts]
    left = abs(minor) - sum(share for share, _ in cut)
    first = sorted(range(len(cut)), key=lambda at: -cut[at][1])[:left]
    shares = [share for share, _ in cut]
    for at in first:
        shares[at] += 1
    return shares if minor >= 0 else [-share for share in shares]


def as_decimal(value: Any, path: str, *, texts: bool = True) -> Decimal:
    """Return the finite decimal that was meant, or raise naming `path`; floats are never meant."""
    if isinstance(value, Decimal):
        number = value
    elif type(value) is int:
        number = Decimal(in_range(value, path))
    elif isinstance(value, str) and texts:
        number = _read(value, path)
    else:
        raise WrongType(
            f"expected Decimal{', text' if texts else ''} or whole number, "
            f"got {type(value).__name__}",
            path=path,
            fix="write Decimal('9.99'), never a float",
        )
    if not number.is_finite():
        raise InvalidValue("NaN and infinities are no amounts", path=path, fix="give a number")
    return number


def in_range(minor: int, path: str = "amount") -> int:
    """Return a count that fits 64 bits with its sign, or raise `OutOfRange`."""
    if -MAX_MINOR <= minor <= MAX_MINOR:
        return minor
    raise OutOfRange("more than 64 bits of minor units", path=path, fix="use a smaller amount")


def check_rounding(rounding: str) -> str:
    """Return a rounding that `decimal` knows, or raise naming `rounding`."""
    if rounding in ROUNDINGS:
        return rounding
    raise InvalidValue(
        f"{rounding!r} is not a way to round",
        path="rounding",
        fix=f"one of {', '.join(sorted(ROUNDINGS))}",
    )


def _read(text: str, path: str) -> Decimal:
    try:
        return Decimal(text)
    except (InvalidOperation, ValueError):
        raise InvalidValue(
            f"{_shown(text)} is not an amount", path=path, fix="write digits and one decimal point"
        ) from None


def _whole(number: Decimal, context: Context, rounding: str | None = None) -> Decimal:
    try:
        return number.quantize(_ONE, rounding=rounding, context=context)
    except Inexact:
        raise
    except InvalidOperation:
        raise OutOfRange(
            "more than 64 bits of minor units", path="amount", fix="use a smaller amount"
        ) from None


def _whole_weights(weights: Sequence[Decimal | int]) -> list[int]:
    numbers = [as_decimal(weight, f"weights.{at}") for at, weight in enumerate(weights)]
    if not any(numbers) or min(numbers) < 0:
        raise InvalidValue(
            "weights are not negative, and not all zero", path="weights", fix="such as [1, 1, 2]"
        )
    finest = max(0, *(-_exponent(number) for number in numbers))
    if finest > _FINEST_WEIGHT or max(number.adjusted() for number in numbers) > _LARGEST_WEIGHT:
        raise OutOfRange(
            f"weights have up to {_FINEST_WEIGHT} places",
            path="weights",
            fix="round them",
        )
    return [int(number.scaleb(finest, _WIDE)) for number in numbers]


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _shown(amount: object) -> str:
    text = str(amount)
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
