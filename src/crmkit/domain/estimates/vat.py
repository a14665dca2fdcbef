"""VAT: dated rates, and prices that contain it split into net and tax.

The rates were written from the notices that are named; whether the VAT law of 2026 has changed
them was not checked against an official text, so a vendor confirms them before an offer.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import attrs

from crmkit.domain.estimates.figures import EXACT, Factor
from crmkit.domain.estimates.levels import TaxProfile
from crmkit.domain.estimates.words import Label
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue


@attrs.frozen(kw_only=True)
class VatRate:
    """The rate of one kind of sales from one day to another, as a notice says."""

    profile: TaxProfile
    label: Label
    rate: Decimal
    since: date
    until: date | None
    notice: str

    def as_factor(self) -> Factor:
        """Return what a net price is multiplied with."""
        value = 1 + self.rate
        return Factor(name="vat", label=self.label, value=value, source=self.notice)


VAT_RATES: Final = (
    VatRate(
        profile=TaxProfile.SMALL_SCALE,
        label=Label("VAT 1 %, small-scale taxpayer", "增值税 1%（小规模纳税人）"),
        rate=Decimal("0.01"),
        since=date(2023, 1, 1),
        until=date(2027, 12, 31),
        notice="财政部 税务总局公告 2023 年第 19 号",
    ),
    VatRate(
        profile=TaxProfile.SMALL_SCALE,
        label=Label("VAT 3 %, small-scale taxpayer", "增值税 3%（小规模纳税人）"),
        rate=Decimal("0.03"),
        since=date(2028, 1, 1),
        until=None,
        notice="财税〔2016〕36 号",
    ),
    VatRate(
        profile=TaxProfile.SERVICES,
        label=Label("VAT 6 %, services", "增值税 6%（现代服务）"),
        rate=Decimal("0.06"),
        since=date(2016, 5, 1),
        until=None,
        notice="财税〔2016〕36 号",
    ),
    VatRate(
        profile=TaxProfile.SOFTWARE_PRODUCT,
        label=Label("VAT 13 %, software product", "增值税 13%（软件产品）"),
        rate=Decimal("0.13"),
        since=date(2019, 4, 1),
        until=None,
        notice="财政部 税务总局 海关总署公告 2019 年第 39 号",
    ),
)
REFUND_ABOVE: Final = Decimal("0.03")
"""Of a software product's own sales, VAT above this share is refunded (财税〔2011〕100 号)."""


def vat_rate(profile: TaxProfile, day: date | None = None) -> VatRate:
    """Return the rate on a day; without a day, the first that was listed."""
    for rate in VAT_RATES:
        if rate.profile is profile and (day is None or _holds(rate, day)):
            return rate
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


def _holds(rate: VatRate, day: date) -> bool:
    return rate.since <= day and (rate.until is None or day <= rate.until)
