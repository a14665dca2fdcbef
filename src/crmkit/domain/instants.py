"""Moments in time: aware, in UTC, to the millisecond, the same on every store."""

from datetime import UTC, datetime, timedelta
from typing import Final

from crmkit.errors import InvalidValue, OutOfRange, WrongType

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
FIRST_INSTANT: Final = datetime(1, 1, 2, tzinfo=UTC)
LAST_INSTANT: Final = datetime(9999, 12, 30, 23, 59, 59, 999_000, tzinfo=UTC)
"""A day within the years 1 to 9999, so that every time zone has a date for every instant."""


def as_instant(value: object, *, path: str = "instant") -> datetime:
    """Return `value` in UTC, cut to the millisecond.

    Refused are other types (`WrongType`), naive datetimes (`InvalidValue`), and what lies within a
    day of the ends of the calendar (`OutOfRange`): other time zones have no date for it.
    """
    if not isinstance(value, datetime):
        raise WrongType(f"expected an instant, got {type(value).__name__}", path=path)
    instant = value
    if value.tzinfo is not UTC or value.microsecond % 1000 or type(value) is not datetime:
        instant = _moved(value, path)
    if FIRST_INSTANT <= instant <= LAST_INSTANT:
        return instant
    raise _out_of_range(path)


def to_milliseconds(instant: datetime) -> int:
    """Count the milliseconds from 1970-01-01T00:00Z to `instant`."""
    return (instant - EPOCH) // MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """Return the instant that many milliseconds after 1970-01-01T00:00Z."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def _moved(value: datetime, path: str) -> datetime:
    if value.tzinfo is UTC and type(value) is datetime:
        return value.replace(microsecond=value.microsecond // 1000 * 1000)
    if value.utcoffset() is None:
        raise InvalidValue(
            "the instant has no time zone", path=path, fix="give it one, such as tzinfo=UTC"
        )
    try:
        moved = value.astimezone(UTC)
    except OverflowError:
        raise _out_of_range(path) from None
    cut = moved.microsecond // 1000 * 1000
    return datetime.combine(moved.date(), moved.time().replace(microsecond=cut), UTC)


def _out_of_range(path: str) -> OutOfRange:
    return OutOfRange(
        "the instant is too near to the ends of the calendar",
        path=path,
        fix="stay between 0001-01-02 and 9999-12-30 in UTC",
    )
