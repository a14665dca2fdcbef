"""Pools (公海): records that nobody owns, which members claim within limits and lose by rules."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, NewType
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from crmkit.domain.aggregate import Aggregate, Event, UserId
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import InvalidValue, RuleBroken

PoolId = NewType("PoolId", UUID)
ClaimBookId = NewType("ClaimBookId", UUID)
EVERYTHING: Final[Mapping[str, Any]] = {"all": []}
NOTHING: Final[Mapping[str, Any]] = {"any": []}


@attrs.frozen(kw_only=True)
class RecordPooled(Event):
    """A record came into a pool."""

    entity: str
    record_id: UUID
    pool_id: PoolId
    reason: str


@attrs.frozen(kw_only=True)
class RecordClaimed(Event):
    """A member took a record out of a pool."""

    entity: str
    record_id: UUID
    pool_id: PoolId
    user_id: UserId


class NotInPool(RuleBroken):
    """The record is not in the pool: it was claimed, or never came."""


class AlreadyPooled(RuleBroken):
    """The record is in a pool already."""


class ClaimRefused(RuleBroken):
    """A claim breaks rules of the pool; `reasons` are all of them."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        """Say all of them."""
        self.reasons = reasons
        super().__init__(
            "; ".join(reasons),
            path="pool.claim",
            fix="wait, or let a manager of the pool assign it",
        )


@attrs.frozen(kw_only=True)
class RecycleRule:
    """Who owns a record that fits `when` (a filter as JSON) loses it to the pool.

    It acts `after_days` since the instant in the field `since`.
    """

    name: Annotated[str, Text(max_length=200)]
    when: Mapping[str, Any] = attrs.field(factory=lambda: dict(EVERYTHING))
    since: Annotated[str, Text(max_length=100)] = "owned_since"
    after_days: int = 30

    def __attrs_post_init__(self) -> None:
        """Refuse a rule that acts before anything can be done."""
        if self.after_days < 1:
            raise InvalidValue("acts after a day or more", path=f"recycle.{self.name}.after_days")


@keeps()
@entity("pool", unique=[Unique("name")], labels={"en": "Pool", "zh": "公海"})
@attrs.frozen(kw_only=True)
class Pool(Aggregate):
    """One pool of the records of an entity, and its rules; without members everybody is one.

    A member claims at most `daily_limit` records on a day of `zone`, while they hold fewer than
    `holding_limit` of those that fit `holding`. Who owned a record before claims it again only
    `cool_down_days` after losing it. Nothing is recycled in its first `hold_days` with an owner,
    nor while it fits `exempt`.
    """

    id: PoolId
    name: Annotated[str, Text(max_length=200)]
    entity: Annotated[str, Text(max_length=63)] = "lead"
    members: tuple[UserId, ...] = ()
    daily_limit: int | None = None
    holding_limit: int | None = None
    holding: Mapping[str, Any] = attrs.field(factory=lambda: dict(EVERYTHING))
    cool_down_days: int = 0
    hold_days: int = 0
    recycle: tuple[RecycleRule, ...] = ()
    exempt: Mapping[str, Any] = attrs.field(factory=lambda: dict(NOTHING))
    zone: Annotated[str, Text(max_length=60)] = "UTC"

    def __attrs_post_init__(self) -> None:
        """Refuse limits below nothing, and a zone that is none."""
        super().__attrs_post_init__()
        for name in ("daily_limit", "holding_limit", "cool_down_days", "hold_days"):
            if (getattr(self, name) or 0) < 0:
                raise InvalidValue("is at least nothing", path=f"pool.{name}")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise InvalidValue(f"{self.zone!r} is no time zone", path="pool.zone") from None

    def day_of(self, at: datetime) -> date:
        """Return the day on which a claim counts."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def check_claim(
        self, record: Any, user: UserId, *, at: datetime, claimed: int, held: int
    ) -> None:
        """Refuse a record that is not here, and a claim that breaks rules, with all of them.

        `claimed` counts the claims of the user today, `held` what they hold.
        """
        if record.pool_id != self.id:
            raise NotInPool(
                f"is not in {self.name}", path=f"{self.entity}.pool_id", fix="claim another one"
            )
        reasons = tuple(self._against(record, user, at, claimed, held))
        if reasons:
            raise ClaimRefused(reasons)

    def _against(
        self, record: Any, user: UserId, at: datetime, claimed: int, held: int
    ) -> Iterator[str]:
        if self.members and user not in self.members:
            yield f"is no member of {self.name}"
        if self.daily_limit is not None and claimed >= self.daily_limit:
            yield f"claimed {claimed} today, at most {self.daily_limit}"
        if self.holding_limit is not None and held >= self.holding_limit:
            yield f"holds {held}, at most {self.holding_limit}"
        until = self._cool_until(record, user)
        if until is not None and at < until:
            yield f"owned it before, and may claim it from {until:%Y-%m-%d %H:%M} UTC"

    def _cool_until(self, record: Any, user: UserId) -> datetime | None:
        if record.last_owner_id != user or record.pooled_at is None:
            return None
        pooled_at: datetime = record.pooled_at
        return pooled_at + timedelta(days=self.cool_down_days)


@keeps()
@entity("claim_book", unique=[Unique(("pool_id", "user_id"))])
@attrs.frozen(kw_only=True)
class ClaimBook(Aggregate):
    """How many records one member claimed on a day; claims of one member come one after another."""

    id: ClaimBookId
    pool_id: PoolId
    user_id: UserId
    day: date
    claims: int = 0

    def claimed_on(self, day: date) -> int:
        """Return the claims of a day."""
        return self.claims if self.day == day else 0

    def note(self, day: date) -> "ClaimBook":
        """Count one more claim."""
        return self.evolve(day=day, claims=self.claimed_on(day) + 1)
