"""Pipelines: the stages that a deal passes, as data."""

from collections.abc import Mapping
from typing import Annotated, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Integer, Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import InvalidValue

PipelineId = NewType("PipelineId", UUID)


@attrs.frozen(kw_only=True)
class Stage:
    """One stage; `probability` is the chance of winning in percent."""

    name: str
    probability: int = 50
    labels: Mapping[str, str] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Refuse a chance outside 0 to 100."""
        if not 0 <= Integer().check(self.probability, "probability") <= 100:
            raise InvalidValue("a chance lies between 0 and 100", path="probability")


@keeps()
@entity("pipeline", unique=[Unique("name")], labels={"en": "Pipeline", "zh": "销售管道"})
@attrs.frozen(kw_only=True)
class Pipeline(Aggregate):
    """An ordered list of stages with different names."""

    id: PipelineId
    name: Annotated[str, Text(max_length=200)]
    stages: tuple[Stage, ...]

    def __attrs_post_init__(self) -> None:
        """Refuse a pipeline without stages, or with two of one name."""
        super().__attrs_post_init__()
        if not self.stages:
            raise InvalidValue("a pipeline has stages", path="pipeline.stages", fix="give one")
        if len({stage.name for stage in self.stages}) != len(self.stages):
            raise InvalidValue("two stages have one name", path="pipeline.stages")

    def stage(self, name: str) -> Stage:
        """Return the stage of a name, or raise `InvalidValue` with those there are."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise InvalidValue(
            f"{self.name} has no stage {name!r}",
            path="deal.stage",
            fix=f"one of {', '.join(stage.name for stage in self.stages)}",
        )
