"""The collections of sales."""

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.sales.contract import Contract
from crmkit.domain.sales.credit_limit import CreditLimit
from crmkit.domain.sales.deal import Deal
from crmkit.domain.sales.deal_line import DealLine
from crmkit.domain.sales.exchange_rate import ExchangeRate
from crmkit.domain.sales.fulfilment import Fulfilment
from crmkit.domain.sales.invoice import Invoice
from crmkit.domain.sales.order import Order
from crmkit.domain.sales.payment_plan import Instalment, PaymentPlan
from crmkit.domain.sales.pipeline import Pipeline
from crmkit.domain.sales.price_list import PriceEntry, PriceList, PriceShelf
from crmkit.domain.sales.pricing_policy import PricingPolicy
from crmkit.domain.sales.product import Product
from crmkit.domain.sales.quote import Quote
from crmkit.domain.sales.quote_version import QuoteVersion
from crmkit.domain.sales.receipt import Receipt
from crmkit.domain.sales.receivable import ReceivableEntry
from crmkit.domain.sales.stage_stay import StageStay
from crmkit.domain.sales.stakeholder import Stakeholder
from crmkit.domain.sales.tax_rate import TaxRate
from crmkit.work.collection import Collection
from crmkit.work.departments.reaching import Reaching

ENTITIES: tuple[type[Aggregate], ...] = (
    Product,
    Pipeline,
    Deal,
    StageStay,
    Stakeholder,
    PriceList,
    PriceEntry,
    PriceShelf,
    TaxRate,
    ExchangeRate,
    PricingPolicy,
    DealLine,
    Quote,
    QuoteVersion,
    Order,
    Fulfilment,
    Invoice,
    PaymentPlan,
    Instalment,
    Receipt,
    ReceivableEntry,
    CreditLimit,
    Contract,
)


class SalesRecords(Reaching):
    """The collections of sales."""

    @property
    def products(self) -> Collection[Product]:
        """Return the products."""
        return self.of(Product)

    @property
    def pipelines(self) -> Collection[Pipeline]:
        """Return the pipelines."""
        return self.of(Pipeline)

    @property
    def deals(self) -> Collection[Deal]:
        """Return the deals."""
        return self.of(Deal)

    @property
    def stage_stays(self) -> Collection[StageStay]:
        """Return the stays at stages that are over."""
        return self.of(StageStay)

    @property
    def stakeholders(self) -> Collection[Stakeholder]:
        """Return the people in deals."""
        return self.of(Stakeholder)

    @property
    def price_lists(self) -> Collection[PriceList]:
        """Return the price lists."""
        return self.of(PriceList)

    @property
    def price_entries(self) -> Collection[PriceEntry]:
        """Return the prices of all lists."""
        return self.of(PriceEntry)

    @property
    def price_shelves(self) -> Collection[PriceShelf]:
        """Return what those hold who publish price lists."""
        return self.of(PriceShelf)

    @property
    def tax_rates(self) -> Collection[TaxRate]:
        """Return the tax rates."""
        return self.of(TaxRate)

    @property
    def exchange_rates(self) -> Collection[ExchangeRate]:
        """Return the exchange rates."""
        return self.of(ExchangeRate)

    @property
    def pricing_policies(self) -> Collection[PricingPolicy]:
        """Return the pricing policies."""
        return self.of(PricingPolicy)

    @property
    def deal_lines(self) -> Collection[DealLine]:
        """Return the lines of all deals."""
        return self.of(DealLine)

    @property
    def quotes(self) -> Collection[Quote]:
        """Return the quotes."""
        return self.of(Quote)

    @property
    def quote_versions(self) -> Collection[QuoteVersion]:
        """Return the versions of all quotes."""
        return self.of(QuoteVersion)

    @property
    def orders(self) -> Collection[Order]:
        """Return the orders."""
        return self.of(Order)

    @property
    def fulfilments(self) -> Collection[Fulfilment]:
        """Return what was delivered and what came back."""
        return self.of(Fulfilment)

    @property
    def invoices(self) -> Collection[Invoice]:
        """Return the invoices."""
        return self.of(Invoice)

    @property
    def payment_plans(self) -> Collection[PaymentPlan]:
        """Return the payment plans."""
        return self.of(PaymentPlan)

    @property
    def instalments(self) -> Collection[Instalment]:
        """Return the instalments of all plans."""
        return self.of(Instalment)

    @property
    def receipts(self) -> Collection[Receipt]:
        """Return the receipts."""
        return self.of(Receipt)

    @property
    def receivable_entries(self) -> Collection[ReceivableEntry]:
        """Return the ledger of what is owed and paid."""
        return self.of(ReceivableEntry)

    @property
    def credit_limits(self) -> Collection[CreditLimit]:
        """Return the credit limits."""
        return self.of(CreditLimit)

    @property
    def contracts(self) -> Collection[Contract]:
        """Return the contracts."""
        return self.of(Contract)
