"""The outbox in the store: which messages are due, who holds them, and how they end.

A message waits until `available_at`; a claim moves that to the end of its lease and raises the
version, which is the token that the ending must show. Of the messages of one record to one
subscriber only the earliest unfinished one is ever claimed.
"""

import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from crmkit.domain.changes import DeliveryState, OutboxMessage
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.lowered import All, Lowered, Test, after
from crmkit.domain.filters.summary import Function
from crmkit.domain.filters.tally import Gather, Key, Rank, Tally
from crmkit.domain.text import check_text
from crmkit.errors import OutOfRange
from crmkit.ports import Ask, Session
from crmkit.services.backing_off import wait_before
from crmkit.services.log_rows import among, compare, equals, leaf_of, rising, rows

MESSAGE: Final = spec_of(OutboxMessage)
WAITING: Final = equals(MESSAGE, "state", DeliveryState.WAITING)
DEAD: Final = equals(MESSAGE, "state", DeliveryState.DEAD)
DONE: Final = equals(MESSAGE, "state", DeliveryState.DONE)
MAX_ERROR: Final = 2_000
MAX_WORKER: Final = 200
_PAGE: Final = 100
_DUE_ORDER: Final = rising(MESSAGE, "available_at", "position")


@attrs.frozen(kw_only=True)
class Retries:
    """How often a delivery is tried, and how long it rests: doubling from first to longest."""

    attempts: int = 10
    first_rest: timedelta = timedelta(seconds=1)
    longest_rest: timedelta = timedelta(hours=1)


@attrs.frozen(kw_only=True)
class Terms:
    """Who delivers, and how long a message may be held: longer than any subscriber takes."""

    worker: str = "worker"
    lease: timedelta = timedelta(minutes=1)
    retries: Retries = Retries()

    def __attrs_post_init__(self) -> None:
        """Refuse terms under which nothing can be delivered."""
        check_text(self.worker, path="worker", max_length=MAX_WORKER)
        if self.lease <= timedelta(0) or self.retries.attempts < 1:
            raise OutOfRange("lease and attempts are above zero", path="deliver_due")


@attrs.frozen(kw_only=True)
class Claimed:
    """Messages that one worker holds until an instant of the store's clock; how many it gave up."""

    messages: tuple[OutboxMessage, ...]
    given_up: int
    at: datetime
    until: datetime


def claim(session: Session, *, size: int, terms: Terms) -> Claimed:
    """Take due messages, oldest first, at most one per record and subscriber.

    A message whose worker never came back is taken alone, so that others do not share its fate if
    it is what ends workers; after its last attempt it is given up: written dead, not taken.
    """
    now = session.now()
    held: list[OutboxMessage] = []
    given_up: list[OutboxMessage] = []
    for message in _chosen(_claimable(session, now, size), size):
        if message.attempts >= terms.retries.attempts:
            given_up.append(_ended(message, DeliveryState.DEAD, now, error=_abandoned(message)))
        else:
            held.append(_held(message, terms.worker, now + terms.lease))
    moved = [*held, *given_up]
    if moved:
        session.save_many(MESSAGE, moved, [message.version - 1 for message in moved])
    return Claimed(messages=tuple(held), given_up=len(given_up), at=now, until=now + terms.lease)


def settle(
    session: Session, message: OutboxMessage, error: BaseException | None, *, terms: Terms
) -> OutboxMessage:
    """Write how the delivery of a held message ended, or raise `VersionConflict` if it was taken.

    Without an error it is done; with one it waits to be tried again, or is dead after the last
    attempt.
    """
    now = session.now()
    if error is None:
        return _write(session, _ended(message, DeliveryState.DONE, now, error=None))
    text = describe(error)
    if message.attempts >= terms.retries.attempts:
        return _write(session, _ended(message, DeliveryState.DEAD, now, error=text))
    rest = wait_before(
        message.attempts + 1,
        first=terms.retries.first_rest,
        longest=terms.retries.longest_rest,
        mark=message.id.int,
    )
    waiting = attrs.evolve(
        message,
        version=message.version + 1,
        claimed_by=None,
        available_at=_to_millisecond(now + rest),
        error=text,
    )
    return _write(session, waiting)


