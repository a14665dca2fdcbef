"""Pooling: pools are defined, records given back to them, and taken from who leaves them be."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.filters.paths import path_to
from crmkit.domain.filters.tree import Filter
from crmkit.domain.kinds import Form
from crmkit.domain.parties.pool import AlreadyPooled, Pool, PoolId, RecordPooled, RecycleRule
from crmkit.domain.parties.tenure import Handover
from crmkit.errors import InvalidSettings, UnknownField
from crmkit.ports import Action
from crmkit.services.conditions import plain_condition, read_condition
from crmkit.services.leads.ownership import hand_to, must_change_hands
from crmkit.work import UnitOfWork

DEFINE_POOL = Action("pool:define", "Define a pool", zh="定义公海", right=Right.CREATE)
CHANGE_POOL = Action(
    "pool:change", "Change the rules of a pool", zh="修改公海规则", right=Right.EDIT
)
RELEASE = Action("pool:release", "Give a record to a pool", zh="退回公海", right=Right.ASSIGN)
RECYCLE = Action("pool:recycle", "Recycle records into a pool", zh="回收至公海", right=Right.EDIT)
_FIXED: Final = frozenset({"entity"})


@attrs.frozen(kw_only=True)
class Recycled:
    """One record that went to the pool, from whom, and by which rule."""

    record: Any
    owner_id: UUID
    rule: str


def define_pool(work: UnitOfWork, name: str, *, entity: str = "lead", **rules: Any) -> Pool:
    """Define a pool for the records of an entity; `rules` are others of `Pool`."""
    work.permit(DEFINE_POOL)
    pool = Pool(
        id=PoolId(work.new_id()),
        name=name,
        entity=work.registry[entity].name,
        **_plain(work, entity, rules),
    )
    _check(work, pool)
    return work.pools.add(pool)


def change_pool(work: UnitOfWork, pool_id: PoolId, **rules: Any) -> Pool:
    """Change the rules of a pool; they hold from the next claim on."""
    pool = work.pools.get(pool_id)
    work.permit(CHANGE_POOL, on=pool)
    for name in rules.keys() & _FIXED:
        raise UnknownField("cannot be changed", path=f"pool.{name}", fix="define another pool")
    changed = pool.evolve(**_plain(work, pool.entity, rules))
    _check(work, changed)
    return work.pools.save(changed)


def release_to_pool(work: UnitOfWork, record: Aggregate, pool_id: PoolId, *, reason: str) -> Any:
    """Give a record to a pool; who owned it may have to wait before claiming it again."""
    pool = work.pools.get(pool_id)
    known: Any = work.of(type(record)).get(record.id)
    work.permit(RELEASE, on=known)
    if work.registry[type(record)].name != pool.entity:
        raise InvalidSettings(f"{pool.name} is for {pool.entity}", path="pool.entity")
    if known.pool_id is not None:
        raise AlreadyPooled("is in a pool already", path=f"{pool.entity}.pool_id")
    whole = work.behind(type(record)).get(record.id)
    return _pooled(work, whole, pool, Handover.RELEASED, reason)


def recycle(work: UnitOfWork, pool_id: PoolId, *, limit: int = 500) -> list[Recycled]:
    """Take records into the pool whose owners left them be, by the first rule that fits each.

    Call it again until it returns none; a worker does so now and then.
    """
    pool = work.pools.get(pool_id)
    work.permit(RECYCLE, on=pool)
    records: Any = work.behind(work.registry[pool.entity].cls)
    taken: list[Recycled] = []
    seen: set[UUID] = set()
    for rule in pool.recycle:
        fields = work.where(records.spec.cls)
        left = limit - len(taken)
        due = _due(work, pool, rule)
        found = records.find(due, order=[fields.id.asc()], limit=left) if left else []
        for record in found:
            if record.id not in seen:
                seen.add(record.id)
                taken.append(_recycled(work, record, pool, rule))
    return taken


def _recycled(work: UnitOfWork, record: Any, pool: Pool, rule: RecycleRule) -> Recycled:
    owner_id = record.owner_id
    pooled = _pooled(work, record, pool, Handover.RECYCLED, f"{pool.name}: {rule.name}")
    return Recycled(record=pooled, owner_id=owner_id, rule=rule.name)


def _pooled(work: UnitOfWork, record: Any, pool: Pool, how: Handover, reason: str) -> Any:
    told = RecordPooled(entity=pool.entity, record_id=record.id, pool_id=pool.id, reason=reason)
    return hand_to(work, record, None, how, reason=reason, pool=pool.id, events=(told,))


def _due(work: UnitOfWork, pool: Pool, rule: RecycleRule) -> Filter:
    """Return the condition of the records that a rule takes now."""
    fields = work.where(work.registry[pool.entity].cls)
    begun = work.now - timedelta(days=rule.after_days)
    due = read_condition(work, pool.entity, rule.when) & fields[rule.since].le(begun)
    due &= ~read_condition(work, pool.entity, pool.exempt)
    due &= fields.pool_id.is_none() & ~fields.owner_id.is_none()
    if pool.members:
        due &= fields.owner_id.in_(pool.members)
    if pool.hold_days:
        settled = work.now - timedelta(days=pool.hold_days)
        due &= fields.owned_since.le(settled)
    return due


def _plain(work: UnitOfWork, entity: str, rules: dict[str, Any]) -> dict[str, Any]:
    plain = dict(rules)
    for name in ("holding", "exempt"):
        if name in plain:
            plain[name] = plain_condition(work, entity, plain[name])
    return plain


def _check(work: UnitOfWork, pool: Pool) -> None:
    """Raise what is wrong with a pool: fields that are not there, rules that cannot be meant."""
    spec = work.registry[pool.entity]
    must_change_hands(spec)
    for rule in pool.recycle:
        read_condition(work, pool.entity, rule.when)
        path = path_to(spec, rule.since, work.custom_parts(spec))
        if path.kind.form is not Form.INSTANT:
            raise InvalidSettings(f"{rule.since} is no instant", path=f"recycle.{rule.name}.since")
