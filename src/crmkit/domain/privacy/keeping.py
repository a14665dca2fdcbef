"""What an entity keeps about people: declared once, beside `@entity`."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, TypeVar

import attrs

from crmkit.domain.composite_kinds import Many, Part
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Day, Form, Kind, Text
from crmkit.domain.named_kinds import Identity
from crmkit.domain.privacy.terms import DataClass, LegalBasis, Purpose, Retention
from crmkit.errors import InvalidSettings

C = TypeVar("C", bound=type[Any])
_DECLARATION: Final = "__crmkit_keeping__"
_PEOPLE: Final = frozenset({"contact", "lead"})
_MAY_BE_PEOPLE: Final = frozenset({"contact", "lead", "customer"})
_OPEN: Final = ("tags", "custom")
"""Fields of every record that hold what people write into them."""


@attrs.frozen(kw_only=True)
class Keeping:
    """The classes of an entity's fields, and why and how long its records are kept.

    Fields that no class names are plain. `about` names the fields that lead to the person whom a
    record is about: ids, lists of links such as `contact:<id>`, or `id` when the record itself is a
    person, always or where `is_person` says so.
    """

    personal: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    financial: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    is_person: Callable[[Any], bool] | None = attrs.field(default=None, eq=False)
    purpose: Purpose | None = None
    basis: LegalBasis | None = None
    retention: Retention | None = None
    is_declared: bool = True

    def class_of(self, field: str) -> DataClass:
        """Return the class of a field."""
        if field in self.sensitive:
            return DataClass.SENSITIVE
        if field in self.personal:
            return DataClass.PERSONAL
        return DataClass.FINANCIAL if field in self.financial else DataClass.PLAIN

    def class_in(self, record: Any, field: str) -> DataClass:
        """Return the class of a field in one record: of an organisation nothing is personal."""
        found = self.class_of(field)
        is_nobody = self.is_person is not None and not self.is_person(record)
        return DataClass.PLAIN if is_nobody and found.is_of_person else found

    @property
    def of_person(self) -> tuple[str, ...]:
        """Name the fields that are erased with a person."""
        return (*self.personal, *self.sensitive)

    def concerns_person(self, record: Any) -> bool:
        """Say whether the record is itself a person."""
        return "id" in self.about and (self.is_person is None or self.is_person(record))


def keeps(
    *,
    personal: Iterable[str] = (),
    sensitive: Iterable[str] = (),
    financial: Iterable[str] = (),
    about: Iterable[str] = (),
    **reasons: Any,
) -> Callable[[C], C]:
    """Declare what an entity keeps about people; `@keeps()` says that it is nothing.

    `reasons` are the `purpose`, the legal `basis`, the `retention` and `is_person` of a `Keeping`.
    Tags and custom fields of people are personal without being named. What is wrong
    with a declaration is told when it is first used: an unknown field, a field of two classes,
    personal fields without purpose, basis or retention.
    """
    declaration = Keeping(
        personal=tuple(personal),
        sensitive=tuple(sensitive),
        financial=tuple(financial),
        about=tuple(about),
        **reasons,
    )

    def declare(cls: C) -> C:
        setattr(cls, _DECLARATION, declaration)
        return cls

    return declare


@cache
def keeping_of(spec: EntitySpec) -> Keeping:
    """Return what an entity declares, or what must be feared of one that declares nothing.

    Without a declaration every text, date and document is taken for personal where a field leads to
    a contact or a lead.
    """
    declared: Keeping | None = spec.cls.__dict__.get(_DECLARATION)
    if declared is None:
        return _feared(spec)
    _check(spec, declared)
    named = {*declared.of_person, *declared.financial}
    if "id" not in declared.about:
        return declared
    added = tuple(name for name in _OPEN if name in spec.parts and name not in named)
    return attrs.evolve(declared, personal=(*declared.personal, *added))


def undeclared(spec: EntitySpec) -> tuple[str, ...]:
    """Name the fields that may be about people and that no declaration speaks of."""
    if _DECLARATION in spec.cls.__dict__:
        return ()
    return tuple(name for name, part in spec.parts.items() if may_be_personal(part))


def may_be_personal(part: Part) -> bool:
    """Say whether a field can hold something about a person: texts, dates and documents can."""
    kind: Kind = part.kind.item if isinstance(part.kind, Many) else part.kind
    if part.name in ("tenant", "created_by", "updated_by"):
        return False
    return isinstance(kind, Text | Day) or kind.form is Form.JSON


def _feared(spec: EntitySpec) -> Keeping:
    leads_to = {
        name: part.kind.target
        for name, part in spec.parts.items()
        if isinstance(part.kind, Identity) and part.kind.target in _MAY_BE_PEOPLE
    }
    feared = undeclared(spec) if _PEOPLE & set(leads_to.values()) else ()
    own = {field for rule in spec.unique for field in rule.fields}
    personal = tuple(name for name in feared if name not in own)
    return Keeping(personal=personal, about=tuple(leads_to), is_declared=False)


def _check(spec: EntitySpec, declared: Keeping) -> None:
    classed = [*declared.of_person, *declared.financial]
    for name in (*classed, *declared.about):
        spec.part(name)
    twice = sorted({name for name in classed if classed.count(name) > 1})
    if twice:
        raise InvalidSettings(
            "a field has one class", path=f"{spec.name}.{twice[0]}", fix="name it once in @keeps"
        )
    if declared.of_person and not (declared.purpose and declared.basis and declared.retention):
        raise InvalidSettings(
            "personal data needs a purpose, a legal basis and a retention",
            path=spec.name,
            fix="give @keeps(purpose=..., basis=..., retention=...)",
        )
    if declared.retention is not None:
        spec.part(declared.retention.after)
