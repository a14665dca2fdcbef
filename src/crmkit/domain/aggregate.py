"""The record that a business talks about: frozen, versioned, with its events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.access.veils import Veil
from crmkit.domain.blanks import copier_of
from crmkit.domain.composite_kinds import Part
from crmkit.domain.custom_values import CustomValues
from crmkit.domain.entity import spec_of
from crmkit.errors import InvalidValue, NotPermitted, RuleBroken

UserId = NewType("UserId", UUID)


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened, told in the past tense; derive one class per event."""


class NeverTakenOver(RuleBroken):
    """Such a record comes about here, by its steps, and is not taken over from another system."""


@attrs.frozen(kw_only=True)
class Aggregate:
    """A record of one tenant; a change returns a new one and carries its event.

    `tenant`, `version` and the marks of creation and change are filled in when it is saved.
    `custom` holds the tenant's own fields by key. `events` are not kept with the record. A value
    that the reader may not see is a `Veil`; a save leaves it as it is stored.
    """

    derived_names: ClassVar[tuple[str, ...]] = ()
    """The fields that `derived` brings."""
    step_names: ClassVar[tuple[str, ...]] = ()
    """The fields that say how far the record has come, not what it says; its steps write them."""

    held_by: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Fields that no undo takes back while live records of an entity refer to the record."""
    is_journal: ClassVar[bool] = False
    """Whether it holds values of other records; no policy opens it but through a service."""
    only_tells: ClassVar[bool] = False
    """Whether it only tells of another record, by `entity` and `record_id`; undone with it."""

    id: UUID
    tenant: str = ""
    version: int = 0
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None
    updated_by: str | None = None
    deleted_at: datetime | None = None
    owner_id: UserId | None = None
    tags: tuple[str, ...] = ()
    custom: Annotated[Mapping[str, Any], CustomValues()] = attrs.field(factory=dict)
    events: tuple[Event, ...] = attrs.field(default=(), eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check every field by its kind, so that no invalid record can exist."""
        spec = spec_of(type(self))
        for name, part in spec.parts.items():
            value = getattr(self, name)
            checked = _checked(part, value)
            if checked is not value:
                object.__setattr__(self, name, checked)
        for name, value in self.following().items():
            object.__setattr__(self, name, value)

    def derived(self) -> Mapping[str, Any]:
        """Return fields that follow from others, such as search keys; a class may have some."""
        return {}

    def check_step(self, before: Any) -> None:
        """Refuse to be kept as what follows `before`, None when new; a class may have rules."""

    def check_taken_over(self) -> None:
        """Refuse to come over from another system as it stands; a class with steps says when."""
        if type(self).check_step is not Aggregate.check_step:
            name = spec_of(type(self)).name
            raise NeverTakenOver("comes about by its own steps", path=name, fix="take those steps")

    def evolve(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, or raise as making it anew would.

        Only the changed fields are checked again, and all rules that the class has of its own.
        """
        cls = type(self)
        part = spec_of(cls).part
        checked = {name: _checked(part(name), value) for name, value in changes.items()}
        if _has_rules(cls):
            return attrs.evolve(self, **checked)
        copy = copier_of(cls)
        changed = copy(self, checked)
        derived = changed.following()
        return copy(changed, derived) if derived else changed

    def following(self) -> Mapping[str, Any]:
        """Return the derived fields; none where they follow from what the reader may not see."""
        try:
            return self.derived()
        except NotPermitted:
            return {}

    def replaced(self, **changes: Any) -> Self:
        """Return a copy with some fields replaced by values that are known to be right."""
        return copier_of(type(self))(self, changes)

    def recording(self, *events: Event) -> Self:
        """Return a copy that also carries `events`, for the unit of work to keep."""
        return self.replaced(events=self.events + events)

    def taken_back(self) -> Self:
        """Return it as an undo keeps it; a class with steps tells that they were taken back."""
        return self

    @property
    def is_live(self) -> bool:
        """Say whether the record is not removed."""
        return self.deleted_at is None


def _checked(part: Part, value: Any) -> Any:
    try:
        return part.check(value)
    except InvalidValue:
        if isinstance(value, Veil):
            return value
        raise


def _has_rules(cls: type[Any], _known: dict[type[Any], bool] = {}) -> bool:  # noqa: B006 - a cache
    """Say whether a class checks or converts more than its fields one by one."""
    found = _known.get(cls)
    if found is None:
        own_check = getattr(cls, "__attrs_post_init__", None) is not Aggregate.__attrs_post_init__
        own_fields = any(field.validator or field.converter for field in attrs.fields(cls))
        found = _known[cls] = own_check or own_fields
    return found
