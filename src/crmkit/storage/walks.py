"""When to walk records in their order for a page of what many people own.

Where much of everything fits, the page is found among the next few records; where little does, the
records of these people are better looked up. A look at the beginning of the order tells, and what
it told holds for a minute: a wrong answer costs time, never a record.
"""

import time
from collections.abc import Callable, Hashable
from typing import Final

import attrs

from crmkit.domain.filters.lowered import All, Any_, Check, Lowered
from crmkit.ports import BATCH, Ask
from crmkit.storage.codec.kept import Kept

SECONDS: Final = 60
AHEAD: Final = 500
"""How many records are looked at."""
ENOUGH: Final = 10
"""How many of them must fit, for a walk to pay."""
MAX_KNOWN: Final = 10_000


class Walks:
    """Knows for which lists a walk pays."""

    def __init__(self) -> None:
        """Begin without knowing any."""
        self._known: dict[Hashable, tuple[float, bool]] = {}
        self._marks: Kept[int] = Kept()

    def pays(self, place: Hashable, check: Check, look: Callable[[], bool]) -> bool:
        """Say whether a walk pays for a list, at a place such as a tenant's order; or look."""
        key = (place, self._marks.get(check, lambda listed: hash(frozenset(listed.value))))
        until, pays = self._known.get(key, (0.0, False))
        if time.monotonic() > until:
            pays = look()
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[key] = (time.monotonic() + SECONDS, pays)
        return pays


def wide_in(ask: Ask) -> Check | None:
    """Return the list for which a page may be walked; orders go one way, as indexes do."""
    if ask.limit is None or ask.limit > BATCH or len({key.descending for key in ask.order}) != 1:
        return None
    return _wide(ask.where)


def looked_up(ask: Ask) -> Ask:
    """Return the same question, to be answered by looking records up."""
    return attrs.evolve(ask, where=_narrowed(ask.where))


def _narrowed(where: Lowered) -> Lowered:
    match where:
        case Check(wide=True):
            return attrs.evolve(where, wide=False)
        case All(parts) | Any_(parts):
            return type(where)(tuple(map(_narrowed, parts)))
        case _:
            return where


def _wide(where: Lowered) -> Check | None:
    match where:
        case Check(wide=True):
            return where
        case All(parts) | Any_(parts):
            return next(filter(None, map(_wide, parts)), None)
        case _:
            return None
