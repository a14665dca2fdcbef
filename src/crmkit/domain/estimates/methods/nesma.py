"""NESMA: function points counted early, from what is known then; and hours from any size."""

from decimal import Decimal
from typing import Final

import attrs

from crmkit.domain.estimates.figures import EXACT
from crmkit.domain.estimates.protocols import SizingMethod
from crmkit.domain.estimates.sizes import NESMA_ESTIMATED, FunctionCount
from crmkit.domain.estimates.sizing import SizedScope
from crmkit.domain.estimates.words import Label

POINTS_PER_OWN_FILE: Final = 35
POINTS_PER_LINKED_FILE: Final = 15


@attrs.frozen
class NesmaIndicative:
    """Function points from the files alone: 35 for each internal one, 15 for each external one."""

    name = "nesma-indicative"
    label = Label("NESMA indicative", "NESMA 预估功能点法")
    source = "NESMA, Early Function Point Analysis: 35 ILF + 15 EIF"

    def size(self, functions: FunctionCount) -> Decimal:
        """Return the function points."""
        own, linked = functions.ilf, functions.eif
        return Decimal(POINTS_PER_OWN_FILE * own + POINTS_PER_LINKED_FILE * linked)


@attrs.frozen
class NesmaEstimated:
    """Function points from all five kinds: files weigh as low ones, transactions as average."""

    name = "nesma-estimated"
    label = Label("NESMA estimated", "NESMA 估算功能点法")
    source = NESMA_ESTIMATED.source

    def size(self, functions: FunctionCount) -> Decimal:
        """Return the function points."""
        return functions.points(NESMA_ESTIMATED)


@attrs.frozen
class SizedBy:
    """Hours from another way to size the same functions, at the productivity of the profile.

    Reuse, kind of change and growth scale the size as they scale that of the scope; the factors of
    application, platform and team are left out.
    """

    method: SizingMethod

    @property
    def name(self) -> str:
        """Name the model after its way to size."""
        return self.method.name

    @property
    def label(self) -> Label:
        """Name it for people."""
        return self.method.label

    @property
    def source(self) -> str:
        """Cite who published the way to size."""
        return self.method.source

    def hours(self, sized: SizedScope) -> Decimal:
        """Return the hours for a scope."""
        adjusted = EXACT.divide(sized.points, sized.unadjusted)
        points = EXACT.multiply(self.method.size(sized.functions), adjusted)
        productivity = sized.profile.hours_per_point(sized.scope.industry)
        return EXACT.multiply(points, productivity.value)
