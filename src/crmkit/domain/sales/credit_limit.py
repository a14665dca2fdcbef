"""Credit limits: how much a customer may owe in one currency, and who may allow more."""

from typing import Annotated, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.approval_requirement import ApprovalRequirement, ApprovalRule
from crmkit.errors import InvalidValue, MixedCurrencies, RuleBroken

CreditLimitId = NewType("CreditLimitId", UUID)


class CreditLimitExceeded(RuleBroken):
    """The customer would owe more than the limit, and nobody may allow it."""


@attrs.frozen(kw_only=True)
class Exposure:
    """What a customer owes or will owe: open orders and invoices less what was received."""

    orders: Money
    invoiced: Money
    received: Money

    @property
    def total(self) -> Money:
        """Return open orders plus invoices less receipts; below zero when paid ahead."""
        return self.orders + self.invoiced - self.received


@keeps(financial=("amount",), about=("customer_id",))
@entity(
    "credit_limit",
    unique=[Unique(("customer_id", "currency"))],
    labels={"en": "Credit limit", "zh": "信用额度"},
)
@attrs.frozen(kw_only=True)
class CreditLimit(Aggregate):
    """The most that a customer may owe in a currency; `approver` is the role that allows more."""

    id: CreditLimitId
    customer_id: CustomerId
    currency: Annotated[str, Text(max_length=3)]
    amount: Money
    approver: Annotated[str, Text(max_length=100)] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse limits below zero or in another currency."""
        super().__attrs_post_init__()
        if self.amount.currency != self.currency:
            raise MixedCurrencies(
                f"{self.amount.currency} is not {self.currency}",
                path="credit_limit.amount",
                fix="give the limit in its own currency",
            )
        if self.amount.minor < 0:
            raise InvalidValue("is below zero", path="credit_limit.amount", fix="0 or more")

    def requirement(self, exposure: Money) -> ApprovalRequirement | None:
        """Return who must approve an exposure; None within the limit.

        Raises `CreditLimitExceeded` when nobody may allow it. Neither tells the figures.
        """
        if exposure <= self.amount:
            return None
        if self.approver is None:
            raise CreditLimitExceeded(
                f"goes beyond the credit limit in {self.currency}",
                path="order.customer_id",
                fix="wait for receipts, or raise the limit",
            )
        return ApprovalRequirement(
            rule=ApprovalRule.CREDIT,
            role=self.approver,
            limit=self.amount.amount,
            actual=exposure.amount,
            lines=(),
        )
