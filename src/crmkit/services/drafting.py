"""Drafts: records made of fields by name, before they are saved."""

from typing import Any, TypeVar
from uuid import UUID

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import spec_of

A = TypeVar("A", bound=Aggregate)


def draft(party: type[A], record_id: UUID, **fields: Any) -> A:
    """Return a new record, or raise `UnknownField` or `InvalidValue` naming the field."""
    spec = spec_of(party)
    for name in fields:
        spec.part(name)
    return party(id=record_id, **fields)
