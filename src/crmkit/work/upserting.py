"""Upserting: records that come with a key are written anew, or over those that have it."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Generic, TypeVar

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.filters.where import Field
from crmkit.errors import InvalidFilter

A = TypeVar("A", bound=Aggregate)
QUIET = frozenset({"version", "updated_at", "updated_by", "events"})
"""Fields that say nothing of a record themselves."""


class Outcome(StrEnum):
    """What an upsert did with one record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@attrs.frozen
class Upserted(Generic[A]):
    """A record after an upsert, and what was done."""

    record: A
    outcome: Outcome


def values_at(record: Aggregate, names: Sequence[str]) -> tuple[Any, ...]:
    """Return some fields of a record."""
    return tuple(getattr(record, name) for name in names)


def key_names(key: Sequence[Field]) -> list[str]:
    """Name the fields of a key, or raise `InvalidFilter`."""
    if not key or any(field.path.keys for field in key):
        raise InvalidFilter("the key is one or more declared fields", path="key")
    return [field.path.name for field in key]


def merged_with(known: A, given: A) -> A:
    """Let the given values win, but for what the store and people own."""
    kept = {"id", "tenant", "created_at", "created_by", "owner_id", "deleted_at", *QUIET}
    given_values = {
        field.name: getattr(given, field.name)
        for field in attrs.fields(type(known))
        if field.name not in kept
    }
    given_values["tags"] = tuple(dict.fromkeys((*known.tags, *given.tags)))
    given_values["custom"] = {**known.custom, **given.custom}
    if given.owner_id is not None:
        given_values["owner_id"] = given.owner_id
    return known.replaced(**given_values)
