"""Deeds that random walks have in common: deciding cases, merging customers, undoing."""

from typing import Any

from crmkit.errors import NotFound
from crmkit.services import approvals, merging


class Deeds:
    """What is tried with the cases, customers and changesets of an office, picked by a number.

    Each deed takes the work, the number, and what the walk gives besides.
    """

    def __init__(self, office: Any) -> None:
        """Begin in an office, before anything was done."""
        self.office = office
        self.changesets: list[Any] = []
        self.customers: list[Any] = []

    def _one_of(self, found: list[Any], pick: int) -> Any:
        if not found:
            raise NotFound("there is none")
        return found[pick % len(found)]

    def _case(self, work: Any, pick: int) -> Any:
        return self._one_of(work.approvals.find(), pick).id

    def _approve(self, work: Any, pick: int, _given: Any) -> None:
        approvals.approve(work, self._case(work, pick))

    def _reject(self, work: Any, pick: int, _given: Any) -> None:
        approvals.reject(work, self._case(work, pick), comment="no")

    def _back(self, work: Any, pick: int, _given: Any) -> None:
        approvals.send_back(work, self._case(work, pick), comment="no")

    def _resubmit(self, work: Any, pick: int, _given: Any) -> None:
        approvals.resubmit(work, self._case(work, pick))

    def _take_back(self, work: Any, pick: int, _given: Any) -> None:
        approvals.withdraw_approval(work, self._case(work, pick))

    def _void(self, work: Any, pick: int, _given: Any) -> None:
        approvals.void_approval(work, self._case(work, pick))

    def _merge(self, work: Any, pick: int, _given: Any) -> None:
        first, second = self.customers if pick % 2 else reversed(self.customers)
        merging.merge_customers(work, first, second)

    def _part(self, work: Any, pick: int, _given: Any) -> None:
        merging.unmerge(work, self._one_of(work.merges.find(), pick).id)

    def _undo(self, pick: int) -> None:
        if self.changesets:
            undone = self.changesets[-1 - pick % len(self.changesets)]
            self.office.crm.undo(undone, by="boss", tenant=self.office.tenant)
