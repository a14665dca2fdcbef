"""Calibrations as JSON: the standard, the prior and the projects, from which all else follows."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeVar

import attrs

from crmkit.domain.estimates.calibration.calibrator import Calibration, Calibrator
from crmkit.domain.estimates.calibration.history import FinishedProject
from crmkit.domain.estimates.calibration.norm import Norm
from crmkit.domain.estimates.calibration.prior import Prior
from crmkit.errors import BrokenFile, CrmkitError, InvalidValue, UnknownField, WrongType

VERSION: Final = 1
_PARTS: Final = ("calibration", "standard", "prior", "projects")
T = TypeVar("T", bound=attrs.AttrsInstance)


def dump_calibration(calibration: Calibration) -> str:
    """Write a calibration as JSON; `load_calibration` gives the same one back, to the last bit."""
    whole = {
        "calibration": VERSION,
        "standard": attrs.asdict(calibration.standard),
        "prior": attrs.asdict(calibration.prior),
        "projects": [_plain(project) for project in calibration.projects],
    }
    return json.dumps(whole, ensure_ascii=False, allow_nan=False, indent=1)


def load_calibration(text: str) -> Calibration:
    """Read a calibration, or raise naming the place; nothing is guessed and nothing left over."""
    whole = _read(text)
    _check_keys(whole, _PARTS, "")
    if whole["calibration"] != VERSION:
        raise BrokenFile(
            f"version {whole['calibration']!r} is not known",
            path="calibration",
            fix=f"this crmkit reads version {VERSION}",
        )
    standard = _made(Norm, whole["standard"], "standard")
    prior = _made(Prior, whole["prior"], "prior")
    projects = whole["projects"]
    if not isinstance(projects, list):
        raise WrongType("expected a list", path="projects")
    history = [_project(entry, f"projects[{at}]") for at, entry in enumerate(projects)]
    return Calibrator(standard, prior).fit(history)


def _plain(project: FinishedProject) -> dict[str, Any]:
    ended = project.ended.isoformat() if project.ended else None
    return {**attrs.asdict(project), "ended": ended}


def _project(entry: Any, path: str) -> FinishedProject:
    if isinstance(entry, dict) and isinstance(entry.get("ended"), str):
        entry = {**entry, "ended": _day(entry["ended"], f"{path}.ended")}
    return _made(FinishedProject, entry, path)


def _day(text: str, path: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(f"{text!r} is not a day", path=path, fix="such as 2026-03-31") from None


def _made(cls: type[T], entry: Any, path: str) -> T:
    _check_keys(entry, list(attrs.fields_dict(cls)), path)
    try:
        return cls(**entry)
    except CrmkitError as wrong:
        raise wrong.at(path) from None


def _check_keys(entry: Any, names: Sequence[str], path: str) -> None:
    if not isinstance(entry, Mapping):
        raise WrongType(f"expected an object, got {type(entry).__name__}", path=path)
    for name in names:
        if name not in entry:
            raise InvalidValue("is missing", path=f"{path}.{name}" if path else name)
    for name in entry:
        if name not in names:
            raise UnknownField(
                "is not known here",
                path=f"{path}.{name}" if path else name,
                fix=f"one of {', '.join(names)}",
            )


def _read(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (json.JSONDecodeError, RecursionError) as broken:
        raise BrokenFile(f"is not JSON: {broken}", path="calibration") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise BrokenFile("is given twice", path=double)
    return found


def _refuse(constant: str) -> Any:
    raise InvalidValue(f"{constant} is not a number", path="calibration", fix="give what it was")
