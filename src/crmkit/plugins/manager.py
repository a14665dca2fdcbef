"""The plugins of one CRM: called in a set order, each failure named and kept to itself."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import attrs
import pluggy

from crmkit.domain.aggregate import Event
from crmkit.domain.custom_fields import CustomField
from crmkit.domain.entity import Registry, spec_of
from crmkit.errors import CrmkitError, InvalidSettings, PluginError
from crmkit.plugins.hookspecs import KINDS, HookKind
from crmkit.plugins.roster import Wishes, assemble
from crmkit.plugins.topics import topics_of

if TYPE_CHECKING:
    from crmkit.domain.estimates.practice import Practice

_log = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class PluginRow:
    """One hook that one plugin implements."""

    plugin: str
    hook: str
    kind: HookKind


class Plugins:
    """One pluggy manager per CRM, never global; nothing is added after it was made."""

    def __init__(
        self,
        plugins: Iterable[object] = (),
        *,
        plugin_names: Collection[str] | None = None,
        disable: Collection[str] = (),
        order: Sequence[str] = (),
        strict: bool = False,
    ) -> None:
        """Register crmkit's own plugins, the installed ones by name, then `plugins` as given.

        `plugin_names` picks among the installed (None: all), `disable` leaves some out, `order`
        overrides the order. An installed plugin that cannot be loaded is logged and listed in
        `failures`, or with `strict` refused as a `PluginError`.
        """
        roster = assemble(
            Wishes(
                plugins=plugins,
                plugin_names=plugin_names,
                disable=disable,
                order=order,
                strict=strict,
            )
        )
        self.names = tuple(roster.plugins)
        self.failures = roster.failures
        self._impls = roster.impls
        self._topics = {name: topics_of(name, plugin) for name, plugin in roster.plugins.items()}
        self._subscribers: dict[type[Event], tuple[str, ...]] = {}
        self._fields = self._collect_fields()
        for failed in self.failures:
            _log.warning("plugin %s was not loaded: %s", failed.name, failed.reason)

    def describe(self) -> tuple[PluginRow, ...]:
        """Return who implements what, in the order in which they are called."""
        return tuple(
            PluginRow(plugin=impl.plugin_name, hook=hook, kind=kind)
            for hook, kind in KINDS.items()
            for impl in self._impls[hook]
        )

    def entities(self) -> list[type[Any]]:
        """Return the entity classes that plugins bring."""
        return list(self._collect("register_entities", lambda cls: spec_of(cls).cls))

    def fields(self, entity: str) -> Sequence[CustomField]:
        """Return the custom fields of an entity that plugins give to every tenant."""
        return self._fields.get(entity, ())

    def check_fields(self, registry: Registry) -> None:
        """Raise `InvalidSettings` when a plugin gives fields to an entity that is not there."""
        for entity, fields in self._fields.items():
            if entity not in registry:
                raise InvalidSettings(
                    f"a plugin gives it the field {fields[0].key!r}, but there is no such entity",
                    path=entity,
                    fix="register the entity too, or correct its name",
                )

    def practice(self) -> "Practice":
        """Return what plugins estimate with, crmkit's own profiles, modules and lines first."""
        from crmkit.plugins.estimating import practice_of

        return practice_of(self._collect)

    def listens_before_commit(self) -> bool:
        """Say whether any plugin wants to see events before the commit."""
        return bool(self._impls["before_commit"])

    def before_commit(self, event: Any, work: Any) -> None:
        """Tell an event in order; a refusal passes, any other failure is a `PluginError`."""
        for impl in self._impls["before_commit"]:
            _call(impl, "before_commit", {"event": event, "work": work})

    def subscribes(self, kind: type[Event]) -> bool:
        """Say whether any plugin wants events of a class after the commit."""
        return bool(self._listening(kind))

    def subscribers(self, event: Any) -> Sequence[str]:
        """Name the plugins that receive an event, sorted."""
        return self._listening(type(event))

    def _listening(self, kind: type[Event]) -> Sequence[str]:
        known = self._subscribers.get(kind)
        if known is None:
            listening = {impl.plugin_name for impl in self._impls["after_commit"]}
            fitting = (name for name in listening if self._wants(name, kind))
            known = self._subscribers[kind] = tuple(sorted(fitting))
        return known

    def deliver(self, subscriber: str, message: Any, crm: Any) -> None:
        """Bring one message to one plugin; what it raises passes, for the outbox to note."""
        impls = [i for i in self._impls["after_commit"] if i.plugin_name == subscriber]
        if not impls:
            raise PluginError(subscriber, "after_commit", "the plugin is not there any more")
        given = {"message": message, "crm": crm}
        for impl in impls:
            impl.function(*(given[name] for name in impl.argnames))

    def import_row(self, entity: str, line: int, values: Mapping[str, str]) -> dict[str, str]:
        """Let plugins change the texts of an imported row, one after the other, or refuse it."""
        current = dict(values)
        for impl in self._impls["import_row"]:
            given = {"entity": entity, "line": line, "values": dict(current)}
            answer = _call(impl, "import_row", given)
            if answer is not None:
                current = _texts(impl.plugin_name, answer)
        return current

    def number_document(self, entity: str, work: Any) -> str | None:
        """Return the first number that a plugin gives to a document of an entity."""
        return self._first_text("number_document", {"entity": entity, "work": work})

    def tell_change(self, change: Any, language: str, work: Any) -> str | None:
        """Return the first words that a plugin has for a change in a language."""
        given = {"change": change, "language": language, "work": work}
        return self._first_text("tell_change", given)

    def _first_text(self, hook: str, given: Mapping[str, Any]) -> str | None:
        for impl in self._impls[hook]:
            answer = _call(impl, hook, given)
            if isinstance(answer, str):
                return answer
            if answer is not None:
                reason = f"gave {type(answer).__name__} instead of text"
                raise PluginError(impl.plugin_name, hook, reason)
        return None

    def _wants(self, name: str, event: type[Event]) -> bool:
        topics = self._topics[name]
        return topics is None or event.__name__ in topics

    def _collect_fields(self) -> dict[str, tuple[CustomField, ...]]:
        fields: dict[str, tuple[CustomField, ...]] = {}
        for field in self._collect("register_fields", _as_field):
            present = fields.get(field.entity, ())
            if any(other.key == field.key for other in present):
                raise InvalidSettings(
                    f"two plugins give it a field {field.key!r}",
                    path=field.entity,
                    fix="disable one of them",
                )
            fields[field.entity] = (*present, field)
        return fields

    def _collect(self, hook: str, check: Callable[[Any], Any]) -> Iterator[Any]:
        for impl in self._impls[hook]:
            try:
                answers = cast("Iterable[Any]", impl.function())
                yield from [check(answer) for answer in answers]
            except Exception as error:
                raise _failure(impl, hook, error) from error


def _call(impl: pluggy.HookImpl, hook: str, given: Mapping[str, Any]) -> Any:
    try:
        return impl.function(*(given[name] for name in impl.argnames))
    except CrmkitError as refusal:
        refusal.add_note(f"raised by plugin {impl.plugin_name!r} in {hook}")
        raise
    except Exception as error:
        raise _failure(impl, hook, error) from error


def _failure(impl: pluggy.HookImpl, hook: str, error: Exception) -> PluginError:
    return PluginError(impl.plugin_name, hook, f"{type(error).__name__}: {error}")


def _as_field(answer: object) -> CustomField:
    if isinstance(answer, CustomField):
        return answer
    message = f"expected CustomField, got {type(answer).__name__}"
    raise TypeError(message)


def _texts(plugin: str, answer: object) -> dict[str, str]:
    if isinstance(answer, Mapping) and all(
        isinstance(text, str) for pair in answer.items() for text in pair
    ):
        return dict(answer)
    raise PluginError(plugin, "import_row", "must answer texts by column, or None")
