"""What a unit of work checks before it writes: custom fields, references, unique custom values."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.blanks import values_of
from crmkit.domain.changes import Claim, claim_value
from crmkit.domain.custom_fields import CustomField
from crmkit.domain.custom_rules import CustomRules
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.filters.lowered import All, Check, Lowered, Test
from crmkit.domain.filters.paths import path_to
from crmkit.domain.named_kinds import Identity
from crmkit.errors import Duplicate, NotFound
from crmkit.ports import Ask

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork

_CLAIM = spec_of(Claim)


def check_records(
    work: "UnitOfWork",
    spec: EntitySpec,
    records: Sequence[Any],
    befores: Sequence[Any],
    *,
    seen_only: bool = False,
) -> list[Any]:
    """Return records that may be kept: custom values, references, steps and approvals are right.

    What is wrong is raised, naming the field. With `seen_only` a record that the actor does not see
    is as good as none to refer to, but for one that a rule chose, not they: `work.vouched`.
    """
    checked = list(records)
    rules = _rules_at_stake(work, spec, records, befores)
    if rules is not None:
        for at, (record, was) in enumerate(zip(records, befores, strict=True)):
            values = rules.check(record, was)
            if values != record.custom:
                checked[at] = record.replaced(custom=values)
    for name, target, wanted in _references(work, spec, checked, befores):
        _check_exist(work, spec, name, target, wanted, checked)
        if seen_only:
            _check_seen(work, spec, name, target, wanted)
    checked = work.stage_rules.marked(spec, checked, befores)
    _check_steps(work, spec, checked, befores)
    return checked


def _check_steps(
    work: "UnitOfWork", spec: EntitySpec, records: Sequence[Any], befores: Sequence[Any]
) -> None:
    """Hold the rules of steps against each record that is not taken over from elsewhere."""
    ours, ours_before = work.takeover.bound(spec, records, befores)
    if spec.cls.check_step is not Aggregate.check_step:
        for record, was in zip(ours, ours_before, strict=True):
            record.check_step(was)
    work.stage_rules.check(spec, ours, ours_before)
    work.gates.check(spec, ours, ours_before)


def keep_claims(
    work: "UnitOfWork", spec: EntitySpec, records: Sequence[Any], befores: Sequence[Any]
) -> None:
    """Hold the unique custom values of live records, and let go of those given up."""
    rules = _rules_at_stake(work, spec, records, befores)
    if rules is None or not rules.unique:
        return
    for record, was in zip(records, befores, strict=True):
        for key in rules.unique:
            _move_claim(work, spec, key, record, was)


def _rules_at_stake(
    work: "UnitOfWork", spec: EntitySpec, records: Sequence[Any], befores: Sequence[Any]
) -> CustomRules | None:
    """Return the tenant's rules when custom values are written; None when none can matter.

    What only tells of another record is written by crmkit alone, and has no custom values.
    """
    if spec.cls is CustomField or (spec.cls.only_tells and not any(one.custom for one in records)):
        return None
    for record, was in zip(records, befores, strict=True):
        if was is None or was.custom != record.custom or was.deleted_at != record.deleted_at:
            return work.custom_rules(spec)
    return None


def _move_claim(
    work: "UnitOfWork", spec: EntitySpec, key: str, record: Aggregate, was: Aggregate | None
) -> None:
    old = was.custom.get(key) if was is not None and was.deleted_at is None else None
    new = record.custom.get(key) if record.deleted_at is None else None
    if old == new:
        return
    kind = work.custom_fields(spec)[key].part.kind
    with work.storing() as session:
        if old is not None:
            mine = All((_is("record_id", record.id), _is("field", key), _is("entity", spec.name)))
            held = [row.id for rows in session.find(_CLAIM, Ask(where=mine)) for row in rows]
            session.delete_many(_CLAIM, held)
        if new is None:
            return
        claim = Claim(
            id=work.new_id(),
            tenant=work.tenant,
            entity=spec.name,
            field=key,
            value=claim_value(kind.text(new)),
            record_id=record.id,
        )
        try:
            session.insert_many(_CLAIM, [claim])
        except Duplicate:
            raise Duplicate(spec.name, [f"custom.{key}"]) from None


def _is(name: str, value: Any) -> Lowered:
    return Check(path_to(_CLAIM, name, {}).leaf, Test.EQ, value)


def _references(
    work: "UnitOfWork", spec: EntitySpec, records: Sequence[Any], befores: Sequence[Any]
) -> Iterator[tuple[str, str, set[UUID]]]:
    """Bring each reference that changes: its field, the entity it leads to, the ids.

    What only tells of another record refers to what that record refers to, which was checked.
    """
    leads = _leads(spec)
    if spec.cls.only_tells or not leads.fields:
        return
    wanted: dict[tuple[str, str], set[UUID]] = {}
    for record, was in zip(records, befores, strict=True):
        values = leads.values(record)
        olds = leads.none if was is None else leads.values(was)
        if values == olds:
            continue
        for field, value, old in zip(leads.fields, values, olds, strict=True):
            if value is not None and value != old:
                wanted.setdefault(field, set()).add(value)
    for (name, target), ids in wanted.items():
        if target in work.registry:
            yield name, target, ids


class _Leads(NamedTuple):
    """The fields of an entity that refer to other records."""

    fields: tuple[tuple[str, str], ...]
    """The name, and the entity to which it leads."""
    values: Callable[[Any], tuple[Any, ...]]
    none: tuple[None, ...]


@cache
def _leads(spec: EntitySpec) -> _Leads:
    kinds = [(name, part.kind) for name, part in spec.parts.items() if name != "id"]
    fields = [(name, kind.target) for name, kind in kinds if isinstance(kind, Identity)]
    return _Leads(tuple(fields), values_of([name for name, _to in fields]), (None,) * len(fields))


def _check_seen(
    work: "UnitOfWork", spec: EntitySpec, name: str, target: str, wanted: set[UUID]
) -> None:
    sight, target_spec = work.sight(target), work.registry[target]
    for record_id in wanted:
        record = work.known(target_spec, record_id)
        if sight is None or record is None or record_id in work.vouched:
            continue
        if not sight.sees(record):
            raise _none_to_refer_to(spec, name, target, record_id)


def _check_exist(
    work: "UnitOfWork",
    spec: EntitySpec,
    name: str,
    target: str,
    wanted: set[UUID],
    records: Sequence[Any],
) -> None:
    target_spec = work.registry[target]
    own = {record.id for record in records} if target_spec is spec else set()
    unknown = [
        record_id
        for record_id in wanted
        if record_id not in own and not work.is_known_live(target_spec, record_id)
    ]
    if not unknown:
        return
    with work.storing() as session:
        found = session.get_many(target_spec, unknown)
    live = {record.id for record in found if record.deleted_at is None}
    for record_id in unknown:
        if record_id not in live:
            raise _none_to_refer_to(spec, name, target, record_id)
    for record in found:
        work.remember(target_spec, record)


def _none_to_refer_to(spec: EntitySpec, name: str, target: str, record_id: UUID) -> NotFound:
    return NotFound(
        f"there is no {target} {record_id}",
        path=f"{spec.name}.{name}",
        fix="refer to a live record of the same tenant",
    )
