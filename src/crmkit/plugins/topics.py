"""Which events a plugin wants after the commit."""

from collections.abc import Iterable

from crmkit.domain.aggregate import Event
from crmkit.errors import PluginError


def topics_of(name: str, plugin: object) -> frozenset[str] | None:
    """Return the names of the events that a plugin limits itself to, None for all of them."""
    wished: object = getattr(plugin, "topics", None)
    if wished is None:
        return None
    if isinstance(wished, Iterable) and not isinstance(wished, str):
        return frozenset(_topic(name, topic) for topic in wished)
    raise PluginError(name, "topics", "expected a set of events, such as {DealWon}")


def _topic(name: str, topic: object) -> str:
    if isinstance(topic, type) and issubclass(topic, Event):
        return topic.__name__
    if isinstance(topic, str) and topic.isidentifier():
        return topic
    raise PluginError(name, "topics", f"{topic!r} is neither an event class nor the name of one")
