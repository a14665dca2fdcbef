"""Stage rules: no record comes to a stage, or closes, but as its pipeline lets it.

Every write passes here, whoever brings it: a service, a plain save, an import.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import EntitySpec
from crmkit.domain.named_kinds import Identity
from crmkit.domain.sales.moving import check_step
from crmkit.domain.sales.pipeline import Pipeline
from crmkit.domain.sales.stage_stay import StageStay, StageStayId, began_at, stay_between

if TYPE_CHECKING:
    from crmkit.work.collection import Collection
    from crmkit.work.unit import UnitOfWork


A = TypeVar("A", bound=Aggregate)


class StageRules:
    """The rules of pipelines, held against each step of a record."""

    def __init__(self, work: "UnitOfWork") -> None:
        """Belong to a work."""
        self._work = work
        self._is_lifted = False
        self._is_kept = False

    def check(self, spec: EntitySpec, records: Sequence[Any], befores: Sequence[Any]) -> None:
        """Return when every record may stand where it does, or raise `MoveRefused`."""
        if self._is_lifted or not _passes(spec):
            return
        pipelines: dict[Any, Pipeline] = {}
        reads = partial(self._work.definitions.read, spec)
        for record, before in zip(records, befores, strict=True):
            if record.pipeline_id is None or not _goes_on(before, record):
                continue
            if record.pipeline_id not in pipelines:
                pipelines[record.pipeline_id] = self._work.definitions.pipeline(record.pipeline_id)
            check_step(pipelines[record.pipeline_id], before, record, reads)

    def marked(self, spec: EntitySpec, records: list[Any], befores: Sequence[Any]) -> list[Any]:
        """Return records that go on, each standing there since now unless it says since when."""
        if self._is_free(spec) or "stage_since" not in spec.parts:
            return records
        return [
            record.replaced(stage_since=self._work.now)
            if _has_gone_on(before, record) and record.stage_since == before.stage_since
            else record
            for record, before in zip(records, befores, strict=True)
        ]

    def keep_stays(self, spec: EntitySpec, records: Sequence[Any], befores: Sequence[Any]) -> None:
        """Keep the stays of records that went on beside the services: by saves and imports."""
        if self._is_free(spec):
            return
        for record, before in zip(records, befores, strict=True):
            if _has_gone_on(before, record):
                known = self._work.definitions.pipeline
                pipeline = before.pipeline_id and known(before.pipeline_id)
                self.keep_stay(
                    before, record, pipeline, at=_left_at(before, record, self._work.now)
                )

    def keep_stay(
        self, before: Any, after: Any, pipeline: Pipeline | None, *, at: datetime
    ) -> None:
        """Keep the row of a stay that is over."""
        stages = () if pipeline is None else pipeline.stages
        chances = [stage.probability for stage in stages if stage.name == before.stage]
        stay = stay_between(
            before,
            after,
            stay_id=StageStayId(self._work.new_id()),
            entity=self._work.registry[type(after)].name,
            at=at,
            by=self._work.actor.id,
            probability=chances[0] if chances else None,
        )
        self._work.behind(StageStay).add(stay)

    def save_kept(self, records: "Collection[A]", record: A) -> A:
        """Save a record for a service that keeps the stay itself."""
        was, self._is_kept = self._is_kept, True
        try:
            return records.save(record)
        finally:
            self._is_kept = was

    @contextmanager
    def lifted(self) -> Generator[None]:
        """Let records go back to where they stood, or to the stage that took another's place."""
        was, self._is_lifted = self._is_lifted, True
        try:
            yield
        finally:
            self._is_lifted = was

    def _is_free(self, spec: EntitySpec) -> bool:
        return self._is_lifted or self._is_kept or not _passes(spec)


@cache
def _passes(spec: EntitySpec) -> bool:
    """Say whether records of an entity pass a pipeline."""
    part = spec.parts.get("pipeline_id")
    leads = part is not None and isinstance(part.kind, Identity) and part.kind.target == "pipeline"
    return leads and "stage" in spec.parts and not spec.cls.only_tells


def _has_gone_on(before: Any, after: Any) -> bool:
    """Say whether a live record stood elsewhere before."""
    is_live = before is not None and before.deleted_at is None
    return is_live and _goes_on(before, after)


def _left_at(before: Any, after: Any, now: datetime) -> datetime:
    """Return when a record left its stage: since when it says to stand elsewhere, else now."""
    since: datetime | None = getattr(after, "stage_since", None)
    begun = began_at(before)
    return since if since is not None and begun is not None and begun <= since <= now else now


def _goes_on(before: Any, after: Any) -> bool:
    """Say whether a live record is new, or stands elsewhere than before."""
    if after.deleted_at is not None:
        return False
    if before is None or before.stage != after.stage:
        return True
    if before.pipeline_id != after.pipeline_id:
        return True
    return bool(getattr(before, "outcome", None) != getattr(after, "outcome", None))
