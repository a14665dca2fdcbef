"""The plugins of one CRM: loaded in a set order, each failure named and kept to itself."""

from collections.abc import Iterable, Sequence
from typing import Any

import pluggy

from crmkit.errors import CrmkitError, PluginError
from crmkit.plugins.hookspecs import PROJECT, Hooks


class Plugins:
    """One pluggy manager per CRM, never global."""

    def __init__(self, plugins: Iterable[object] = ()) -> None:
        """Register `plugins` in the order given."""
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(Hooks)
        for plugin in plugins:
            self._manager.register(plugin)

    def entities(self) -> list[type[Any]]:
        """Return the entity classes that plugins bring."""
        return [cls for classes in self._manager.hook.register_entities() for cls in classes]

    def listens_before_commit(self) -> bool:
        """Say whether any plugin wants to see events before the commit."""
        return bool(self._manager.hook.before_commit.get_hookimpls())

    def before_commit(self, event: Any, work: Any) -> None:
        """Tell an event; a refusal passes, any other failure is a `PluginError`."""
        for impl in self._manager.hook.before_commit.get_hookimpls():
            try:
                given = {"event": event, "work": work}
                impl.function(*(given[name] for name in impl.argnames))
            except CrmkitError:
                raise
            except Exception as error:
                raise PluginError(impl.plugin_name, "before_commit", str(error)) from error

    def subscribes(self) -> bool:
        """Say whether any plugin wants events after the commit."""
        return bool(self._manager.hook.after_commit.get_hookimpls())

    def subscribers(self, event: Any) -> Sequence[str]:
        """Name the plugins that receive an event, sorted."""
        impls = self._manager.hook.after_commit.get_hookimpls()
        return sorted(impl.plugin_name for impl in impls)

    def deliver(self, subscriber: str, message: Any, crm: Any) -> None:
        """Bring one message to one plugin."""
        for impl in self._manager.hook.after_commit.get_hookimpls():
            if impl.plugin_name == subscriber:
                given = {"message": message, "crm": crm}
                impl.function(*(given[name] for name in impl.argnames))
