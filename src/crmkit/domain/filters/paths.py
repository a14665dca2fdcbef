"""Paths: the typed way from a record to one of its values, declared, nested or custom."""

from collections.abc import Mapping
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, Final

import attrs

from crmkit.domain.access.veils import Veil
from crmkit.domain.columns import Leaf
from crmkit.domain.composite_kinds import KEY_SUFFIX, Amount, Document, Part
from crmkit.domain.custom_values import stored_key
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Form, Integer, Kind, Text
from crmkit.domain.named_kinds import Choice
from crmkit.errors import UnknownField

CUSTOM: Final = "custom"
_NONE: Final[Mapping[str, Part]] = MappingProxyType({})
_JSON_FORMS: Final = {Form.DATE: Form.TEXT, Form.INSTANT: Form.TEXT, Form.ID: Form.TEXT}


@attrs.frozen(kw_only=True)
class Path:
    """One value of an entity: its dotted name, its kind, and where it lies."""

    spec: EntitySpec
    name: str
    kind: Kind
    optional: bool
    column: str
    keys: tuple[str, ...] = ()

    def value_of(self, record: Any) -> Any:
        """Return the value in `record`; None, or a veil, when something on the way is one."""
        value = record
        for step in self.name.split("."):
            if value is None or isinstance(value, Veil):
                return value
            value = value.get(step) if isinstance(value, Mapping) else getattr(value, step)
        return value

    @property
    def searchable(self) -> bool:
        """Say whether a folded key is kept, so that parts of the text can be found."""
        if not isinstance(self.kind, Text):
            return False
        return self.kind.searchable or self.name.startswith(f"{CUSTOM}.")

    @cached_property
    def leaf(self) -> Leaf:
        """Return where the scalar lies; money has no single leaf, see `money_leaves`."""
        return self._leaf(self.column, self.keys, self.kind.form)

    @cached_property
    def key_leaf(self) -> Leaf:
        """Return where the folded search key lies."""
        if self.keys:
            inner = (*self.keys[:-1], self.keys[-1] + KEY_SUFFIX)
            return self._leaf(self.column, inner, Form.TEXT)
        return self._leaf(f"{self.column}_key", (), Form.TEXT)

    @cached_property
    def money_leaves(self) -> tuple[Leaf, Leaf]:
        """Return where currency and minor units of a money value lie."""
        if self.keys:
            return (
                self._leaf(self.column, (*self.keys, "currency"), Form.TEXT),
                self._leaf(self.column, (*self.keys, "amount"), Form.INTEGER),
            )
        return (
            self._leaf(f"{self.column}_currency", (), Form.TEXT),
            self._leaf(f"{self.column}_amount", (), Form.INTEGER),
        )

    def scalar(self, value: Any) -> Any:
        """Turn a checked value into what its leaf holds."""
        return self.kind.plain(value) if self.keys else self.kind.scalar(value)

    def from_scalar(self, scalar: Any) -> Any:
        """Turn what the leaf holds back into a value."""
        if scalar is None:
            return None
        if self.keys or self.kind.form in (Form.INTEGER, Form.TEXTS):
            return self.kind.parse(scalar)
        return self.kind.parse(scalar) if isinstance(self.kind, Choice) else scalar

    def _leaf(self, column: str, keys: tuple[str, ...], form: Form) -> Leaf:
        inside = _JSON_FORMS.get(form, form) if keys else form
        return Leaf(column=column, form=inside, keys=keys, optional=self.optional or bool(keys))


def path_to(spec: EntitySpec, name: str, custom: Mapping[str, Part] = _NONE) -> Path:
    """Find the value called by a dotted `name`, or raise `UnknownField`.

    `custom` are the tenant's own fields of this entity by key.
    """
    first, _, rest = name.partition(".")
    return _custom_path(spec, rest, custom) if first == CUSTOM and rest else _declared(spec, name)


@lru_cache(maxsize=4096)
def _declared(spec: EntitySpec, name: str) -> Path:
    first, _, rest = name.partition(".")
    part = spec.part(first)
    path = Path(spec=spec, name=first, kind=part.kind, optional=part.optional, column=first)
    for step in filter(None, rest.split(".")):
        path = _nested(path, step)
    return path


def _custom_path(spec: EntitySpec, name: str, custom: Mapping[str, Part]) -> Path:
    key, _, rest = name.partition(".")
    part = custom.get(key)
    if part is None:
        raise spec.no_custom_field(key)
    path = Path(
        spec=spec,
        name=f"{CUSTOM}.{key}",
        kind=part.kind,
        optional=True,
        column=CUSTOM,
        keys=(stored_key(key, part.kind),),
    )
    return _nested(path, rest) if rest else path


def _nested(path: Path, step: str) -> Path:
    name = f"{path.name}.{step}"
    if isinstance(path.kind, Amount) and step in ("minor", "currency"):
        return _money_part(path, step, name)
    if isinstance(path.kind, Document) and step in path.kind.parts:
        part = path.kind.parts[step]
        return attrs.evolve(
            path,
            name=name,
            kind=part.kind,
            optional=True,
            keys=(*path.keys, step),
        )
    raise UnknownField(f"{path.name} has no field {step!r}", path=f"{path.spec.name}.{name}")


def _money_part(path: Path, step: str, name: str) -> Path:
    place = "amount" if step == "minor" else step
    kind: Kind = Integer() if step == "minor" else Text()
    if path.keys:
        return attrs.evolve(path, name=name, kind=kind, keys=(*path.keys, place))
    return attrs.evolve(path, name=name, kind=kind, column=f"{path.column}_{place}")
