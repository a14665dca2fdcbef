"""Use case points."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import attrs

from crmkit.domain.estimates.figures import EXACT
from crmkit.domain.estimates.methods.code_size import above_zero
from crmkit.domain.estimates.sizes import FunctionCount
from crmkit.domain.estimates.sizing import SizedScope
from crmkit.domain.estimates.three_points import likeliest
from crmkit.domain.estimates.words import Label
from crmkit.domain.minor_units import as_decimal
from crmkit.errors import InvalidValue, OutOfRange, UnknownField


def _weights(letter: str, weights: str) -> dict[str, Decimal]:
    return {f"{letter}{at}": Decimal(weight) for at, weight in enumerate(weights.split(), start=1)}


ACTORS: Final = {"simple": Decimal(1), "average": Decimal(2), "complex": Decimal(3)}
"""A system with a programming interface, one with a protocol, a person at a screen."""
USE_CASES: Final = {"simple": Decimal(5), "average": Decimal(10), "complex": Decimal(15)}
"""Up to 3 transactions, 4 to 7, more."""
TECHNICAL: Final = _weights("T", "2 1 1 1 1 0.5 0.5 2 1 1 1 1 1")
"""Distributed, response, efficiency, processing, reuse, installing, use, portable, changeable,
concurrent, secure, access for third parties, training."""
ENVIRONMENT: Final = _weights("E", "1.5 0.5 1 0.5 1 2 -1 -1")
"""Knowledge of the process, of the application, of objects, lead analyst, motivation, stable
requirements, part-time staff, difficult language."""
HIGHEST: Final = 5
TRANSACTIONS_PER_USE_CASE: Final = 7
"""The most that an average use case has."""


def _hours_per_point(value: object) -> Decimal:
    return above_zero(value, "hours_per_point")


@attrs.frozen(kw_only=True)
class UseCasePoints:
    """Effort from actors and use cases, 13 technical and 8 environmental factors rated 0 to 5.

    UCP = (actors + use cases) x (0.6 + 0.01 TF) x (1.4 - 0.03 EF), 20 hours each; others count 28
    to 36 where the environment is risky. What is not rated counts 0.
    """

    name = "use-case-points"
    label = Label("use case points", "用例点法")
    source = "Karner, Resource Estimation for Objectory Projects, 1993"

    technical: Mapping[str, Decimal | int] = attrs.field(factory=dict)
    environment: Mapping[str, Decimal | int] = attrs.field(factory=dict)
    hours_per_point: Decimal = attrs.field(default=Decimal(20), converter=_hours_per_point)

    def __attrs_post_init__(self) -> None:
        """Refuse factors that there are not, and ratings outside 0 to 5."""
        for path, weights in (("technical", TECHNICAL), ("environment", ENVIRONMENT)):
            rated = getattr(self, path)
            _weigh(weights, rated, path)
            beyond = next((name for name in rated if rated[name] > HIGHEST), None)
            if beyond:
                raise OutOfRange(
                    f"{rated[beyond]} is above 5", path=f"{path}.{beyond}", fix="rate it 0 to 5"
                )

    @property
    def technical_factor(self) -> Decimal:
        """Return 0.6 + 0.01 x weighted technical ratings."""
        rated = _weigh(TECHNICAL, self.technical, "technical")
        return Decimal("0.6") + Decimal("0.01") * rated

    @property
    def environment_factor(self) -> Decimal:
        """Return 1.4 - 0.03 x weighted environmental ratings."""
        rated = _weigh(ENVIRONMENT, self.environment, "environment")
        return Decimal("1.4") - Decimal("0.03") * rated

    def points(self, actors: Mapping[str, int], use_cases: Mapping[str, int]) -> Decimal:
        """Return the points of so many simple, average and complex actors and use cases."""
        counted = _weigh(USE_CASES, use_cases, "use_cases")
        if not counted:
            raise InvalidValue("there is no use case", path="use_cases", fix="count at least one")
        weight = _weigh(ACTORS, actors, "actors") + counted
        return EXACT.multiply(weight, self.technical_factor * self.environment_factor)

    def hours(self, sized: SizedScope) -> Decimal:
        """Return the hours for a scope, on an assumption about its use cases.

        Seven transactions (inputs, outputs, inquiries) make an average use case; every role is a
        complex actor and every linked system a simple one; reuse, change and growth scale it all.
        """
        links = len(sized.scope.integrations)
        actors = {"simple": links, "complex": int(likeliest(sized.scope.roles))}
        points = self.points(actors, {"average": _use_cases(sized.functions)})
        adjusted = EXACT.divide(sized.points, sized.unadjusted)
        return EXACT.multiply(EXACT.multiply(points, adjusted), self.hours_per_point)


def _use_cases(functions: FunctionCount) -> int:
    transactions = functions.ei + functions.eo + functions.eq
    return -(-transactions // TRANSACTIONS_PER_USE_CASE)


def _weigh(
    weights: Mapping[str, Decimal], given: Mapping[str, Decimal | int], path: str
) -> Decimal:
    total = Decimal(0)
    for name, value in given.items():
        if name not in weights:
            raise UnknownField(
                f"{name!r} is not known here", path=path, fix=f"one of {', '.join(weights)}"
            )
        number = as_decimal(value, f"{path}.{name}", texts=False)
        if number < 0:
            raise InvalidValue(f"{number} is negative", path=f"{path}.{name}", fix="0 or more")
        total += weights[name] * number
    return total
