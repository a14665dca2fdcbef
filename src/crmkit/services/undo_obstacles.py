"""What stands in the way of an undo: values that do not fit any more, places taken, references."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import Claim, claim_value
from crmkit.domain.composite_kinds import Amount
from crmkit.domain.entity import EntitySpec, Unique, spec_of
from crmkit.domain.filters.lowered import All, Check, Lowered, Test
from crmkit.domain.filters.lowering import live
from crmkit.domain.filters.paths import Path, path_to
from crmkit.domain.kinds import Json
from crmkit.domain.named_kinds import Identity
from crmkit.domain.text import search_key
from crmkit.errors import InvalidInput
from crmkit.ports import Ask
from crmkit.services.log_rows import among, equals, leaf_of, rows
from crmkit.services.undo_plan import CUSTOM, with_values
from crmkit.work import UnitOfWork

_CLAIM: Final = spec_of(Claim)
_CUSTOM_NAME: Final = f"{CUSTOM}."


@attrs.frozen(kw_only=True)
class Reference:
    """A live record that refers to one that is to be removed."""

    entity: str
    record_id: UUID
    target: str
    target_id: UUID


def misfit(work: UnitOfWork, spec: EntitySpec, current: Aggregate, field: tuple[str, Json]) -> str:
    """Say why a field cannot have its old value any more; empty when it can."""
    name, plain = field
    if plain is None:
        return "" if name.startswith(_CUSTOM_NAME) else _misfit_value(spec, name, None)
    changes = with_values(spec, current, {name: plain})
    if not name.startswith(_CUSTOM_NAME):
        return _misfit_value(spec, name, changes[name]) or _dead(work, spec, name, changes[name])
    key = name.removeprefix(_CUSTOM_NAME).partition(":")[0]
    definition = work.custom_fields(spec).get(key)
    if definition is None:
        return "the field was retired"
    try:
        definition.check(changes[CUSTOM][key])
    except InvalidInput as wrong:
        return wrong.message
    return ""


def taken(
    work: UnitOfWork, spec: EntitySpec, record: Aggregate, names: Collection[str] | None
) -> tuple[str, ...]:
    """Return the unique fields whose place another live record holds.

    Only rules that touch `names` are looked at; all of them when it is None.
    """
    for rule in spec.unique:
        touched = names is None or any(name.partition(".")[0] in names for name in rule.fields)
        if touched and _is_held(work, spec, rule, record):
            return rule.fields
    for key, definition in work.custom_fields(spec).items():
        value = record.custom.get(key)
        if definition.unique and value is not None:
            text = claim_value(definition.part.kind.text(value))
            if _is_claimed(work, (spec.name, key, text), record.id):
                return (f"{CUSTOM}.{key}",)
    return ()


def references_to(work: UnitOfWork, targets: Mapping[str, Collection[UUID]]) -> Iterator[Reference]:
    """Find the live records that refer to `targets`, which are ids by entity."""
    for spec in work.registry:
        for name, part in spec.parts.items():
            kind = part.kind
            if isinstance(kind, Identity) and spec.soft and name != "id" and kind.target in targets:
                yield from _referring(work, spec, name, targets[kind.target])


def _misfit_value(spec: EntitySpec, name: str, value: Any) -> str:
    try:
        spec.part(name).check(value)
    except InvalidInput as wrong:
        return wrong.message
    return ""


def _dead(work: UnitOfWork, spec: EntitySpec, name: str, value: Any) -> str:
    kind = spec.part(name).kind
    if not isinstance(kind, Identity) or kind.target not in work.registry:
        return ""
    target: type[Aggregate] = work.registry[kind.target].cls
    return "" if work.of(target).look_up([value]) else f"there is no {kind.target} {value} any more"


def _is_held(work: UnitOfWork, spec: EntitySpec, rule: Unique, record: Aggregate) -> bool:
    checks: list[Lowered] = []
    for name in rule.fields:
        path = path_to(spec, name, {})
        value = path.value_of(record)
        if value is None:
            return False
        checks += _equal(path, value, folded=rule.folded)
    with work.storing() as session:
        found = rows(session, spec, live(spec, All(tuple(checks))), limit=2)
    return any(other.id != record.id for other in found)


def _equal(path: Path, value: Any, *, folded: bool) -> list[Lowered]:
    if folded and path.searchable:
        return [Check(path.key_leaf, Test.EQ, search_key(value))]
    if isinstance(path.kind, Amount):
        currency, amount = path.money_leaves
        return [Check(currency, Test.EQ, value.currency), Check(amount, Test.EQ, value.minor)]
    return [Check(path.leaf, Test.EQ, path.scalar(value))]


def _is_claimed(work: UnitOfWork, claim: tuple[str, str, str], record_id: UUID) -> bool:
    asked = zip(("entity", "field", "value"), claim, strict=True)
    where = All(tuple(equals(_CLAIM, name, value) for name, value in asked))
    with work.storing() as session:
        return any(row.record_id != record_id for row in rows(session, _CLAIM, where))


def _referring(
    work: UnitOfWork, spec: EntitySpec, name: str, ids: Collection[UUID]
) -> Iterable[Reference]:
    leaves = (leaf_of(spec, "id"), leaf_of(spec, name))
    ask = Ask(where=live(spec, among(spec, name, ids)))
    kind = spec.part(name).kind
    target = kind.target if isinstance(kind, Identity) else ""
    with work.storing() as session:
        found: Sequence[tuple[Any, ...]] = [
            row for batch in session.select(spec, leaves, ask) for row in batch
        ]
    return [
        Reference(entity=spec.name, record_id=row[0], target=target, target_id=row[1])
        for row in found
    ]
