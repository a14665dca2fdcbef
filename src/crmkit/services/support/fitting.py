"""Whether a ticket at hand fits a filter that somebody wrote: the same answer as every list."""

from collections.abc import Mapping
from typing import Any

from crmkit.domain.filters.as_json import FilterReader, filter_to_json
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.tree import Comparison, Exists, Filter, Op
from crmkit.domain.filters.where import check_entity
from crmkit.domain.support.ticket import Ticket
from crmkit.work import UnitOfWork

Condition = Filter | Mapping[str, Any]
"""A filter on tickets, or the JSON of one."""


def fits(work: UnitOfWork, ticket: Ticket, condition: Mapping[str, Any]) -> bool:
    """Say whether a ticket fits a kept filter; relations are asked of the store."""

    def exists(node: Exists, local: Any) -> bool:
        linked = Comparison(node.remote, Op.EQ, local) & node.where
        return work.behind(node.target.cls).exists(linked)

    return matches(_read(work, condition), ticket, exists)


def written(work: UnitOfWork, condition: Condition) -> dict[str, Any]:
    """Write a filter on tickets as it is kept, or raise naming what is wrong with it."""
    if isinstance(condition, Filter):
        check_entity(condition, work.registry[Ticket])
    else:
        condition = _read(work, condition)
    plain: dict[str, Any] = filter_to_json(condition)
    return plain


def _read(work: UnitOfWork, condition: Mapping[str, Any]) -> Filter:
    reader = FilterReader(work.registry, work.custom_parts)
    return reader.read(work.registry[Ticket], dict(condition))
