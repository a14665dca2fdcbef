"""Where plugins come from: crmkit itself, installed packages, and the caller."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

import attrs

from crmkit.domain.text import check_text
from crmkit.errors import CrmkitError, InvalidSettings, PluginError

GROUP = "crmkit.plugins"
MAX_NAME = 200


@attrs.frozen(kw_only=True)
class FailedPlugin:
    """An installed plugin that could not be loaded, and why; the CRM goes on without it."""

    name: str
    reason: str


def plugin_name(plugin: object) -> str:
    """Return the name that a plugin has or gets; it must stay the same from run to run."""
    own = getattr(plugin, "name", None)
    if own is None:
        own = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__name__
    try:
        name = check_text(own, path="plugins.name", max_length=MAX_NAME)
    except CrmkitError as wrong:
        raise PluginError(type(plugin).__name__, "name", str(wrong)) from None
    if not name.strip():
        raise PluginError(type(plugin).__name__, "name", "must not be empty")
    return name


def installed_plugins(
    names: Collection[str] | None, disable: Collection[str]
) -> Iterator[tuple[str, object]]:
    """Bring installed plugins sorted by the name of their entry point; an error in its place."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, []).append(point)
    for name in names or ():
        if name not in found:
            raise InvalidSettings(
                f"no installed plugin is called {name!r}",
                path="plugin_names",
                fix=f"one of {', '.join(sorted(found)) or 'none'}",
            )
    wanted = found if names is None else names
    for name in sorted(set(wanted) - set(disable)):
        yield name, _loaded(found[name])


def named(plugins: Iterable[object]) -> Iterator[tuple[str, object]]:
    """Make what was given as a class, and name each plugin."""
    for plugin in plugins:
        instance = _made(plugin)
        yield plugin_name(instance), instance


def _loaded(points: Sequence[EntryPoint]) -> object:
    homes = sorted({point.value for point in points})
    if len(homes) > 1:
        return InvalidSettings(f"two packages bring a plugin of this name: {', '.join(homes)}")
    try:
        return _made(points[0].load())
    except Exception as error:  # noqa: BLE001 - whatever a foreign module raises while importing
        return error


def _made(plugin: object) -> object:
    return plugin() if isinstance(plugin, type) else plugin
