"""Buyer titles (开票抬头): whom an invoice is made out to, as it was then."""

from typing import Annotated, Final

import attrs

from crmkit.domain.kinds import Text
from crmkit.domain.parties.customer import Customer
from crmkit.domain.parties.identifiers import USCC, VAT, check_uscc
from crmkit.errors import InvalidValue

Line = Annotated[str, Text(max_length=300)]
_SCHEMES: Final = (USCC, VAT)
_USCC_LENGTH: Final = 18


@attrs.frozen(kw_only=True)
class BuyerTitle:
    """The registered name of a buyer, the tax number (税号), address and phone, bank and account.

    A tax number of 18 signs is checked as a unified social credit code (统一社会信用代码).
    """

    name: Line
    tax_number: Annotated[str, Text(max_length=100)] | None = None
    address: Line | None = None
    phone: Annotated[str, Text(max_length=60)] | None = None
    bank: Line | None = None
    account: Annotated[str, Text(max_length=60)] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a title without a name, and a tax number that is mistyped."""
        if not self.name.strip():
            raise InvalidValue("is empty", path="buyer.name", fix="give the registered name")
        if self.tax_number is not None and len(self.tax_number) == _USCC_LENGTH:
            object.__setattr__(self, "tax_number", _checked(self.tax_number))

    @classmethod
    def of(cls, customer: Customer, **fields: str | None) -> "BuyerTitle":
        """Return the title of a customer: its name, and its registered number where it has one."""
        known = {one.scheme: one.value for one in customer.identifiers}
        number = next((known[scheme] for scheme in _SCHEMES if scheme in known), None)
        return cls(**{"name": customer.name, "tax_number": number, **fields})  # type: ignore[arg-type]


def _checked(number: str) -> str:
    try:
        return check_uscc(number)
    except InvalidValue as wrong:
        raise InvalidValue(wrong.message, path="buyer.tax_number", fix=wrong.fix) from None
