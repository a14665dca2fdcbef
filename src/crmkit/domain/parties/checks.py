"""A check of every field by its kind, for the nested values of parties."""

from typing import Any

from crmkit.domain.derivation import parts_of
from crmkit.errors import InvalidValue


def check_fields(value: Any) -> None:
    """Raise `InvalidValue` naming the first field that breaks its kind; keep what kinds return."""
    for name, part in parts_of(type(value)).items():
        given = getattr(value, name)
        checked = part.check(given)
        if checked is not given:
            object.__setattr__(value, name, checked)


def refuse(reason: str, path: str, fix: str = "") -> InvalidValue:
    """Return the error of a field."""
    return InvalidValue(reason, path=path, fix=fix)
