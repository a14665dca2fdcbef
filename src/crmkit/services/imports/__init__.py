"""Importing files: mapped, checked row by row, resumable, undoable."""

from crmkit.services.imports.report import ImportReport, Note, NoteKind, RowOutcome
from crmkit.services.imports.running import ImportJob, run_import

__all__ = ["ImportJob", "ImportReport", "Note", "NoteKind", "RowOutcome", "run_import"]
