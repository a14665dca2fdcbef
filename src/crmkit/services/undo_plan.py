"""What an undo may give back: the fields that still have the value which the changeset gave them.

Values are compared as plain JSON, as the change log keeps them; a custom field counts by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import BOOKKEEPING, Change, Operation, plain_record
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Json

CUSTOM: Final = "custom"
_FOLDED: Final = ":k"
_DELETED: Final = "deleted_at"


@attrs.frozen(kw_only=True)
class Trace:
    """What one changeset did to one record: each touched field before and after, as plain JSON.

    For a record that it created there is no before, and `after` holds every field.
    """

    entity: str
    record_id: UUID
    version: int
    is_new: bool
    before: Mapping[str, Json]
    after: Mapping[str, Json]


@attrs.frozen(kw_only=True)
class Verdict:
    """What to do with one record: give back plain values, remove, restore; which fields to keep."""

    give_back: Mapping[str, Json] = attrs.field(factory=dict)
    remove: bool = False
    restore: bool = False
    changed_later: tuple[str, ...] = ()


def trace(spec: EntitySpec, changes: Sequence[Change]) -> Trace:
    """Add up the changes of one record, in order."""
    first = changes[0]
    is_new = first.operation is Operation.CREATED
    before: dict[str, Json] = {}
    after: dict[str, Json] = _defaults(spec) if is_new else {}
    for change in changes:
        for name, value in flat(change.before or {}).items():
            before.setdefault(name, value)
        touched = flat(change.after)
        after.update(touched)
        for name in flat(change.before or {}).keys() - touched.keys():
            after[name] = None
        for name in touched.keys() - before.keys():
            before[name] = None
    return Trace(
        entity=first.entity,
        record_id=first.record_id,
        version=changes[-1].record_version,
        is_new=is_new,
        before=before,
        after=after,
    )


def judge(spec: EntitySpec, done: Trace, current: Aggregate) -> Verdict:
    """Compare what the changeset left with what is there now."""
    present = flat(plain_record(spec, current))
    if done.is_new:
        return _judge_new(done, current, present)
    derived = set(current.derived())
    touched = sorted((done.before.keys() | done.after.keys()) - derived)
    give_back: dict[str, Json] = {}
    later: list[str] = []
    for name in touched:
        before, after, now = (values.get(name) for values in (done.before, done.after, present))
        if before in (now, after):
            continue
        if now == after:
            give_back[name] = before
        else:
            later.append(name)
    turned = _DELETED in give_back
    was_removed = turned and give_back.pop(_DELETED) is None
    return Verdict(
        give_back=give_back,
        restore=was_removed,
        remove=turned and not was_removed,
        changed_later=tuple(later),
    )


def flat(plain: Mapping[str, Json]) -> dict[str, Json]:
    """Set each custom value beside the declared fields; folded copies follow and are left out."""
    values = {name: value for name, value in plain.items() if name != CUSTOM}
    for key, value in (plain.get(CUSTOM) or {}).items():
        if not key.endswith(_FOLDED):
            values[f"{CUSTOM}.{key}"] = value
    return values


def with_values(spec: EntitySpec, current: Aggregate, values: Mapping[str, Json]) -> dict[str, Any]:
    """Return the changed fields of `current` that give it these plain values."""
    changes = {
        name: spec.part(name).parse(value)
        for name, value in values.items()
        if not name.startswith(f"{CUSTOM}.")
    }
    custom = [name for name in values if name.startswith(f"{CUSTOM}.")]
    if custom:
        kind = spec.part(CUSTOM).kind
        kept = dict(kind.plain(current.custom))
        for name in custom:
            kept[name.removeprefix(f"{CUSTOM}.")] = values[name]
        changes[CUSTOM] = kind.parse(
            {key: value for key, value in kept.items() if value is not None}
        )
    return changes


def by_record(changes: Iterable[Change]) -> dict[tuple[str, UUID], list[Change]]:
    """Group changes by the record that they are about."""
    groups: dict[tuple[str, UUID], list[Change]] = {}
    for change in sorted(changes, key=lambda change: change.record_version):
        groups.setdefault((change.entity, change.record_id), []).append(change)
    return groups


def _judge_new(done: Trace, current: Aggregate, present: Mapping[str, Json]) -> Verdict:
    if current.deleted_at is not None:
        return Verdict()
    later = sorted(
        name
        for name in present.keys() | done.after.keys()
        if present.get(name) != done.after.get(name)
    )
    return Verdict(changed_later=tuple(later)) if later else Verdict(remove=True)


def _defaults(spec: EntitySpec) -> dict[str, Json]:
    return {
        name: part.plain(part.default)
        for name, part in spec.parts.items()
        if name not in BOOKKEEPING and name != CUSTOM
    }
