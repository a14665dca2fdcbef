"""Metrics of support: named, versioned definitions, each over a stated population of tickets."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import attrs

from crmkit.domain.support.facts import Duration, Facts, Wait
from crmkit.domain.support.moments import Author
from crmkit.errors import InvalidValue

_NOTHING: Final = 1e-12
"""What a product of shares may be off by."""


class Population(StrEnum):
    """Which tickets a figure speaks of."""

    CREATED_IN = "created_in"
    RESOLVED_IN = "resolved_in"
    OPEN_AT = "open_at"
    """Unfinished at the end of the period."""


@attrs.frozen(kw_only=True)
class Period:
    """From an instant up to another that is no part of it; all is measured as it stood then."""

    begins_at: datetime
    ends_at: datetime

    def __attrs_post_init__(self) -> None:
        """Refuse a period without time."""
        if self.begins_at >= self.ends_at:
            raise InvalidValue("has no time in it", path="period.ends_at", fix="end it later")

    def has(self, facts: Facts, population: Population) -> bool:
        """Say whether a ticket belongs to a population."""
        match population:
            case Population.CREATED_IN:
                return self.begins_at <= facts.opened_at < self.ends_at
            case Population.RESOLVED_IN:
                return any(self.begins_at <= at < self.ends_at for at in facts.solved_at)
            case Population.OPEN_AT:
                return facts.is_unfinished


@attrs.frozen(kw_only=True)
class Metric:
    """What is measured of each ticket, under a name; another reading is another version."""

    name: str
    labels: Mapping[str, str]
    read: Callable[[Facts], tuple[Duration, ...]]
    version: int = 1

    @property
    def label(self) -> str:
        """Return its name and version."""
        return f"{self.name} v{self.version}"


@attrs.frozen(kw_only=True)
class Figure:
    """What a metric comes to over some tickets; lengths are in milliseconds.

    `ended` durations have their whole length, `censored` ones had not ended: they count in `total`
    and in the percentiles as lasting at least so long.
    """

    metric: str
    tickets: int
    ended: int
    censored: int
    total: int
    durations: tuple[Duration, ...] = attrs.field(repr=False)

    def percentile(self, percent: int) -> int | None:
        """Return the length within which so many of 100 end, None when that is not seen yet.

        By the estimator of Kaplan and Meier (1958): the least length at which the share that goes
        on is no more than the rest. Without censored durations it is the nearest rank.
        """
        if not 0 < percent <= 100:
            raise InvalidValue("is no percentile", path="percent", fix="give 1 to 100")
        goes_on, at_risk = 1.0, len(self.durations)
        ordered = sorted(self.durations, key=lambda one: (one.length, one.censored))
        for one in ordered:
            if not one.censored:
                goes_on *= (at_risk - 1) / at_risk
                if goes_on <= 1 - percent / 100 + _NOTHING:
                    return one.length
            at_risk -= 1
        return None

    @property
    def median(self) -> int | None:
        """Return the length within which half of them end, None when that is not seen yet."""
        return self.percentile(50)


@attrs.frozen(kw_only=True)
class Reopening:
    """How many of the tickets that were solved in a period were opened again by its end."""

    solved: int
    reopened: int

    @property
    def rate(self) -> float | None:
        """Return the share, None when nothing was solved."""
        return self.reopened / self.solved if self.solved else None


def _metric(
    name: str, english: str, chinese: str, read: Callable[[Facts], tuple[Duration, ...]]
) -> Metric:
    return Metric(name=name, labels={"en": english, "zh": chinese}, read=read)


_ALL: Final = (
    _metric("first_reply", "First reply", "首次回复时长", lambda one: (one.first_reply(),)),
    _metric(
        "first_bot_reply",
        "First reply of a bot",
        "机器人首次回复时长",
        lambda one: (one.first_reply(Author.BOT),),
    ),
    _metric("next_reply", "Next reply", "后续回复时长", Facts.next_replies),
    _metric(
        "first_resolution",
        "First resolution",
        "首次解决时长",
        lambda one: (one.first_resolution(),),
    ),
    _metric(
        "full_resolution", "Full resolution", "完全解决时长", lambda one: (one.full_resolution(),)
    ),
    _metric(
        "requester_wait",
        "Requester wait",
        "客户等待时长",
        lambda one: (one.wait(Wait.TEAM, Wait.THIRD_PARTY),),
    ),
    _metric("agent_wait", "Agent wait", "客服等待时长", lambda one: (one.wait(Wait.REQUESTER),)),
    _metric("on_hold", "On hold", "第三方等待时长", lambda one: (one.wait(Wait.THIRD_PARTY),)),
)
METRICS: Final[Mapping[str, Metric]] = MappingProxyType({one.name: one for one in _ALL})
"""The definitions by name."""


def metric_named(name: str) -> Metric:
    """Return a definition, or raise naming those there are."""
    if name not in METRICS:
        raise InvalidValue(
            f"there is no metric {name!r}", path="metric", fix=f"use one of {', '.join(METRICS)}"
        )
    return METRICS[name]


def figure(metric: Metric, tickets: Iterable[Facts]) -> Figure:
    """Return what a metric comes to over some tickets."""
    read = [metric.read(one) for one in tickets]
    durations = tuple(one for some in read for one in some)
    censored = sum(one.censored for one in durations)
    return Figure(
        metric=metric.label,
        tickets=len(read),
        ended=len(durations) - censored,
        censored=censored,
        total=sum(one.length for one in durations),
        durations=durations,
    )


def reopening(tickets: Iterable[Facts], period: Period) -> Reopening:
    """Return how many of the tickets solved in a period were opened again after that."""
    solved = [one for one in tickets if period.has(one, Population.RESOLVED_IN)]
    again = sum(_came_back(one, period) for one in solved)
    return Reopening(solved=len(solved), reopened=again)


def _came_back(facts: Facts, period: Period) -> bool:
    first = min(at for at in facts.solved_at if at >= period.begins_at)
    return any(at >= first for at in facts.reopened_at)
