"""The cross-check: how far several models lie apart on one scope."""

from collections.abc import Iterable
from decimal import Decimal
from statistics import median

import attrs

from crmkit.domain.estimates.figures import EXACT, plain
from crmkit.domain.estimates.protocols import EffortModel
from crmkit.domain.estimates.sizing import SizedScope
from crmkit.domain.estimates.words import Label
from crmkit.errors import InvalidValue


@attrs.frozen(kw_only=True)
class Opinion:
    """What one model says about the hours."""

    name: str
    label: Label
    source: str
    hours: Decimal


@attrs.frozen
class CrossCheck:
    """Several opinions on one scope; GB/T 36964 asks for a second method beside the first."""

    opinions: tuple[Opinion, ...]

    def __attrs_post_init__(self) -> None:
        """Refuse fewer than two."""
        if len(self.opinions) < 2:
            raise InvalidValue(
                f"{len(self.opinions)} cannot disagree", path="models", fix="give two or more"
            )

    @property
    def disagreement(self) -> Decimal:
        """Return the most hours over the fewest; 1 where all agree."""
        hours = [opinion.hours for opinion in self.opinions]
        return EXACT.divide(max(hours), min(hours))

    @property
    def middle(self) -> Decimal:
        """Return the median of the hours."""
        return median(opinion.hours for opinion in self.opinions)

    def table(self, language: str = "en") -> str:
        """Write each opinion with its hours and its ratio to the middle, fewest hours first."""
        rows = [
            f"{plain(EXACT.divide(opinion.hours, self.middle), 2):>6} x"
            f"{plain(opinion.hours, 0):>10} h  {opinion.label.said(language)}"
            for opinion in sorted(self.opinions, key=lambda opinion: opinion.hours)
        ]
        last = Label("most over fewest", "最大与最小之比").said(language)
        return "\n".join([*rows, f"{plain(self.disagreement, 2):>6} x{'':12}  {last}"])


def cross_check(sized: SizedScope, models: Iterable[EffortModel]) -> CrossCheck:
    """Ask several models for the hours of one scope."""
    return CrossCheck(
        tuple(
            Opinion(
                name=model.name, label=model.label, source=model.source, hours=model.hours(sized)
            )
            for model in models
        )
    )
