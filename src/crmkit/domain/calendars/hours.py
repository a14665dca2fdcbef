"""Working hours: windows of a day, and the week that they make."""

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Final, Self

import attrs

from crmkit.domain.kinds import Integer
from crmkit.errors import InvalidValue, WrongType

DAY: Final = 24 * 60
"""The minutes of a day."""
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT: Final = {name[:3]: at for at, name in enumerate(WEEKDAYS)}
_WINDOW: Final = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


@attrs.frozen
class Window:
    """Hours in one go, as minutes after midnight; beyond 1440 they belong to the night after."""

    opens: int
    closes: int

    def __attrs_post_init__(self) -> None:
        """Refuse hours beyond the next day, of no length or longer than a day."""
        opens = Integer().check(self.opens, "window.opens")
        closes = Integer().check(self.closes, "window.closes")
        if not (0 <= opens < closes <= min(opens + DAY, 2 * DAY)):
            raise _not_a_window(f"{opens}-{closes}")

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `09:00-12:00`, `22:00-06:00` (into the next day) or `00:00-24:00`."""
        found = _WINDOW.fullmatch(text)
        if not found or not (_in_hour(found[2]) and _in_hour(found[4])):
            raise _not_a_window(text)
        opens, closes = (int(found[at]) * 60 + int(found[at + 1]) for at in (1, 3))
        if closes > DAY:
            raise _not_a_window(text)
        return cls(opens, closes if closes > opens else closes + DAY)

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"{_clock(self.opens % DAY)}-{_clock((self.closes - 1) % DAY + 1)}"

    def without(self, other: "Window") -> tuple["Window", ...]:
        """Return what is left of it outside another window: nothing, one piece or two."""
        before = (self.opens, min(self.closes, other.opens))
        after = (max(self.opens, other.closes), self.closes)
        return tuple(Window(*piece) for piece in (before, after) if piece[0] < piece[1])


Windows = tuple[Window, ...]


def read_windows(text: str) -> Windows:
    """Read the windows of one day, such as `09:00-12:00 13:00-18:00`."""
    return tuple(Window.read(part) for part in text.split())


def without(windows: Windows, closed: Windows) -> Windows:
    """Return the windows outside of the closed ones."""
    for shut in closed:
        windows = tuple(piece for window in windows for piece in window.without(shut))
    return windows


@attrs.frozen(kw_only=True)
class Week:
    """The hours of every weekday, in force from a date on, or ever since when there is none."""

    monday: Windows = ()
    tuesday: Windows = ()
    wednesday: Windows = ()
    thursday: Windows = ()
    friday: Windows = ()
    saturday: Windows = ()
    sunday: Windows = ()
    from_on: date | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse windows of one day that overlap."""
        for name in WEEKDAYS:
            check_windows(getattr(self, name), f"week.{name}")

    @classmethod
    def read(cls, *lines: str, from_on: date | None = None) -> Self:
        """Read lines such as `mon-fri 09:00-12:00 13:00-18:00` and `sat 09:00-12:00`."""
        hours: dict[str, Windows] = {}
        for line in lines:
            days, _, windows = line.partition(" ")
            for at in _weekdays(days):
                if WEEKDAYS[at] in hours:
                    raise InvalidValue(
                        f"{WEEKDAYS[at]} is told twice",
                        path="week",
                        fix="put its hours on one line",
                    )
                hours[WEEKDAYS[at]] = read_windows(windows)
        return cls(**_as_fields(hours), from_on=from_on)

    def on(self, weekday: int) -> Windows:
        """Return the windows of a weekday; Monday is 0."""
        windows: Windows = getattr(self, WEEKDAYS[weekday])
        return windows

    @property
    def first_workday(self) -> int | None:
        """Return the first weekday with hours, None in a week without any."""
        return next((at for at in range(7) if self.on(at)), None)


def check_windows(windows: object, path: str) -> None:
    """Refuse windows of one day that overlap, and what is no tuple of windows."""
    ordered = sorted(check_tuple(windows, path), key=lambda window: window.opens)
    for one, other in pairwise(ordered):
        if other.opens < one.closes:
            raise InvalidValue(f"{one} and {other} overlap", path=path, fix="make one of them")


def check_tuple(windows: object, path: str) -> Windows:
    """Return windows, or raise `WrongType` unless they are a tuple of them."""
    if not isinstance(windows, tuple) or any(type(one) is not Window for one in windows):
        raise WrongType("expected a tuple of windows", path=path, fix="read_windows() makes it")
    return windows


def _as_fields(hours: Mapping[str, Windows]) -> dict[str, Windows]:
    return {name: hours.get(name, ()) for name in WEEKDAYS}


def _weekdays(text: str) -> list[int]:
    first, _, last = text.lower().partition("-")
    if first not in _SHORT or (last or first) not in _SHORT:
        raise InvalidValue(f"{text!r} names no weekdays", path="week", fix="write mon, or mon-fri")
    begin, end = _SHORT[first], _SHORT[last or first]
    return [at % 7 for at in range(begin, end + 1 if end >= begin else end + 8)]


def _in_hour(minutes: str) -> bool:
    return int(minutes) < 60


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _not_a_window(text: str) -> InvalidValue:
    return InvalidValue(
        f"{text!r} are no hours of a day", path="window", fix="write 09:00-12:00 or 22:00-06:00"
    )
