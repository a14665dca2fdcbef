"""Finished projects: what they measured, what they took, and what was known of them beforehand."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

import attrs

from crmkit.domain.estimates.calibration.quantities import above_zero, as_number
from crmkit.domain.text import check_text
from crmkit.errors import WrongType

Feature: TypeAlias = float | str
"""A number, or one of several kinds; a yes or no is told as `yes` or `no`."""
Given: TypeAlias = float | int | Decimal | str | bool


def _size(value: object) -> float:
    return above_zero(value, "size")


def _effort(value: object) -> float:
    return above_zero(value, "effort")


def as_features(value: object) -> dict[str, Feature]:
    """Return features by name, or raise naming the one that is neither number nor text."""
    if not isinstance(value, Mapping):
        raise WrongType(f"expected a mapping, got {type(value).__name__}", path="features")
    return {_name(name): _feature(name, given) for name, given in sorted(value.items())}


@attrs.frozen(kw_only=True)
class FinishedProject:
    """One finished project of the vendor.

    `size` as the estimates measure it (function points), `effort` in the unit that is foretold
    (hours). `features` are numbers or words that were known when the project was estimated; what
    became known later would only help to foretell the past. `ended` puts projects in order.
    """

    size: float = attrs.field(converter=_size)
    effort: float = attrs.field(converter=_effort)
    features: Mapping[str, Feature] = attrs.field(factory=dict, converter=as_features)
    ended: date | None = attrs.field(default=None)
    name: str = ""

    def __attrs_post_init__(self) -> None:
        """Refuse what is no day and no name."""
        if self.ended is not None and (
            not isinstance(self.ended, date) or isinstance(self.ended, datetime)
        ):
            raise WrongType(
                f"expected a date, got {type(self.ended).__name__}",
                path="ended",
                fix="such as date(2026, 3, 31)",
            )
        check_text(self.name, path="name", max_length=200)


def in_order(projects: Iterable[FinishedProject]) -> tuple[FinishedProject, ...]:
    """Return projects by the day they ended, where all have one; else as they came."""
    history = tuple(projects)
    for at, project in enumerate(history):
        if not isinstance(project, FinishedProject):
            raise WrongType(
                f"expected a FinishedProject, got {type(project).__name__}", path=f"projects[{at}]"
            )
    _check_kinds(history)
    if is_dated(history):
        return tuple(sorted(history, key=lambda project: project.ended or date.min))
    return history


def is_dated(history: tuple[FinishedProject, ...]) -> bool:
    """Say whether every project has a day, so that the history is one in time."""
    return all(project.ended is not None for project in history)


def _check_kinds(history: tuple[FinishedProject, ...]) -> None:
    kinds: dict[str, type[Feature]] = {}
    for at, project in enumerate(history):
        for name, value in project.features.items():
            if kinds.setdefault(name, type(value)) is not type(value):
                raise WrongType(
                    f"{value!r} is not of the kind that earlier projects have",
                    path=f"projects[{at}].features.{name}",
                    fix="give numbers everywhere, or words everywhere",
                )


def _name(name: object) -> str:
    return check_text(name, path="features", max_length=200)


def _feature(name: object, value: object) -> Feature:
    path = f"features.{name}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return check_text(value, path=path, max_length=200)
    try:
        return as_number(value, path)
    except WrongType as wrong:
        wrong.fix = "give a number, a word, or True or False"
        raise
