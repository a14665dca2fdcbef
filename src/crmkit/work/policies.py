"""Policies: access decided by the policy of each tenant, kept in the tenant's own records."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from crmkit.domain.access.rulebook import Rulebook
from crmkit.ports import Clearance
from crmkit.work.clearance import OpenClearance, PolicyClearance
from crmkit.work.principals import Books, Principals

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork

MOST_BOOKS: Final = 256


class OpenAccess:
    """Permits everything; the CRM of a program that decides for itself who may call it."""

    def enter(self, work: "UnitOfWork") -> Clearance:
        """Keep nothing from anybody."""
        return _OPEN


class Policies:
    """Permits what the tenant's policy grants, nothing else; without a policy, nothing.

    Give it to `CRM.open(url, access=Policies())`. A policy that changes is in force from the next
    unit of work on; a work that writes while it changes ends in a `Conflict`.
    """

    def __init__(self) -> None:
        """Know no policy yet; each version is read once."""
        self._books: Books = _Kept()

    def enter(self, work: "UnitOfWork") -> Clearance:
        """Return what the actor of a work may do."""
        return PolicyClearance(work, Principals(work, self._books))


class _Kept(dict[tuple[str, UUID, int], Rulebook]):
    """The rulebooks that were read last."""

    def __setitem__(self, key: tuple[str, UUID, int], book: Rulebook) -> None:
        if len(self) >= MOST_BOOKS:
            self.clear()
        super().__setitem__(key, book)


_OPEN: Final = OpenClearance()
