"""Moving: what stands in the way of a record that is to go to another stage, all of it at once."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

from crmkit.domain.filters.as_json import filter_to_json
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.tree import And, Filter
from crmkit.domain.sales.pipeline import Pipeline
from crmkit.errors import RuleBroken

_SAID: Final[Mapping[str, str]] = {
    "eq": "be",
    "ne": "not be",
    "gt": "be more than",
    "ge": "be at least",
    "lt": "be less than",
    "le": "be at most",
    "in": "be one of",
    "contains": "contain",
    "starts_with": "begin with",
    "has_any": "have one of",
    "has_all": "have all of",
}
Reads = Callable[[Mapping[str, Any]], Filter]
"""Reads a filter of the entity from JSON."""


@attrs.frozen(kw_only=True)
class Obstacle:
    """One reason why a record cannot move, and the place of it."""

    path: str
    reason: str


class MoveRefused(RuleBroken):
    """A record may not move to a stage; `obstacles` are all the reasons."""

    def __init__(self, to: str, obstacles: tuple[Obstacle, ...]) -> None:
        """Say all of them."""
        self.obstacles = obstacles
        said = "; ".join(f"{found.path}: {found.reason}" for found in obstacles)
        super().__init__(f"cannot move to {to}: {said}", path=obstacles[0].path)


def check_move(pipeline: Pipeline, record: Any, to: str, reads: Reads) -> None:
    """Return when the record may move to a stage, or raise `MoveRefused` with every reason."""
    if to == record.stage:
        return
    obstacles = tuple(obstacles_to(pipeline, record, to, reads))
    if obstacles:
        raise MoveRefused(to, obstacles)


def obstacles_to(pipeline: Pipeline, record: Any, to: str, reads: Reads) -> Iterator[Obstacle]:
    """Bring what stands in the way; raises `InvalidValue` for a stage that is not there."""
    target = pipeline.stage(to)
    place = f"{pipeline.entity}.stage"
    if not pipeline.allows(record.stage, to):
        yield Obstacle(path=place, reason=f"{record.stage} does not lead to {to}")
    here = next((stage for stage in pipeline.stages if stage.name == record.stage), None)
    if here is not None:
        for missing in _unmet(reads(here.leave), record):
            yield Obstacle(path=place, reason=f"to leave {here.name}, {_words(missing)}")
    for field in target.requires:
        if _value(record, field) in (None, "", ()):
            yield Obstacle(path=f"{pipeline.entity}.{field}", reason=f"is needed at {to}")
    for missing in _unmet(reads(target.entry), record):
        yield Obstacle(path=place, reason=f"to enter {to}, {_words(missing)}")


def _unmet(condition: Filter, record: Any) -> Iterator[Filter]:
    """Bring the parts of a condition that the record does not fit, each by itself."""
    if isinstance(condition, And):
        for part in condition.parts:
            yield from _unmet(part, record)
    elif not matches(condition, record):
        yield condition


def _words(condition: Filter) -> str:
    match filter_to_json(condition):
        case {"field": field, "op": "is_none"}:
            return f"{field} must have no value"
        case {"not": {"field": field, "op": "is_none"}}:
            return f"{field} must have a value"
        case {"field": field, "op": op, "value": value} if op in _SAID:
            return f"{field} must {_SAID[op]} {value}"
        case written:
            return f"it must fit {written}"


def _value(record: Any, field: str) -> Any:
    value = record
    for step in field.split("."):
        value = value.get(step) if isinstance(value, Mapping) else getattr(value, step, None)
    return value
