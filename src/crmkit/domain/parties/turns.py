"""Turns: whose turn it is to get the next record, always the same one, and why."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import InvalidValue, RuleBroken

AssignmentRuleId = NewType("AssignmentRuleId", UUID)
ALL: Final[Mapping[str, Any]] = {"all": []}


class Strategy(StrEnum):
    """How the next one is found among those who fit."""

    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"
    WEIGHTED = "weighted"
    TERRITORY = "territory"


class NobodyFits(RuleBroken):
    """Nobody can take the record now."""


@attrs.frozen(kw_only=True)
class Turn:
    """One who takes turns: the records that fit `territory`, by weight, up to a capacity.

    `given` counts what they got by this rule.
    """

    user_id: UserId
    weight: int = 1
    capacity: int | None = None
    territory: Mapping[str, Any] = attrs.field(factory=lambda: dict(ALL))
    given: int = 0

    def __attrs_post_init__(self) -> None:
        """Refuse a weight below one."""
        if self.weight < 1 or (self.capacity or 0) < 0:
            raise InvalidValue(
                "a weight is one or more, a capacity not below nothing", path="turns"
            )


@attrs.frozen(kw_only=True)
class Desk:
    """Those who take turns as they stand now: who is away, and what each holds."""

    away: frozenset[UserId]
    loads: Mapping[UserId, int]
    fits: Callable[[Mapping[str, Any], Any], bool]

    def load(self, turn: Turn) -> int:
        """Return how many records somebody holds."""
        return self.loads.get(turn.user_id, 0)


@attrs.frozen(kw_only=True)
class Choice:
    """Who gets the record, and why."""

    user_id: UserId
    reason: str


@keeps()
@entity(
    "assignment_rule",
    unique=[Unique("name")],
    labels={"en": "Assignment rule", "zh": "分配规则"},
)
@attrs.frozen(kw_only=True)
class AssignmentRule(Aggregate):
    """A rule that hands out records of an entity in turn; `counts` says which ones are a load."""

    id: AssignmentRuleId
    name: Annotated[str, Text(max_length=200)]
    entity: Annotated[str, Text(max_length=63)] = "lead"
    strategy: Strategy = Strategy.ROUND_ROBIN
    turns: tuple[Turn, ...]
    counts: Mapping[str, Any] = attrs.field(factory=lambda: dict(ALL))
    last: int = -1

    def __attrs_post_init__(self) -> None:
        """Refuse a rule without people, or with one of them twice."""
        super().__attrs_post_init__()
        users = [turn.user_id for turn in self.turns]
        if not users or len(set(users)) != len(users):
            raise InvalidValue("names people, each once", path="assignment_rule.turns")

    def choose(self, record: Any, desk: Desk) -> Choice:
        """Return whose turn it is, or raise `NobodyFits` with the reason of each."""
        against = [_against(turn, record, desk) for turn in self.turns]
        places = [at for at, reason in enumerate(against) if not reason]
        if not places:
            said = "; ".join(
                f"{turn.user_id} {reason}" for turn, reason in zip(self.turns, against, strict=True)
            )
            raise NobodyFits(said, path="assignment_rule.turns", fix="assign it by name")
        at = self._first(places, desk)
        return Choice(user_id=self.turns[at].user_id, reason=self._reason(at, desk))

    def give(self, choice: Choice) -> Self:
        """Note that somebody had their turn."""
        at = next(at for at, turn in enumerate(self.turns) if turn.user_id == choice.user_id)
        had = attrs.evolve(self.turns[at], given=self.turns[at].given + 1)
        return self.evolve(turns=(*self.turns[:at], had, *self.turns[at + 1 :]), last=at)

    def _first(self, places: Sequence[int], desk: Desk) -> int:
        count = len(self.turns)
        match self.strategy:
            case Strategy.ROUND_ROBIN:
                return min(places, key=lambda at: (at - self.last - 1) % count)
            case Strategy.LEAST_LOADED:
                return min(places, key=lambda at: (desk.load(self.turns[at]), at))
            case Strategy.WEIGHTED:
                return min(places, key=lambda at: (_share(self.turns[at]), at))
            case Strategy.TERRITORY:
                return places[0]

    def _reason(self, at: int, desk: Desk) -> str:
        turn = self.turns[at]
        told = {
            Strategy.ROUND_ROBIN: f"turn {at + 1} of {len(self.turns)}",
            Strategy.LEAST_LOADED: f"holds {desk.load(turn)}",
            Strategy.WEIGHTED: f"got {turn.given} at weight {turn.weight}",
            Strategy.TERRITORY: f"territory {at + 1} of {len(self.turns)}",
        }
        return f"{self.name}: {told[self.strategy]}"


def _share(turn: Turn) -> tuple[int, int]:
    """Return what would be the share after one more turn, in millionths, heavier ones first."""
    return (turn.given + 1) * 1_000_000 // turn.weight, -turn.weight


def _against(turn: Turn, record: Any, desk: Desk) -> str:
    if turn.user_id in desk.away:
        return "is away"
    if not desk.fits(turn.territory, record):
        return "has another territory"
    if turn.capacity is not None and desk.load(turn) >= turn.capacity:
        return f"holds {desk.load(turn)}, at most {turn.capacity}"
    return ""
