"""What long lists became in a database's own form, kept while they are asked with again."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from crmkit.domain.filters.lowered import Check

T = TypeVar("T")
MAX_KEPT: Final = 256
LONG: Final = 32
"""Shorter lists are turned faster than they are found."""


class Kept(Generic[T]):
    """Keeps what was made of the list of a check, as long as it is the very same check."""

    def __init__(self) -> None:
        """Begin empty."""
        self._made: dict[int, tuple[Check, T]] = {}

    def get(self, check: Check, make: Callable[[Check], T]) -> T:
        """Return what was made of a list, or make it."""
        known = self._made.get(id(check))
        if known is not None and known[0] is check:
            return known[1]
        made = make(check)
        if len(check.value) > LONG:
            if len(self._made) >= MAX_KEPT:
                self._made.clear()
            self._made[id(check)] = (check, made)
        return made
