"""Compiled filters: a filter as a Python function, for deciding about many records in memory.

What it answers is what `matches` answers; conditions on plain fields become expressions, all others
are left to `matches`. Filters that differ in their values only share one compiled text.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any, Final

from crmkit.domain.composite_kinds import Amount
from crmkit.domain.filters.matching import Finder, matches
from crmkit.domain.filters.paths import Path
from crmkit.domain.filters.tree import And, Comparison, Filter, Not, Op, Or
from crmkit.domain.kinds import Form
from crmkit.domain.named_kinds import Choice as ChoiceKind

Decision = Callable[[Any], bool]
"""Says whether a record fits."""
Choice = Callable[[Iterable[Any]], list[Any]]
"""Says which of many records fit."""
_SIGNS: Final = {Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}
_PLAIN: Final = frozenset({Form.TEXT, Form.INTEGER, Form.BOOLEAN, Form.DATE, Form.INSTANT})
FEW: Final = 4


def compiled(filter_: Filter, exists: Finder | None = None) -> tuple[Decision, Choice]:
    """Return two functions: does a record fit, and which of many records fit."""
    writing = _Writing(exists)
    condition = writing.expression(filter_)
    exec(_code(condition), writing.names)  # noqa: S102 - our own text, values are never in it
    return writing.names["decide"], writing.names["choose"]


class _Writing:
    """Writes expressions on the record `r`; values go into `names`."""

    def __init__(self, exists: Finder | None) -> None:
        self.names: dict[str, Any] = {"matches": matches, "exists": exists}

    def expression(self, filter_: Filter) -> str:
        """Write a condition."""
        match filter_:
            case And(parts):
                return self._joined("and", parts) or "True"
            case Or(parts):
                return self._joined("or", parts) or "False"
            case Not(part):
                return f"(not {self.expression(part)})"
            case Comparison(path, op, value) if _is_plain(path):
                return self._comparison(filter_, op, value) or self._left(filter_)
            case _:
                return self._left(filter_)

    def _joined(self, word: str, parts: Sequence[Filter]) -> str:
        written = f" {word} ".join(self.expression(part) for part in parts)
        return f"({written})" if written else ""

    def _comparison(self, filter_: Comparison, op: Op, value: Any) -> str:
        place = f"r.{filter_.path.name}"
        match op:
            case Op.IS_NONE:
                return f"({place} is None)"
            case Op.EQ:
                return self._among(filter_.path, place, (value,))
            case Op.NE:
                return f"(not {self._among(filter_.path, place, (value,))})"
            case Op.IN:
                return self._among(filter_.path, place, value)
            case _ if op in _SIGNS and filter_.path.kind.form in _PLAIN:
                plain = filter_.path.kind.plain(value) if _is_choice(filter_.path) else value
                return f"((v := {place}) is not None and v {_SIGNS[op]} {self._name(plain)})"
            case _:
                return ""

    def _among(self, path: Path, place: str, values: Sequence[Any]) -> str:
        if path.kind.form is Form.ID:
            numbers = [value.int for value in values]
            return f"((v := {place}) is not None and v.int {self._one_of(numbers)})"
        if _is_choice(path) and len(values) <= FEW:
            several = " or ".join(f"{place} is {self._name(value)}" for value in values)
            return f"({several})" if several else "False"
        return f"({place} {self._one_of(values)})"

    def _one_of(self, values: Sequence[Any]) -> str:
        if len(values) == 1:
            return f"== {self._name(values[0])}"
        return f"in {self._name(frozenset(values))}"

    def _left(self, filter_: Filter) -> str:
        return f"matches({self._name(filter_)}, r, exists)"

    def _name(self, value: Any) -> str:
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name


@lru_cache(maxsize=2000)
def _code(condition: str) -> CodeType:
    source = (
        f"def decide(r):\n  return {condition}\n"
        f"def choose(records):\n  return [r for r in records if {condition}]\n"
    )
    return compile(source, "<a filter>", "exec")


def _is_plain(path: Path) -> bool:
    return "." not in path.name and not path.keys and not isinstance(path.kind, Amount)


def _is_choice(path: Path) -> bool:
    return isinstance(path.kind, ChoiceKind)
