"""What a unit of work has seen and written: the records that its decisions rest on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from crmkit.domain.entity import EntitySpec

_Key = tuple[str, int]
"""The entity and the number of the id, which is quicker to hash than the id."""


class Seen:
    """Each record as it was last seen stored, and the versions to be held until the commit."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._relied: dict[_Key, tuple[EntitySpec, Any]] = {}
        self._written: set[_Key] = set()
        self._known: dict[_Key, Any] = {}

    def rely_on(self, spec: EntitySpec, record: Any) -> None:
        """Note that a decision rests on this version of a record."""
        key = (spec.name, record.id.int)
        if key not in self._written:
            self._relied.setdefault(key, (spec, record))
        self._known[key] = record

    def remember(self, spec: EntitySpec, record: Any) -> None:
        """Keep a record as it is stored, for the difference that a later save makes."""
        self._known[spec.name, record.id.int] = record

    def wrote(self, spec: EntitySpec, befores: Sequence[Any], records: Sequence[Any]) -> None:
        """Note records as they were just written; they guard themselves from now on."""
        name, known, relied, written = spec.name, self._known, self._relied, self._written
        for before, record in zip(befores, records, strict=True):
            key = (name, record.id.int)
            written.add(key)
            if before is not None or (known and key in known):
                known[key] = record.replaced(events=()) if record.events else record
            if relied:
                relied.pop(key, None)

    def known(self, spec: EntitySpec, record_id: UUID) -> Any:
        """Return a record as it was last seen stored, None when it was not."""
        return self._known.get((spec.name, record_id.int))

    def to_hold(self) -> Iterator[tuple[EntitySpec, Mapping[UUID, int]]]:
        """Bring the versions that were relied on and not written, by entity, in a fixed order."""
        if not self._relied:
            return
        by_spec: dict[str, tuple[EntitySpec, dict[UUID, int]]] = {}
        for key in sorted(self._relied):
            spec, record = self._relied[key]
            by_spec.setdefault(spec.name, (spec, {}))[1][record.id] = record.version
        yield from by_spec.values()
