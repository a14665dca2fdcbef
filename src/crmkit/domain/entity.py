"""Entities: what a class declares about how its records are named, kept apart and found."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NoReturn, TypeVar
from uuid import UUID

import attrs

from crmkit.domain.composite_kinds import Amount, Part
from crmkit.domain.derivation import entity_name, parts_of
from crmkit.domain.kinds import Text
from crmkit.errors import InvalidSettings, UnknownEntity, UnknownField

C = TypeVar("C", bound=type[Any])
_DECLARATION: Final = "__crmkit_entity__"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SPECS: dict[type[Any], "EntitySpec"] = {}


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


@attrs.frozen
class Unique:
    """Live records of one tenant differ in these fields; a None in any of them does not count.

    A searchable text field is compared by its folded key when `folded` is set.
    """

    fields: tuple[str, ...] = attrs.field(converter=_names)
    folded: bool = attrs.field(default=False, kw_only=True)


@attrs.frozen
class Index:
    """Lists ordered or filtered by these fields are quick."""

    fields: tuple[str, ...] = attrs.field(converter=_names)


@attrs.frozen(kw_only=True)
class Declaration:
    """What `@entity` was given."""

    name: str
    unique: tuple[Unique, ...]
    indexes: tuple[Index, ...]
    labels: Mapping[str, str]
    events: tuple[type[Any], ...]


def entity(
    name: str,
    *,
    unique: Iterable[Unique] = (),
    indexes: Iterable[Index] = (),
    labels: Mapping[str, str] | None = None,
    events: Iterable[type[Any]] = (),
) -> Callable[[C], C]:
    """Declare an attrs class to be an entity; `labels` name it by language.

    Raises `InvalidSettings` for a name that is no table everywhere: small letters, digits and
    underscores, 40 at most.

    Nothing is registered by this: a class belongs to a CRM when it is given to `CRM.open` or by a
    plugin, ours exactly like a vendor's.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidSettings(
            f"{name!r} is not a name for an entity",
            path="entity",
            fix="use a small letter, then up to 39 small letters, digits or underscores",
        )
    declaration = Declaration(
        name=name,
        unique=tuple(unique),
        indexes=tuple(indexes),
        labels=dict(labels or {}),
        events=tuple(events),
    )

    def declare(cls: C) -> C:
        setattr(cls, _DECLARATION, declaration)
        return cls

    return declare


@attrs.frozen(kw_only=True, eq=False)
class EntitySpec:
    """All that stores and services need to know of an entity: derived once from its class."""

    name: str
    cls: type[Any]
    parts: Mapping[str, Part]
    unique: tuple[Unique, ...]
    indexes: tuple[Index, ...]
    labels: Mapping[str, str]
    events: tuple[type[Any], ...]

    def __repr__(self) -> str:
        """Show the name; the fields would fill the screen."""
        return f"<entity {self.name}>"

    @property
    def versioned(self) -> bool:
        """Say whether records carry a version; crmkit's own log rows do not."""
        return "version" in self.parts

    @property
    def soft(self) -> bool:
        """Say whether removed records stay, marked by `deleted_at`."""
        return "deleted_at" in self.parts

    @property
    def searchable(self) -> tuple[str, ...]:
        """Name the text fields whose folded key is kept."""
        return tuple(
            name
            for name, part in self.parts.items()
            if isinstance(part.kind, Text) and part.kind.searchable
        )

    def part(self, name: str) -> Part:
        """Return the field called `name`, or raise `UnknownField` with near names."""
        found = self.parts.get(name)
        if found is None:
            raise self.no_field(name)
        return found

    def no_field(self, name: str) -> UnknownField:
        """Return the error of a declared field that does not exist, or not for this reader."""
        return UnknownField(
            f"{self.name} has no field {name!r}",
            path=f"{self.name}.{name}",
            fix=f"one of {', '.join(self.parts)}",
        )

    def no_custom_field(self, key: str) -> UnknownField:
        """Return the error of a custom field that does not exist, or not for this reader."""
        return UnknownField(
            f"{self.name} has no custom field {key!r}",
            path=f"{self.name}.custom.{key}",
            fix="define it, or build the filter with the tenant's fields (work.where)",
        )

    def label(self, language: str) -> str:
        """Name the entity in a language, in English when there is no other, else by its name."""
        return self.labels.get(language) or self.labels.get("en") or self.name


