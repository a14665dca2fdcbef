"""Priority: from impact and urgency, or for a reason of its own, which is always kept."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import attrs

from crmkit.errors import InvalidValue


class Level(StrEnum):
    """How far a trouble reaches (impact), or how soon it hurts (urgency)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Priority(StrEnum):
    """What comes first."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Count from 0, the first."""
        return tuple(Priority).index(self)


class PriorityCause(StrEnum):
    """Why a ticket has its priority."""

    MATRIX = "matrix"
    VIP = "vip"
    MANUAL = "manual"
    ESCALATION = "escalation"


@attrs.frozen(kw_only=True)
class MatrixCell:
    """The priority of one impact and urgency."""

    impact: Level
    urgency: Level
    priority: Priority


@attrs.frozen
class PriorityMatrix:
    """Impact times urgency: nine cells, each once."""

    cells: tuple[MatrixCell, ...]

    def __attrs_post_init__(self) -> None:
        """Refuse a matrix with a hole or with two answers."""
        given = {(cell.impact, cell.urgency) for cell in self.cells}
        if len(given) != len(self.cells) or len(given) != len(Level) ** 2:
            raise InvalidValue(
                "a matrix has nine cells, each once",
                path="priority_matrix.cells",
                fix="give one for every impact and urgency",
            )

    def priority(self, impact: Level, urgency: Level) -> Priority:
        """Return the priority of an impact and an urgency."""
        return next(
            cell.priority for cell in self.cells if (cell.impact, cell.urgency) == (impact, urgency)
        )


_RANKS: Final[Mapping[int, Priority]] = {
    0: Priority.CRITICAL,
    1: Priority.HIGH,
    2: Priority.NORMAL,
    3: Priority.LOW,
    4: Priority.LOW,
}
USUAL_MATRIX: Final = PriorityMatrix(
    tuple(
        MatrixCell(impact=impact, urgency=urgency, priority=_RANKS[row + column])
        for row, impact in enumerate(Level)
        for column, urgency in enumerate(Level)
    )
)
"""High on both is critical, and each step down on either is one priority less."""
