"""Delivery: each event to each of its subscribers, at least once, in order per record."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias
from zlib import crc32

import attrs

from crmkit.domain.changes import DeliveryState, IdempotencyRecord, OutboxMessage
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.filters.lowered import All, Lowered, Test
from crmkit.errors import Conflict, OutcomeUnknown, OutOfRange, RuleBroken, VersionConflict
from crmkit.ports import BATCH, Hooks, Ids, Storage
from crmkit.services.backing_off import wait_before
from crmkit.services.log_rows import compare, reading, rows, transaction
from crmkit.services.outbox import (
    DEAD,
    DONE,
    MESSAGE,
    WAITING,
    Claimed,
    Terms,
    claim,
    revive,
    settle,
)
from crmkit.work.parcels import PARCEL, open_parcel

CLAIM_SIZE: Final = 20
Aged: TypeAlias = tuple[str, timedelta]
_TRIES: Final = 5
_FIRST_PAUSE: Final = timedelta(milliseconds=10)
_LONGEST_PAUSE: Final = timedelta(milliseconds=500)


class MessageNotDead(RuleBroken):
    """Only a dead message can be replayed."""


@attrs.frozen(kw_only=True)
class DeliveryReport:
    """What one round of delivery did.

    `failed` will be tried again, `dead` will not; `lost` were delivered by a worker whose lease had
    run out, and are delivered again by another.
    """

    delivered: int = 0
    failed: int = 0
    dead: int = 0
    lost: int = 0


@attrs.frozen(kw_only=True)
class Purged:
    """How many rows were erased: delivered messages and idempotency keys."""

    messages: int
    keys: int


class _Ending(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"
    DEAD = "dead"
    LOST = "lost"


class Delivery:
    """Brings the messages in a store's outbox to their subscribers; it starts no threads."""

    def __init__(
        self,
        storage: Storage,
        hooks: Hooks,
        crm: object,
        *,
        ids: Ids,
        pause: Callable[[float], None],
    ) -> None:
        """Deliver from `storage` through `hooks`; subscribers are given `crm`."""
        self._storage = storage
        self._ids = ids
        self._hooks = hooks
        self._crm = crm
        self._pause = pause
        self._last_served = ""

    def deliver_due(self, *, tenant: str | None, limit: int, terms: Terms) -> DeliveryReport:
        """Deliver up to `limit` due messages, of one tenant or of all in turn."""
        if limit < 1:
            raise OutOfRange("the limit is at least 1", path="limit")
        endings: Counter[_Ending] = Counter()
        waiting = deque(self._tenants() if tenant is None else [tenant])
        while waiting and (left := limit - endings.total()) > 0:
            name = waiting.popleft()
            claimed = self._claim(name, min(left, CLAIM_SIZE), terms)
            if claimed is not None:
                endings[_Ending.DEAD] += claimed.given_up
                endings.update(self._deliver(name, claimed, terms))
                waiting.append(name)
            self._last_served = name
        return DeliveryReport(**{str(ending): count for ending, count in endings.items()})

    def dead_letters(self, tenant: str, *, limit: int) -> tuple[OutboxMessage, ...]:
        """Return messages that were given up, oldest first, each with its last error."""
        with reading(self._storage, tenant) as session:
            return tuple(rows(session, MESSAGE, DEAD, limit=limit))

    def replay(self, message: OutboxMessage) -> OutboxMessage:
        """Let a dead message be tried again, from the first attempt on."""
        if message.state is not DeliveryState.DEAD:
            raise MessageNotDead(
                f"the message is {message.state}", path="message.state", fix="replay dead ones"
            )
        with transaction(self._storage, message.tenant) as session:
            return revive(session, message)

    def purge(self, tenant: str, *, older_than: timedelta) -> Purged:
        """Erase delivered messages and idempotency keys of that age, in batches."""
        keys = spec_of(IdempotencyRecord)
        return Purged(
            messages=self._erase(tenant, MESSAGE, DONE, ("finished_at", older_than)),
            keys=self._erase(tenant, keys, All(), ("at", older_than)),
        )

    def _tenants(self) -> Sequence[str]:
        """Name the tenants with messages, beginning after the one that was served last."""
        waiting = self._storage.tenants_with(MESSAGE, WAITING)
        found = sorted({*waiting, *self._storage.tenants_with(PARCEL, All())})
        start = next((at for at, name in enumerate(found) if name > self._last_served), 0)
        return (*found[start:], *found[:start])

    def _claim(self, tenant: str, size: int, terms: Terms) -> Claimed | None:
        """Claim messages when no parcel is closed; None without any, or when others are faster."""
        attempt = 1
        while attempt <= _TRIES:
            try:
                with transaction(self._storage, tenant) as session:
                    if open_parcel(session, self._ids):
                        continue
                    claimed = claim(session, size=size, terms=terms)
            except (Conflict, OutcomeUnknown):
                self._rest(attempt, terms.worker)
                attempt += 1
            else:
                return claimed if claimed.messages or claimed.given_up else None
        return None

    def _deliver(self, tenant: str, claimed: Claimed, terms: Terms) -> list[_Ending]:
        """Deliver while the lease lasts; what is left then is free for others."""
        endings: list[_Ending] = []
        for message in claimed.messages:
            if endings and self._now(tenant) >= claimed.until:
                break
            error = self._try(message)
            endings.append(self._settle(message, error, terms))
        return endings

    def _now(self, tenant: str) -> datetime:
        with reading(self._storage, tenant) as session:
            return session.now()

    def _try(self, message: OutboxMessage) -> Exception | None:
        try:
            self._hooks.deliver(message.subscriber, message, self._crm)
        except Exception as error:  # noqa: BLE001 - whatever a subscriber raises is noted
            return error
        return None

    def _settle(self, message: OutboxMessage, error: Exception | None, terms: Terms) -> _Ending:
        for attempt in range(1, _TRIES + 1):
            try:
                with transaction(self._storage, message.tenant) as session:
                    ended = settle(session, message, error, terms=terms)
            except (VersionConflict, OutcomeUnknown):
                return _Ending.LOST
            except Conflict:
                self._rest(attempt, terms.worker)
            else:
                return _ENDINGS[ended.state]
        return _Ending.LOST

    def _rest(self, attempt: int, mark: str) -> None:
        wait = wait_before(
            attempt + 1,
            first=_FIRST_PAUSE,
            longest=_LONGEST_PAUSE,
            mark=crc32(mark.encode("utf-8")),
        )
        self._pause(wait.total_seconds())

    def _erase(self, tenant: str, spec: EntitySpec, where: Lowered, aged: Aged) -> int:
        """Erase aged rows in transactions of one batch each."""
        field, age = aged
        erased = 0
        while True:
            with transaction(self._storage, tenant) as session:
                old = compare(spec, field, Test.LE, session.now() - age)
                found = rows(session, spec, All((where, old)), limit=BATCH)
                erased += session.delete_many(spec, [row.id for row in found])
            if len(found) < BATCH:
                return erased


_ENDINGS: Final = {
    DeliveryState.DONE: _Ending.DELIVERED,
    DeliveryState.WAITING: _Ending.FAILED,
    DeliveryState.DEAD: _Ending.DEAD,
}
