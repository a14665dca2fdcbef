"""Clocks for tests: one stands still until time is let pass, one goes on by being read."""

from datetime import UTC, datetime, timedelta


class Stopped:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        """Begin on a Tuesday."""
        self.at = datetime(2026, 11, 24, 9, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the moment."""
        return self.at

    def go_on(self, **span: float) -> None:
        """Let time pass."""
        self.at += timedelta(**span)


class Ticking:
    """A clock that goes on by a minute each time it is read."""

    def __init__(self, start: datetime) -> None:
        """Begin before a moment is read."""
        self.at = start

    def now(self) -> datetime:
        """Go on by a minute."""
        self.at += timedelta(minutes=1)
        return self.at
