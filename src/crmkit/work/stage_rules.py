"""Stage rules: no record comes to a stage, or closes, but as its pipeline lets it.

Every write passes here, whoever brings it: a service, a plain save, an import.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.as_json import FilterReader
from crmkit.domain.filters.tree import Filter
from crmkit.domain.named_kinds import Identity
from crmkit.domain.sales.moving import check_step
from crmkit.domain.sales.pipeline import Pipeline, PipelineId

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork


class StageRules:
    """The rules of pipelines, held against each step of a record."""

    def __init__(self, work: "UnitOfWork") -> None:
        """Belong to a work."""
        self._work = work
        self._is_lifted = False

    def check(self, spec: EntitySpec, records: Sequence[Any], befores: Sequence[Any]) -> None:
        """Return when every record may stand where it does, or raise `MoveRefused`."""
        if self._is_lifted or not _passes(spec):
            return
        pipelines: dict[Any, Pipeline] = {}
        for record, before in zip(records, befores, strict=True):
            if record.pipeline_id is None or not _goes_on(before, record):
                continue
            if record.pipeline_id not in pipelines:
                pipelines[record.pipeline_id] = self._pipeline(record.pipeline_id)
            self._check(spec, pipelines[record.pipeline_id], before, record)

    @contextmanager
    def lifted(self) -> Generator[None]:
        """Let records go back to where they stood, or to the stage that took another's place."""
        was, self._is_lifted = self._is_lifted, True
        try:
            yield
        finally:
            self._is_lifted = was

    def _pipeline(self, pipeline_id: PipelineId) -> Pipeline:
        """Return the pipeline as this work has seen it, held to the end, or as it is stored."""
        spec = self._work.registry[Pipeline]
        known: Pipeline | None = self._work.known(spec, pipeline_id)
        if known is None or known.deleted_at is not None:
            return self._work.behind(Pipeline).get(pipeline_id)
        self._work.rely_on(spec, known)
        return known

    def _check(self, spec: EntitySpec, pipeline: Pipeline, before: Any, record: Any) -> None:
        reader = FilterReader(self._work.registry, self._work.custom_parts)

        def read(written: Mapping[str, Any]) -> Filter:
            return reader.read(spec, dict(written))

        check_step(pipeline, before, record, read)


@cache
def _passes(spec: EntitySpec) -> bool:
    """Say whether records of an entity pass a pipeline."""
    part = spec.parts.get("pipeline_id")
    leads = part is not None and isinstance(part.kind, Identity) and part.kind.target == "pipeline"
    return leads and "stage" in spec.parts and not spec.cls.only_tells


def _goes_on(before: Any, after: Any) -> bool:
    """Say whether a live record is new, or stands elsewhere than before."""
    if after.deleted_at is not None:
        return False
    names = ("stage", "pipeline_id", "outcome")
    return before is None or any(
        getattr(before, name, None) != getattr(after, name, None) for name in names
    )
