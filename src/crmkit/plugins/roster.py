"""The plugins of one CRM, found, named, put in order and let in."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import attrs
import pluggy

from crmkit.errors import InvalidSettings, PluginError
from crmkit.plugins.admission import register
from crmkit.plugins.builtin import BUILTIN
from crmkit.plugins.hookspecs import KINDS, PROJECT, Hooks
from crmkit.plugins.loading import FailedPlugin, installed_plugins, named
from crmkit.plugins.ordering import arrange


@attrs.frozen(kw_only=True)
class Wishes:
    """What the caller wants of the plugins; see `Plugins`."""

    plugins: Iterable[object] = ()
    plugin_names: Collection[str] | None = None
    disable: Collection[str] = ()
    order: Sequence[str] = ()
    strict: bool = False


@attrs.frozen(kw_only=True)
class Roster:
    """The plugins by name, in order; what they implement, by hook; which could not be loaded."""

    plugins: Mapping[str, object]
    impls: Mapping[str, tuple[pluggy.HookImpl, ...]]
    failures: tuple[FailedPlugin, ...]


def assemble(wishes: Wishes) -> Roster:
    """Find crmkit's own plugins, the installed and the given ones, and let them in, in order."""
    failures: list[FailedPlugin] = []
    found, installed = _find(wishes, failures)
    absent = {*wishes.disable, *(failed.name for failed in failures)}
    order = arrange(found, [name for name in wishes.order if name not in absent])
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    for name in reversed(order):
        try:
            register(manager, name, found[name])
        except PluginError as error:
            if wishes.strict or name not in installed:
                raise
            failures.append(FailedPlugin(name=name, reason=error.message))
            del found[name]
    return Roster(
        plugins={name: found[name] for name in order if name in found},
        impls={hook: _in_order(manager, hook) for hook in KINDS},
        failures=tuple(failures),
    )


def _find(
    wishes: Wishes, failures: list[FailedPlugin]
) -> tuple[dict[str, object], Collection[str]]:
    """Return all plugins by name, and the names of those that are installed."""
    found = dict(named(BUILTIN))
    replaceable = set(found)
    installed: dict[str, object] = {}
    for name, plugin in installed_plugins(wishes.plugin_names, wishes.disable):
        if not isinstance(plugin, Exception):
            installed[name] = plugin
        elif wishes.strict:
            raise PluginError(name, "load", f"{type(plugin).__name__}: {plugin}") from plugin
        else:
            failures.append(FailedPlugin(name=name, reason=f"{type(plugin).__name__}: {plugin}"))
    for name, plugin in (*installed.items(), *named(wishes.plugins)):
        if name in found and name not in replaceable:
            raise InvalidSettings(
                f"two plugins are called {name!r}",
                path="plugins",
                fix="give one of them another `name`, or disable the installed one",
            )
        found[name] = plugin
        replaceable.discard(name)
    return {name: found[name] for name in found if name not in wishes.disable}, set(installed)


def _in_order(manager: pluggy.PluginManager, hook: str) -> tuple[pluggy.HookImpl, ...]:
    """Return those who implement a hook, the first to be called first."""
    caller: pluggy.HookCaller = getattr(manager.hook, hook)
    return tuple(reversed(caller.get_hookimpls()))
