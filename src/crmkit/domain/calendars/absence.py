"""Absence: when a person is away, and who stands in; desks, records and working time go by it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.calendars.closures import closed
from crmkit.domain.calendars.sources import SpecialDay
from crmkit.domain.entity import Index, entity
from crmkit.domain.filters.tree import Filter
from crmkit.domain.filters.where import where
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import STAFF, LegalBasis, Retention
from crmkit.domain.span import check_end
from crmkit.errors import InvalidValue

AbsenceId = NewType("AbsenceId", UUID)
A_YEAR: Final = timedelta(days=366)
"""How much working time an absence without an end takes away ahead."""


@keeps(
    sensitive=("reason",),
    about=("user_id",),
    purpose=STAFF,
    basis=LegalBasis.EMPLOYMENT,
    retention=Retention(days=2 * 365, after="ends_at"),
)
@entity(
    "absence",
    indexes=[Index(("user_id", "ends_at")), Index(("deputy_id", "ends_at"))],
    labels={"en": "Absence", "zh": "缺勤"},
)
@attrs.frozen(kw_only=True)
class Absence(Aggregate):
    """Time in which a person is away, and who stands in; without an end it lasts until told.

    While it lasts the deputy acts on the person's records as on their own, and gets their turns.
    """

    id: AbsenceId
    user_id: UserId
    begins_at: datetime
    ends_at: datetime | None = None
    deputy_id: UserId | None = None
    reason: Annotated[str, Text(max_length=300)] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse an end before the beginning, and who stands in for himself."""
        super().__attrs_post_init__()
        check_end(self.begins_at, self.ends_at, path="absence.ends_at", lasts=True)
        if self.deputy_id == self.user_id:
            raise InvalidValue(
                "nobody stands in for himself", path="absence.deputy_id", fix="name another"
            )

    def derived(self) -> Mapping[str, Any]:
        """Belong to whom it is about, so that nobody's own absences are those of others."""
        return {"owner_id": self.user_id}

    def covers(self, at: datetime) -> bool:
        """Say whether the person is away at an instant; no more at the very end."""
        return self.begins_at <= at and (self.ends_at is None or at < self.ends_at)

    def end(self, *, at: datetime) -> Self:
        """Have the person back from an instant on."""
        return self.evolve(ends_at=at)

    def days(self, zone: str) -> tuple[SpecialDay, ...]:
        """Return it as the days of a source in a time zone."""
        ends = self.begins_at + A_YEAR if self.ends_at is None else self.ends_at
        return closed(self.begins_at, ends, zone, name="absence")


def lasting(at: datetime) -> Filter:
    """Return the filter of absences that cover an instant."""
    absence = where(Absence)
    return absence.begins_at.le(at) & (absence.ends_at.is_none() | absence.ends_at.gt(at))


def stand_in(user: UserId, absence_of: Callable[[UserId], Absence | None]) -> UserId:
    """Return who stands in for a user: the deputy, or the deputy's own while that one is away.

    A user without a deputy, or whose deputies are away in a circle, stands in alone.
    """
    seen = [user]
    while (absence := absence_of(seen[-1])) is not None:
        if absence.deputy_id is None or absence.deputy_id in seen:
            return user
        seen.append(absence.deputy_id)
    return seen[-1]
