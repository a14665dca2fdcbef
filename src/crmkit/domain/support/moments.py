"""Moments: what happened on a ticket and how it stood then; clocks and metrics read only these."""

from datetime import datetime
from enum import StrEnum

import attrs

from crmkit.domain.access.team import TeamId
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.statuses import StatusCategory


class Happening(StrEnum):
    """What may happen on a ticket."""

    OPENED = "opened"
    REPLIED = "replied"
    MOVED = "moved"
    REOPENED = "reopened"
    PRIORITISED = "prioritised"
    QUEUED = "queued"
    """Another queue, and so perhaps another team, has it."""
    ASSIGNED = "assigned"
    MERGED = "merged"
    UNMERGED = "unmerged"
    RULED = "ruled"
    """Another policy took over."""


class Author(StrEnum):
    """Who did it; a bot's reply is no agent's."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


@attrs.frozen(kw_only=True)
class Moment:
    """One thing that happened, and the status, priority, cycle and team that it had then."""

    at: datetime
    happening: Happening
    category: StatusCategory = StatusCategory.OPEN
    priority: Priority = Priority.NORMAL
    author: Author = Author.SYSTEM
    public: bool = False
    cycle: int = 1
    team_id: TeamId | None = None


@attrs.frozen(kw_only=True)
class When:
    """A condition on a moment: each list that is given must hold what happened.

    `teams` are those before which the ticket lies; with `other_than_teams` none of them has it.
    """

    happenings: tuple[Happening, ...] = ()
    categories: tuple[StatusCategory, ...] = ()
    authors: tuple[Author, ...] = ()
    public: bool | None = None
    teams: tuple[TeamId, ...] = ()
    other_than_teams: tuple[TeamId, ...] = ()

    def fits(self, moment: Moment) -> bool:
        """Say whether a moment fulfils the condition."""
        return (
            (not self.happenings or moment.happening in self.happenings)
            and (not self.categories or moment.category in self.categories)
            and (not self.authors or moment.author in self.authors)
            and (self.public is None or moment.public is self.public)
            and (not self.teams or moment.team_id in self.teams)
            and (not self.other_than_teams or moment.team_id not in self.other_than_teams)
        )


def any_fits(conditions: tuple[When, ...], moment: Moment) -> bool:
    """Say whether a moment fulfils one of several conditions."""
    return any(condition.fits(moment) for condition in conditions)
