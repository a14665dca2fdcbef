"""One chunk of rows within one unit of work: read, looked up, matched by key, written in bulk."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.where import where
from crmkit.domain.imports.mapping import FileMapping
from crmkit.errors import CrmkitError, Vetoed
from crmkit.services.imports.composing import changed_record, new_record
from crmkit.services.imports.lookups import Lookups
from crmkit.services.imports.reading import Draft, RowReader
from crmkit.services.imports.report import ImportReport, Note, NoteKind, RowOutcome
from crmkit.services.tables import Row, RowProblem
from crmkit.work import UnitOfWork

Key = tuple[Any, ...]


class Chunk:
    """Takes rows and says what became of them; tells the report only when the work is done."""

    def __init__(
        self, mapping: FileMapping, spec: EntitySpec, reader: RowReader, plugins: Any
    ) -> None:
        """Begin with no rows."""
        self._mapping = mapping
        self._spec = spec
        self._reader = reader
        self._plugins = plugins
        self._notes: list[Note] = []
        self.outcomes: Counter[RowOutcome] = Counter()

    def take(self, work: UnitOfWork, rows: Sequence[Row | RowProblem]) -> None:
        """Write all sound rows of the chunk."""
        plugged = [self._plugged(row) for row in rows if isinstance(row, Row)]
        for row in rows:
            if isinstance(row, RowProblem):
                self._skip(Note(row.line, row.column, row.value, NoteKind.ERROR, row.message))
        lookups = Lookups(work, self._mapping)
        sound = [row for row in plugged if row is not None]
        lookups.prepare([row.values for row in sound])
        read = (self._read(row.line, row.values, lookups) for row in sound)
        for wave in _waves([draft for draft in read if draft is not None], self._key):
            self._write(work, wave, lookups)

    def tell(self, report: ImportReport) -> None:
        """Pass on what became of the rows."""
        for outcome, times in self.outcomes.items():
            report.outcomes[outcome] += times
        for note in sorted(self._notes, key=lambda note: note.line):
            report.note(note)

    def _plugged(self, row: Row) -> Row | None:
        """Let plugins mend a row, and tell what they mended; None when one of them vetoes it."""
        try:
            texts = self._plugins.import_row(self._spec.name, row.line, dict(row.values))
        except Vetoed as veto:
            self._skip(Note(row.line, "", "", NoteKind.ERROR, str(veto)))
            return None
        for column, text in texts.items():
            was = row.values.get(column, "")
            if text != was:
                message = f"{was!r} read as {text!r}"
                self._notes.append(Note(row.line, column, was, NoteKind.CORRECTED, message))
        return Row(row.line, texts)

    def _read(self, line: int, texts: Mapping[str, str], lookups: Lookups) -> Draft | None:
        draft = self._reader.read(line, texts, lookups.look, self._notes.append)
        if not draft.is_sound:
            self.outcomes[RowOutcome.SKIPPED] += 1
            return None
        if None in self._key(draft):
            self._skip(Note(line, self._mapping.key[0], "", NoteKind.ERROR, "the key is empty"))
            return None
        return draft

    def _write(self, work: UnitOfWork, wave: list[Draft], lookups: Lookups) -> None:
        known = self._known(work, wave)
        new: list[Aggregate] = []
        changed: list[Aggregate] = []
        for draft in wave:
            try:
                match known.get(self._key(draft), ()):
                    case ():
                        new.append(new_record(self._spec, work.new_id(), draft.values))
                    case [record]:
                        changed.append(changed_record(self._spec, record, draft.values))
                    case several:
                        message = f"{len(several)} records have this key"
                        place = self._mapping.key[0]
                        self._skip(Note(draft.line, place, "", NoteKind.ERROR, message))
            except CrmkitError as wrong:
                self._skip(Note(draft.line, wrong.path, "", NoteKind.ERROR, str(wrong)))
        records = work.of(self._spec.cls)
        for record in records.insert_many(new):
            self.outcomes[RowOutcome.CREATED] += 1
            lookups.learn(self._spec.name, record)
        for before, after in zip(changed, records.save_many(changed), strict=True):
            same = after.version == before.version
            self.outcomes[RowOutcome.UNCHANGED if same else RowOutcome.UPDATED] += 1

    def _known(self, work: UnitOfWork, wave: list[Draft]) -> dict[Key, list[Aggregate]]:
        """Return the records that there are, by key; a key need not be that of one alone."""
        fields = [where(self._spec.cls)[name] for name in self._mapping.key]
        keys = [self._key(draft) for draft in wave]
        fits = fields[0].in_({key[0] for key in keys})
        for at, field in enumerate(fields[1:], start=1):
            fits &= field.in_({key[at] for key in keys})
        known: dict[Key, list[Aggregate]] = {}
        for record in work.of(self._spec.cls).find(fits):
            known.setdefault(tuple(field.path.value_of(record) for field in fields), []).append(
                record
            )
        return known

    def _key(self, draft: Draft) -> Key:
        return tuple(draft.values[name] for name in self._mapping.key)

    def _skip(self, note: Note) -> None:
        self.outcomes[RowOutcome.SKIPPED] += 1
        self._notes.append(note)


def _waves(drafts: list[Draft], key_of: Callable[[Draft], Key]) -> list[list[Draft]]:
    """Split so that no key comes twice in one wave; a later row then changes the earlier one."""
    waves: list[list[Draft]] = []
    seen: Counter[Key] = Counter()
    for draft in drafts:
        key = key_of(draft)
        if seen[key] == len(waves):
            waves.append([])
        waves[seen[key]].append(draft)
        seen[key] += 1
    return waves
