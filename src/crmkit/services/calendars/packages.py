"""Sources from installed packages (extras `holidays`, `chinesecalendar`), without the network."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from crmkit.domain.calendars.official_china import STATE_COUNCIL, last_of_run
from crmkit.domain.calendars.sources import DayKind, Source, day_off, work_on
from crmkit.errors import InvalidValue, MissingExtra

_MOVED: Final = ("Day off (substituted", "(observed)", "(in lieu)")
"""How the package `holidays` marks a day that stands for another one, in English."""


def chinese_days() -> Source:
    """Return the official days of China as the package `chinesecalendar` knows them.

    It tells statutory days from days in lieu, and make-up workdays; it is known until the end of
    the last year that the installed version has.
    """
    try:
        from chinese_calendar import constants
    except ImportError:
        raise MissingExtra("the calendar of China", "chinesecalendar") from None
    days = [
        day_off(on, name, kind=_kind(on in constants.in_lieu_days))
        for on, name in constants.holidays.items()
    ]
    days += [work_on(on, name) for on, name in constants.workdays.items()]
    days.sort(key=lambda day: day.on)
    known = last_of_run({on.year for on in constants.holidays})
    return Source(name=STATE_COUNCIL, days=tuple(days), known_until=known)


def public_holidays(
    country: str,
    years: Iterable[int],
    *,
    subdivision: str | None = None,
    known_until: date | None = None,
) -> Source:
    """Return the public holidays of a country as the package `holidays` knows them.

    For China they are known until the end of the last year with announced days, whatever the
    package computes beyond; elsewhere until `known_until`. Raises `InvalidValue` for a country or
    subdivision that it does not know.
    """
    try:
        import holidays
    except ImportError:
        raise MissingExtra("public holidays", "holidays") from None
    wanted = sorted(years)
    try:
        found = holidays.country_holidays(
            country, subdiv=subdivision, years=wanted, language="en_US", expand=False
        )
    except RuntimeError as unknown:
        raise InvalidValue(str(unknown), path="country", fix="use ISO 3166 codes") from None
    moved = {on for on, name in found.items() if any(mark in name for mark in _MOVED)}
    days = [day_off(on, name, kind=_kind(on in moved)) for on, name in found.items()]
    worked = (on for on in found.weekend_workdays if on.year in wanted)
    days += [work_on(on) for on in worked]
    days.sort(key=lambda day: day.on)
    if country.upper() in ("CN", "CHN"):
        known_until = last_of_run(found.special_public_holidays)
    name = f"holidays {country.upper()}" + (f"-{subdivision}" if subdivision else "")
    return Source(name=name, days=tuple(days), known_until=known_until)


def _kind(in_lieu: bool) -> DayKind:  # noqa: FBT001 - one truth of a day
    return DayKind.IN_LIEU if in_lieu else DayKind.STATUTORY
