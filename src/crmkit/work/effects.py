"""What plugins may do before the commit: veto, or add changes that are themselves told."""

from typing import TYPE_CHECKING

from crmkit.errors import Refused
from crmkit.ports import Hooks
from crmkit.work.journal import Journal

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork

MAX_ANSWERS = 10_000
"""How many events plugins may add to a work."""


def run_before_commit(work: "UnitOfWork", journal: Journal, hooks: Hooks) -> None:
    """Tell every event to the plugins, also those that their own changes bring about."""
    if not hooks.listens_before_commit():
        return
    told, limit = 0, len(journal.happenings) + MAX_ANSWERS
    while told < len(journal.happenings):
        if told >= limit:
            raise Refused(
                f"plugins keep answering events with changes, {MAX_ANSWERS} so far",
                path="plugins.before_commit",
                fix="let a plugin not answer its own change",
            )
        hooks.before_commit(journal.happenings[told].event, work)
        told += 1
