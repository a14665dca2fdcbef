"""One entity of one tenant in memory: its committed records and its unique values."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from crmkit.domain.entity import EntitySpec, Unique
from crmkit.domain.text import search_key
from crmkit.errors import Duplicate

UniqueKey = tuple[Any, ...]
Taken = dict[tuple[Unique, UniqueKey], UUID]
"""The unique values that a transaction has taken, and for which record."""


class Shelf:
    """The committed records by id, and who holds which unique value."""

    def __init__(self, spec: EntitySpec) -> None:
        """Begin empty."""
        self.spec = spec
        self.records: dict[UUID, Any] = {}
        self.held: set[UUID] = set()
        self.holders: dict[Unique, dict[UniqueKey, UUID]] = {rule: {} for rule in spec.unique}

    def put(self, changes: Mapping[UUID, Any]) -> None:
        """Take changed records; None erases one."""
        for record_id in changes:
            self._release(self.records.get(record_id))
        for record_id, record in changes.items():
            if record is None:
                self.records.pop(record_id, None)
            else:
                self.records[record_id] = record
                for rule, key in unique_keys(self.spec, record):
                    self.holders[rule][key] = record_id

    def _release(self, record: Any) -> None:
        if record is not None:
            for rule, key in unique_keys(self.spec, record):
                self.holders[rule].pop(key, None)


def release(spec: EntitySpec, taken: Taken, records: Iterable[Any]) -> None:
    """Let go of the unique values that records of a transaction have taken."""
    for record in records:
        if record is not None:
            for pair in unique_keys(spec, record):
                if taken.get(pair) == record.id:
                    del taken[pair]


def take(shelf: Shelf, taken: Taken, changes: Mapping[UUID, Any], mine: Mapping[UUID, Any]) -> None:
    """Note the unique values of changed records, or raise `Duplicate`.

    A value is free unless a live record holds it that is not among `mine`, the records that the
    transaction changes, or another record of the transaction has taken it.
    """
    for record_id, record in changes.items():
        for rule, key in () if record is None else unique_keys(shelf.spec, record):
            holder = shelf.holders[rule].get(key)
            free = holder is None or holder == record_id or holder in mine
            if not free or taken.setdefault((rule, key), record_id) != record_id:
                raise Duplicate(shelf.spec.name, rule.fields)


def unique_keys(spec: EntitySpec, record: Any) -> Iterable[tuple[Unique, UniqueKey]]:
    """Return the unique values that a record holds while it is live; a None holds nothing."""
    if spec.soft and record.deleted_at is not None:
        return
    for rule in spec.unique:
        folded = spec.searchable if rule.folded else ()
        key = tuple(
            _comparable(getattr(record, name), folded=name in folded) for name in rule.fields
        )
        if None not in key:
            yield rule, key


def _comparable(value: Any, *, folded: bool) -> Any:
    return search_key(value) if folded and value is not None else value
