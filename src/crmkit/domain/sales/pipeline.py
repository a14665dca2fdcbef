"""Pipelines: the stages that a record passes, and the moves between them, as data."""

from enum import StrEnum
from typing import Annotated, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.stage import Stage, StageType
from crmkit.errors import InvalidValue, RuleBroken

__all__ = ["Move", "Pipeline", "PipelineEdited", "PipelineId", "Reopening", "Stage", "StageInUse"]

PipelineId = NewType("PipelineId", UUID)
Reason = Annotated[str, Text(max_length=200)]


class Reopening(StrEnum):
    """Where a record stands when it is opened again: where it closed, at the start, or never."""

    WHERE_IT_CLOSED = "where_it_closed"
    AT_THE_START = "at_the_start"
    NEVER = "never"


@attrs.frozen(kw_only=True)
class Move:
    """A move that is allowed, between two stages by their names."""

    from_stage: Annotated[str, Text(max_length=100)]
    to_stage: Annotated[str, Text(max_length=100)]


@attrs.frozen(kw_only=True)
class PipelineEdited(Event):
    """A pipeline came into another edition."""

    pipeline_id: PipelineId
    number: int


class StageInUse(RuleBroken):
    """Records stand at a stage that is to go, and nobody said where they go."""


@keeps()
@entity(
    "pipeline",
    unique=[Unique("name")],
    labels={"en": "Pipeline", "zh": "销售管道"},
    events=(PipelineEdited,),
)
@attrs.frozen(kw_only=True)
class Pipeline(Aggregate):
    """An ordered list of stages with different names, for the records of one entity.

    Without `moves` every move is allowed. `number` counts its editions; the change log keeps them.
    Where there are `won_reasons` or `lost_reasons`, who closes gives one of them.
    """

    id: PipelineId
    name: Annotated[str, Text(max_length=200)]
    stages: tuple[Stage, ...]
    entity: Annotated[str, Text(max_length=63)] = "deal"
    number: int = 1
    moves: tuple[Move, ...] = ()
    reopening: Reopening = Reopening.WHERE_IT_CLOSED
    won_reasons: tuple[Reason, ...] = ()
    lost_reasons: tuple[Reason, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Refuse a pipeline without stages, with two of one name, or moves from or to nowhere."""
        super().__attrs_post_init__()
        if not self.stages:
            raise InvalidValue("a pipeline has stages", path="pipeline.stages", fix="give one")
        if len(set(self.names)) != len(self.stages):
            raise InvalidValue("two stages have one name", path="pipeline.stages")
        if self.stages[0].type is not StageType.OPEN:
            raise InvalidValue("the first stage is an open one", path="pipeline.stages")
        for move in self.moves:
            for name in (move.from_stage, move.to_stage):
                if name not in self.names:
                    raise InvalidValue(f"there is no stage {name!r}", path="pipeline.moves")

    @property
    def names(self) -> tuple[str, ...]:
        """Name the stages in order."""
        return tuple(stage.name for stage in self.stages)

    def stage(self, name: str) -> Stage:
        """Return the stage of a name, or raise `InvalidValue` with those there are."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise InvalidValue(
            f"the pipeline has no stage {name!r}",
            path=f"{self.entity}.stage",
            fix=f"one of {', '.join(self.names)}",
        )

    def closing(self, type_: StageType) -> Stage | None:
        """Return the stage at which who is won, or lost, stands; None when there is none."""
        return next((stage for stage in self.stages if stage.type is type_), None)

    def allows(self, from_stage: str, to_stage: str) -> bool:
        """Say whether the move is one of those allowed."""
        listed = (move.to_stage for move in self.moves if move.from_stage == from_stage)
        return not self.moves or to_stage in listed

    def edit(self, **changes: object) -> Self:
        """Come into another edition."""
        edited = self.evolve(**changes, number=self.number + 1)
        told = PipelineEdited(pipeline_id=self.id, number=edited.number)
        return edited.recording(told)

    def check_reason(self, type_: StageType, reason: str | None) -> None:
        """Refuse a reason that is not one of those listed, where there are any."""
        listed = self.won_reasons if type_ is StageType.WON else self.lost_reasons
        if listed and reason not in listed:
            raise InvalidValue(
                f"{reason!r} is no reason of {self.name}",
                path=f"{self.entity}.{type_}_reason",
                fix=f"one of {', '.join(listed)}",
            )