def spec_of(cls: type[Any]) -> EntitySpec:
    """Derive the spec of a declared class, or raise `InvalidSettings` saying what is missing."""
    known = _SPECS.get(cls)
    if known is None:
        known = _SPECS[cls] = _derived(cls)
    return known


def _derived(cls: type[Any]) -> EntitySpec:
    declaration: Declaration | None = cls.__dict__.get(_DECLARATION)
    if declaration is None:
        raise InvalidSettings(
            "is not declared as an entity",
            path=cls.__name__,
            fix=f'decorate it with @entity("{entity_name(cls.__name__)}")',
        )
    parts = parts_of(cls)
    spec = EntitySpec(
        name=declaration.name,
        cls=cls,
        parts=parts,
        unique=declaration.unique,
        indexes=declaration.indexes,
        labels=declaration.labels,
        events=declaration.events,
    )
    _check_declaration(spec)
    return spec


class Registry:
    """The entities of one CRM, by name and by class."""

    def __init__(self, classes: Iterable[type[Any]] = ()) -> None:
        """Register `classes` in the order given."""
        self._by_name: dict[str, EntitySpec] = {}
        self._known: dict[str | type[Any], EntitySpec] = {}
        for cls in classes:
            self.add(cls)

    def add(self, cls: type[Any]) -> EntitySpec:
        """Register a declared class; the same name for another class is an `InvalidSettings`."""
        spec = spec_of(cls)
        known = self._by_name.setdefault(spec.name, spec)
        if known is not spec:
            raise InvalidSettings(
                f"{known.cls.__name__} and {cls.__name__} are both called {spec.name!r}",
                path=spec.name,
                fix="give one of them another name",
            )
        self._known |= {spec.name: spec, cls: spec}
        return spec

    def __getitem__(self, key: "str | type[Any]") -> EntitySpec:
        """Find an entity by its name or class, or raise `UnknownEntity`."""
        known = self._known.get(key)
        return self._missing(key) if known is None else known

    def __contains__(self, name: str) -> bool:
        """Say whether an entity of this name is registered."""
        return name in self._by_name

    def __iter__(self) -> Iterator[EntitySpec]:
        """Walk the entities in the order they were registered."""
        return iter(self._by_name.values())

    def _missing(self, key: "str | type[Any]") -> NoReturn:
        name = key if isinstance(key, str) else spec_of(key).name
        raise UnknownEntity(
            f"{name!r} is not registered with this CRM",
            path=name,
            fix="give the class to CRM.open(entities=...) or register it in a plugin",
        )


def _check_declaration(spec: EntitySpec) -> None:
    for needed in ("id", "tenant"):
        if needed not in spec.parts:
            raise InvalidSettings(
                f"has no field {needed!r}", path=spec.name, fix="derive the class from Aggregate"
            )
    rules: tuple[Unique | Index, ...] = (*spec.unique, *spec.indexes)
    for rule in rules:
        if not rule.fields:
            raise InvalidSettings("a rule without fields", path=spec.name, fix="name its fields")
        for field in rule.fields:
            spec.part(field.partition(".")[0])
    for rule in spec.unique:
        _check_unique(spec, rule)
    if any(isinstance(part.default, UUID) for part in spec.parts.values()):
        raise InvalidSettings("an id must not be a default", path=spec.name)


def _check_unique(spec: EntitySpec, rule: Unique) -> None:
    for field in rule.fields:
        kind = None if "." in field else spec.part(field).kind
        if kind is None or not kind.ordered or isinstance(kind, Amount):
            raise InvalidSettings(
                "only fields of one scalar can be unique",
                path=f"{spec.name}.{field}",
                fix="keep the value in a text field of its own",
            )
    if rule.folded and not set(rule.fields) & set(spec.searchable):
        raise InvalidSettings(
            "a folded rule needs a searchable text",
            path=f"{spec.name}.{rule.fields[0]}",
            fix="declare it as Annotated[str, Text(searchable=True)]",
        )
