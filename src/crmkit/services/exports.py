"""Exports: the records of an entity as a table, so that importing it again changes nothing."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from crmkit.domain.access.acting import Action, Right
from crmkit.domain.access.veils import Level, Veil
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.as_json import FilterReader
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.domain.privacy.audit import AuditKind
from crmkit.services.tables import write_rows
from crmkit.work import UnitOfWork
from crmkit.work.auditing import write_down

EXPORT = Action("record:export", "Export records to a file", zh="导出记录", right=Right.EXPORT)
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
    is marked; `export_mapping` knows how to read it back. The export is audited.
    """
    spec = work.registry[entity]
    work.permit(EXPORT, on=spec.cls)
    reader = FilterReader(work.registry, work.custom_parts)
    records = work.of(spec.cls).permitted(Right.EXPORT).stream(reader.read(spec, where))
    fields = _shown_fields(work, spec)
    write_down(work, AuditKind.EXPORT, EXPORT, payload={"entity": spec.name, "where": where})
    written = 0

    def rows() -> Iterator[tuple[str, ...]]:
        nonlocal written
        for record in records:
            written += 1
            if not written % 1000:
                progress(written)
            yield _texts(spec, fields, record)

    write_rows(target, fields, rows())
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


def _shown_fields(work: UnitOfWork, spec: EntitySpec) -> tuple[str, ...]:
    """Return the columns that the actor sees, masked ones among them."""
    sight, fields = work.sight(spec.name), exported_fields(spec)
    if sight is None:
        return fields
    return tuple(name for name in fields if sight.level(name) > Level.HIDDEN)


def _texts(spec: EntitySpec, fields: Sequence[str], record: Any) -> tuple[str, ...]:
    return tuple(_text(spec, name, getattr(record, name)) for name in fields)


def _text(spec: EntitySpec, name: str, value: Any) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, Veil) else spec.parts[name].kind.text(value)
