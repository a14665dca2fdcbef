"""A second, independent reading of filters in plain Python, and records to try it on."""

import operator
import unicodedata
from itertools import count
from typing import Any
from uuid import UUID

from crmkit.domain.filters.tree import And, Comparison, Exists, Filter, Not, Or, PathComparison
from crmkit.domain.money import Money
from crmkit.testing.population import NAMES, varied_gadget
from crmkit.testing.sample import Gadget, Maker, MakerId

MAKERS = [
    Maker(id=MakerId(UUID(int=1001)), name="Ada", country="CN"),
    Maker(id=MakerId(UUID(int=1002)), name="Ben"),
]


class Numbers:
    """Gives ids in order, as a work does."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new_id(self) -> UUID:
        """Return the next id."""
        return UUID(int=next(self._numbers))


def gadgets() -> list[Gadget]:
    """Return the varied gadgets of the storage contract, without a store."""
    work = Numbers()
    return [varied_gadget(work, at, name, MAKERS) for at, name in enumerate(NAMES)]


def fits(node: Filter, record: Any) -> bool:
    """Say whether a record fits, by the words of the manual."""
    match node:
        case And(parts):
            return all(fits(part, record) for part in parts)
        case Or(parts):
            return any(fits(part, record) for part in parts)
        case Not(part):
            return not fits(part, record)
        case Exists(local, _target, _remote, inner):
            found = dig(record, local.name)
            return any(maker.id == found and fits(inner, maker) for maker in MAKERS)
        case PathComparison(path, op, other):
            return compares(dig(record, path.name), str(op), dig(record, other.name))
        case Comparison(path, op, value):
            return compares(dig(record, path.name), str(op), value)
    raise AssertionError(node)


def dig(record: Any, name: str) -> Any:
    """Return what a dotted name leads to."""
    for step in name.split("."):
        record = record.get(step) if isinstance(record, dict) else getattr(record, step, None)
    return record


def compares(found: Any, op: str, value: Any) -> bool:
    """Compare two values by an operator; a missing one only differs."""
    if op == "is_none":
        return found is None
    if found is None or value is None:
        return op == "ne"
    match op:
        case "in":
            return any(found == item for item in value)
        case "has_any":
            return bool(set(found) & set(value))
        case "has_all":
            return set(value) <= set(found)
        case "contains":
            return fold(value) in fold(found)
        case "starts_with":
            return fold(found)[: len(fold(value))] == fold(value)
        case "ends_with":
            return fold(found).endswith(fold(value))
    if isinstance(found, Money) and found.currency != value.currency:
        return op == "ne"
    return bool(getattr(operator, op)(found, value))


def fold(text: str) -> str:
    """Fold away case, width and form."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)
