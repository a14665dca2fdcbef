"""Calendar spans: the first day of the day, week, month, quarter or year of a moment."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from crmkit.domain.filters.summary import Bucket


def bucket_of(value: date | datetime, bucket: Bucket, zone: str) -> date:
    """Return the first day of the span that holds `value`, an instant being read in `zone`."""
    if isinstance(value, datetime):
        value = value.astimezone(_zone(zone)).date()
    match bucket:
        case Bucket.DAY:
            return value
        case Bucket.WEEK:
            return value - timedelta(days=value.weekday())
        case Bucket.MONTH:
            return value.replace(day=1)
        case Bucket.QUARTER:
            return value.replace(month=(value.month - 1) // 3 * 3 + 1, day=1)
        case Bucket.YEAR:
            return value.replace(month=1, day=1)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
