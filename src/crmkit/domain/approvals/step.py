"""Steps: the round of decisions at one node. What is open and what is decided follows from them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

import attrs

from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.node import Mode, Stop
from crmkit.domain.kinds import Text


class Verdict(StrEnum):
    """What an approver says."""

    YES = "yes"
    NO = "no"


class Place(StrEnum):
    """When somebody who was added decides: before or after who added them (前加签, 后加签)."""

    BEFORE = "before"
    AFTER = "after"


@attrs.frozen(kw_only=True)
class Task:
    """One person asked: `host` is the place in the step of the task whose approver added it.

    `stand_ins` may decide too, since the task was late. `by` is who decided in the end.
    """

    approver: UserId
    host: int | None = None
    place: Place | None = None
    stand_ins: tuple[UserId, ...] = ()
    verdict: Verdict | None = None
    by: UserId | None = None
    at: datetime | None = None
    comment: Annotated[str, Text(max_length=2000)] | None = None

    @property
    def asked(self) -> frozenset[UserId]:
        """Return those who may decide."""
        return frozenset((self.approver, *self.stand_ins))


@attrs.frozen(kw_only=True)
class Step:
    """One node in one round: its tasks, those of the node first come first, then those added."""

    node: Annotated[str, Text(max_length=100)]
    round: int
    mode: Mode
    needed: int
    tasks: tuple[Task, ...]
    begun_at: datetime
    due_at: datetime | None = None

    @classmethod
    def at_stop(cls, stop: Stop, *, number: int, at: datetime) -> Self:
        """Begin to ask those whom a stop names."""
        return cls(
            node=stop.node.name,
            round=number,
            mode=stop.node.mode,
            needed=stop.node.needed,
            tasks=tuple(Task(approver=user) for user in stop.asked),
            begun_at=at,
            due_at=stop.due_at if stop.asked else None,
        )

    @property
    def verdict(self) -> Verdict | None:
        """Return what the step says as a whole, None while it is open; nobody asked means yes."""
        roots = [at for at, task in enumerate(self.tasks) if task.host is None]
        granted = sum(self._is_granted(at) for at in roots)
        refused = sum(self._is_refused(at) for at in roots)
        match self.mode:
            case Mode.ANY:
                is_yes, is_no = granted > 0, refused > 0
            case Mode.QUORUM:
                is_yes, is_no = granted >= self.needed, len(roots) - refused < self.needed
            case _:
                is_yes, is_no = granted == len(roots), refused > 0
        if is_yes or not roots:
            return Verdict.YES
        return Verdict.NO if is_no else None

    @property
    def open_tasks(self) -> tuple[int, ...]:
        """Return the places of the tasks whose turn it is."""
        if self.verdict is not None:
            return ()
        return tuple(at for at in range(len(self.tasks)) if self._is_open(at))

    @property
    def waiting_for(self) -> tuple[UserId, ...]:
        """Return those whose decision is waited for."""
        asked = (user for at in self.open_tasks for user in sorted(self.tasks[at].asked))
        return tuple(dict.fromkeys(asked))

    def task_of(self, users: frozenset[UserId]) -> int | None:
        """Return the place of the first open task that one of the users may decide."""
        return next((at for at in self.open_tasks if self.tasks[at].asked & users), None)

    def decide(
        self, at: int, verdict: Verdict, *, by: UserId, when: datetime, comment: str | None
    ) -> Self:
        """Note a decision."""
        task = self.tasks[at]
        decided = attrs.evolve(task, verdict=verdict, by=by, at=when, comment=comment)
        return self._with(at, decided)

    def add(self, approver: UserId, *, host: int, place: Place) -> Self:
        """Ask one more, before or after the approver of `host`."""
        added = Task(approver=approver, host=host, place=place)
        return attrs.evolve(self, tasks=(*self.tasks, added))

    def stand_in(self, at: int, user: UserId) -> Self:
        """Let one more decide in place of an approver."""
        task = self.tasks[at]
        return self._with(at, attrs.evolve(task, stand_ins=(*task.stand_ins, user)))

    def _with(self, at: int, task: Task) -> Self:
        return attrs.evolve(self, tasks=(*self.tasks[:at], task, *self.tasks[at + 1 :]))

    def _added_to(self, host: int, place: Place | None = None) -> list[int]:
        return [
            at
            for at, task in enumerate(self.tasks)
            if task.host == host and place in (None, task.place)
        ]

    def _is_granted(self, at: int) -> bool:
        said_yes = self.tasks[at].verdict is Verdict.YES
        return said_yes and all(self._is_granted(added) for added in self._added_to(at))

    def _is_refused(self, at: int) -> bool:
        said_no = self.tasks[at].verdict is Verdict.NO
        return said_no or any(self._is_refused(added) for added in self._added_to(at))

    def _is_open(self, at: int) -> bool:
        first = self._added_to(at, Place.BEFORE)
        undecided = self.tasks[at].verdict is None and not self._is_refused(at)
        return undecided and self._is_reached(at) and all(map(self._is_granted, first))

    def _is_reached(self, at: int) -> bool:
        task = self.tasks[at]
        if task.host is not None:
            if task.place is Place.AFTER:
                return self.tasks[task.host].verdict is Verdict.YES
            return self._is_reached(task.host) and not self._is_refused(task.host)
        if self.mode is not Mode.SEQUENCE:
            return True
        return all(
            self._is_granted(before) for before in range(at) if self.tasks[before].host is None
        )
