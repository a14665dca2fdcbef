"""Stages: the steps of a pipeline, with what it takes to enter and to leave them."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

import attrs

from crmkit.domain.kinds import Integer, Text
from crmkit.errors import InvalidValue

ALWAYS: Final[Mapping[str, Any]] = {"all": []}


class StageType(StrEnum):
    """Whether who stands at a stage is open, won or lost."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class ForecastCategory(StrEnum):
    """How a forecast counts what stands at a stage."""

    OMITTED = "omitted"
    PIPELINE = "pipeline"
    BEST_CASE = "best_case"
    COMMIT = "commit"
    CLOSED = "closed"


@attrs.frozen(kw_only=True)
class Stage:
    """One stage; `probability` is the chance of winning in percent.

    `entry` and `leave` are filters as JSON that a record fits before it comes or goes; `requires`
    are fields that have a value by then. It rots after `rot_after` minutes of working time.
    """

    name: str
    probability: int = 50
    labels: Mapping[str, str] = attrs.field(factory=dict)
    type: StageType = StageType.OPEN
    forecast: ForecastCategory = ForecastCategory.PIPELINE
    rot_after: int | None = None
    entry: Mapping[str, Any] = attrs.field(factory=lambda: dict(ALWAYS))
    leave: Mapping[str, Any] = attrs.field(factory=lambda: dict(ALWAYS))
    requires: tuple[Annotated[str, Text(max_length=100)], ...] = ()

    def __attrs_post_init__(self) -> None:
        """Refuse a chance outside 0 to 100, and a limit below a minute."""
        if not 0 <= Integer().check(self.probability, "probability") <= 100:
            raise InvalidValue("a chance lies between 0 and 100", path="probability")
        if self.rot_after is not None and self.rot_after < 1:
            raise InvalidValue("a limit is a minute or more", path="rot_after")

    @property
    def rot_span(self) -> timedelta | None:
        """Return the working time after which a record that stays here rots."""
        return None if self.rot_after is None else timedelta(minutes=self.rot_after)
