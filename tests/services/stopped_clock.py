"""A clock that stands still until a test lets time pass."""

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
