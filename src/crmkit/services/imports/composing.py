"""From values by field name to a record: a new one, or a known one with those fields changed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.composite_kinds import Document
from crmkit.domain.entity import EntitySpec
from crmkit.errors import InvalidValue
from crmkit.services.imports.reading import CUSTOM_PREFIX


def new_record(spec: EntitySpec, record_id: UUID, values: Mapping[str, Any]) -> Aggregate:
    """Make a new record; fields without a value keep their defaults, those without are needed."""
    made = _fields(spec, values, None)
    given = {
        name: value
        for name, value in made.items()
        if value is not None or spec.parts[name].optional
    }
    for field in attrs.fields(spec.cls):
        is_asked = field.init and field.default is attrs.NOTHING and field.name != "id"
        if is_asked and field.name not in given:
            raise InvalidValue("is needed for a new record", path=field.name, fix="fill it in")
    record: Aggregate = spec.cls(**{"id": record_id, **given})
    return record


def changed_record(spec: EntitySpec, record: Aggregate, values: Mapping[str, Any]) -> Aggregate:
    """Return the record with the mapped fields changed; what is not mapped stays."""
    changes = {
        name: spec.parts[name].default if value is None and not spec.parts[name].optional else value
        for name, value in _fields(spec, values, record).items()
    }
    return record.evolve(**changes)


def _fields(spec: EntitySpec, values: Mapping[str, Any], known: Aggregate | None) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = {}
    custom = dict(known.custom) if known is not None else {}
    for name, value in values.items():
        first, _, rest = name.partition(".")
        if name.startswith(CUSTOM_PREFIX):
            custom[rest] = value
            fields["custom"] = custom
        elif rest:
            nested.setdefault(first, {})[rest] = value
        else:
            fields[name] = value
    for name, inner in nested.items():
        fields[name] = _nested(spec, name, inner, getattr(known, name, None))
    return fields


def _nested(spec: EntitySpec, name: str, inner: dict[str, Any], known: Any) -> Any:
    kind = spec.parts[name].kind
    if not isinstance(kind, Document):
        return known
    if known is not None:
        return attrs.evolve(known, **inner)
    given = {key: value for key, value in inner.items() if value is not None}
    return kind.cls(**given) if given else None
