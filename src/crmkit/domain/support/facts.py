"""What one ticket took, read from its moments: replies, solutions, and where its time went."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

import attrs

from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.instants import MILLISECOND
from crmkit.domain.support.moments import Author, Happening, Moment
from crmkit.domain.support.statuses import StatusCategory

_SOLVED = (StatusCategory.RESOLVED, StatusCategory.CLOSED)


class Wait(StrEnum):
    """Whom a ticket waits for."""

    TEAM = "team"
    """New, open, or pending inside."""
    REQUESTER = "requester"
    THIRD_PARTY = "third_party"
    NOBODY = "nobody"
    """Finished, or merged into another."""


_WAITS = {
    StatusCategory.NEW: Wait.TEAM,
    StatusCategory.OPEN: Wait.TEAM,
    StatusCategory.PENDING_INTERNAL: Wait.TEAM,
    StatusCategory.PENDING_CUSTOMER: Wait.REQUESTER,
    StatusCategory.PENDING_THIRD_PARTY: Wait.THIRD_PARTY,
}


@attrs.frozen
class Duration:
    """How long something took, in milliseconds; censored when it had not come by the end."""

    length: int
    censored: bool = False


@attrs.frozen(kw_only=True)
class Facts:
    """The moments of one ticket up to an instant, in order, and the calendar that counts its time.

    `moments` holds at least the opening; everything is measured piece by piece with the same
    calendar, so that the pieces add up.
    """

    moments: Sequence[Moment]
    calendar: BusinessCalendar
    until: datetime

    @property
    def opened_at(self) -> datetime:
        """Return when the ticket was opened."""
        return self.moments[0].at

    @property
    def is_unfinished(self) -> bool:
        """Say whether somebody still had to do something at the end."""
        return self.moments[-1].category.is_unfinished

    @property
    def solved_at(self) -> tuple[datetime, ...]:
        """Return when it was solved: each time that work on it ended with a solution."""
        pairs = pairwise((None, *self.moments))
        return tuple(
            after.at
            for before, after in pairs
            if after is not None
            and after.category in _SOLVED
            and (before is None or before.category not in (*_SOLVED, StatusCategory.MERGED))
        )

    @property
    def reopened_at(self) -> tuple[datetime, ...]:
        """Return when it was opened again."""
        return tuple(one.at for one in self.moments if one.happening is Happening.REOPENED)

    def age(self) -> int:
        """Return the time from the opening to the end."""
        return self._took(self.opened_at, self.until)

    def wait(self, *waits: Wait) -> Duration:
        """Return how long it waited for some; censored while it is unfinished."""
        ends = [*(one.at for one in self.moments[1:]), self.until]
        pairs = zip(self.moments, ends, strict=True)
        length = sum(
            self._took(one.at, end)
            for one, end in pairs
            if _WAITS.get(one.category, Wait.NOBODY) in waits
        )
        return Duration(length, self.is_unfinished)

    def first_reply(self, author: Author = Author.AGENT) -> Duration:
        """Return the time to the first public reply of a person, or of a bot."""
        for one in self.moments:
            if _is_reply(one, author):
                return self._to(self.opened_at, one.at)
        return self._unanswered(self.opened_at, self.moments)

    def next_replies(self) -> tuple[Duration, ...]:
        """Return, of each first unanswered message of the customer, the time to the reply."""
        found: list[Duration] = []
        asked: int | None = None
        for at, one in enumerate(self.moments):
            if asked is not None and _is_reply(one, Author.AGENT):
                found.append(self._to(self.moments[asked].at, one.at))
                asked = None
            elif asked is None and _is_question(one):
                asked = at
        if asked is not None:
            rest = self.moments[asked:]
            found.append(self._unanswered(rest[0].at, rest))
        return tuple(found)

    def first_resolution(self) -> Duration:
        """Return the time to the first solution."""
        if self.solved_at:
            return self._to(self.opened_at, self.solved_at[0])
        return self._unanswered(self.opened_at, self.moments)

    def full_resolution(self) -> Duration:
        """Return the time to the last solution; censored when the ticket was opened again since."""
        if self.solved_at and self.moments[-1].category in _SOLVED:
            return self._to(self.opened_at, self.solved_at[-1])
        return self._unanswered(self.opened_at, self.moments)

    def _unanswered(self, since: datetime, moments: Sequence[Moment]) -> Duration:
        """Return the time until nothing could come any more: the last finish, or the end."""
        end = self.until
        if not self.is_unfinished:
            begun = [one for one in moments if one.category.is_unfinished]
            after = moments[moments.index(begun[-1]) + 1 :] if begun else moments
            end = (after or moments)[0].at
        return Duration(self._took(since, end), censored=True)

    def _to(self, since: datetime, at: datetime) -> Duration:
        return Duration(self._took(since, at))

    def _took(self, since: datetime, at: datetime) -> int:
        return self.calendar.elapsed(since, at) // MILLISECOND


def in_step(moments: Iterable[Moment]) -> list[Moment]:
    """Return moments none of which is before the one before it: clocks of machines differ."""
    found: list[Moment] = []
    for one in moments:
        late = found and one.at < found[-1].at
        found.append(attrs.evolve(one, at=found[-1].at) if late else one)
    return found


def _is_reply(moment: Moment, author: Author) -> bool:
    return moment.happening is Happening.REPLIED and moment.public and moment.author is author


def _is_question(moment: Moment) -> bool:
    return moment.happening is Happening.REPLIED and moment.author is Author.CUSTOMER
