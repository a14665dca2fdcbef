"""The functional size of a scope, part by part, as the factors that it is multiplied from.

GB/T 36964-2018: unadjusted points, times reuse and kind of change, times the growth of the scope
that is still to be expected at its stage.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Final

import attrs

from crmkit.domain.estimates.catalogue import (
    FIELD_PERMISSIONS,
    FOUNDATION,
    UNIT_PERMISSIONS,
    Catalogue,
    ModuleKind,
)
from crmkit.domain.estimates.figures import ASSUMED, EXACT, GIVEN, Factor, product
from crmkit.domain.estimates.levels import Complexity, Direction, Fit, Permissions, Process
from crmkit.domain.estimates.profiles import Profile
from crmkit.domain.estimates.scope import Scope
from crmkit.domain.estimates.scope_parts import Integration, Module
from crmkit.domain.estimates.sizes import (
    IFPUG_AVERAGE,
    IFPUG_HIGH,
    IFPUG_LOW,
    FunctionCount,
    Weights,
)
from crmkit.domain.estimates.standards import Standard
from crmkit.domain.estimates.three_points import Amount, likeliest
from crmkit.domain.estimates.words import Label

_WEIGHTS: Final = {
    Complexity.SIMPLE: IFPUG_LOW,
    Complexity.NORMAL: IFPUG_AVERAGE,
    Complexity.COMPLEX: IFPUG_HIGH,
}
_FLOWS: Final = {
    Direction.IN: FunctionCount(eif=1, ei=2, eo=1),
    Direction.OUT: FunctionCount(eif=1, ei=1, eo=2),
    Direction.BOTH: FunctionCount(eif=1, ei=2, eo=2),
}
"""Functions of one entity that flows in, out, or both ways."""

_FITS: Final = tuple(Fit)
_SHAPED: Final = {
    Process.STANDARD: (Fit.STANDARD, Fit.STANDARD),
    Process.SOME: (Fit.ADAPTED, Fit.STANDARD),
    Process.DEEP: (Fit.ADAPTED, Fit.ADAPTED),
}
"""The least work on modules that follow processes, and on the others.

Deep customisation of a product that exists is an upgrade: Shandong's provincial standard for
budgets lets reuse count as at most 0.66 there. What is really new says `Fit.NEW` itself.
"""


@attrs.frozen(kw_only=True)
class SizedPart:
    """One module or integration: its functions, and the factors of its size in points."""

    key: str
    label: Label
    included: Label
    functions: FunctionCount
    factors: tuple[Factor, ...]

    @property
    def points(self) -> Decimal:
        """Return the points that are to be built, with the growth to be expected."""
        return product(factor.value for factor in self.factors)


@attrs.frozen(kw_only=True)
class SizedScope:
    """A scope with the size of each of its parts; what the models of effort work on."""

    scope: Scope
    profile: Profile
    parts: tuple[SizedPart, ...]

    @property
    def functions(self) -> FunctionCount:
        """Return all functions, counted once each, whatever is reused of them."""
        return sum((part.functions for part in self.parts), FunctionCount())

    @property
    def unadjusted(self) -> Decimal:
        """Return the points of all functions before reuse, change and growth."""
        return self._points("points", "count", "entities")

    @property
    def adjusted(self) -> Decimal:
        """Return the points after reuse and kind of change, before growth."""
        return self._points("points", "count", "entities", "fit", "change")

    @property
    def points(self) -> Decimal:
        """Return the points that are to be built: the size S of GB/T 36964."""
        return sum((part.points for part in self.parts), Decimal(0))

    def _points(self, *names: str) -> Decimal:
        sizes = (
            product(factor.value for factor in part.factors if factor.name in names)
            for part in self.parts
        )
        return sum(sizes, Decimal(0))


def measure(scope: Scope, profile: Profile, catalogue: Catalogue) -> SizedScope:
    """Count the functions of a scope and adjust their size."""
    parts = (
        _foundation(scope, profile.standard),
        *_modules(scope, profile.standard, catalogue),
        *_integrations(scope, profile.standard),
    )
    return SizedScope(scope=scope, profile=profile, parts=parts)


def _foundation(scope: Scope, standard: Standard) -> SizedPart:
    functions = FOUNDATION.functions
    if scope.permissions is Permissions.UNIT:
        functions += UNIT_PERMISSIONS
    elif scope.permissions is Permissions.FIELD:
        functions += FIELD_PERMISSIONS
    least = Fit.ADAPTED if scope.process is Process.DEEP else Fit.STANDARD
    module = Module(fit=least)
    return _part(FOUNDATION, functions, module, scope, standard)


def _modules(scope: Scope, standard: Standard, catalogue: Catalogue) -> Iterator[SizedPart]:
    for kind in sorted(map(catalogue.kind, scope.modules), key=catalogue.place):
        yield _part(kind, kind.functions, scope.modules[kind.name], scope, standard)


def _part(
    kind: ModuleKind, functions: FunctionCount, module: Module, scope: Scope, standard: Standard
) -> SizedPart:
    weights = _WEIGHTS[module.complexity]
    shaped = _SHAPED[scope.process][0 if kind.follows_process else 1]
    fit = max(module.fit, shaped, key=_FITS.index)
    return SizedPart(
        key=f"module:{kind.name}",
        label=kind.label,
        included=kind.included,
        functions=_times(functions, module.count),
        factors=(
            _points(functions, weights, kind.source),
            *_counted("count", Label("how many", "数量"), module.count),
            standard.choice("fit", fit),
            standard.choice("change", module.change),
            standard.choice("stage", scope.stage),
        ),
    )


def _integrations(scope: Scope, standard: Standard) -> Iterator[SizedPart]:
    for link in scope.integrations:
        yield _integration(link, scope, standard)


def _integration(link: Integration, scope: Scope, standard: Standard) -> SizedPart:
    functions = _FLOWS[link.direction]
    entities = Label("entities exchanged", "交换的数据实体")
    return SizedPart(
        key=f"integration:{link.system}",
        label=Label(f"Integration with {link.system}", f"与{link.system}集成"),
        included=Label(
            f"{likeliest(link.entities)} entities, {link.direction}",
            f"{likeliest(link.entities)} 类数据，{_WAYS[link.direction]}",
        ),
        functions=_times(functions, link.entities),
        factors=(
            _points(functions, IFPUG_AVERAGE, ASSUMED),
            *_counted("entities", entities, link.entities),
            standard.choice("fit", link.fit),
            standard.choice("change", "add"),
            standard.choice("stage", scope.stage),
        ),
    )


_WAYS: Final = {Direction.IN: "流入", Direction.OUT: "流出", Direction.BOTH: "双向"}


def _times(functions: FunctionCount, amount: Amount) -> FunctionCount:
    return functions if amount == 1 else functions * int(likeliest(amount))


@cache
def _points(functions: FunctionCount, weights: Weights, source: str) -> Factor:
    return Factor(
        name="points",
        label=Label("unadjusted function points", "未调整功能点"),
        value=functions.points(weights),
        source=source,
    )


def _counted(name: str, label: Label, amount: Amount) -> tuple[Factor, ...]:
    """Return the factor of a count, left out where it is plainly 1."""
    if amount == 1:
        return ()
    value = EXACT.plus(likeliest(amount))
    return (Factor(name=name, label=label, value=value, source=GIVEN),)
