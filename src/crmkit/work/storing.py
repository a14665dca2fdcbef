"""Storing: the session of a unit of work, given to one call of the store at a time."""

from types import TracebackType
from typing import TYPE_CHECKING

from crmkit.ports import Session

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork


class Storing:
    """Gives the session to one call of the store; any error of it ends the work."""

    __slots__ = ("_session", "_work")

    def __init__(self, work: "UnitOfWork", session: Session) -> None:
        """Belong to a work; it serves any number of calls, also one within another."""
        self._work = work
        self._session = session

    def __enter__(self) -> Session:
        """Return the session, or refuse when the work is over."""
        self._work.check_going_on()
        return self._session

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the work after an error; a reader who reads no further is none."""
        if kind is not None and not issubclass(kind, GeneratorExit):
            self._work.doom()
