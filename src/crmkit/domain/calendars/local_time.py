"""From the clock on the wall to instants, where clocks are put forward and back."""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from crmkit.domain.calendars.hours import DAY, Window, Windows
from crmkit.domain.calendars.working_year import Span
from crmkit.domain.instants import EPOCH, MILLISECOND
from crmkit.errors import InvalidValue

_NEVER: Final = timedelta()
_DAY: Final = timedelta(days=1)
_MINUTE: Final = 60_000
_EPOCH: Final = EPOCH.replace(tzinfo=None)


def time_zone(name: str, path: str) -> ZoneInfo:
    """Return a time zone by its IANA name, or raise `InvalidValue`."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise InvalidValue(
            f"there is no time zone {name!r}", path=path, fix="use a name such as Asia/Shanghai"
        ) from None


def spans_of(day: date, windows: Windows, zone: ZoneInfo) -> list[Span]:
    """Return the spans of the windows of a local date, in milliseconds since 1970.

    An hour that comes twice belongs to them both times; a time that the clock leaps over moves
    forward by as much, so that windows that touched still touch.
    """
    begins = _wall(day, 0)
    offset = _offset(begins, zone)
    if _offset(begins + 2 * _DAY, zone) == offset:
        first = _moment(begins, offset)
        return [(first + one.opens * _MINUTE, first + one.closes * _MINUTE) for one in windows]
    return [_span_of(day, window, zone) for window in windows]


def midnight(day: date, zone: ZoneInfo) -> int:
    """Return the millisecond since 1970 at which a local date begins."""
    begins = _wall(day, 0)
    return _moment(begins, _offset(begins, zone))


def _span_of(day: date, window: Window, zone: ZoneInfo) -> Span:
    opens, closes = _wall(day, window.opens), _wall(day, window.closes)
    return _moment(opens, _offset(opens, zone)), _moment(closes, _late_offset(closes, zone))


def _wall(day: date, minutes: int) -> datetime:
    days, rest = divmod(minutes, DAY)
    return datetime(day.year, day.month, day.day) + timedelta(days=days, minutes=rest)  # noqa: DTZ001 - the clock on the wall has no zone


def _offset(wall: datetime, zone: ZoneInfo) -> timedelta:
    return wall.replace(tzinfo=zone).utcoffset() or _NEVER


def _late_offset(wall: datetime, zone: ZoneInfo) -> timedelta:
    """Take the second of two equal hours, but the offset before a leap."""
    late = wall.replace(tzinfo=zone, fold=1).utcoffset() or _NEVER
    return min(late, _offset(wall, zone))


def _moment(wall: datetime, offset: timedelta) -> int:
    return (wall - offset - _EPOCH) // MILLISECOND
