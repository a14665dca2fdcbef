"""`crmkit import`: files by a mapping that is given, or guessed and shown."""

import argparse
import csv
import hashlib
import json
import tomllib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from crmkit.cli.progress import Progress
from crmkit.crm import CRM
from crmkit.domain.imports.attestation import Origin
from crmkit.domain.imports.mapping import FileMapping, ImportMapping
from crmkit.errors import BrokenFile, InvalidSettings
from crmkit.services.imports import ImportJob, ImportReport, Note, RowOutcome, run_import
from crmkit.services.imports.guessing import guess_mapping
from crmkit.services.tables import read_rows
from crmkit.storage.codec.strict import structure

SHOWN_NOTES = 5
_TAKEN = (RowOutcome.CREATED, RowOutcome.UPDATED, RowOutcome.UNCHANGED)


def import_files(options: argparse.Namespace) -> int:
    """Import every mapped file, print what became of its rows; 1 when rows were left out."""
    with ExitStack() as stack:
        crm = stack.enter_context(CRM.open(options.db))
        if options.create:
            crm.schema.apply()
        mapping, folder = _mapping(options, crm)
        listen = _notes(stack, options.notes) if options.notes else None
        clean: bool = True
        for file in mapping.files:
            report = _import(crm, options, file, folder, listen)
            clean = clean and report.rows == sum(report.outcomes[kind] for kind in _TAKEN)
    return 0 if clean else 1


def _import(
    crm: CRM,
    options: argparse.Namespace,
    file: FileMapping,
    folder: Path,
    listen: Callable[[Note], None] | None,
) -> ImportReport:
    path = folder / file.file
    if not path.exists():
        raise BrokenFile("there is no such file", path=str(path))
    table = read_rows(
        path,
        encoding=file.encoding,
        delimiter=file.delimiter,
        sheet=file.sheet,
        formula_escapes=file.escaped,
    )
    job = ImportJob(
        mapping=file,
        header=table.header,
        rows=table,
        content=_digest(path),
        encoding=table.encoding,
        delimiter=table.delimiter,
        origin=_origin(options),
    )
    with Progress(file.file) as progress:
        report = run_import(
            crm,
            job,
            by=options.by,
            tenant=options.tenant,
            dry=options.dry_run,
            listen=listen,
            progress=progress,
        )
    _print(report)
    return report


def _origin(options: argparse.Namespace) -> Origin | None:
    """Return where the records come from, when they are taken over as they stand there."""
    if options.from_system is None:
        return None
    return Origin(system=options.from_system, said_by=options.said_by, reason=options.reason)


def _print(report: ImportReport) -> None:
    dry = " (dry run)" if report.is_dry else ""
    print(f"{report} [{report.encoding}]{dry}")
    for note in report.notes[:SHOWN_NOTES]:
        print(f"  {note}")
    rest = sum(report.kinds.values()) - min(SHOWN_NOTES, len(report.notes))
    if rest:
        print(f"  ... {rest:,} more notes, all of them with --notes FILE")


def _mapping(options: argparse.Namespace, crm: CRM) -> tuple[ImportMapping, Path]:
    source: Path = options.source
    if options.mapping is not None:
        folder = source if source.is_dir() else source.parent
        return structure(ImportMapping, _read(options.mapping)), folder
    if options.entity is None:
        raise InvalidSettings("what are these rows?", path="--mapping", fix="or give --entity")
    table = read_rows(source)
    guessed = guess_mapping(
        crm.registry[options.entity], source.name, table.header, key=options.key
    )
    for column in guessed.columns:
        print(f"  {column.column} -> {column.field}")
    return ImportMapping(name=source.name, files=(guessed,)), source.parent


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as broken:
        raise BrokenFile(str(broken), path=str(path)) from None


def _notes(stack: ExitStack, path: Path) -> Callable[[Note], None]:
    file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
    writer = csv.writer(file)
    writer.writerow(["line", "column", "value", "kind", "message"])

    def write(note: Note) -> None:
        writer.writerow([note.line, note.column, note.value, str(note.kind), note.message])

    return write


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
