"""Identifiers: UUID version 7, made by the client, in order even within a millisecond."""

import secrets
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import UUID

from crmkit.domain.blanks import blank_of
from crmkit.domain.instants import to_milliseconds

_COUNTER_BITS = 42
_RANDOM_BITS = 32
_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)


class UuidSequence:
    """A source of UUIDv7 that never goes back, safe to share between threads.

    Layout (RFC 9562, section 6.2, method 1): 48 bits of milliseconds, a 42-bit counter that starts
    at a random place in each millisecond, 32 random bits.
    """

    __slots__ = ("_counter", "_lock", "_millisecond", "_random_bits")

    def __init__(self, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        """Take chance from `random_bits`, which tests replace by a seeded one."""
        self._random_bits = random_bits
        self._lock = Lock()
        self._millisecond = 0
        self._counter = 0

    def next_id(self, now: datetime) -> UUID:
        """Return an id above every id that this sequence gave before."""
        return self.next_ids(now, 1)[0]

    def next_ids(self, now: datetime, count: int) -> list[UUID]:
        """Return several ids, each above the one before."""
        with self._lock:
            fixed, first = self._take(now, count)
            chance = self._random_bits(_RANDOM_BITS * count).to_bytes(4 * count, "big")
        numbers = memoryview(chance).cast("I")
        return [
            uuid_from_int(fixed | (at >> 30) << 64 | (at & 0x3FFFFFFF) << _RANDOM_BITS | bits)
            for at, bits in enumerate(numbers, first)
        ]

    def _take(self, now: datetime, count: int) -> tuple[int, int]:
        """Reserve numbers of the counter; return what their ids have in common, and the first."""
        millisecond = to_milliseconds(now)
        if millisecond > self._millisecond:
            self._begin(millisecond)
        if self._counter + count >> _COUNTER_BITS:
            self._begin(self._millisecond + 1)
        first = self._counter + 1
        self._counter += count
        return (self._millisecond << 80) | _VERSION_AND_VARIANT, first

    def _begin(self, millisecond: int) -> None:
        self._millisecond = millisecond
        self._counter = self._random_bits(_COUNTER_BITS - 1)


def uuid_from_int(number: int) -> UUID:
    """Make a UUID from its 128-bit number without re-checking it (a third of the usual cost)."""
    made = _NEW(_BLANK)
    made.int = number
    made.is_safe = _SAFE_UNKNOWN
    made.__class__ = UUID
    return made  # type: ignore[no-any-return]


def id_text(number: UUID) -> str:
    """Write an id as `str` does, a little quicker."""
    text = number.int.to_bytes(16, "big").hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_NEW = object.__new__
_BLANK: Any = blank_of(UUID)
_SAFE_UNKNOWN = UUID(int=0).is_safe
