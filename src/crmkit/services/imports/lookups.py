"""Find the records that cells refer to by name, a chunk of rows at a time."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from crmkit.domain.filters.where import where
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping, Lookup
from crmkit.errors import NotFound
from crmkit.services.imports.composing import new_record
from crmkit.work import UnitOfWork


class Lookups:
    """The records that one chunk of rows refers to, found in one query per column."""

    def __init__(self, work: UnitOfWork, mapping: FileMapping) -> None:
        """Begin with nothing found."""
        self._work = work
        self._columns = [column for column in mapping.columns if column.lookup is not None]
        self._found: dict[tuple[str, str], dict[str, UUID]] = {}

    def prepare(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Find all that the rows may refer to."""
        listed = list(rows)
        for column in self._columns:
            lookup = _lookup(column)
            texts = {
                column.values.get(text, text)
                for row in listed
                if (raw := row.get(column.column or "", ""))
                for text in (column.corrections.get(raw, raw),)
            }
            known = self._found.setdefault((lookup.entity, lookup.field), {})
            known.update(self._find(lookup, sorted(texts - known.keys())))

    def look(self, column: ColumnMapping, text: str) -> Any:
        """Return the id of the record that a cell names, made where the mapping says so."""
        lookup = _lookup(column)
        known = self._found.setdefault((lookup.entity, lookup.field), {})
        if text not in known:
            if not lookup.create:
                raise NotFound(
                    f"there is no {lookup.entity} with {lookup.field} {text!r}", path=column.field
                )
            known[text] = self._make(lookup, text)
        return known[text]

    def learn(self, entity: str, record: Any) -> None:
        """Know a record that was just written, for rows that refer to it."""
        for (name, field), known in self._found.items():
            if name == entity and isinstance(text := getattr(record, field, None), str):
                known[text] = record.id

    def _find(self, lookup: Lookup, texts: list[str]) -> dict[str, UUID]:
        if not texts:
            return {}
        records = self._work.of(self._work.registry[lookup.entity].cls)
        field = where(records.spec.cls)[lookup.field]
        id_field = where(records.spec.cls)["id"]
        return dict(records.columns((field, id_field), field.in_(texts)))

    def _make(self, lookup: Lookup, text: str) -> UUID:
        spec = self._work.registry[lookup.entity]
        values = dict.fromkeys((lookup.field, *lookup.also), text)
        record = new_record(spec, self._work.new_id(), values)
        made: UUID = self._work.of(spec.cls).add(record).id
        return made


def _lookup(column: ColumnMapping) -> Lookup:
    if column.lookup is None:
        raise NotFound("this column refers to nothing", path=column.field)
    return column.lookup
