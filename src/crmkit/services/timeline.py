"""The timeline: what became of a record, told to people, newest first."""

from datetime import datetime
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import Change
from crmkit.services.history import history
from crmkit.work import UnitOfWork


@attrs.frozen(kw_only=True)
class Told:
    """One change of a record in one line: when, by whom, what."""

    at: datetime
    by: str
    words: str
    change: Change


def timeline(
    work: UnitOfWork, record: Aggregate | tuple[type[Aggregate], UUID], *, language: str = "en"
) -> tuple[Told, ...]:
    """Tell all changes of a record in a language, newest first; it may be removed by now.

    The words are those of the plugins (`tell_change`); crmkit itself speaks English and Chinese.
    Raises `InvalidSettings` for a language that no plugin speaks.
    """
    return tuple(
        Told(at=change.at, by=change.by, words=work.tell(change, language), change=change)
        for change in reversed(history(work, record))
    )
