"""Seeing: how a unit of work reaches the records of an entity, and what its actor sees of them."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, TypeVar

from crmkit.domain.access.showing import shown_changes, shown_event, shown_message
from crmkit.domain.access.sight import Sight, asked_paths
from crmkit.domain.access.veils import Level
from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.changes import Change, OutboxMessage
from crmkit.domain.composite_kinds import Part
from crmkit.domain.custom_fields import CustomField
from crmkit.domain.custom_rules import CustomRules
from crmkit.domain.entity import EntitySpec, Registry
from crmkit.domain.filters.lowered import All, Lowered
from crmkit.domain.filters.lowering import live, lower
from crmkit.domain.filters.paths import Path
from crmkit.domain.filters.tree import Filter
from crmkit.domain.filters.where import Fields, where
from crmkit.ports import Action, Clearance, Hooks
from crmkit.work.collection import Collection
from crmkit.work.definitions import Definitions
from crmkit.work.departments import Departments
from crmkit.work.journal import Journal

A = TypeVar("A", bound=Aggregate)


class Seeing(Departments):
    """The collections of a unit of work, each as far as its actor sees and may do."""

    _clearance: Clearance
    _hooks: Hooks
    _journal: Journal
    definitions: Definitions
    registry: Registry

    def of(self, cls: type[A]) -> Collection[A]:
        """Return the records of an entity, ours or a vendor's, or raise `UnknownEntity`."""
        spec = self.registry[cls]
        return Collection(self.itself, spec, self._clearance.sight(spec))

    def behind(self, cls: type[A]) -> Collection[A]:
        """Return all records of an entity, whatever the actor may: for crmkit's own machinery.

        This is the one door past the policy. Who uses it is listed in a test.
        """
        return Collection(self.itself, self.registry[cls], None)

    def sight(self, cls: type[Aggregate] | str) -> Sight | None:
        """Return what the actor sees of an entity; None when nothing is kept from them."""
        return self._clearance.sight(self.registry[cls])

    def shown(self, record: A) -> A:
        """Return a whole record as the actor sees it."""
        sight = self._clearance.sight(self.registry[type(record)])
        shown: A = record if sight is None else sight.shown(record)
        return shown

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return what a rehearsal has changed so far; a real work does not keep it."""
        return tuple(
            shown
            for change in self._journal.changes
            for shown in shown_changes(self.sight(change.entity), [change])
        )

    @property
    def messages(self) -> tuple[OutboxMessage, ...]:
        """Return what a rehearsal would have delivered; a real work does not keep it."""
        return tuple(
            shown_message(self.sight(message.record_key.partition(":")[0]), message)
            for message in self._journal.messages
        )

    @property
    def events(self) -> tuple[Event, ...]:
        """Return what was told so far, to plugins and to subscribers."""
        told = self._journal.told
        return tuple(shown_event(self.sight(one.entity), one.event) for one in told)

    @property
    def clearance(self) -> Clearance:
        """Return what the actor may do in this work."""
        return self._clearance

    def permit(self, action: Action, *, on: Any = None) -> None:
        """Return when the actor may do this, else raise `NotPermitted`."""
        self._clearance.permit(action, on)

    def where(self, cls: type[Aggregate]) -> Fields:
        """Start a filter that also knows the tenant's own fields."""
        return where(cls, self.custom_parts(self.registry[cls]))

    def may_ask(self, filter_: Filter) -> bool:
        """Say whether the actor sees every field that a filter asks about."""
        sights = ((path, self._clearance.sight(path.spec)) for path in asked_paths(filter_))
        return all(sight is None or sight.level_of(path) >= Level.READ for path, sight in sights)

    def check_asked(self, path: Path) -> None:
        """Return when the actor may filter, sort and group by a value; see `Sight`."""
        sight = self._clearance.sight(path.spec)
        if sight is not None:
            sight.check_asked(path)

    def lower(self, filter_: Filter) -> Lowered:
        """Return what a store is asked for a filter of the actor, or refuse a hidden field."""
        for path in asked_paths(filter_):
            self.check_asked(path)
        return lower(filter_, self._within)

    def custom_rules(self, spec: EntitySpec) -> CustomRules:
        """Return what the tenant's own fields ask of the records of an entity."""
        return self.definitions.get(("custom", spec.name), lambda: self._read_rules(spec))

    def custom_fields(self, spec: EntitySpec) -> Mapping[str, CustomField]:
        """Return the tenant's own fields of an entity by key."""
        return self.custom_rules(spec).fields

    def custom_parts(self, spec: EntitySpec) -> Mapping[str, Part]:
        """Return the tenant's own fields of an entity as filters see them."""
        return self.custom_rules(spec).parts

    @property
    @abstractmethod
    def itself(self) -> Any:
        """Return the unit of work."""

    def _read_rules(self, spec: EntitySpec) -> CustomRules:
        fields: list[CustomField] = []
        if spec.cls is not CustomField:
            mine = where(CustomField).entity.eq(spec.name)
            fields = [*self._hooks.fields(spec.name), *self.behind(CustomField).find(mine)]
        return CustomRules(spec, {field.key: field for field in fields})

    def _within(self, spec: EntitySpec, lowered: Lowered) -> Lowered:
        sight = self._clearance.sight(spec)
        return live(spec, lowered if sight is None else All((sight.lowered, lowered)))
