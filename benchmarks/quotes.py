"""Time a quote of many lines: priced from tiers, discounted, taxed, totalled, in this process.

`python -m benchmarks.quotes [--lines 1000] [--repeat 20]` prints the processor time:
the least and the median.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from time import process_time
from uuid import UUID

from crmkit.domain.money import Money
from crmkit.domain.sales.chinese_vat import CHINESE_VAT
from crmkit.domain.sales.discount import Discount
from crmkit.domain.sales.price_book import PriceBook
from crmkit.domain.sales.price_list import (
    PriceEntry,
    PriceEntryId,
    PriceList,
    PriceListId,
    PriceTier,
)
from crmkit.domain.sales.pricing import Pricing
from crmkit.domain.sales.pricing_policy import (
    DiscountAuthority,
    FloorBasis,
    PriceFloor,
    PricingPolicy,
    PricingPolicyId,
)
from crmkit.domain.sales.product import Product, ProductId
from crmkit.domain.sales.quote_line import DraftLine, item
from crmkit.domain.sales.quoting import price_lines
from crmkit.domain.sales.settling import TaxRounding, Terms
from crmkit.domain.sales.tax_rate import TaxTable

DAY = date(2026, 11, 29)
RATES = ("goods", "basics", "services", "small_scale")


def main(arguments: Sequence[str] | None = None) -> int:
    """Price the same quote again and again and print how long it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quotes", description=__doc__)
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=20)
    asked = parser.parse_args(arguments)
    products = [_product(at) for at in range(asked.lines)]
    drafts = [_draft(at, product) for at, product in enumerate(products)]
    entries = [_entry(product) for product in products]
    times = [_timed(products, entries, drafts) for _turn in range(asked.repeat)]
    best, middle = min(times) * 1000, statistics.median(times) * 1000
    print(f"{asked.lines} lines: {best:.1f} ms at best, {middle:.1f} ms in the middle")
    return 0


def _timed(
    products: Sequence[Product], entries: Sequence[PriceEntry], drafts: Sequence[DraftLine]
) -> float:
    began = process_time()
    pricing = Pricing(
        day=DAY,
        currency="CNY",
        products={product.id: product for product in products},
        book=PriceBook([_LIST], entries, day=DAY),
        taxes=TaxTable(CHINESE_VAT),
    )
    price_lines(drafts, pricing, _TERMS, _POLICY)
    return process_time() - began


def _product(at: int) -> Product:
    return Product(
        id=ProductId(UUID(int=at + 1)),
        name=f"零件 {at}",
        list_price=Money.from_minor(1000 + 37 * at, "CNY"),
        cost=Money.from_minor(700 + 25 * at, "CNY"),
        tax_kind=RATES[at % len(RATES)],
    )


def _entry(product: Product) -> PriceEntry:
    price = (product.list_price or Money(1, "CNY")).amount
    tiers = [(Decimal(0), price), (Decimal(10), price * Decimal("0.95"))]
    return PriceEntry(
        id=PriceEntryId(product.id),
        price_list_id=_LIST.id,
        product_id=product.id,
        tiers=tuple(PriceTier(from_quantity=least, price=cost) for least, cost in tiers),
    )


def _draft(at: int, product: Product) -> DraftLine:
    discount = Decimal(5) if at % 3 == 0 else None
    return item(product.id, Decimal(at % 25 + 1), discount=discount, key=str(at + 1))


_LIST = PriceList(
    id=PriceListId(UUID(int=1)), name="2026", currency="CNY", valid_from=date(2026, 1, 1)
)
_TERMS = Terms(
    currency="CNY", rounding=TaxRounding.DOCUMENT, discount=Discount(percent=Decimal("2.5"))
)
_POLICY = PricingPolicy(
    id=PricingPolicyId(UUID(int=1)),
    name="usual",
    authorities=(DiscountAuthority(role="sales", percent=Decimal(10)),),
    floors=(PriceFloor(basis=FloorBasis.MARGIN, percent=Decimal(10)),),
)


if __name__ == "__main__":
    sys.exit(main())
