"""Three-point estimates of tasks (PERT)."""

from collections.abc import Mapping
from decimal import Decimal

import attrs

from crmkit.domain.estimates.figures import EXACT
from crmkit.domain.estimates.sizing import SizedScope
from crmkit.domain.estimates.three_points import ThreePoint
from crmkit.domain.estimates.words import Label
from crmkit.errors import InvalidValue


@attrs.frozen
class ThreePointTasks:
    """Effort from three guesses for each task: all goes well, most likely, little goes well."""

    name = "three-point"
    label = Label("three-point", "三点估算")
    source = (
        "Malcolm, Roseboom, Clark, Fazar, Application of a Technique for Research and Development "
        "Program Evaluation, Operations Research 7 (1959), p. 646-669"
    )

    tasks: Mapping[str, ThreePoint]

    def __attrs_post_init__(self) -> None:
        """Refuse tasks of negative hours, and tasks that take no time at all."""
        for name, task in self.tasks.items():
            if task.low < 0:
                raise InvalidValue(
                    f"{task.low} hours", path=f"tasks.{name}.low", fix="give zero or more"
                )
        if not self.mean:
            raise InvalidValue("there is nothing to do", path="tasks", fix="give at least one task")

    @property
    def mean(self) -> Decimal:
        """Return the sum of the means, (low + 4 likely + high) / 6 each."""
        return sum((task.mean for task in self.tasks.values()), Decimal(0))

    @property
    def deviation(self) -> Decimal:
        """Return the standard deviation of the sum if no task depends on another; few are so."""
        variances = (task.deviation * task.deviation for task in self.tasks.values())
        return EXACT.sqrt(sum(variances, Decimal(0)))

    @property
    def deviation_together(self) -> Decimal:
        """Return the standard deviation of the sum if all tasks run late together."""
        return sum((task.deviation for task in self.tasks.values()), Decimal(0))

    def hours(self, sized: SizedScope) -> Decimal:
        """Return the mean; whoever guessed the tasks looked at the scope."""
        return self.mean
