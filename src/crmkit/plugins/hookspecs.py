"""Every extension point of crmkit, on one page.

A plugin is any object (or module) whose methods carry `@hookimpl` and a name from here; a method
may take only the arguments that it needs. It may further have these attributes:

- `name`: how it is called, by others and in the outbox; otherwise the name of its class or module;
- `before`, `after`: names of plugins that it comes before or after;
- `topics`: the events (classes or their names) that `after_commit` receives; otherwise all.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.changes import Change, OutboxMessage
from crmkit.domain.custom_fields import CustomField

if TYPE_CHECKING:
    from crmkit.domain.estimates.catalogue import ModuleKind
    from crmkit.domain.estimates.practice import LineMaker
    from crmkit.domain.estimates.profiles import Profile
    from crmkit.domain.estimates.protocols import EffortModel
    from crmkit.work import UnitOfWork

F = TypeVar("F", bound=Callable[..., Any])
PROJECT = "crmkit"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class HookKind(StrEnum):
    """How the plugins' answers to one hook count, and what a failure means."""

    COLLECT = "collect"
    """Asked when the CRM is opened, those of estimates when an estimate is wanted; every answer
    counts, and a failure refuses the CRM or the estimate."""
    VETO = "veto"
    """Runs inside the work, in order; the first refusal ends it, and so does any failure."""
    OBSERVER = "observer"
    """Runs after the commit, from the outbox, again and again until it succeeds."""
    FIRST = "first"
    """The first answer that is not None counts; a failure ends the work."""


KINDS: dict[str, HookKind] = {}
"""The kind of each hook by its name, in the order of this page."""


def _hook(kind: HookKind) -> Callable[[F], F]:
    def declare(function: F) -> F:
        KINDS[function.__name__] = kind
        return hookspec(function, firstresult=kind is HookKind.FIRST)

    return declare


class Hooks:
    """The hooks, by the name under which a plugin implements them."""

    @_hook(HookKind.COLLECT)
    def register_entities(self) -> Iterable[type[Aggregate]]:  # type: ignore[empty-body]
        """Return entity classes that the CRM shall keep like its own."""

    @_hook(HookKind.COLLECT)
    def register_fields(self) -> Iterable[CustomField]:  # type: ignore[empty-body]
        """Return custom fields that every tenant shall have; `shared_field` makes them."""

    @_hook(HookKind.VETO)
    def before_commit(self, event: Event, work: "UnitOfWork") -> None:
        """See an event before the commit; raise `Vetoed`, or add changes to `work`.

        May run again when the caller repeats the work, so effects outside belong in `after_commit`.
        """

    @_hook(HookKind.OBSERVER)
    def after_commit(self, message: OutboxMessage, crm: Any) -> None:
        """Receive one event after the commit, at least once, in order per record.

        An effect in the same CRM is exactly-once under the key of the message:
        `crm.run(service, ..., tenant=message.tenant, idempotency_key=str(message.id),
        cause_id=message.changeset_id)`. An effect elsewhere should carry the same key.
        """

    @_hook(HookKind.VETO)
    def import_row(
        self, entity: str, line: int, values: Mapping[str, str]
    ) -> dict[str, str] | None:
        """Return the texts of an imported row changed, or None to leave them as they are.

        The next plugin sees the changed texts; raise `Vetoed` to refuse the row.
        """

    @_hook(HookKind.FIRST)
    def number_document(self, entity: str, work: "UnitOfWork") -> str | None:
        """Return the next document number of an entity, None to leave it to others."""

    @_hook(HookKind.FIRST)
    def tell_change(self, change: Change, language: str, work: "UnitOfWork") -> str | None:
        """Return what a change did, in one line of a language; None to leave it to others."""

    @_hook(HookKind.COLLECT)
    def register_estimate_profiles(self) -> "Iterable[Profile]":  # type: ignore[empty-body]
        """Return profiles that estimates may be made with; asked when an estimate is wanted."""

    @_hook(HookKind.COLLECT)
    def register_estimate_modules(self) -> "Iterable[ModuleKind]":  # type: ignore[empty-body]
        """Return modules that a scope may name, each with the functions that it counts."""

    @_hook(HookKind.COLLECT)
    def register_estimate_lines(self) -> "Iterable[LineMaker]":  # type: ignore[empty-body]
        """Return functions that draft lines of every estimate from what labour costs in it."""

    @_hook(HookKind.COLLECT)
    def register_estimate_methods(self) -> "Iterable[EffortModel]":  # type: ignore[empty-body]
        """Return further methods, whose hours are set beside those of the standard."""
