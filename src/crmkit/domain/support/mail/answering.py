"""Answering: when an automatic answer may go out, so that two machines never talk without end.

RFC 3834: no answer to a machine, none to a null return path, none to ourselves; and as a last line
a rate per sender, because some machines say nothing of themselves.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

import attrs

from crmkit.domain.support.mail.letter import Letter
from crmkit.domain.support.mail.marks import Marks
from crmkit.domain.support.mail.verdicts import Kind, Verdict

LOOP_HEADER: Final = "X-Crmkit-Loop"


@attrs.frozen(kw_only=True)
class Rate:
    """How many automatic answers one address gets in a stretch of time."""

    most: int = 3
    within: timedelta = timedelta(hours=1)


@attrs.frozen(kw_only=True)
class Permission:
    """Whether to answer by machine, and each reason against it."""

    against: tuple[str, ...] = ()

    @property
    def given(self) -> bool:
        """True when nothing speaks against it."""
        return not self.against


def is_our_own(letter: Letter, marks: Marks) -> bool:
    """Tell whether we sent the letter and it came back: its loop header, or its own id, is ours."""
    tagged = marks.loop_tag in letter.all_of(LOOP_HEADER)
    return tagged or marks.in_message_id(letter.message_id) is not None


def may_answer(
    letter: Letter, verdict: Verdict, marks: Marks, *, rate: Rate, answered: int
) -> Permission:
    """Say whether a machine may answer; `answered` counts its answers within the rate's time."""
    return Permission(against=tuple(_against(letter, verdict, marks, rate, answered)))


def answered_lately(earlier: Iterable[datetime], *, now: datetime, rate: Rate) -> int:
    """Count the earlier answers that still weigh."""
    return sum(now - one < rate.within for one in earlier)


def _against(
    letter: Letter, verdict: Verdict, marks: Marks, rate: Rate, answered: int
) -> Iterator[str]:
    if is_our_own(letter, marks):
        yield "it is our own letter"
    if not letter.sender:
        yield "it names no sender"
    yield from verdict.signs
    if verdict.kind is not Kind.PERSON and not verdict.signs:
        yield f"it is a {verdict.kind.value.replace('_', ' ')}"
    if answered >= rate.most:
        yield f"{answered} answers within {rate.within}"
