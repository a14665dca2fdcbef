"""The order of plugins: by name or as given, then as they wish; the host has the last word."""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from crmkit.errors import InvalidSettings


def arrange(plugins: Mapping[str, object], order: Sequence[str] = ()) -> list[str]:
    """Return the names of `plugins` in the order in which they are called.

    Names in `order` come in that order; what plugins wish among those does not count. Elsewhere
    `before` and `after` are kept, and else the order of the mapping. A wish about a plugin that is
    not there is granted; wishes in a circle are an `InvalidSettings`.
    """
    _check_known(order, plugins)
    earlier: dict[str, set[str]] = {name: set() for name in plugins}
    for name, other in _wishes(plugins):
        if not {name, other} <= set(order):
            earlier[other].add(name)
    for name, other in pairwise(order):
        earlier[other].add(name)
    return _sorted(earlier, _ranks(plugins, order))


def _wishes(plugins: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    """Return pairs of names, the earlier first."""
    for name, plugin in plugins.items():
        for other in _names(plugin, "before", name):
            if other in plugins:
                yield name, other
        for other in _names(plugin, "after", name):
            if other in plugins:
                yield other, name


def _names(plugin: object, attribute: str, name: str) -> tuple[str, ...]:
    wished = getattr(plugin, attribute, ())
    names = (wished,) if isinstance(wished, str) else wished
    if isinstance(names, Iterable):
        listed = tuple(names)
        if all(isinstance(other, str) for other in listed):
            return listed
    raise InvalidSettings(
        "is not a list of plugin names", path=f"plugins.{name}.{attribute}", fix="list names"
    )


def _check_known(order: Sequence[str], plugins: Mapping[str, object]) -> None:
    for at, name in enumerate(order):
        if name not in plugins or name in order[:at]:
            problem = "is listed twice" if name in plugins else "is not a plugin of this CRM"
            raise InvalidSettings(
                f"{name!r} {problem}", path="order", fix=f"list some of {', '.join(plugins)}"
            )


def _ranks(plugins: Mapping[str, object], order: Sequence[str]) -> dict[str, int]:
    listed = [*order, *(name for name in plugins if name not in order)]
    return {name: at for at, name in enumerate(listed)}


def _sorted(earlier: Mapping[str, set[str]], ranks: Mapping[str, int]) -> list[str]:
    sorter = TopologicalSorter(earlier)
    try:
        sorter.prepare()
    except CycleError as circle:
        names: list[str] = circle.args[1]
        raise InvalidSettings(
            f"each wants to come before the next: {' > '.join(reversed(names))}",
            path="plugins",
            fix="settle it with order=[...]",
        ) from None
    arranged: list[str] = []
    ready = list(sorter.get_ready())
    while ready:
        first = min(ready, key=ranks.__getitem__)
        arranged.append(first)
        ready.remove(first)
        sorter.done(first)
        ready += sorter.get_ready()
    return arranged
