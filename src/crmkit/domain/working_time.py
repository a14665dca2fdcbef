"""Working time: what deadlines and rot limits are counted in; a business calendar fits it."""

from datetime import datetime, timedelta
from typing import Protocol

import attrs


class DueAt(Protocol):
    """A moment at which something is due."""

    @property
    def at(self) -> datetime:
        """Return the moment."""
        ...


class WorkingTime(Protocol):
    """Counts the time in which people work."""

    def add(self, instant: datetime, duration: timedelta) -> DueAt:
        """Return when `duration` of working time has passed since `instant`."""
        ...

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time between two instants."""
        ...


@attrs.frozen
class Moment:
    """A moment without anything to add about it."""

    at: datetime


class AroundTheClock:
    """Working time where every hour counts."""

    def add(self, instant: datetime, duration: timedelta) -> Moment:
        """Return the instant that much later."""
        return Moment(instant + duration)

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Return the time between."""
        return end - start


AROUND_THE_CLOCK = AroundTheClock()
