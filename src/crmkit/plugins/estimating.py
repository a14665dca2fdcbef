"""The practice that plugins make up together: profiles, modules, lines and methods of estimates."""

from collections.abc import Callable, Iterable
from typing import Any, cast

from crmkit.domain.estimates.catalogue import Catalogue, ModuleKind
from crmkit.domain.estimates.practice import LineMaker, Practice
from crmkit.domain.estimates.profiles import Profile
from crmkit.domain.estimates.protocols import EffortModel

Collect = Callable[[str, Callable[[Any], Any]], Iterable[Any]]


def practice_of(collect: Collect) -> Practice:
    """Ask all plugins for their parts, in the order of the plugins."""
    return Practice(
        profiles=tuple(collect("register_estimate_profiles", _profile)),
        catalogue=Catalogue(collect("register_estimate_modules", _module)),
        lines=tuple(collect("register_estimate_lines", _lines)),
        methods=tuple(collect("register_estimate_methods", _method)),
    )


def _profile(answer: object) -> Profile:
    if isinstance(answer, Profile):
        return answer
    raise TypeError(_expected("Profile", answer))


def _module(answer: object) -> ModuleKind:
    if isinstance(answer, ModuleKind):
        return answer
    raise TypeError(_expected("ModuleKind", answer))


def _lines(answer: Any) -> LineMaker:
    if callable(answer):
        return cast("LineMaker", answer)
    raise TypeError(_expected("a function of a Costing", answer))


def _method(answer: Any) -> EffortModel:
    if callable(getattr(answer, "hours", None)):
        model: EffortModel = answer
        return model
    raise TypeError(_expected("a model with hours(sized)", answer))


def _expected(wanted: str, answer: object) -> str:
    return f"expected {wanted}, got {type(answer).__name__}"
