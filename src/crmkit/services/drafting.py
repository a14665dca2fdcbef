"""Drafts: records made and changed by the names of their fields, before they are saved."""

from collections.abc import Iterable
from typing import Any, Final, TypeVar
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import spec_of
from crmkit.errors import InvalidValue

A = TypeVar("A", bound=Aggregate)
_FOLLOWS: Final = frozenset(
    {"id", "tenant", "version", "created_at", "created_by", "updated_at", "updated_by"}
    | {"deleted_at", "merged_into_id", "match_keys"}
)


def draft(party: type[A], record_id: UUID, **fields: Any) -> A:
    """Return a new record, or raise `UnknownField` or `InvalidValue` naming the field."""
    _check_names(party, fields)
    for field in attrs.fields(party):
        if field.default is attrs.NOTHING and field.name not in {"id", *fields}:
            raise InvalidValue(
                "is needed", path=f"{spec_of(party).name}.{field.name}", fix="give it"
            )
    return party(id=record_id, **fields)


def changed(record: A, **fields: Any) -> A:
    """Return a record with some fields changed, or raise naming the field."""
    _check_names(type(record), fields)
    return record.evolve(**fields)


def _check_names(party: type[Aggregate], names: Iterable[str]) -> None:
    spec = spec_of(party)
    for name in names:
        spec.part(name)
        if name in _FOLLOWS:
            raise InvalidValue(
                "follows from how the record is saved",
                path=f"{spec.name}.{name}",
                fix="leave it out",
            )
