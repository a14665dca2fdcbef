"""Turning: whatever refers to one record is made to refer to another, and can be turned back.

References are fields that hold an id of the entity, lists of such ids, a tenant's own fields of
kind reference, and the links of activities. Those of removed records are turned too, so that they
are right when a record is restored.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.composite_kinds import Many
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.tree import Filter, Or
from crmkit.domain.filters.where import Field, where
from crmkit.domain.kinds import Kind
from crmkit.domain.named_kinds import Identity
from crmkit.domain.parties.activity import Activity, link_to
from crmkit.domain.parties.contact import Affiliation
from crmkit.domain.parties.merge import Merge, turned, turned_back
from crmkit.work import UnitOfWork

Moved = list[Any]
"""A reference that was turned: entity, record id, field, and its old place in a list with both."""

CUSTOM = "custom."
PRIMARY = "is_primary"
TOGETHER = 500


def turn_references(work: UnitOfWork, away: Aggregate, towards: Aggregate) -> list[Moved]:
    """Let everything that refers to `away` refer to `towards`; returns what was turned."""
    spec = work.registry[type(away)]
    moved: list[Moved] = []
    for other in work.registry:
        fields = list(_fields_towards(work, other, spec))
        if fields:
            moved += _turn_records(work, other, fields, away, towards)
    return moved


def turn_back(
    work: UnitOfWork, moved: Sequence[Moved], towards: Aggregate, away: Aggregate
) -> None:
    """Let what was turned `away` from a record refer `towards` it again.

    A reference that was turned elsewhere since stays as it is.
    """
    by_entity: defaultdict[str, list[Moved]] = defaultdict(list)
    for one in moved:
        by_entity[one[0]].append(one)
    for entity, several in by_entity.items():
        if entity in work.registry:
            for at in range(0, len(several), TOGETHER):
                part = several[at : at + TOGETHER]
                _turn_records_back(work, work.registry[entity], part, towards, away)


def _fields_towards(work: UnitOfWork, other: EntitySpec, spec: EntitySpec) -> Iterator[str]:
    """Name the fields of an entity that refer to another."""
    if not issubclass(other.cls, Aggregate) or other.cls is Merge:
        return
    for name, part in other.parts.items():
        if name not in ("id", "merged_into_id") and _leads_to(part.kind, spec):
            yield name
    for key, field in work.custom_fields(other).items():
        if field.kind is FieldKind.REFERENCE and field.target == spec.name:
            yield f"{CUSTOM}{key}"
    if other.cls is Activity:
        yield "links"


def _leads_to(kind: Kind, spec: EntitySpec) -> bool:
    held = kind.item if isinstance(kind, Many) else kind
    return isinstance(held, Identity) and held.target == spec.name


def _turn_records(
    work: UnitOfWork, other: EntitySpec, fields: Sequence[str], away: Aggregate, towards: Aggregate
) -> list[Moved]:
    cls: type[Aggregate] = other.cls
    place = work.where(cls)
    referring = [_refers(place[field], _token(field, away)) for field in fields]
    found = work.behind(cls).find(Or(tuple(referring)), removed=True)
    moved: list[Moved] = []
    changed: list[Aggregate] = []
    for record in found:
        if record.id in (away.id, towards.id):
            continue
        for field in fields:
            old, new = _token(field, away), _token(field, towards)
            value, *position = turned(_value(record, field), old, new)
            if value != _value(record, field):
                record = _with(record, field, value)  # noqa: PLW2901 - turned field by field
                moved.append([other.name, str(record.id), field, *position])
        changed.append(record)
    moved += _keep_one_primary(work, changed, towards)
    work.behind(cls).save_many(changed)
    return moved


def _keep_one_primary(
    work: UnitOfWork, changed: list[Aggregate], towards: Aggregate
) -> list[Moved]:
    """Let the person stay first whom the surviving customer had, where it had one."""
    ties = where(Affiliation)
    first = ties.customer_id.eq(towards.id) & ties.is_primary.eq(True)  # noqa: FBT003 - the value
    moved: list[Moved] = []
    for at, record in enumerate(changed):
        if not isinstance(record, Affiliation) or not record.is_primary:
            continue
        if record.customer_id == towards.id and work.behind(Affiliation).exists(first):
            changed[at] = record.evolve(is_primary=False)
            moved.append(["affiliation", str(record.id), PRIMARY])
    return moved


def _turn_records_back(
    work: UnitOfWork, spec: EntitySpec, moved: Sequence[Moved], towards: Aggregate, away: Aggregate
) -> None:
    cls: type[Aggregate] = spec.cls
    found = work.behind(cls).look_up([UUID(one[1]) for one in moved], removed=True)
    for _entity, record_id, field, *position in moved:
        record = found.get(UUID(record_id))
        if record is not None and _still_there(work, spec, field):
            found[record.id] = _turned_back(record, field, position, towards, away)
    work.behind(cls).save_many(found.values())


def _turned_back(
    record: Aggregate, field: str, position: Sequence[int], towards: Aggregate, away: Aggregate
) -> Aggregate:
    if isinstance(record, Affiliation) and field == PRIMARY:
        is_first = record.customer_id == towards.id and record.to_on is None
        return record.evolve(is_primary=True) if is_first else record
    value = _value(record, field)
    old, new = _token(field, away), _token(field, towards)
    back = turned_back(value, old, new, position[0] if position else None)
    return record if back == value else _with(record, field, back)


def _still_there(work: UnitOfWork, spec: EntitySpec, field: str) -> bool:
    if field.startswith(CUSTOM):
        return field.removeprefix(CUSTOM) in work.custom_fields(spec)
    return field in spec.parts


def _refers(place: Field, token: str | UUID) -> Filter:
    return place.has_any([token]) if isinstance(place.path.kind, Many) else place.eq(token)


def _token(field: str, record: Aggregate) -> str | UUID:
    return link_to(record) if field == "links" else record.id


def _value(record: Aggregate, field: str) -> Any:
    if field.startswith(CUSTOM):
        return record.custom.get(field.removeprefix(CUSTOM))
    return getattr(record, field)


def _with(record: Aggregate, field: str, value: Any) -> Aggregate:
    if field.startswith(CUSTOM):
        return record.evolve(custom={**record.custom, field.removeprefix(CUSTOM): value})
    return record.evolve(**{field: value})
