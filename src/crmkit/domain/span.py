"""Spans of time: the days that a report or a plan is about, and no end before its beginning."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self, TypeVar
from zoneinfo import ZoneInfo

import attrs

from crmkit.errors import InvalidValue

_QUARTERS: Final = 4
_Moment = TypeVar("_Moment", date, datetime)


@attrs.frozen(kw_only=True)
class Span:
    """The days from `first` to `last`, both of them included."""

    first: date
    last: date

    def __attrs_post_init__(self) -> None:
        """Refuse a span that ends before it begins."""
        check_end(self.first, self.last, path="span.last")

    @classmethod
    def month(cls, year: int, month: int) -> Self:
        """Return a month of the calendar."""
        if not 1 <= month <= 12:
            raise InvalidValue(f"there is no month {month}", path="month", fix="give 1 to 12")
        return cls(first=date(year, month, 1), last=date(year, month, monthrange(year, month)[1]))

    @classmethod
    def quarter(cls, year: int, quarter: int) -> Self:
        """Return a quarter of the calendar year."""
        if not 1 <= quarter <= _QUARTERS:
            raise InvalidValue(f"there is no quarter {quarter}", path="quarter", fix="give 1 to 4")
        end = cls.month(year, 3 * quarter).last
        return cls(first=date(year, 3 * quarter - 2, 1), last=end)

    def __contains__(self, day: date | None) -> bool:
        """Say whether a day lies within; no day does not."""
        return day is not None and self.first <= day <= self.last

    def instants(self, zone: str) -> tuple[datetime, datetime]:
        """Return when it begins and when it is over, in UTC, by the clocks of a time zone."""
        place = ZoneInfo(zone)
        starts = (self.first, self.last + timedelta(days=1))
        begin, end = (datetime.combine(day, time(), tzinfo=place).astimezone(UTC) for day in starts)
        return begin, end


def check_end(
    begins: _Moment | None, ends: _Moment | None, *, path: str, lasts: bool = False
) -> None:
    """Refuse an end before its beginning; one that `lasts` does not end where it begins either.

    None is open on that side.
    """
    if begins is None or ends is None or begins < ends:
        return
    if lasts or ends < begins:
        raise InvalidValue("ends before it begins", path=path, fix="turn them round")
