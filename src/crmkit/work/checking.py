"""What a unit of work checks before it writes: custom fields, references, unique custom values."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import Claim, claim_value
from crmkit.domain.custom_fields import CustomField, check_custom, fill_defaults
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
    work: "UnitOfWork", spec: EntitySpec, records: Sequence[Any], *, before: Sequence[Any] | None
) -> list[Any]:
    """Return records whose custom values and references are right, or raise naming the field."""
    befores = before if before is not None else [None] * len(records)
    checked = list(records)
    fields = _fields_at_stake(work, spec, records, befores)
    if fields is not None:
        checked = [
            _with_checked_custom(spec, fields, record, was)
            for record, was in zip(records, befores, strict=True)
        ]
    _check_references(work, spec, checked, befores)
    return checked


def keep_claims(
    work: "UnitOfWork", spec: EntitySpec, records: Sequence[Any], befores: Sequence[Any]
) -> None:
    """Hold the unique custom values of live records, and let go of those given up."""
    fields = _fields_at_stake(work, spec, records, befores) or {}
    unique = [key for key, field in fields.items() if field.unique]
    if not unique:
        return
    for record, was in zip(records, befores, strict=True):
        for key in unique:
            _move_claim(work, spec, key, record, was)


def _fields_at_stake(
    work: "UnitOfWork", spec: EntitySpec, records: Sequence[Any], befores: Sequence[Any]
) -> Mapping[str, CustomField] | None:
    """Return the definitions when custom values are written; None when none can matter."""
    if spec.cls is CustomField:
        return None
    for record, was in zip(records, befores, strict=True):
        if was is None or was.custom != record.custom or was.deleted_at != record.deleted_at:
            return work.custom_fields(spec)
    return None


def _with_checked_custom(
    spec: EntitySpec, fields: Mapping[str, CustomField], record: Aggregate, was: Aggregate | None
) -> Aggregate:
    if was is not None and was.custom == record.custom:
        return record
    values = fill_defaults(fields, record.custom) if was is None else dict(record.custom)
    retired = {} if was is None else _retired_values(fields, values, was.custom)
    given = {key: value for key, value in values.items() if key not in retired}
    checked = {**check_custom(fields, given, entity_name=spec.name), **retired}
    return record if checked == record.custom else record.replaced(custom=checked)


def _retired_values(
    fields: Mapping[str, CustomField], values: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values of retired fields that a record still has and that nobody touched."""
    return {
        key: value
        for key, value in before.items()
        if key not in fields and key in values and values[key] == value
    }


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


def _check_references(
    work: "UnitOfWork", spec: EntitySpec, records: Sequence[Any], befores: Sequence[Any]
) -> None:
    for name, part in spec.parts.items():
        if isinstance(part.kind, Identity) and part.kind.target in work.registry:
            wanted = {
                value
                for record, was in zip(records, befores, strict=True)
                if (value := getattr(record, name)) is not None
                and (was is None or getattr(was, name) != value)
            }
            _check_exist(work, spec, name, part.kind.target, wanted, records)


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
            raise NotFound(
                f"there is no {target} {record_id}",
                path=f"{spec.name}.{name}",
                fix="refer to a live record of the same tenant",
            )
    for record in found:
        work.remember(target_spec, record)
