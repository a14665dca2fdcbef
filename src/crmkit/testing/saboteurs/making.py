"""Saboteurs: memory stores with one defect each, to prove that the contract has teeth.

Each names contract tests of which at least one must fail on it.
"""

# pyright: reportPrivateUsage=false
# A saboteur reaches inside.

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import attrs

from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import All, Any_, Lowered, Opposite
from crmkit.ports import Ask, Session
from crmkit.storage.memory import MemoryStorage
from crmkit.storage.memory.session import MemorySession

Find = Callable[[Lowered], Lowered]


class Saboteur(MemoryStorage):
    """A memory store whose sessions have a defect."""

    caught_by: ClassVar[tuple[str, ...]] = ()
    session_class: ClassVar[type[MemorySession]] = MemorySession

    def session(self, tenant: str, *, read_only: bool = False, join: object = None) -> Session:
        """Begin a transaction with the defect."""
        honest = super().session(tenant, read_only=read_only, join=join)
        honest.__class__ = self.session_class
        return honest


def saboteur(*caught_by: str) -> Callable[[type[MemorySession]], type[Saboteur]]:
    """Make a saboteur of a session class."""

    def make(session_class: type[MemorySession]) -> type[Saboteur]:
        members = {
            "caught_by": caught_by,
            "session_class": session_class,
            "__doc__": session_class.__doc__,
        }
        return type(session_class.__name__, (Saboteur,), members)

    return make


def rewritten(lowered: Lowered, change: Find) -> Lowered:
    """Apply a change to every node of a condition."""
    match lowered:
        case All(parts):
            return change(All(tuple(rewritten(part, change) for part in parts)))
        case Any_(parts):
            return change(Any_(tuple(rewritten(part, change) for part in parts)))
        case Opposite(part):
            return change(Opposite(rewritten(part, change)))
        case _:
            return change(lowered)


class Asking(MemorySession):
    """A session that asks something else than it was asked."""

    def changed(self, lowered: Lowered) -> Lowered:
        """Return the condition that is asked instead."""
        return lowered

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        where = rewritten(ask.where, self.changed)
        yield from super().find(spec, attrs.evolve(ask, where=where))

    def count(self, spec: EntitySpec, where: Lowered) -> int:
        return super().count(spec, rewritten(where, self.changed))


def without_version_check(session: MemorySession) -> None:
    """Forget which versions a session expects."""
    session._expected.clear()
