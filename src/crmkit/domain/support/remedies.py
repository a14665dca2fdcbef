"""What is done for a complainant: promised, then delivered."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, TypeAlias

import attrs

from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.support.refusals import RemedyNotPromised
from crmkit.errors import InvalidValue


class RemedyKind(StrEnum):
    """What is done for the complainant."""

    APOLOGY = "apology"
    REFUND = "refund"
    REPLACEMENT = "replacement"
    REPAIR = "repair"
    COMPENSATION = "compensation"
    PROCESS_CHANGE = "process_change"


PAID: Final = (RemedyKind.REFUND, RemedyKind.COMPENSATION)
"""The remedies that are an amount of money."""


@attrs.frozen(kw_only=True)
class Remedy:
    """Something promised to the complainant; a refund or compensation has its amount."""

    kind: RemedyKind
    amount: Money | None = None
    note: Annotated[str, Text(max_length=500)] | None = None
    delivered_at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse money without an amount, and an amount for what is not money."""
        is_paid, amount = self.kind in PAID, self.amount
        if is_paid != (amount is not None) or (amount is not None and amount.amount <= 0):
            raise InvalidValue(
                f"{self.kind} has {'a positive' if is_paid else 'no'} amount",
                path="complaint.remedies.amount",
                fix="give one" if is_paid else "leave it out",
            )

    @property
    def is_delivered(self) -> bool:
        """Say whether the complainant has it."""
        return self.delivered_at is not None


Remedies: TypeAlias = tuple[Remedy, ...]


def owed(remedies: Remedies) -> Remedies:
    """Return what was promised and is not delivered yet."""
    return tuple(one for one in remedies if not one.is_delivered)


def promise(remedies: Remedies, promised: Iterable[Remedy]) -> Remedies:
    """Promise these instead of what is owed; what was delivered stays."""
    given = tuple(one for one in remedies if one.is_delivered)
    return (*given, *(attrs.evolve(one, delivered_at=None) for one in promised))


def deliver(remedies: Remedies, kind: RemedyKind, *, at: datetime) -> tuple[Remedies, Remedy]:
    """Deliver the first remedy of a kind that is owed, or raise `RemedyNotPromised`."""
    for place, one in enumerate(remedies):
        if one.kind is kind and not one.is_delivered:
            given = attrs.evolve(one, delivered_at=at)
            return (*remedies[:place], given, *remedies[place + 1 :]), given
    raise not_owed(kind)


def not_owed(kind: RemedyKind) -> RemedyNotPromised:
    """Return the refusal of a remedy that nobody waits for."""
    return RemedyNotPromised(
        f"no {kind} is owed now",
        path="complaint.remedies",
        fix="propose it and communicate the decision first",
    )
