"""One offer: an estimate, the day, and who makes it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from crmkit.domain.estimates import schedule
from crmkit.domain.estimates.assumptions import VALID_DAYS
from crmkit.domain.estimates.figures import ASSUMED, GIVEN
from crmkit.domain.estimates.offers.page import page
from crmkit.domain.estimates.offers.text import text
from crmkit.domain.estimates.sizes import check_count
from crmkit.errors import WrongType

if TYPE_CHECKING:
    from crmkit.domain.estimates.estimate import Estimate


@attrs.frozen(kw_only=True)
class Offer:
    """An estimate as a document: valid for some days from the one on which it is made.

    It is written in the language of the estimate.
    """

    estimate: "Estimate"
    on: date
    vendor: str = ""
    number: str = ""
    valid_days: int = VALID_DAYS
    starts: date | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse an offer without a day, or that holds for none."""
        if type(self.on) is not date:
            raise WrongType(
                f"{self.on!r} is no day", path="offer.on", fix="such as date(2026, 11, 30)"
            )
        check_count(self.valid_days, "offer.valid_days", least=1)

    @property
    def until(self) -> date:
        """Return the last day on which it holds."""
        return self.on + timedelta(days=self.valid_days)

    @property
    def months(self) -> Decimal:
        """Return how many months the work takes, to the half month."""
        halves = (schedule.months_of(self.estimate) * 2).to_integral_value("ROUND_CEILING")
        return halves / 2

    @property
    def sources(self) -> tuple[str, ...]:
        """Name every published source of a figure, once."""
        cited = {
            factor.source.partition(" P")[0]
            for line in self.estimate.lines
            for factor in line.factors
            if factor.source not in {ASSUMED, GIVEN, "profile"}
        }
        return tuple(sorted({*cited, self.estimate.costing.vat.notice}))

    def text(self) -> str:
        """Write it as plain text."""
        return text(self)

    def html(self) -> str:
        """Write it as one page of HTML, ready to print on A4; nothing is loaded from elsewhere."""
        return page(self)
