"""VAT: prices that contain it split into net and tax, at the dated rates of the sales side.

Whether the VAT law of 2026 has changed the rates was not checked against an official text, so a
vendor confirms them before an offer.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import attrs

from crmkit.domain.estimates.figures import EXACT, Factor
from crmkit.domain.estimates.levels import TaxProfile
from crmkit.domain.estimates.words import Label
from crmkit.domain.money import Money
from crmkit.domain.sales.chinese_vat import CHINESE_VAT
from crmkit.domain.sales.tax_rate import TaxRule
from crmkit.errors import InvalidValue


@attrs.frozen(kw_only=True)
class VatRate:
    """The share of VAT on a net price, and the notice that sets it."""

    label: Label
    rate: Decimal
    notice: str

    def as_factor(self) -> Factor:
        """Return what a net price is multiplied with."""
        return Factor(name="vat", label=self.label, value=1 + self.rate, source=self.notice)


_KINDS: Final = {
    TaxProfile.SMALL_SCALE: ("small_scale_reduced", "small_scale"),
    TaxProfile.SERVICES: ("services",),
    TaxProfile.SOFTWARE_PRODUCT: ("goods",),
}
"""The kinds of rates that fit a profile; the first that holds counts."""

REFUND_ABOVE: Final = Decimal("0.03")
"""Of a software product's own sales, VAT above this share is refunded (财税〔2011〕100 号)."""


def vat_rate(profile: TaxProfile, day: date | None = None) -> VatRate:
    """Return the rate on a day; without a day, the newest."""
    for kind in _KINDS[profile]:
        rules = [rule for rule in CHINESE_VAT if rule.kind == kind]
        fitting = [rule for rule in rules if day is None or rule.holds_on(day)]
        if fitting:
            return _as_rate(max(fitting, key=lambda rule: rule.valid_from))
    raise InvalidValue(
        f"no VAT rate of {profile} is known on {day}", path="scope.as_of", fix="give a later day"
    )


def split_vat(gross: Money, rate: Decimal) -> tuple[Money, Money]:
    """Split a price that contains VAT into net and tax, which add up to it to the fen."""
    net = Money.rounded(EXACT.divide(gross.amount, 1 + rate), gross.currency, ROUND_HALF_UP)
    return net, gross - net


def vat_refund(sales: Money, payable: Money) -> Money:
    """Return what is refunded on a software product: the payable above 3 % of the net sales."""
    kept = sales.multiply(REFUND_ABOVE, ROUND_HALF_UP)
    return max(payable - kept, Money(0, sales.currency))


def _as_rate(rule: TaxRule) -> VatRate:
    percent = f"{rule.percent:f}"
    return VatRate(
        label=Label(f"VAT {percent} %", f"增值税 {percent}%"),
        rate=EXACT.scaleb(rule.percent, -2),
        notice=rule.basis,
    )
