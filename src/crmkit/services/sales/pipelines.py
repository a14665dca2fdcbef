"""What people do with pipelines."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.filters.as_json import FilterReader
from crmkit.domain.filters.paths import path_to
from crmkit.domain.filters.summary import Summary, by, count
from crmkit.domain.sales.deal import Deal
from crmkit.domain.sales.pipeline import Pipeline, PipelineId, StageInUse
from crmkit.domain.sales.stage import Stage
from crmkit.errors import InvalidSettings, InvalidValue, UnknownField
from crmkit.ports import Action
from crmkit.services.sales.stages import keep_stay
from crmkit.work import Collection, UnitOfWork

DEFINE_PIPELINE = Action(
    "pipeline:define", "Define a pipeline", zh="定义销售管道", right=Right.CREATE
)
EDIT_PIPELINE = Action("pipeline:edit", "Edit a pipeline", zh="修改销售管道", right=Right.EDIT)

DEFAULT_STAGES = (
    Stage(name="prospecting", probability=10, labels={"en": "Prospecting", "zh": "寻找商机"}),
    Stage(name="qualification", probability=25, labels={"en": "Qualification", "zh": "资格确认"}),
    Stage(name="proposal", probability=50, labels={"en": "Proposal", "zh": "方案报价"}),
    Stage(name="negotiation", probability=75, labels={"en": "Negotiation", "zh": "商务谈判"}),
)
_EDITABLE: Final = frozenset(
    {"name", "stages", "moves", "reopening", "won_reasons", "lost_reasons", "tags"}
)
PAGE: Final = 500


def define_pipeline(
    work: UnitOfWork, name: str, stages: tuple[Stage, ...] = DEFAULT_STAGES, **rules: Any
) -> Pipeline:
    """Define a pipeline by the stages that its records pass; `rules` are others of `Pipeline`."""
    work.permit(DEFINE_PIPELINE)
    pipeline = Pipeline(id=PipelineId(work.new_id()), name=name, stages=stages, **rules)
    _check_criteria(work, pipeline)
    return work.pipelines.add(pipeline)


def edit_pipeline(
    work: UnitOfWork,
    pipeline_id: PipelineId,
    *,
    mapping: Mapping[str, str] | None = None,
    **changes: Any,
) -> Pipeline:
    """Bring a pipeline into another edition; records at stages that go are moved by `mapping`.

    Raises `StageInUse` with the counts when records stand where nobody said they go. In a
    rehearsal, the same call shows every record that would move, and keeps nothing.
    """
    pipeline = work.pipelines.get(pipeline_id)
    work.permit(EDIT_PIPELINE, on=pipeline)
    for name in changes.keys() - _EDITABLE:
        raise UnknownField(
            f"cannot be edited: {name}", path=f"pipeline.{name}", fix=", ".join(sorted(_EDITABLE))
        )
    edited = pipeline.edit(**changes)
    _check_criteria(work, edited)
    work.hold(pipeline)
    used = _used(work, pipeline, work.behind(_class_of(work, pipeline)))
    moves = _moves(edited, used, mapping or {})
    if moves:
        with work.stage_rules.lifted():
            _relocate(work, pipeline, moves)
    return work.pipelines.save(edited)


def stages_in_use(work: UnitOfWork, pipeline: Pipeline) -> dict[str, int]:
    """Count the live records of a pipeline at each stage, as far as the actor sees them."""
    return _used(work, pipeline, work.of(_class_of(work, pipeline)))


def _used(work: UnitOfWork, pipeline: Pipeline, records: Collection[Any]) -> dict[str, int]:
    fields = work.where(records.spec.cls)
    summary = Summary(
        spec=records.spec,
        where=fields.pipeline_id.eq(pipeline.id),
        by={"stage": by(fields.stage)},
        measures={"records": count()},
    )
    counted = Counter({row["stage"]: row["records"] for row in records.summarise(summary)})
    return dict(sorted(counted.items()))


def _moves(edited: Pipeline, used: Mapping[str, int], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return where the records of each stage go, or refuse those that go nowhere."""
    for old, new in mapping.items():
        if new not in edited.names:
            raise InvalidValue(
                f"there is no stage {new!r}", path=f"mapping.{old}", fix=", ".join(edited.names)
            )
    lost = {name: records for name, records in used.items() if name not in edited.names}
    homeless = {name: records for name, records in lost.items() if name not in mapping}
    if homeless:
        said = ", ".join(f"{records} at {name}" for name, records in homeless.items())
        raise StageInUse(
            f"records stand there: {said}", path="mapping", fix="say to which stage they go"
        )
    return {old: mapping[old] for old in used if old in mapping and mapping[old] != old}


def _relocate(work: UnitOfWork, pipeline: Pipeline, moves: Mapping[str, str]) -> None:
    """Let the records of some stages stand at others, each moved once and with its stay."""
    records: Any = work.behind(_class_of(work, pipeline))
    fields = work.where(records.spec.cls)
    there = fields.pipeline_id.eq(pipeline.id) & fields.stage.in_(moves)
    after: str | None = None
    while True:
        page = records.page(there, order=[fields.id.asc()], size=PAGE, after=after)
        for record in page.items:
            stands = _standing_at(work, record, moves[record.stage])
            keep_stay(work, record, stands, pipeline, records=records)
        if page.next is None:
            return
        after = page.next


def _standing_at(work: UnitOfWork, record: Any, stage: str) -> Any:
    if isinstance(record, Deal):
        return record.relocate(stage, at=work.now)
    marks = {"stage_since": work.now} if hasattr(record, "stage_since") else {}
    return record.evolve(stage=stage, **marks)


def _class_of(work: UnitOfWork, pipeline: Pipeline) -> type[Aggregate]:
    cls: type[Aggregate] = work.registry[pipeline.entity].cls
    return cls


def _check_criteria(work: UnitOfWork, pipeline: Pipeline) -> None:
    """Raise what is wrong with the criteria of the stages: unknown fields, what cannot be meant."""
    spec = work.registry[pipeline.entity]
    if not {"pipeline_id", "stage"} <= spec.parts.keys():
        raise InvalidSettings(
            "passes no pipeline", path=spec.name, fix="give it fields pipeline_id and stage"
        )
    reader = FilterReader(work.registry, work.custom_parts)
    for stage in pipeline.stages:
        for written in (stage.entry, stage.leave):
            reader.read(spec, dict(written))
        for field in stage.requires:
            path_to(spec, field, work.custom_parts(spec))
