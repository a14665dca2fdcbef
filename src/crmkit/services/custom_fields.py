"""Custom fields: what a tenant adds to an entity, changes and retires, with the data in view."""

from typing import Any, Final, Protocol

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.composite_kinds import Amount
from crmkit.domain.custom_fields import CustomField, CustomFieldId, FieldKind
from crmkit.domain.custom_values import MAX_CUSTOM
from crmkit.domain.entity import EntitySpec, Registry
from crmkit.domain.filters.where import Field, where
from crmkit.errors import Duplicate, InvalidSettings, NotFound, OutOfRange, RuleBroken
from crmkit.ports import Action, Actor, Schema
from crmkit.services.unique_claims import claim_all, release_all
from crmkit.work import UnitOfWork

DEFINE_FIELDS = Action(
    "custom_field:define",
    "Define, change and retire a tenant's own fields",
    zh="定义自定义字段",
    right=Right.EDIT,
)
CHANGEABLE: Final = frozenset(
    {"labels", "required", "unique", "default", "options", "minimum", "maximum", "indexed"}
    | {"data_class"}
)


class FieldShared(RuleBroken):
    """The field comes from a plugin, for every tenant; a tenant cannot change it."""


class FieldKindFixed(RuleBroken):
    """What a field holds cannot change once it is defined, not even by retiring it."""


class OptionInUse(RuleBroken):
    """Records still have the option that is to go."""


class OpensWork(Protocol):
    """What indexing asks of the CRM."""

    @property
    def registry(self) -> Registry:
        """Return the entities."""
        ...

    @property
    def schema(self) -> Schema:
        """Return the schema."""
        ...

    def work(self, *, by: Actor | str, tenant: str) -> UnitOfWork:
        """Open a unit of work."""
        ...


def fields_of(work: UnitOfWork, entity: str) -> tuple[CustomField, ...]:
    """Return the fields that the tenant sees on an entity: its own and those of plugins."""
    return tuple(work.custom_fields(work.registry[entity]).values())


def define_field(
    work: UnitOfWork, entity: str, key: str, kind: FieldKind, **options: Any
) -> CustomField:
    """Add a field to an entity; `options` are those of `CustomField`.

    A field that was retired comes back with its values, under these options.
    """
    spec = _extensible(work, entity)
    work.permit(DEFINE_FIELDS)
    if key in work.custom_fields(spec):
        _own(work, spec, key)
        raise Duplicate("custom_field", ["key"])
    if len(work.custom_fields(spec)) >= MAX_CUSTOM:
        raise OutOfRange(f"an entity has at most {MAX_CUSTOM} custom fields", path=entity)
    new_id = CustomFieldId(work.new_id())
    field = CustomField(id=new_id, entity=entity, key=key, kind=kind, **options)
    if field.target is not None:
        _extensible(work, field.target)
    retired = _retired(work, entity, key)
    if retired is None:
        return work.field_definitions.add(field)
    return _bring_back(work, retired, field)


def change_field(work: UnitOfWork, entity: str, key: str, **changes: Any) -> CustomField:
    """Change labels, bounds, options, default, required or unique of a field.

    Refused are another kind, key or target, an option fewer that records still have, and unique
    while two live records share a value. Values written by works that began before and end after
    this one are not seen by it.
    """
    spec = _extensible(work, entity)
    work.permit(DEFINE_FIELDS)
    for name in changes:
        if name not in CHANGEABLE:
            raise FieldKindFixed(
                "cannot change once the field is defined",
                path=f"{key}.{name}",
                fix="define another field",
            )
    field = _own(work, spec, key)
    return _move(work, field, attrs.evolve(field, **changes), had_claims=field.unique)


def retire_field(work: UnitOfWork, entity: str, key: str) -> CustomField:
    """Take a field out of use; values stay with their records, unseen, until it comes back."""
    spec = _extensible(work, entity)
    work.permit(DEFINE_FIELDS)
    field = _own(work, spec, key)
    if field.unique:
        release_all(work, field)
    return work.field_definitions.remove(field)


def index_field(
    crm: OpensWork, entity: str, key: str, *, by: Actor | str, tenant: str
) -> CustomField:
    """Make lists by a field quick, for all tenants; raises `OutOfRange` beyond 32 per entity."""
    spec = crm.registry[entity]
    with crm.work(by=by, tenant=tenant) as work:
        work.permit(DEFINE_FIELDS)
        place = _place(work, spec, key)
    leaf = place.path.money_leaves[1] if isinstance(place.path.kind, Amount) else place.path.leaf
    crm.schema.index_custom(spec, leaf)
    with crm.work(by=by, tenant=tenant) as work:
        field = work.custom_fields(spec)[key]
        if not field.version:
            return field
        return work.field_definitions.save(field.evolve(indexed=True))


def _extensible(work: UnitOfWork, entity: str) -> EntitySpec:
    spec = work.registry[entity]
    if "custom" not in spec.parts:
        raise InvalidSettings(
            "cannot have custom fields", path=entity, fix="derive its class from Aggregate"
        )
    return spec


def _own(work: UnitOfWork, spec: EntitySpec, key: str) -> CustomField:
    """Return a field that the tenant itself defined."""
    field = work.custom_fields(spec).get(key)
    if field is None:
        raise NotFound(f"{spec.name} has no custom field {key!r}", path=f"{spec.name}.custom.{key}")
    if not field.version:
        raise FieldShared(
            "a plugin gives this field to every tenant",
            path=f"{spec.name}.custom.{key}",
            fix="choose another key",
        )
    return field


def _retired(work: UnitOfWork, entity: str, key: str) -> CustomField | None:
    field = where(CustomField)
    found = work.field_definitions.find(field.entity.eq(entity) & field.key.eq(key), removed=True)
    return found[-1] if found else None


def _bring_back(work: UnitOfWork, retired: CustomField, field: CustomField) -> CustomField:
    if (field.kind, field.target) != (retired.kind, retired.target):
        raise FieldKindFixed(
            f"{field.key!r} was a field of kind {retired.kind} and its values are still there",
            path=f"{field.key}.kind",
            fix=f"define it as {retired.kind}, or choose another key",
        )
    restored = work.field_definitions.restore(retired)
    given = {name: getattr(field, name) for name in CHANGEABLE}
    return _move(work, restored, attrs.evolve(restored, **given), had_claims=False)


def _move(
    work: UnitOfWork, before: CustomField, after: CustomField, *, had_claims: bool
) -> CustomField:
    for option in before.options:
        if option not in after.options:
            _refuse_in_use(work, after, before, option)
    saved = work.field_definitions.save(after)
    if saved.unique and not had_claims:
        claim_all(work, saved)
    if had_claims and not saved.unique:
        release_all(work, saved)
    return saved


def _refuse_in_use(work: UnitOfWork, after: CustomField, before: CustomField, option: str) -> None:
    """Refuse while any record, removed ones too, has the option."""
    spec = work.registry[before.entity]
    place = _place(work, spec, before.key)
    several = before.kind is FieldKind.MULTI_CHOICE
    has = place.has_any([option]) if several else place.eq(option)
    cls: type[Aggregate] = spec.cls
    count = work.behind(cls).count(has, removed=True)
    if count:
        raise OptionInUse(
            f"{count} {before.entity} still have {option!r}",
            path=f"{after.key}.options",
            fix="change these records first",
        )


def _place(work: UnitOfWork, spec: EntitySpec, key: str) -> Field:
    cls: type[Aggregate] = spec.cls
    return work.where(cls)[f"custom.{key}"]