def revive(session: Session, message: OutboxMessage) -> OutboxMessage:
    """Write a dead message waiting again, as if it had never been tried."""
    waiting = attrs.evolve(
        message,
        version=message.version + 1,
        state=DeliveryState.WAITING,
        available_at=session.now(),
        attempts=0,
        claimed_by=None,
        finished_at=None,
    )
    return _write(session, waiting)


def describe(error: BaseException) -> str:
    """Write an error as text that every store keeps."""
    text = "".join(traceback.format_exception_only(error)).strip()
    kept = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")
    return kept[:MAX_ERROR]


def _claimable(session: Session, now: datetime, size: int) -> list[OutboxMessage]:
    """Find due messages that no earlier one holds back; pages on while all are held back."""
    due = All((WAITING, compare(MESSAGE, "available_at", Test.LE, now)))
    beyond: Lowered = All()
    free: list[OutboxMessage] = []
    while len(free) < size:
        where = All((*due.parts, beyond))
        page: list[OutboxMessage] = rows(session, MESSAGE, where, order=_DUE_ORDER, limit=_PAGE)
        first = _first_positions(session, page)
        ids = [message.id for message in page if first.get(_lane(message)) == message.position]
        free += _locked(session, due, ids[: size - len(free)])
        if len(page) < _PAGE:
            break
        last = page[-1]
        beyond = after(_DUE_ORDER, [last.available_at, last.position, last.id])
    return free


def _first_positions(session: Session, page: Sequence[OutboxMessage]) -> dict[tuple[str, str], int]:
    """Return the earliest unfinished position in each lane that the page touches."""
    if not page:
        return {}
    subscriber, record_key = leaf_of(MESSAGE, "subscriber"), leaf_of(MESSAGE, "record_key")
    lanes = All(
        (
            WAITING,
            among(MESSAGE, "subscriber", (message.subscriber for message in page)),
            among(MESSAGE, "record_key", (message.record_key for message in page)),
        )
    )
    asked = Tally(
        where=lanes,
        keys=(Key(subscriber), Key(record_key)),
        gathers=(Gather(Function.MIN, leaf_of(MESSAGE, "position")),),
        keeps=(),
        ranks=(Rank(0), Rank(1)),
        limit=None,
    )
    return {(row[0], row[1]): row[2] for row in session.tally(MESSAGE, asked)}


def _locked(session: Session, due: Lowered, ids: Sequence[UUID]) -> list[OutboxMessage]:
    """Hold the rows against other claims, passing over those that are held."""
    if not ids:
        return []
    where = All((due, among(MESSAGE, "id", ids)))
    ask = Ask(where=where, order=_DUE_ORDER, skip_locked=True)
    return [message for batch in session.find(MESSAGE, ask) for message in batch]


def _chosen(found: Sequence[OutboxMessage], size: int) -> Sequence[OutboxMessage]:
    if found and found[0].claimed_by is not None:
        return found[:1]
    return [message for message in found if message.claimed_by is None][:size]


def _lane(message: OutboxMessage) -> tuple[str, str]:
    return message.subscriber, message.record_key


def _held(message: OutboxMessage, worker: str, until: datetime) -> OutboxMessage:
    return attrs.evolve(
        message,
        version=message.version + 1,
        claimed_by=worker,
        attempts=message.attempts + 1,
        available_at=until,
    )


def _ended(
    message: OutboxMessage, state: DeliveryState, at: datetime, *, error: str | None
) -> OutboxMessage:
    return attrs.evolve(
        message, version=message.version + 1, state=state, finished_at=at, error=error
    )


def _abandoned(message: OutboxMessage) -> str:
    return f"worker {message.claimed_by!r} never came back from attempt {message.attempts}"


def _write(session: Session, message: OutboxMessage) -> OutboxMessage:
    session.save_many(MESSAGE, [message], [message.version - 1])
    return message


def _to_millisecond(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
