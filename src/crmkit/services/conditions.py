"""Conditions: filters that people write down with a rule, kept as JSON."""

from collections.abc import Mapping
from typing import Any

from crmkit.domain.filters.as_json import FilterReader, filter_to_json
from crmkit.domain.filters.tree import Filter
from crmkit.domain.filters.where import check_entity
from crmkit.work import UnitOfWork

Condition = Filter | Mapping[str, Any]
"""A filter, or the JSON of one."""


def plain_condition(work: UnitOfWork, entity: str, given: Condition) -> dict[str, Any]:
    """Return a condition as JSON, checked against the entity and the tenant's own fields."""
    spec = work.registry[entity]
    if isinstance(given, Filter):
        check_entity(given, spec)
        written = filter_to_json(given)
    else:
        written = dict(given)
    reader = FilterReader(work.registry, work.custom_parts)
    plain: dict[str, Any] = filter_to_json(reader.read(spec, written))
    return plain


def read_condition(work: UnitOfWork, entity: str, written: Mapping[str, Any]) -> Filter:
    """Return the filter that JSON stands for."""
    reader = FilterReader(work.registry, work.custom_parts)
    return reader.read(work.registry[entity], dict(written))
