"""What plugins may do before the commit: veto, or add changes that are themselves told."""

from typing import TYPE_CHECKING

from crmkit.errors import Refused
from crmkit.ports import Hooks
from crmkit.work.journal import Journal

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork

MAX_HAPPENINGS = 100_000


def run_before_commit(work: "UnitOfWork", journal: Journal, hooks: Hooks) -> None:
    """Tell every event to the plugins, also those that their own changes bring about."""
    if not hooks.listens_before_commit():
        return
    told = 0
    while told < len(journal.happenings):
        if told >= MAX_HAPPENINGS:
            raise Refused(
                f"plugins keep answering events with changes, {told} so far",
                path="plugins.before_commit",
                fix="let a plugin not answer its own change",
            )
        hooks.before_commit(journal.happenings[told].event, work)
        told += 1
