"""Clocks for tests: one stands still until time is let pass, one goes on by being read."""

from datetime import UTC, datetime, timedelta
from typing import Final

TUESDAY: Final = datetime(2026, 11, 24, 9, tzinfo=UTC)
A_MINUTE: Final = timedelta(minutes=1)
A_SECOND: Final = timedelta(seconds=1)


class Stopped:
    """A clock that moves when it is told to."""

    def __init__(self, at: datetime = TUESDAY) -> None:
        """Begin on a Tuesday, or when it is said."""
        self.at = at

    def now(self) -> datetime:
        """Return the moment."""
        return self.at

    def go_on(self, **span: float) -> None:
        """Let time pass."""
        self.at += timedelta(**span)


class Ticking:
    """A clock that goes on with each look, so that all stores see the same times."""

    def __init__(self, at: datetime, step: timedelta = A_MINUTE) -> None:
        """Begin at a moment, which nobody is told."""
        self.at, self._step = at, step

    def now(self) -> datetime:
        """Go on by a step."""
        self.at += self._step
        return self.at
