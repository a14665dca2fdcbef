"""Figures that know where they come from: a published page, or an assumption that is said."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Final

import attrs

from crmkit.domain.estimates.words import Label
from crmkit.errors import InvalidValue

EXACT: Final = Context(prec=28, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
"""The arithmetic of estimates, whatever the decimal context of the thread says."""

_ONE: Final = Decimal(1)

ASSUMED: Final = "crmkit"
"""The source of figures that nobody has published: they are assumptions of this library."""

GIVEN: Final = "scope"
"""The source of figures that the caller gave."""


@attrs.frozen(kw_only=True)
class Factor:
    """One number that a price is multiplied from.

    `source` names a published source, whose `page` follows, or `scope` for what the caller gave.
    """

    name: str
    label: Label
    value: Decimal
    source: str = ASSUMED
    page: str = ""

    @property
    def assumed(self) -> bool:
        """Say whether it is an assumption of this library, which a vendor should replace."""
        return self.source == ASSUMED

    def cited(self) -> str:
        """Tell the source in a few characters, such as `CSBMK-202510 p.9`."""
        return f"{self.source} p.{self.page}" if self.page else self.source


@attrs.frozen
class Quantiles:
    """The five published quantiles P10, P25, P50, P75 and P90 of one figure, and their page."""

    values: tuple[Decimal, Decimal, Decimal, Decimal, Decimal]
    page: str

    def at(self, percentile: str) -> Decimal:
        """Return one of the five, such as `P25`."""
        if percentile in PERCENTILES:
            return self.values[PERCENTILES.index(percentile)]
        raise InvalidValue(
            f"{percentile!r} is not published",
            path="percentile",
            fix=f"one of {', '.join(PERCENTILES)}",
        )


PERCENTILES: Final = ("P10", "P25", "P50", "P75", "P90")
PROBABILITIES: Final = (0.10, 0.25, 0.50, 0.75, 0.90)


def product(values: Iterable[Decimal]) -> Decimal:
    """Multiply in the arithmetic of estimates; of nothing, 1."""
    whole, multiply = _ONE, EXACT.multiply
    for value in values:
        whole = multiply(whole, value)
    return whole


def plain(value: Decimal, places: int = 4) -> str:
    """Write a number for people: grouped, at most `places` places, no zeros at the end."""
    rounded = value.quantize(Decimal(1).scaleb(-places), context=EXACT)
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
