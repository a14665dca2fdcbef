"""Run an import: rows in chunks, each chunk one unit of work, every row accounted for."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any, Protocol
from uuid import UUID

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.where import where
from crmkit.domain.imports.attestation import Origin
from crmkit.domain.imports.import_run import ImportRun, ImportRunId
from crmkit.domain.imports.mapping import FileMapping
from crmkit.errors import (
    Conflict,
    CrmkitError,
    Duplicate,
    InvalidValue,
    NotFound,
    NotPermitted,
    RuleBroken,
)
from crmkit.ports import Action, Actor
from crmkit.services.imports.chunk import Chunk
from crmkit.services.imports.reading import RowReader
from crmkit.services.imports.report import ImportReport, Note, NoteKind, RowOutcome
from crmkit.services.imports.taking_over import taking_over
from crmkit.services.tables import Row, RowProblem
from crmkit.work import UnitOfWork

CHUNK = 500
_OF_ONE_ROW = (Duplicate, Conflict, RuleBroken, InvalidValue, NotFound, NotPermitted)
"""The refusals that may be of one row: then the others are taken without it."""
IMPORT = Action("record:import", "Import records from a file", zh="导入记录", right=Right.BULK)
Progress = Callable[[int], None]


class OpensWork(Protocol):
    """What an import asks of the CRM: units of work and the hook for rows."""

    def work(
        self,
        *,
        by: Actor | str,
        tenant: str,
        reason: str | None = None,
        cause_id: UUID | None = None,
    ) -> UnitOfWork:
        """Open a unit of work."""
        ...

    def rehearse(self, *, by: Actor | str, tenant: str) -> UnitOfWork:
        """Open a unit of work that is rolled back."""
        ...

    @property
    def plugins(self) -> Any:
        """Return the plugins, whose `import_row` may change the texts of a row."""
        ...


@attrs.frozen(kw_only=True)
class ImportJob:
    """One file to import: its mapping, rows and header, and the fingerprint of its content.

    With an `origin` its new records are taken over as they stand: see `taking_over`.
    """

    mapping: FileMapping
    header: tuple[str, ...]
    rows: Iterable[Row | RowProblem]
    content: str
    encoding: str = ""
    delimiter: str = ""
    origin: Origin | None = None

    @property
    def fingerprint(self) -> str:
        """Name the content and the mapping together; the same again is the same import."""
        return hashlib.sha256(f"{self.content}\x1f{self.mapping!r}".encode()).hexdigest()


def run_import(
    crm: OpensWork,
    job: ImportJob,
    *,
    by: Actor | str,
    tenant: str,
    dry: bool = False,
    listen: Callable[[Note], None] | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a file; wrong rows, and those the actor may not write, are reported and left out.

    A run that was cut off goes on behind its last chunk when it is started again. With `dry` the
    whole way is gone and nothing is kept.
    """
    return _Run(crm, job, by, tenant, dry=dry, listen=listen).go(progress or (lambda _rows: None))


