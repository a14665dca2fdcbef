"""Sources of a calendar: days that differ from the week, who says so, and how far it is known."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Self

import attrs

from crmkit.domain.calendars.hours import Windows, check_tuple, check_windows
from crmkit.domain.kinds import Integer, Text
from crmkit.errors import InvalidValue


class DayKind(StrEnum):
    """What a date is; people work on the first two."""

    WORKDAY = "workday"
    MAKE_UP = "make_up"
    """A day of the weekend that is worked for a holiday (调休上班)."""
    WEEKEND = "weekend"
    STATUTORY = "statutory"
    """A public holiday by law (法定节假日)."""
    IN_LIEU = "in_lieu"
    """A day off that a make-up day pays for (调休放假)."""
    COMPANY = "company"
    """A day off that the company gives."""
    ABSENCE = "absence"
    """A day on which one person is away."""

    @property
    def is_worked(self) -> bool:
        """Say whether people work on such a day."""
        return self in _WORKED


_WORKED = (DayKind.WORKDAY, DayKind.MAKE_UP)


@attrs.frozen(kw_only=True)
class SpecialDay:
    """A date that differs from the week.

    `windows` are its whole hours; without them a worked day has those of the weekday `like`
    (Monday is 0), or of the first workday of the week, and any other has none. `closed` are hours
    taken out of what the day would be without this entry.
    """

    on: date
    kind: DayKind
    name: Annotated[str, Text(max_length=300)] = ""
    windows: Windows | None = None
    like: int | None = None
    closed: Windows = ()

    def __attrs_post_init__(self) -> None:
        """Refuse overlapping windows, an unknown weekday, and hours said twice."""
        check_windows(() if self.windows is None else self.windows, "special_day.windows")
        check_tuple(self.closed, "special_day.closed")
        if self.like is not None and not 0 <= Integer().check(self.like, "special_day.like") < 7:
            raise InvalidValue("no such weekday", path="special_day.like", fix="Monday is 0")
        if sum((bool(self.closed), self.windows is not None, self.like is not None)) > 1:
            raise InvalidValue(
                "hours are said more than once",
                path="special_day",
                fix="give one of windows, like and closed",
            )


def day_off(on: date, name: str = "", *, kind: DayKind = DayKind.STATUTORY) -> SpecialDay:
    """Say that a date is off."""
    return SpecialDay(on=on, name=name, kind=kind)


def work_on(on: date, name: str = "", *, like: int | None = None) -> SpecialDay:
    """Say that a date is a make-up workday, with the hours of the weekday `like` (Monday is 0)."""
    return SpecialDay(on=on, name=name, kind=DayKind.MAKE_UP, like=like)


@attrs.frozen(kw_only=True)
class Source:
    """Where special days come from, such as the State Council or a company's own list.

    `known_until` is the last date that it speaks for; None when it has no end. Several entries for
    one date count one after the other.
    """

    name: Annotated[str, Text(max_length=200)]
    days: tuple[SpecialDay, ...] = ()
    known_until: date | None = None

    @classmethod
    def of(
        cls, name: str, days_off: Mapping[date, str], *, known_until: date | None = None
    ) -> Self:
        """Make a source of public holidays with their names."""
        days = tuple(day_off(on, name) for on, name in sorted(days_off.items()))
        return cls(name=name, days=days, known_until=known_until)

    def on(self, day: date) -> tuple[SpecialDay, ...]:
        """Return what it says of a date."""
        return self._by_date.get(day, ())

    def ignoring(self, *kinds: DayKind) -> Self:
        """Return the source without the days of some kinds: finance ignores make-up days."""
        return attrs.evolve(self, days=tuple(day for day in self.days if day.kind not in kinds))

    @cached_property
    def _by_date(self) -> Mapping[date, tuple[SpecialDay, ...]]:
        by_date: dict[date, tuple[SpecialDay, ...]] = {}
        for day in self.days:
            by_date[day.on] = (*by_date.get(day.on, ()), day)
        return by_date


def known_until(sources: Iterable[Source]) -> date | None:
    """Return the last date that all sources speak for, None when none of them ends."""
    return min((one.known_until for one in sources if one.known_until is not None), default=None)
