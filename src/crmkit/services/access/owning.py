"""Owning: who a record belongs to; giving it to somebody is a right of its own."""

from typing import TypeVar

from crmkit.domain.access.acting import Action, Right
from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.work import UnitOfWork

A = TypeVar("A", bound=Aggregate)
ASSIGN = Action(
    "record:assign", "Give a record to another owner", zh="转移负责人", right=Right.ASSIGN
)


def assign(work: UnitOfWork, record: A, to: UserId | None) -> A:
    """Give a record to an active user, or to nobody; the actor may assign it before and after."""
    current = work.of(type(record)).get(record.id)
    work.permit(ASSIGN, on=current)
    if to is not None:
        work.users.get(to).must_be_active()
    return work.of(type(record)).save(current.evolve(owner_id=to))
