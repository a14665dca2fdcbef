"""Moving: what stands in the way of a record that is to go to another stage, all of it at once."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

from crmkit.domain.filters.as_json import filter_to_json
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.tree import And, Filter
from crmkit.domain.sales.pipeline import Pipeline, Reopening
from crmkit.domain.sales.stage import ALWAYS, Stage, StageType
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
_CLOSED: Final = frozenset({StageType.WON, StageType.LOST})
_OUTCOMES: Final[Mapping[Any, StageType]] = {type_.value: type_ for type_ in StageType}
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
    if pipeline.moves and not pipeline.allows(record.stage, to):
        yield Obstacle(path=place, reason=f"{record.stage} does not lead to {to}")
    for here in pipeline.stages:
        if here.name == record.stage and here.leave != ALWAYS:
            for missing in _unmet(reads(here.leave), record):
                yield Obstacle(path=place, reason=f"to leave {here.name}, {_words(missing)}")
    yield from _obstacles_at(pipeline, record, target, reads)


def check_step(pipeline: Pipeline, before: Any, after: Any, reads: Reads) -> None:
    """Return when a record may be kept where it stands, after `before`, None when it is new.

    Raises `MoveRefused` with every reason: the way, the criteria, the outcome and its reason.
    """
    obstacles = tuple(_obstacles_between(pipeline, before, after, reads))
    if obstacles:
        raise MoveRefused(after.stage, obstacles)


def check_standing(pipeline: Pipeline, record: Any) -> None:
    """Return when the stage is there and fits the outcome, however the record came to stand so."""
    target = pipeline.stage(record.stage)
    obstacles = tuple(_unfit_outcome(pipeline, record, target))
    if obstacles:
        raise MoveRefused(record.stage, obstacles)


def _obstacles_between(
    pipeline: Pipeline, before: Any, after: Any, reads: Reads
) -> Iterator[Obstacle]:
    target = pipeline.stage(after.stage)
    if before is None or before.pipeline_id != after.pipeline_id:
        yield from _obstacles_at(pipeline, after, target, reads)
    elif _outcome(before) in _CLOSED and _outcome(after) is StageType.OPEN:
        if pipeline.reopening is Reopening.NEVER:
            place = f"{pipeline.entity}.outcome"
            yield Obstacle(path=place, reason=f"{pipeline.name} opens nothing again")
    elif before.stage != after.stage and not _is_free(pipeline, before.stage, target):
        stood = after.replaced(stage=before.stage)
        yield from obstacles_to(pipeline, stood, after.stage, reads)
    yield from _wrong_outcome(pipeline, before, after, target)


def _is_free(pipeline: Pipeline, stood: str, target: Stage) -> bool:
    """Say whether nothing is asked of who comes from a stage to another."""
    if pipeline.moves or target.requires or target.entry != ALWAYS:
        return False
    for stage in pipeline.stages:
        if stage.name == stood:
            return stage.leave == ALWAYS
    return True


def _wrong_outcome(
    pipeline: Pipeline, before: Any, after: Any, target: Stage
) -> Iterator[Obstacle]:
    """Bring what is wrong with the outcome at a stage, and with the reason for closing."""
    outcome = _outcome(after)
    if outcome is None or outcome is target.type is StageType.OPEN:
        return
    yield from _unfit_outcome(pipeline, after, target)
    field = f"{outcome}_reason"
    listed = {StageType.WON: pipeline.won_reasons, StageType.LOST: pipeline.lost_reasons}
    reasons = listed.get(outcome, ())
    is_new = before is None or _outcome(before) is not outcome
    if is_new and reasons and getattr(after, field, None) not in reasons:
        yield Obstacle(path=f"{pipeline.entity}.{field}", reason=f"is one of {', '.join(reasons)}")


def _unfit_outcome(pipeline: Pipeline, record: Any, target: Stage) -> Iterator[Obstacle]:
    outcome = _outcome(record)
    if outcome is None:
        return
    is_closing = outcome in _CLOSED and pipeline.closing(outcome) is not None
    if target.type is not outcome and (is_closing or target.type in _CLOSED):
        reason = f"is {outcome}, and {target.name} is a stage for what is {target.type}"
        yield Obstacle(path=f"{pipeline.entity}.outcome", reason=reason)


def _obstacles_at(
    pipeline: Pipeline, record: Any, target: Stage, reads: Reads
) -> Iterator[Obstacle]:
    for field in target.requires:
        if _value(record, field) in (None, "", ()):
            yield Obstacle(path=f"{pipeline.entity}.{field}", reason=f"is needed at {target.name}")
    if target.entry != ALWAYS:
        for missing in _unmet(reads(target.entry), record):
            place = f"{pipeline.entity}.stage"
            yield Obstacle(path=place, reason=f"to enter {target.name}, {_words(missing)}")


def _outcome(record: Any) -> StageType | None:
    """Return the outcome of a record that has one of open, won and lost."""
    return _OUTCOMES.get(getattr(record, "outcome", None))


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
