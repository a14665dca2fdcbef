"""Ratings of COCOMO drivers: six words, and the number that each stands for."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

from crmkit.domain.estimates.figures import product
from crmkit.domain.estimates.words import choose
from crmkit.errors import InvalidValue, UnknownField


class Rating(StrEnum):
    """How much of something there is, in the words of COCOMO."""

    VERY_LOW = "very_low"
    LOW = "low"
    NOMINAL = "nominal"
    HIGH = "high"
    VERY_HIGH = "very_high"
    EXTRA_HIGH = "extra_high"


Drivers: TypeAlias = Mapping[str, Mapping[Rating, Decimal]]
"""What each rating of each driver stands for; a driver may lack some ratings."""
Ratings: TypeAlias = Mapping[str, Rating | str]
HOURS_PER_PERSON_MONTH: Final = 152
"""Of both COCOMO models; the Chinese standard counts 174."""


def drivers(table: str) -> Drivers:
    """Read a table: a driver a line, its numbers from very low to extra high, `-` for none."""
    rows = (line.split() for line in table.strip().splitlines())
    return {
        name: {
            rating: Decimal(number)
            for rating, number in zip(Rating, numbers, strict=True)
            if number != "-"
        }
        for name, *numbers in rows
    }


def total_of(table: Drivers, ratings: Ratings, path: str) -> Decimal:
    """Add up the numbers of all drivers; one that is not rated is nominal."""
    return sum(_numbers(table, ratings, path), Decimal(0))


def product_of(table: Drivers, ratings: Ratings, path: str) -> Decimal:
    """Multiply the numbers of all drivers; one that is not rated is nominal."""
    return product(_numbers(table, ratings, path))


def _numbers(table: Drivers, ratings: Ratings, path: str) -> list[Decimal]:
    for driver in ratings:
        if driver not in table:
            raise UnknownField(
                f"{driver!r} is not a driver", path=path, fix=f"one of {', '.join(table)}"
            )
    return [
        _number(known, ratings.get(driver, Rating.NOMINAL), f"{path}.{driver}")
        for driver, known in table.items()
    ]


def _number(known: Mapping[Rating, Decimal], given: Rating | str, path: str) -> Decimal:
    rating = choose(Rating, given, path)
    if rating not in known:
        raise InvalidValue(f"it is never {rating}", path=path, fix=f"one of {', '.join(known)}")
    return known[rating]
