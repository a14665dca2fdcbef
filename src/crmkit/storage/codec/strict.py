"""Strict structuring at the edges: settings and mappings from JSON or TOML, nothing coerced."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.errors import (
    BaseValidationError,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
)
from cattrs.gen import make_dict_structure_fn

from crmkit.errors import CrmkitError, InvalidSettings, WrongType

T = TypeVar("T")


def structure(cls: type[T], written: Any) -> T:
    """Make a `cls` of plain JSON; raises `InvalidSettings` naming the first wrong place."""
    try:
        return _CONVERTER.structure(written, cls)
    except BaseValidationError as wrong:
        place, reason = _first(wrong, "")
        raise InvalidSettings(reason, path=place or cls.__name__) from None
    except CrmkitError:
        raise
    except (TypeError, ValueError, KeyError) as wrong:
        raise InvalidSettings(str(wrong), path=cls.__name__) from None


def _only(kind: type[Any]) -> Callable[[Any, Any], Any]:
    def check(value: Any, _cls: Any) -> Any:
        if type(value) is not kind:
            raise WrongType(f"expected {kind.__name__}, got {type(value).__name__}")
        return value

    return check


def _decimal(value: Any, _cls: Any) -> Decimal:
    if type(value) not in (int, str):
        raise WrongType(
            f"expected a number in quotes, got {type(value).__name__}", fix='write "1000000"'
        )
    try:
        return Decimal(value)
    except InvalidOperation:
        raise WrongType(f"{value!r} is not a number") from None


def _first(wrong: BaseException, place: str) -> tuple[str, str]:
    """Find the first innermost error and the dotted way to it."""
    if isinstance(wrong, ClassValidationError | IterableValidationError):
        noted, _rest = wrong.group_exceptions()
        for inner, note in noted:
            step = getattr(note, "name", None)
            if step is None:
                step = getattr(note, "index", "")
            joined = f"{place}.{step}" if place else str(step)
            return _first(inner, joined)
        return _first(wrong.exceptions[0], place)
    if isinstance(wrong, ForbiddenExtraKeysError):
        return place, f"unknown keys {', '.join(sorted(wrong.extra_fields))}"
    if isinstance(wrong, KeyError):
        return place, f"{wrong.args[0]!r} is missing"
    return place, str(wrong)


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _only(kind))
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_structure_hook_factory(
        attrs.has,
        lambda cls: make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True),
    )
    return converter


_CONVERTER = _converter()
