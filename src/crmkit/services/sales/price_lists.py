"""What people do with price lists: write, publish and withdraw them, and look prices up."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.as_json import FilterReader, filter_to_json
from crmkit.domain.filters.tree import Filter
from crmkit.domain.filters.where import check_entity, where
from crmkit.domain.parties.customer import Customer, CustomerId
from crmkit.domain.sales.price_book import PriceBook, targets
from crmkit.domain.sales.price_list import (
    PriceEntry,
    PriceEntryId,
    PriceList,
    PriceListId,
    PriceShelf,
    PriceTier,
    check_entries,
)
from crmkit.domain.sales.product import Product
from crmkit.errors import Duplicate, TransactionConflict
from crmkit.ports import Action
from crmkit.services.drafting import draft
from crmkit.work import UnitOfWork

WRITE_PRICE_LIST = Action(
    "price_list:write", "Write a price list", zh="编写价格表", right=Right.EDIT
)
PUBLISH_PRICE_LIST = Action(
    "price_list:publish", "Publish a price list", zh="发布价格表", right=Right.EDIT
)
WITHDRAW_PRICE_LIST = Action(
    "price_list:withdraw", "Withdraw a price list", zh="停用价格表", right=Right.EDIT
)
_LISTED = 500
"""Values in one condition."""


def write_price_list(
    work: UnitOfWork, name: str, *, segment: Filter | None = None, **fields: Any
) -> PriceList:
    """Begin a price list for one customer, a `segment` (a filter on customers) or everyone."""
    work.permit(WRITE_PRICE_LIST)
    written = None
    if segment is not None:
        check_entity(segment, work.registry[Customer])
        written = filter_to_json(segment)
    made = draft(PriceList, PriceListId(work.new_id()), name=name, segment=written, **fields)
    return work.price_lists.add(made)


def add_price(
    work: UnitOfWork,
    price_list_id: PriceListId,
    tiers: Decimal | Sequence[PriceTier] = (),
    **fields: Any,
) -> PriceEntry:
    """Add a price to a list that is not published: one unit price, tiers, or `percent_off`."""
    price_list = work.price_lists.get(price_list_id)
    work.permit(WRITE_PRICE_LIST, on=price_list)
    price_list.must_be_a_draft()
    given = (PriceTier(price=tiers),) if isinstance(tiers, Decimal | int) else tuple(tiers)
    entry_id = PriceEntryId(work.new_id())
    made = draft(PriceEntry, entry_id, price_list_id=price_list_id, tiers=given, **fields)
    return work.price_entries.add(made)


def remove_price(work: UnitOfWork, entry_id: PriceEntryId) -> PriceEntry:
    """Take a price out of a list that is not published."""
    entry = work.price_entries.get(entry_id)
    price_list = work.price_lists.get(entry.price_list_id)
    work.permit(WRITE_PRICE_LIST, on=price_list)
    price_list.must_be_a_draft()
    return work.price_entries.remove(entry)


def publish_price_list(work: UnitOfWork, price_list_id: PriceListId) -> PriceList:
    """Bring a list into use, or raise `PricesOverlap` when two prices would hold for one sale."""
    price_list = work.price_lists.get(price_list_id)
    work.permit(PUBLISH_PRICE_LIST, on=price_list)
    entries = work.price_entries.find(where(PriceEntry).price_list_id.eq(price_list.id))
    check_entries(entries)
    _hold_shelf(work, price_list.currency)
    others = work.price_lists.find(where(PriceList).currency.eq(price_list.currency))
    return work.price_lists.save(price_list.publish(others, at=work.now))


def withdraw_price_list(work: UnitOfWork, price_list_id: PriceListId) -> PriceList:
    """Use a list no longer; what was quoted by it stays as it is."""
    price_list = work.price_lists.get(price_list_id)
    work.permit(WITHDRAW_PRICE_LIST, on=price_list)
    return work.price_lists.save(price_list.withdraw(at=work.now))


def price_book(
    work: UnitOfWork,
    products: Iterable[Product],
    *,
    currency: str,
    day: date,
    customer: CustomerId | None = None,
) -> PriceBook:
    """Return the prices of some products that hold for a customer in a currency on a day."""
    fields = where(PriceList)
    asked = fields.currency.eq(currency) & ~fields.published_at.is_none()
    asked &= fields.withdrawn_at.is_none() & fields.customer_id.in_([None, customer])
    lists = [
        price_list
        for price_list in work.price_lists.find(asked)
        if price_list.holds_on(day) and _is_for(work, price_list, customer)
    ]
    return PriceBook(lists, _entries(work, lists, products), day=day)


def _hold_shelf(work: UnitOfWork, currency: str) -> None:
    """Let those who publish in a currency take turns: of two at once, one is to repeat."""
    shelf = PriceShelf.of(work.tenant, currency)
    for found in work.price_shelves.look_up([shelf.id]).values():
        work.hold(found)
        return
    try:
        work.price_shelves.add(shelf)
    except Duplicate:
        raise TransactionConflict(
            f"another work is just publishing in {currency}",
            path="price_list.currency",
            fix="repeat in another work",
        ) from None


def _is_for(work: UnitOfWork, price_list: PriceList, customer: CustomerId | None) -> bool:
    if price_list.segment is None:
        return True
    if customer is None:
        return False
    reader = FilterReader(work.registry, work.custom_parts)
    segment = reader.read(work.registry[Customer], dict(price_list.segment))
    return work.customers.exists(segment & where(Customer).id.eq(customer))


def _entries(
    work: UnitOfWork, lists: Sequence[PriceList], products: Iterable[Product]
) -> list[PriceEntry]:
    wanted = {target for product in products for target in targets(product)}
    ids = [product_id for product_id, _category in wanted if product_id is not None]
    fields = where(PriceEntry)
    of_lists = fields.price_list_id.in_([price_list.id for price_list in lists])
    found = work.price_entries.find(of_lists & fields.product_id.is_none())
    for start in range(0, len(ids), _LISTED):
        some = fields.product_id.in_(ids[start : start + _LISTED])
        found += work.price_entries.find(of_lists & some)
    return found
