"""Identifiers: UUID version 7, made by the client, in order even within a millisecond."""

import secrets
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from uuid import UUID

from crmkit.domain.instants import to_milliseconds

_COUNTER_BITS = 42
_RANDOM_BITS = 32


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
            millisecond = to_milliseconds(now)
            if millisecond > self._millisecond:
                self._begin(millisecond)
            chance = self._random_bits(_RANDOM_BITS * count).to_bytes(4 * count, "big")
            return [self._next(bits) for bits in memoryview(chance).cast("I")]

    def _begin(self, millisecond: int) -> None:
        self._millisecond = millisecond
        self._counter = self._random_bits(_COUNTER_BITS - 1)

    def _next(self, random: int) -> UUID:
        self._counter += 1
        if self._counter >> _COUNTER_BITS:
            self._begin(self._millisecond + 1)
        high, low = self._counter >> 30, self._counter & 0x3FFFFFFF
        number = (self._millisecond << 80) | (0x7 << 76) | (high << 64)
        return uuid_from_int(number | (0b10 << 62) | (low << _RANDOM_BITS) | random)


def uuid_from_int(number: int, _new: Callable[[type[UUID]], UUID] = object.__new__) -> UUID:
    """Make a UUID from its 128-bit number without re-checking it (a third of the usual cost)."""
    made = _new(UUID)
    object.__setattr__(made, "int", number)
    object.__setattr__(made, "is_safe", _SAFE_UNKNOWN)
    return made


_SAFE_UNKNOWN = UUID(int=0).is_safe
