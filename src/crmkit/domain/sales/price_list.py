"""Price lists: what things cost, for whom, from one day to another, by quantity."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from itertools import pairwise
from typing import Annotated, Any, Final, NewType, Self
from uuid import UUID, uuid5

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.currencies import exponent_of
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.product import ProductId
from crmkit.domain.span import check_end
from crmkit.errors import InvalidValue, RuleBroken

PriceListId = NewType("PriceListId", UUID)
PriceEntryId = NewType("PriceEntryId", UUID)
PriceShelfId = NewType("PriceShelfId", UUID)
LAST_DAY: Final = date.max
_SHELVES: Final = UUID("0d1e34ab-6a2f-5c57-8a35-9d6e2b0f7c41")


class Audience(IntEnum):
    """For whom a list is; the lower one is asked first."""

    CUSTOMER = 1
    SEGMENT = 2
    EVERYONE = 3


class TierMode(StrEnum):
    """Whether the reached tier prices the whole quantity, or each tier its own slice."""

    VOLUME = "volume"
    GRADUATED = "graduated"


@attrs.frozen(kw_only=True)
class PriceListPublished(Event):
    """A price list came into use."""

    price_list_id: PriceListId


@attrs.frozen(kw_only=True)
class PriceListWithdrawn(Event):
    """A price list is no longer used."""

    price_list_id: PriceListId


class PriceListAlreadyPublished(RuleBroken):
    """The list is in use and its prices stay as they are."""


class PriceListNotPublished(RuleBroken):
    """The list is not in use."""


class PricesOverlap(RuleBroken):
    """Two prices would hold for the same sale on the same day."""


@attrs.frozen(kw_only=True)
class PriceTier:
    """The unit price from a quantity on, in the currency of its list, to six places."""

    price: Decimal
    from_quantity: Decimal = Decimal(0)

    def __attrs_post_init__(self) -> None:
        """Refuse prices and quantities below zero."""
        for name in ("price", "from_quantity"):
            value = getattr(self, name)
            if isinstance(value, Decimal | int) and value < 0:
                raise InvalidValue("is below zero", path=name, fix="0 or more")


@keeps(about=("customer_id",))
@entity(
    "price_list",
    unique=[Unique("name")],
    indexes=[Index(("currency", "valid_from")), Index("customer_id")],
    labels={"en": "Price list", "zh": "价格表"},
    events=(PriceListPublished, PriceListWithdrawn),
)
@attrs.frozen(kw_only=True)
class PriceList(Aggregate):
    """Prices in one currency for one customer, a segment of customers or everyone.

    `segment` is the JSON of a filter on customers. Lists for the same audience are asked by
    `priority`, the higher first. A published list stays as it is; `tax_included` says whether its
    prices hold the tax.
    """

    id: PriceListId
    name: Annotated[str, Text(max_length=200)]
    currency: Annotated[str, Text(max_length=3)]
    valid_from: date
    valid_to: date | None = None
    customer_id: CustomerId | None = None
    segment: Mapping[str, Any] | None = None
    priority: int = 0
    tax_included: bool = False
    published_at: datetime | None = None
    withdrawn_at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse unknown currencies, an end before the beginning, and two audiences at once."""
        super().__attrs_post_init__()
        exponent_of(self.currency)
        check_end(self.valid_from, self.valid_to, path="price_list.valid_to")
        if self.customer_id is not None and self.segment is not None:
            raise InvalidValue(
                "is for one customer or for a segment", path="price_list.segment", fix="leave one"
            )

    @property
    def audience(self) -> Audience:
        """Say for whom the list is."""
        if self.customer_id is not None:
            return Audience.CUSTOMER
        return Audience.EVERYONE if self.segment is None else Audience.SEGMENT

    @property
    def is_in_use(self) -> bool:
        """Say whether the list is published and not withdrawn."""
        return self.published_at is not None and self.withdrawn_at is None

    def holds_on(self, day: date) -> bool:
        """Say whether the list holds on a day."""
        return self.valid_from <= day <= (self.valid_to or LAST_DAY)

    def rivals(self, other: Self) -> bool:
        """Say whether nobody could tell which of two lists comes first on some day."""
        return (
            self.id != other.id
            and (self.currency, self.audience, self.customer_id, self.priority)
            == (other.currency, other.audience, other.customer_id, other.priority)
            and _meet(self, other)
        )

    def publish(self, others: Iterable[Self], *, at: datetime) -> Self:
        """Bring the list into use, or raise `PricesOverlap` when it rivals one that is."""
        self.must_be_a_draft()
        rivals = [other.name for other in others if other.is_in_use and self.rivals(other)]
        if rivals:
            raise PricesOverlap(
                f"{self.name} holds for the same sales as {', '.join(sorted(rivals))}",
                path="price_list.priority",
                fix="give it another priority or other days",
            )
        return self.evolve(published_at=at).recording(PriceListPublished(price_list_id=self.id))

    def withdraw(self, *, at: datetime) -> Self:
        """Use the list no longer."""
        if not self.is_in_use:
            raise PriceListNotPublished(
                f"{self.name} is not in use", path="price_list.published_at", fix="publish it first"
            )
        return self.evolve(withdrawn_at=at).recording(PriceListWithdrawn(price_list_id=self.id))

    def must_be_a_draft(self) -> None:
        """Raise `PriceListAlreadyPublished` when quotes may rest on its prices."""
        if self.published_at is not None:
            raise PriceListAlreadyPublished(
                f"{self.name} was published at {self.published_at:%Y-%m-%d}",
                path="price_list.published_at",
                fix="withdraw it and write another list",
            )


