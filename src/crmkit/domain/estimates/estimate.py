"""An estimate: a total that its lines add up to, and the questions that can be asked of it."""

from typing import TYPE_CHECKING

import attrs

from crmkit.domain.estimates.costing import Costing
from crmkit.domain.estimates.lines import EstimateLine, LineGroup
from crmkit.domain.estimates.profiles import Profile
from crmkit.domain.estimates.scope import Scope
from crmkit.domain.estimates.tiers import TierJudgement, judge
from crmkit.domain.estimates.vat import split_vat
from crmkit.domain.money import Money

if TYPE_CHECKING:
    from crmkit.domain.estimates.practice import Practice


@attrs.frozen(kw_only=True)
class Estimate:
    """What a scope costs: lines that add up to the total to the fen, each with its reasons."""

    costing: Costing = attrs.field(repr=False)
    lines: tuple[EstimateLine, ...] = attrs.field(repr=False)
    total: Money
    practice: "Practice" = attrs.field(repr=False)

    @property
    def scope(self) -> Scope:
        """Return the scope that was priced."""
        return self.costing.scope

    @property
    def profile(self) -> Profile:
        """Return the profile that it was priced with."""
        return self.costing.profile

    @property
    def net(self) -> Money:
        """Return the total without VAT."""
        return split_vat(self.total, self.costing.vat.rate)[0]

    @property
    def vat(self) -> Money:
        """Return the VAT within the total."""
        return split_vat(self.total, self.costing.vat.rate)[1]

    @property
    def tier(self) -> TierJudgement:
        """Judge the price range that it belongs to."""
        return judge(self.scope, self.total)

    def line(self, key: str) -> EstimateLine | None:
        """Return the line of a key, None where the scope needs none."""
        return next((line for line in self.lines if line.key == key), None)

    def subtotal(self, group: LineGroup) -> Money:
        """Add up the lines of one group."""
        return Money.total((line.amount for line in self.lines if line.group is group), "CNY")
