"""Claiming: a member takes a record out of a pool, within its limits, whoever else tries too."""

from typing import Any, Final
from uuid import UUID, uuid5

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.filters.where import where
from crmkit.domain.parties.pool import ClaimBook, ClaimBookId, Pool, PoolId, RecordClaimed
from crmkit.domain.parties.tenure import Handover
from crmkit.errors import Duplicate, NotFound, TransactionConflict
from crmkit.ports import Action
from crmkit.services.approvals.people import acting_user
from crmkit.services.conditions import read_condition
from crmkit.services.leads.ownership import hand_to
from crmkit.work import UnitOfWork

CLAIM = Action("pool:claim", "Claim a record from a pool", zh="领取公海记录", right=Right.READ)
_BOOKS: Final = UUID("4c1c7f5e-6c1b-5f0e-9d5b-8a6f1f0d9b21")


def claim(work: UnitOfWork, pool_id: PoolId, record_id: UUID) -> Any:
    """Take a record out of a pool for the acting user, or say every rule against it.

    Claims of one member come one after another: of two at once one ends in a `Conflict`, to be
    repeated, as `crm.run` does. Nothing is claimed twice, and no limit is passed.
    """
    pool = work.pools.get(pool_id)
    work.permit(CLAIM, on=pool)
    user = acting_user(work).id
    record: Any = work.behind(_class_of(work, pool)).get(record_id)
    if record.pool_id != pool.id:
        work.of(_class_of(work, pool)).get(record_id)
    book, day = _book(work, pool, user), pool.day_of(work.now)
    held = _held(work, pool, user)
    pool.check_claim(record, user, at=work.now, claimed=book.claimed_on(day), held=held)
    _keep(work, book.note(day))
    told = RecordClaimed(entity=pool.entity, record_id=record.id, pool_id=pool.id, user_id=user)
    reason = f"claimed from {pool.name}"
    return hand_to(work, record, user, Handover.CLAIMED, reason=reason, events=(told,))


def records_in(work: UnitOfWork, pool_id: PoolId, *, limit: int = 100) -> list[Any]:
    """Return what can be claimed from a pool, as far as the actor may see such records, by time."""
    pool = work.pools.get(pool_id)
    work.permit(CLAIM, on=pool)
    records: Any = work.behind(_class_of(work, pool))
    fields = work.where(records.spec.cls)
    found: list[Any] = records.find(
        fields.pool_id.eq(pool.id), order=[fields.pooled_at.asc()], limit=limit
    )
    return [work.shown(one) for one in found]


def pool_of(work: UnitOfWork, name: str) -> Pool:
    """Return the pool of a name, or raise `NotFound`."""
    found = work.pools.first(where(Pool).name.eq(name))
    if found is None:
        raise NotFound(f"there is no pool {name!r}", path="pool.name")
    return found


def _book(work: UnitOfWork, pool: Pool, user: UserId) -> ClaimBook:
    """Return the claim book of a member, a new one for who never claimed here."""
    book_id = ClaimBookId(uuid5(_BOOKS, f"{work.tenant}/{pool.id}/{user}"))
    found = work.behind(ClaimBook).look_up([book_id]).get(book_id)
    today = pool.day_of(work.now)
    return found or ClaimBook(id=book_id, pool_id=pool.id, user_id=user, day=today)


def _keep(work: UnitOfWork, book: ClaimBook) -> None:
    books = work.behind(ClaimBook)
    try:
        if book.version:
            books.save(book)
        else:
            books.add(book)
    except Duplicate:
        raise TransactionConflict(
            "the same member has just claimed here", path="pool", fix="repeat in another work"
        ) from None


def _held(work: UnitOfWork, pool: Pool, user: UserId) -> int:
    if pool.holding_limit is None:
        return 0
    records = work.behind(_class_of(work, pool))
    mine = work.where(records.spec.cls).owner_id.eq(user)
    return records.count(mine & read_condition(work, pool.entity, pool.holding))


def _class_of(work: UnitOfWork, pool: Pool) -> type[Aggregate]:
    cls: type[Aggregate] = work.registry[pool.entity].cls
    return cls
