"""What crmkit estimates with, and what security reviews cost, through the hooks for everybody."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crmkit.errors import InvalidSettings
from crmkit.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from crmkit.domain.estimates.catalogue import ModuleKind
    from crmkit.domain.estimates.costing import Costing
    from crmkit.domain.estimates.lines import Draft
    from crmkit.domain.estimates.practice import LineMaker
    from crmkit.domain.estimates.profiles import Profile

REVIEWS: Final = {
    "level_2": ("level 2", "等保二级", Decimal(50_000)),
    "level_3": ("level 3", "等保三级", Decimal(60_000)),
}
"""What the test of one system costs, P50 (CSBMK-202510 p.35)."""


class StandardEstimates:
    """The profiles, modules, lines and methods that crmkit brings."""

    name = "crmkit.estimates"

    @hookimpl
    def register_estimate_profiles(self) -> "Iterable[Profile]":
        """Give the vendor in Liaocheng and the industry's median."""
        from crmkit.domain.estimates.profiles import PROFILES

        return PROFILES

    @hookimpl
    def register_estimate_modules(self) -> "Iterable[ModuleKind]":
        """Give the modules of a CRM."""
        from crmkit.domain.estimates.catalogue import CRM_MODULES

        return CRM_MODULES

    @hookimpl
    def register_estimate_lines(self) -> "Iterable[LineMaker]":
        """Give software, services, what is bought, and upkeep."""
        from crmkit.domain.estimates.drafting import STANDARD_LINES

        return STANDARD_LINES

    @hookimpl
    def register_estimate_methods(self) -> Iterable[Any]:
        """Give the standard and what it is checked against."""
        from crmkit.domain.estimates.practice import METHODS

        return METHODS


class SecurityReviews:
    """Adds the test by an accredited body (等保测评) to every estimate, at the published median."""

    name = "crmkit.security_reviews"

    def __init__(self, level: str = "level_2") -> None:
        """Price the test of `level_2` or `level_3`."""
        if level not in REVIEWS:
            raise InvalidSettings(
                f"there is no {level!r}", path="level", fix=f"one of {', '.join(REVIEWS)}"
            )
        self._level = level

    @hookimpl
    def register_estimate_lines(self) -> "Iterable[LineMaker]":
        """Add one line."""
        return (self._draft,)

    def _draft(self, costing: "Costing") -> "Iterator[Draft]":
        from crmkit.domain.estimates.figures import GIVEN, Factor
        from crmkit.domain.estimates.lines import PIECES, Draft, LineGroup
        from crmkit.domain.estimates.words import Label

        en, zh, price = REVIEWS[self._level]
        one = Factor(name="pieces", label=PIECES, value=Decimal(1), source=GIVEN)
        each = Factor(
            name="price",
            label=Label("price of one test", "每系统测评费"),
            value=price,
            source="CSBMK-202510",
            page="35",
        )
        yield Draft(
            key="security_review",
            group=LineGroup.BOUGHT,
            label=Label(f"Security test, {en}", f"{zh}测评"),
            unit=PIECES,
            quantity_from=(one,),
            price_from=(each,),
        )
