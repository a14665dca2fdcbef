"""Moments in time: aware, in UTC, to the millisecond, the same on every store."""

from datetime import UTC, datetime, timedelta
from typing import Final

from crmkit.errors import InvalidValue, OutOfRange, WrongType

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)


def as_instant(value: object, *, path: str = "instant") -> datetime:
    """Return `value` in UTC, cut to the millisecond.

    Refused are other types (`WrongType`) and naive datetimes (`InvalidValue`).
    """
    if not isinstance(value, datetime):
        raise WrongType(f"expected an instant, got {type(value).__name__}", path=path)
    if value.tzinfo is UTC and not value.microsecond % 1000:
        return value
    if value.utcoffset() is None:
        raise InvalidValue(
            "the instant has no time zone", path=path, fix="give it one, such as tzinfo=UTC"
        )
    try:
        moved = value.astimezone(UTC)
    except OverflowError:
        raise OutOfRange("the instant leaves the years 1 to 9999 in UTC", path=path) from None
    return moved.replace(microsecond=moved.microsecond // 1000 * 1000)


def to_milliseconds(instant: datetime) -> int:
    """Count the milliseconds from 1970-01-01T00:00Z to `instant`."""
    return (instant - EPOCH) // MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """Return the instant that many milliseconds after 1970-01-01T00:00Z."""
    return EPOCH + timedelta(milliseconds=milliseconds)