@keeps()
@entity("price_shelf", labels={"en": "Price shelf", "zh": "价格架"})
@attrs.frozen(kw_only=True)
class PriceShelf(Aggregate):
    """All published lists of a currency: who publishes one holds it, so that no two rivals do."""

    id: PriceShelfId
    currency: Annotated[str, Text(max_length=3)]

    @classmethod
    def of(cls, tenant: str, currency: str) -> Self:
        """Return the one shelf of a tenant and a currency; its id follows from both."""
        shelf_id = PriceShelfId(uuid5(_SHELVES, f"{tenant}/{currency}"))
        return cls(id=shelf_id, currency=currency)


@keeps(financial=("tiers", "percent_off", "floor"))
@entity(
    "price_entry",
    indexes=[Index(("price_list_id", "product_id"))],
    labels={"en": "Price entry", "zh": "价格条目"},
)
@attrs.frozen(kw_only=True)
class PriceEntry(Aggregate):
    """One price of a list: of a product, of a category, or of everything.

    Either `tiers` say the unit price by quantity, or `percent_off` is taken off the product's list
    price. Below the quantity of the first tier the entry does not hold. `floor` is the lowest unit
    price that a discount may reach without approval. The days lie within those of the list.
    """

    id: PriceEntryId
    price_list_id: PriceListId
    product_id: ProductId | None = None
    category: Annotated[str, Text(max_length=200)] | None = None
    tiers: tuple[PriceTier, ...] = ()
    mode: TierMode = TierMode.VOLUME
    percent_off: Decimal | None = None
    floor: Decimal | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse an entry that says no price, two, or one twice."""
        super().__attrs_post_init__()
        if bool(self.tiers) == (self.percent_off is not None):
            raise InvalidValue(
                "tiers or a percentage, one of them", path="price_entry.tiers", fix="leave one out"
            )
        if self.product_id is not None and self.category is not None:
            raise InvalidValue("is for a product or for a category", path="price_entry.category")
        if self.percent_off is not None and not 0 <= self.percent_off <= 100:
            raise InvalidValue("lies between 0 and 100", path="price_entry.percent_off")
        for lower, upper in pairwise(self.tiers):
            if lower.from_quantity >= upper.from_quantity:
                raise InvalidValue(
                    "tiers begin at rising quantities", path="price_entry.tiers", fix="sort them"
                )
        if self.mode is TierMode.GRADUATED and self.tiers and self.tiers[0].from_quantity:
            raise InvalidValue("graduated tiers begin at 0", path="price_entry.tiers")

    @property
    def target(self) -> tuple[UUID | None, str | None]:
        """Return what the entry prices: a product, a category, or everything."""
        return (self.product_id, self.category)

    def holds_on(self, day: date) -> bool:
        """Say whether the entry holds on a day."""
        first, last = self.days
        return first <= day <= last

    @property
    def days(self) -> tuple[date, date]:
        """Return the first and the last day."""
        return (self.valid_from or date.min, self.valid_to or LAST_DAY)


def check_entries(entries: Sequence[PriceEntry]) -> None:
    """Raise `PricesOverlap` when two entries of a list price the same thing on the same day."""
    ordered = sorted(entries, key=lambda entry: (*map(str, entry.target), entry.days))
    for earlier, later in pairwise(ordered):
        if earlier.target == later.target and later.days[0] <= earlier.days[1]:
            raise PricesOverlap(
                f"two prices of {later.product_id or later.category or 'everything'} "
                f"on {later.days[0]}",
                path="price_entry.valid_from",
                fix="end the earlier one the day before",
            )


def _meet(one: PriceList, other: PriceList) -> bool:
    return one.valid_from <= (other.valid_to or LAST_DAY) and other.valid_from <= (
        one.valid_to or LAST_DAY
    )
