"""Run a service in a work of its own, again when somebody else was faster, with a key only once."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import attrs

from crmkit.domain.kinds import Json
from crmkit.domain.text import check_text
from crmkit.errors import AlreadyDone, Conflict, OutcomeUnknown, OutOfRange, Refused
from crmkit.services.backing_off import wait_before
from crmkit.services.plain_calls import payload_of, result_from_json, result_to_json
from crmkit.work import UnitOfWork

_FIRST_PAUSE: Final = timedelta(milliseconds=20)
_LONGEST_PAUSE: Final = timedelta(seconds=1)


class OpensWork(Protocol):
    """Opens units of work of one actor and tenant."""

    def __call__(
        self,
        *,
        idempotency_key: str | None = None,
        payload: Any = None,
    ) -> UnitOfWork:
        """Open a unit of work."""
        ...


@attrs.frozen(kw_only=True)
class Call:
    """A service and its arguments after the work; how often to try it; its idempotency key."""

    service: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    attempts: int
    idempotency_key: str | None

    def __attrs_post_init__(self) -> None:
        """Refuse a call that is never tried, and a bad key."""
        if self.attempts < 1:
            raise OutOfRange("a call is tried at least once", path="attempts")
        if self.idempotency_key is not None:
            check_text(self.idempotency_key, path="idempotency_key")

    @property
    def payload(self) -> Json:
        """Return what tells this call from others under the same key, None without a key."""
        if self.idempotency_key is None:
            return None
        return payload_of(self.service, self.args, self.kwargs)


def run_call(call: Call, open_work: OpensWork, pause: Callable[[float], None]) -> Any:
    """Return what the service gives, in the end, or raise what stopped it.

    A `Conflict` is answered with another work, up to `attempts`; an `OutcomeUnknown` only when
    there is a key. A call that was done before, under its key, gives its stored result; so does one
    that a twin has done while this one was refused for it.
    """
    payload = call.payload
    attempt = 1
    while True:
        work = None
        try:
            work = open_work(idempotency_key=call.idempotency_key, payload=payload)
            return _perform(call, work)
        except AlreadyDone as done:
            if done.key != call.idempotency_key:
                raise
            return _stored(done, open_work)
        except (Conflict, OutcomeUnknown) as error:
            unsafe = isinstance(error, OutcomeUnknown) and call.idempotency_key is None
            if unsafe or attempt >= call.attempts:
                raise
        except Refused:
            done_by_twin = _done_meanwhile(call, payload, open_work)
            if done_by_twin is None:
                raise
            return _stored(done_by_twin, open_work)
        attempt += 1
        pause(_wait(attempt, work.changeset_id if work else None))


def _perform(call: Call, work: UnitOfWork) -> Any:
    with work:
        result = call.service(work, *call.args, **call.kwargs)
        if call.idempotency_key is not None:
            work.result = result_to_json(result)
    return result


def _stored(done: AlreadyDone, open_work: OpensWork) -> Any:
    """Read the result again, in a writing work: it sees what the check of the key has seen."""
    with open_work() as work:
        result = result_from_json(work, done.result)
        work.rollback()
    return result


def _done_meanwhile(call: Call, payload: Json, open_work: OpensWork) -> AlreadyDone | None:
    """Look the key up again: a twin that was faster makes this call seem refused."""
    key = call.idempotency_key
    if key is None:
        return None
    try:
        with open_work(idempotency_key=key, payload=payload) as work:
            work.rollback()
    except AlreadyDone as done:
        return done if done.key == key else None
    return None


def _wait(attempt: int, mark: UUID | None) -> float:
    wait = wait_before(
        attempt,
        first=_FIRST_PAUSE,
        longest=_LONGEST_PAUSE,
        mark=mark.int if mark else attempt,
    )
    return wait.total_seconds()
