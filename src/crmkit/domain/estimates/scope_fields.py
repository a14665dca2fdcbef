"""Fields of a scope that convert and check what they are given, each naming its place."""

from collections.abc import Iterable
from typing import Any

import attrs

from crmkit.domain.estimates.three_points import check_amount
from crmkit.domain.estimates.words import choose
from crmkit.errors import WrongType


def choice_field(options: type, path: str, default: Any) -> Any:
    """Make a field that holds one of some options, given as itself or by its name."""
    return attrs.field(default=default, converter=lambda value: choose(options, value, path))


def amount_field(path: str, default: int, *, least: int = 0) -> Any:
    """Make a field that holds a whole number or a range."""
    return attrs.field(
        default=default, converter=lambda value: check_amount(value, path, least=least)
    )


def text_field(path: str, default: Any) -> Any:
    """Make a field that holds text."""

    def check(value: object) -> str:
        if isinstance(value, str):
            return value
        raise WrongType(f"expected text, got {type(value).__name__}", path=path, fix="give text")

    return attrs.field(default=default, converter=check)


def part_field(cls: type, path: str) -> Any:
    """Make a field that holds a record of a class, the plain one by default."""

    def check(value: object) -> Any:
        if isinstance(value, cls):
            return value
        raise WrongType(
            f"expected {cls.__name__}, got {type(value).__name__}",
            path=path,
            fix=f"write {cls.__name__}()",
        )

    return attrs.field(factory=cls, converter=check)


def parts_field(cls: type, path: str) -> Any:
    """Make a field that holds any number of records of a class."""

    def check(values: Iterable[object]) -> Any:
        kept = tuple(values)
        for at, value in enumerate(kept):
            if not isinstance(value, cls):
                raise WrongType(
                    f"expected {cls.__name__}, got {type(value).__name__}",
                    path=f"{path}.{at}",
                    fix=f"write {cls.__name__}(...)",
                )
        return kept

    return attrs.field(default=(), converter=check)


def flag_field(path: str) -> Any:
    """Make a field that holds yes or no."""

    def check(value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise WrongType(f"{value!r} is not yes or no", path=path, fix="give True or False")

    return attrs.field(default=False, converter=check)
