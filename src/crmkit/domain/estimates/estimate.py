"""An estimate: a total that its lines add up to, and the questions that can be asked of it."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from crmkit.domain.estimates import assumptions, notebook, plain_data, schedule, texts
from crmkit.domain.estimates.comparing import Comparison, compare
from crmkit.domain.estimates.costing import Costing
from crmkit.domain.estimates.explaining import Reason, explain
from crmkit.domain.estimates.inputs import put_input
from crmkit.domain.estimates.lines import EstimateLine, LineGroup
from crmkit.domain.estimates.methods.cross_check import CrossCheck, cross_check
from crmkit.domain.estimates.offers import Offer
from crmkit.domain.estimates.ownership import DISCOUNT, Ownership, own
from crmkit.domain.estimates.profiles import Profile
from crmkit.domain.estimates.scope import Scope
from crmkit.domain.estimates.sensitivity import Swing, VarianceShare, tornado, variance_shares
from crmkit.domain.estimates.simulation import Band, Simulation, simulate
from crmkit.domain.estimates.tiers import TierJudgement, judge
from crmkit.domain.estimates.vat import split_vat
from crmkit.domain.estimates.words import Label, check_language
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue

if TYPE_CHECKING:
    from crmkit.domain.estimates.practice import Practice


@attrs.frozen(kw_only=True)
class WhatIf:
    """What the project costs with another value of one input."""

    input: str
    value: Any
    total: Money
    estimate: "Estimate" = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Estimate:
    """What a scope costs: lines that add up to the total to the fen, each with its reasons.

    `language` is that of texts, tables and charts: `en` or `zh`; `said("zh")` changes it.
    """

    costing: Costing = attrs.field(repr=False)
    lines: tuple[EstimateLine, ...] = attrs.field(repr=False)
    total: Money
    practice: "Practice" = attrs.field(repr=False)
    language: str = "en"

    @property
    def scope(self) -> Scope:
        """Return the scope that was priced."""
        return self.costing.scope

    @property
    def profile(self) -> Profile:
        """Return the profile that it was priced with."""
        return self.costing.profile

    @property
    def city(self) -> Label:
        """Return the city whose rates were taken."""
        return self.profile.standard.city(self.scope.city or self.profile.city).name

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

    @property
    def hours(self) -> Decimal:
        """Return the hours of work until acceptance."""
        return schedule.hours_of(self)

    @property
    def assumptions(self) -> tuple[Label, ...]:
        """Tell what was taken for granted."""
        return assumptions.assumptions(self)

    @property
    def exclusions(self) -> tuple[Label, ...]:
        """Tell what is not in the price."""
        return assumptions.EXCLUSIONS

    def said(self, language: str) -> "Estimate":
        """Return it in another language."""
        return attrs.evolve(self, language=check_language(language))

    def line(self, key: str) -> EstimateLine | None:
        """Return the line of a key, None where the scope needs none."""
        return next((line for line in self.lines if line.key == key), None)

    def subtotal(self, group: LineGroup) -> Money:
        """Add up the lines of one group."""
        return Money.total((line.amount for line in self.lines if line.group is group), "CNY")

    def priced_again(self, scope: Scope) -> "Estimate":
        """Price another scope with the same profile and practice, in the same language."""
        return self.practice.estimate(scope, self.profile, language=self.language)

    def explain(self) -> Reason:
        """Tell how the total comes about, as a tree with sources; `str` draws it."""
        return explain(self, self.language)

    def simulate(self, n: int = 1000, seed: int = 0) -> Simulation:
        """Draw every uncertain input `n` times; the same seed draws the same totals."""
        return simulate(self, n, seed)

    def range(self, confidence: float = 0.8, *, seed: int = 0) -> Band:
        """Return the range that the price lies in with a confidence."""
        return self.simulate(seed=seed).band(confidence)

    def tornado(self) -> tuple[Swing, ...]:
        """Return how far each uncertain input moves the total by itself, the widest first."""
        return tornado(self)

    def variance_shares(self, n: int = 1000, seed: int = 0) -> tuple[VarianceShare, ...]:
        """Return the share of the variance that each uncertain input explains (Sobol)."""
        return variance_shares(self, n, seed)

    def cross_check(self) -> CrossCheck:
        """Ask the other methods of the practice too, and see how far they lie apart."""
        return cross_check(self.costing.sized, self.practice.methods)

    def what_if(
        self, path: str = "", values: Iterable[Any] = (), **many: Iterable[Any]
    ) -> tuple[WhatIf, ...]:
        """Price the scope with each value of one input: `what_if(users=[10, 20, 50])`.

        Inputs within a part go by their path: `what_if("maintenance.years", [1, 2, 3])`.
        """
        asked = {**({path: values} if path else {}), **many}
        if len(asked) != 1:
            raise InvalidValue(
                f"{len(asked)} inputs were given", path="what_if", fix="give one, with its values"
            )
        [(name, wanted)] = asked.items()
        priced = (
            (value, self.priced_again(put_input(self.scope, name, value))) for value in wanted
        )
        return tuple(
            WhatIf(input=name, value=value, total=made.total, estimate=made)
            for value, made in priced
        )

    def compare(self, other: "Estimate") -> Comparison:
        """Tell what makes another estimate dearer or cheaper; the effects add up to the fen."""
        return compare(self, other)

    def tco(self, years: int = 5, *, discount: Decimal = DISCOUNT) -> Ownership:
        """Foretell what the system costs its owner over the years."""
        return own(self, years, discount)

    def milestones(self, start: date | None = None) -> tuple[schedule.Milestone, ...]:
        """Split the work by the phases of the standard, dated where the start is known."""
        return schedule.milestones(self, start)

    def payments(
        self,
        shares: Sequence[tuple[str, Decimal | int]] | None = None,
        *,
        start: date | None = None,
    ) -> tuple[schedule.Payment, ...]:
        """Split the total into payments: 30, 50 and 20 percent, or as given, adding up to 100."""
        return schedule.payments(self, shares, start)

    def offer(
        self, *, on: date, vendor: str = "", number: str = "", starts: date | None = None
    ) -> Offer:
        """Make it a document for the client, as text and as a page to print."""
        return Offer(estimate=self, on=on, vendor=vendor, number=number, starts=starts)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data, numbers as exact texts."""
        return plain_data.to_dict(self)

    def to_quote(self) -> dict[str, Any]:
        """Return what a quote takes over, as plain data."""
        return plain_data.to_quote(self)

    def to_pandas(self) -> Any:
        """Return the lines as a pandas frame."""
        return plain_data.to_pandas(self)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Give the lines to whatever reads Arrow, such as Polars or DuckDB."""
        return plain_data.to_arrow(self).__arrow_c_stream__(requested_schema)

    def __str__(self) -> str:
        """Write the table."""
        return texts.table(self)

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, Any]:
        """Show itself in a notebook."""
        return notebook.bundle(self)
