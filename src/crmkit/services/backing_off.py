"""How long to wait before the next try: longer each time, and never all at once."""

from datetime import timedelta
from typing import Final

_EIGHTH: Final = 8
_SPREAD: Final = 997


def wait_before(attempt: int, *, first: timedelta, longest: timedelta, mark: int) -> timedelta:
    """Return the wait before try number `attempt` (2 is the first repeat).

    It doubles from `first` up to `longest`, less up to a half by chance; the chance is drawn from
    `mark`, such as an id, so that the same message always waits alike and two rarely do.
    """
    doubled = first * (1 << min(max(attempt - 2, 0), 40))
    full = min(doubled, longest)
    part = (mark * _EIGHTH + attempt) % _SPREAD
    return full - full * part / (2 * _SPREAD)