class _Run:
    def __init__(
        self,
        crm: OpensWork,
        job: ImportJob,
        by: Actor | str,
        tenant: str,
        *,
        dry: bool,
        listen: Callable[[Note], None] | None,
    ) -> None:
        self._crm, self._job, self._by, self._tenant = crm, job, by, tenant
        self._dry = dry
        self.report = ImportReport(job.mapping.file, job.mapping.entity, listen)
        self.report.encoding, self.report.delimiter = job.encoding, job.delimiter
        self.report.is_dry = dry

    def go(self, progress: Progress) -> ImportReport:
        reader, spec, run = self._begin()
        self.report.resumed_behind = run.last_line
        for rows in _chunks(self._job.rows, run.last_line):
            run = self._take(rows, reader, spec, run)
            progress(self.report.rows)
        if not self._dry:
            with self._open(run) as work:
                latest = work.of(ImportRun).get(run.id)
                work.of(ImportRun).save(latest.evolve(finished_at=work.now))
        return self.report

    def _begin(self) -> tuple[RowReader, EntitySpec, ImportRun]:
        mapping = self._job.mapping
        with self._crm.work(by=self._by, tenant=self._tenant) as work:
            spec = work.registry[mapping.entity]
            work.permit(IMPORT, on=spec.cls)
            reader = RowReader(mapping, spec, work.custom_fields(spec))
            reader.check_header(self._job.header)
            fields = where(ImportRun)
            unfinished = fields.fingerprint.eq(self._job.fingerprint) & fields.finished_at.is_none()
            run = None if self._dry else work.of(ImportRun).first(unfinished)
            if run is None:
                run = ImportRun(
                    id=ImportRunId(work.new_id()),
                    file=mapping.file,
                    entity=spec.name,
                    fingerprint=self._job.fingerprint,
                )
                if not self._dry:
                    run = work.of(ImportRun).add(run)
        return reader, spec, run

    def _open(self, run: ImportRun) -> UnitOfWork:
        if self._dry:
            return self._crm.rehearse(by=self._by, tenant=self._tenant)
        return self._crm.work(
            by=self._by,
            tenant=self._tenant,
            reason=f"import of {self._job.mapping.file}",
            cause_id=run.id,
        )

    def _take(
        self,
        rows: list[Row | RowProblem],
        reader: RowReader,
        spec: EntitySpec,
        run: ImportRun,
    ) -> ImportRun:
        """Take a chunk whole; when the store refuses it, row by row, to find the one at fault."""
        try:
            return self._attempt(rows, reader, spec, run)
        except _OF_ONE_ROW as refused:
            if len(rows) == 1:
                return self._refuse(rows[0], run, refused)
        for row in rows:
            run = self._take([row], reader, spec, run)
        return run

    def _attempt(
        self,
        rows: list[Row | RowProblem],
        reader: RowReader,
        spec: EntitySpec,
        run: ImportRun,
    ) -> ImportRun:
        chunk = Chunk(self._job.mapping, spec, reader, self._crm.plugins)
        with self._open(run) as work:
            with self._way_in(work, spec):
                chunk.take(work, rows)
            if not self._dry:
                run = work.of(ImportRun).save(_advanced(run, chunk, rows[-1].line))
        chunk.tell(self.report)
        return run

    def _way_in(self, work: UnitOfWork, spec: EntitySpec) -> AbstractContextManager[None]:
        origin = self._job.origin
        return nullcontext() if origin is None else taking_over(work, origin, spec.cls)

    def _refuse(self, row: Row | RowProblem, run: ImportRun, refused: CrmkitError) -> ImportRun:
        is_denied = isinstance(refused, NotPermitted)
        self.report.count(RowOutcome.SKIPPED if is_denied else RowOutcome.CONFLICT)
        self.report.note(Note(row.line, "", "", NoteKind.ERROR, str(refused)))
        if self._dry:
            return run
        with self._open(run) as work:
            latest = work.of(ImportRun).get(run.id)
            counted = "skipped" if is_denied else "conflicts"
            counts = {counted: getattr(latest, counted) + 1}
            return work.of(ImportRun).save(latest.evolve(last_line=row.line, **counts))


def _advanced(run: ImportRun, chunk: Chunk, last_line: int) -> ImportRun:
    return run.evolve(
        last_line=last_line,
        created=run.created + chunk.outcomes[RowOutcome.CREATED],
        updated=run.updated + chunk.outcomes[RowOutcome.UPDATED],
        unchanged=run.unchanged + chunk.outcomes[RowOutcome.UNCHANGED],
        skipped=run.skipped + chunk.outcomes[RowOutcome.SKIPPED],
    )


def _chunks(rows: Iterable[Row | RowProblem], behind: int) -> Iterator[list[Row | RowProblem]]:
    waiting = (row for row in rows if row.line > behind)
    while chunk := list(islice(waiting, CHUNK)):
        yield chunk
