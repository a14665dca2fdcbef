"""Every extension point of crmkit, on one page.

A plugin is any object (or module) whose methods carry `@hookimpl` and a name from here; a method
may take only the arguments that it needs. Kinds of hooks:

- *collect*: every plugin answers, all answers count;
- *veto*: runs inside the transaction, in order; the first refusal (`Vetoed`) ends the work;
- *observer*: runs after the commit, from the outbox, again and again until it succeeds;
- *first*: the first answer that is not None counts.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.changes import OutboxMessage
from crmkit.domain.custom_fields import CustomField

if TYPE_CHECKING:
    from crmkit.work import UnitOfWork

PROJECT = "crmkit"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """The hooks, by the name under which a plugin implements them."""

    @hookspec
    def register_entities(self) -> Iterable[type[Aggregate]]:  # type: ignore[empty-body]
        """Collect: return entity classes that the CRM shall keep like its own."""

    @hookspec
    def register_fields(self) -> Iterable[CustomField]:  # type: ignore[empty-body]
        """Collect: return custom fields that every tenant shall have."""

    @hookspec
    def before_commit(self, event: Event, work: "UnitOfWork") -> None:
        """Veto: see an event before the commit; raise `Vetoed`, or add changes to `work`.

        May run again when the caller repeats the work, so effects outside belong in `after_commit`.
        """

    @hookspec
    def after_commit(self, message: OutboxMessage, crm: Any) -> None:
        """Observer: receive one event after the commit, at least once, in order per record."""

    @hookspec
    def import_row(
        self, entity: str, line: int, values: dict[str, str]
    ) -> dict[str, str] | None:
        """Veto: change the texts of an imported row, return None to leave them as they are."""

    @hookspec(firstresult=True)
    def number_document(self, entity: str, work: "UnitOfWork") -> str | None:
        """First: return the next document number of an entity, None to leave it to others."""
