"""Ownership: a record changes hands, and how long somebody had it stays as a row."""

from typing import Any, TypeVar
from uuid import UUID

from crmkit.domain.aggregate import Aggregate, Event, UserId
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.where import where
from crmkit.domain.parties.tenure import MARKS, Handover, Tenure, TenureId
from crmkit.errors import InvalidSettings
from crmkit.work import UnitOfWork

A = TypeVar("A", bound=Aggregate)


def must_change_hands(spec: EntitySpec) -> None:
    """Refuse an entity whose class lacks the fields for it."""
    missing = sorted(set(MARKS) - spec.parts.keys())
    if missing:
        raise InvalidSettings(
            f"has no field {', '.join(missing)}", path=spec.name, fix="give its class these fields"
        )


def hand_to(
    work: UnitOfWork,
    record: A,
    user: UserId | None,
    how: Handover,
    *,
    reason: str,
    pool: UUID | None = None,
    events: tuple[Event, ...] = (),
) -> A:
    """Give a record to somebody, or to a pool; who had it before is told by a tenure.

    Returns it as the actor sees it.
    """
    known: Any = record
    if known.owner_id is not None and known.owner_id != user:
        _end(work, known, how, reason)
    last = known.owner_id if user is None and known.owner_id is not None else known.last_owner_id
    changed = known.evolve(
        owner_id=user,
        owned_since=None if user is None else work.now,
        owner_reason=None if user is None else reason,
        pool_id=pool,
        pooled_at=None if pool is None else work.now,
        last_owner_id=last,
    )
    saved: A = work.behind(type(record)).save(changed.recording(*events))
    return work.shown(saved)


def tenures_of(work: UnitOfWork, record: Aggregate) -> list[Tenure]:
    """Return who owned a record before, in the order of time."""
    seen = work.of(type(record)).get(record.id)
    one = where(Tenure)
    mine = one.entity.eq(work.registry[type(record)].name) & one.record_id.eq(seen.id)
    found = work.behind(Tenure).find(mine, order=[one.until_at.asc(), one.id.asc()])
    return [work.shown(tenure) for tenure in found]


def _end(work: UnitOfWork, record: Any, how: Handover, reason: str) -> None:
    tenure = Tenure(
        id=TenureId(work.new_id()),
        entity=work.registry[type(record)].name,
        record_id=record.id,
        user_id=record.owner_id,
        from_at=record.owned_since or record.created_at,
        until_at=work.now,
        began=record.owner_reason,
        ended=how,
        reason=reason,
        ended_by=work.actor.id,
    )
    work.behind(Tenure).add(tenure)
