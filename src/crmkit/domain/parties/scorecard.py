"""Scorecards: points by rules that lose weight with time; every score says what it is made of."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import Annotated, Any, Final, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Number, Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import InvalidValue

ScorecardId = NewType("ScorecardId", UUID)
Points = Annotated[Decimal, Number(scale=2)]
_CONTEXT: Final = Context(prec=28)
_CENT: Final = Decimal("0.01")
_DAY: Final = timedelta(days=1)
Fits = Callable[[Mapping[str, Any], Any], bool]
"""Says whether a record fits a filter given as JSON."""


@attrs.frozen(kw_only=True)
class ScoreRule:
    """Points for a record that fits `when`; they halve each `half_life_days` since a field."""

    name: Annotated[str, Text(max_length=200)]
    when: Mapping[str, Any]
    points: int
    since: Annotated[str, Text(max_length=100)] | None = None
    half_life_days: int | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a decay without a beginning, and a beginning without a decay."""
        if (self.since is None) != (self.half_life_days is None):
            raise InvalidValue(
                "a half-life counts since a field", path=f"rules.{self.name}", fix="give both"
            )
        if self.half_life_days is not None and self.half_life_days < 1:
            raise InvalidValue("a half-life is a day or more", path=f"rules.{self.name}")


@attrs.frozen(kw_only=True)
class ScoreReason:
    """What one rule gave, after its decay."""

    rule: Annotated[str, Text(max_length=200)]
    points: Points


@attrs.frozen(kw_only=True)
class Score:
    """A score at a moment, and the reasons that add up to it."""

    total: Decimal
    reasons: tuple[ScoreReason, ...]
    at: datetime


@keeps()
@entity(
    "scorecard", unique=[Unique(("name", "number"))], labels={"en": "Scorecard", "zh": "评分卡"}
)
@attrs.frozen(kw_only=True)
class Scorecard(Aggregate):
    """The rules by which records of an entity are scored; another edition has another number."""

    id: ScorecardId
    name: Annotated[str, Text(max_length=200)]
    number: int = 1
    entity: Annotated[str, Text(max_length=63)] = "lead"
    rules: tuple[ScoreRule, ...]

    def __attrs_post_init__(self) -> None:
        """Refuse a card without rules, or with two of one name."""
        super().__attrs_post_init__()
        if not self.rules or len({rule.name for rule in self.rules}) != len(self.rules):
            raise InvalidValue("a card has rules of different names", path="scorecard.rules")

    def score(self, record: Any, fits: Fits, *, at: datetime) -> Score:
        """Score a record as it is at a moment; the same card, record and moment, the same score."""
        given = (
            ScoreReason(rule=rule.name, points=_points(rule, record, at))
            for rule in self.rules
            if fits(rule.when, record)
        )
        reasons = tuple(reason for reason in given if reason.points)
        return Score(total=_sum(reasons), reasons=reasons, at=at)


def _points(rule: ScoreRule, record: Any, at: datetime) -> Decimal:
    """Return the points left; none where the field has no value, all of them before its moment."""
    if rule.since is None or rule.half_life_days is None:
        return Decimal(rule.points)
    begun = getattr(record, rule.since, None)
    if begun is None:
        return Decimal(0)
    days = max(Decimal(0), Decimal((at - begun) // timedelta(milliseconds=1)) / 86_400_000)
    left = _CONTEXT.power(Decimal(2), _CONTEXT.minus(_CONTEXT.divide(days, rule.half_life_days)))
    return _CONTEXT.multiply(rule.points, left).quantize(_CENT, context=_CONTEXT)


def _sum(reasons: Iterable[ScoreReason]) -> Decimal:
    return sum((reason.points for reason in reasons), Decimal(0))
