"""Matching: money of an order that is counted on one side of what it owes, counted on the other.

Instalments say when an order is paid, invoices what was billed of it: two sides of one debt.
"""

from collections.abc import Iterable, Iterator
from uuid import UUID

import attrs

from crmkit.domain.money import Money
from crmkit.domain.sales.receivable import ReceivableEntry, ReceivableEntryId, TargetKind


@attrs.frozen(kw_only=True)
class Match:
    """So much money of an allocation, counted on an instalment or invoice of the other side."""

    allocation: ReceivableEntry
    target_id: UUID
    amount: Money


def holding(entries: Iterable[ReceivableEntry]) -> list[ReceivableEntry]:
    """Return the entries of money that were neither taken back nor take another one back."""
    known = [entry for entry in entries if entry.receipt_id is not None]
    undone = {entry.reverses_id for entry in known}
    return [one for one in known if one.reverses_id is None and one.id not in undone]


def matches(
    entries: Iterable[ReceivableEntry], side: TargetKind, owed: Iterable[tuple[UUID, Money]]
) -> Iterator[Match]:
    """Bring what is to be counted on a side, the oldest money on what is owed first.

    Afterwards the side counts all money of the order, or nothing of it is owed any more.
    """
    held = holding(entries)
    counted: dict[ReceivableEntryId, int] = {}
    for one in held:
        if one.mirrors_id is not None:
            counted[one.mirrors_id] = counted.get(one.mirrors_id, 0) + one.amount.minor
    money = [one for one in held if one.mirrors_id is None and one.target is not side]
    rests = [(one, counted.get(one.id, 0) - one.amount.minor) for one in money]
    open_ = [(target, amount.minor) for target, amount in owed]
    while rests and open_:
        (allocation, left), (target_id, wanted) = rests[0], open_[0]
        share = min(left, wanted)
        if share > 0:
            amount = Money.from_minor(share, allocation.amount.currency)
            yield Match(allocation=allocation, target_id=target_id, amount=amount)
        rests[0], open_[0] = (allocation, left - share), (target_id, wanted - share)
        if left <= wanted:
            rests.pop(0)
        if wanted <= left:
            open_.pop(0)
