"""The inputs of a scope by path: which of them are ranges, and the scope with another value."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

import attrs

from crmkit.domain.estimates.scope import Scope
from crmkit.domain.estimates.three_points import ThreePoint
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue

Put: TypeAlias = Callable[[Any], Any]


@attrs.frozen
class RangedInput:
    """One input that is a range, and how to put a value in its place."""

    path: str
    range: ThreePoint
    put: Callable[[Any], Scope]

    def at(self, value: Any) -> Scope:
        """Return the scope with this input known."""
        return self.put(ThreePoint(value, value, value))


def ranged_inputs(scope: Scope) -> list[RangedInput]:
    """Return the inputs that are ranges, in the order of the fields."""
    return [
        RangedInput(path, value, put)
        for path, value, put in _leaves(scope, "")
        if isinstance(value, ThreePoint)
    ]


def put_input(scope: Scope, path: str, value: Any) -> Scope:
    """Return the scope with another value at a path such as `users` or `maintenance.years`."""
    known = []
    for found, _, put in _leaves(scope, ""):
        if found == path:
            changed: Scope = put(value)
            return changed
        known.append(found)
    raise InvalidValue(
        "this scope has no such input", path=path or "scope", fix=f"one of {', '.join(known)}"
    )


def _leaves(record: Any, path: str) -> Iterator[tuple[str, Any, Put]]:
    """Give each value within a record, with its path and how to put another in its place."""
    for field in attrs.fields(type(record)):
        put = partial(_put_field, record, field.name)
        yield from _within(getattr(record, field.name), f"{path}{field.name}", put)


def _within(value: Any, path: str, put: Put) -> Iterator[tuple[str, Any, Put]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _below(part, f"{path}.{name}.", partial(_put_key, value, name, put))
    elif isinstance(value, tuple):
        for at, part in enumerate(value):
            yield from _below(part, f"{path}.{at}.", partial(_put_place, value, at, put))
    elif attrs.has(type(value)) and not isinstance(value, ThreePoint | Money):
        yield from _below(value, f"{path}.", put)
    else:
        yield path, value, put


def _below(part: Any, path: str, put: Put) -> Iterator[tuple[str, Any, Put]]:
    for found, value, inner in _leaves(part, path):
        yield found, value, partial(_put_through, inner, put)


def _put_field(record: Any, name: str, value: Any) -> Any:
    return attrs.evolve(record, **{name: value})


def _put_key(parts: Mapping[str, Any], name: str, put: Put, value: Any) -> Any:
    return put({**parts, name: value})


def _put_place(parts: tuple[Any, ...], at: int, put: Put, value: Any) -> Any:
    return put((*parts[:at], value, *parts[at + 1 :]))


def _put_through(inner: Put, outer: Put, value: Any) -> Any:
    return outer(inner(value))
