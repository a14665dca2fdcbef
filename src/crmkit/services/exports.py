"""Exports: the records of an entity as a table, so that importing it again changes nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.as_json import FilterReader
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.ports import Action
from crmkit.services.tables import write_rows
from crmkit.work import UnitOfWork

EXPORT = Action("record:export", "Export records to a file", zh="导出记录")
_LEFT_OUT = frozenset({"tenant", "match_keys", "deleted_at"})
_STAMPS = frozenset({"version", "created_at", "created_by", "updated_at", "updated_by"})


def export(
    work: UnitOfWork,
    entity: str,
    target: Path,
    *,
    where: Any,
    progress: Callable[[int], None] = lambda _rows: None,
) -> int:
    """Write the live records that fit a JSON filter to a file, streamed; returns how many.

    The suffix decides: `.csv`, `.jsonl` or `.xlsx`. Text that a spreadsheet takes for a formula
    is marked; `export_mapping` knows how to read it back.
    """
    work.permit(EXPORT)
    spec = work.registry[entity]
    reader = FilterReader(work.registry, work.custom_parts)
    records = work.of(spec.cls).stream(reader.read(spec, where))
    written = 0

    def rows() -> Iterator[tuple[str, ...]]:
        nonlocal written
        for record in records:
            written += 1
            if not written % 1000:
                progress(written)
            yield _texts(spec, record)

    write_rows(target, exported_fields(spec), rows())
    return written


def exported_fields(spec: EntitySpec) -> tuple[str, ...]:
    """Return the columns of an export, in order."""
    return tuple(name for name in spec.parts if name not in _LEFT_OUT)


def export_mapping(spec: EntitySpec, file: str) -> FileMapping:
    """Return the mapping that reads an export back, record by record, by id."""
    columns = tuple(
        ColumnMapping(field=name, column=name)
        for name in exported_fields(spec)
        if name not in _STAMPS
    )
    return FileMapping(file=file, entity=spec.name, key=("id",), columns=columns, escaped=True)


def _texts(spec: EntitySpec, record: Any) -> tuple[str, ...]:
    texts: list[str] = []
    for name in exported_fields(spec):
        value = getattr(record, name)
        texts.append("" if value is None else spec.parts[name].kind.text(value))
    return tuple(texts)
