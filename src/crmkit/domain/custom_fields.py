"""A tenant's own fields: defined as data, checked like declared fields, filtered and sorted."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.composite_kinds import Amount, Many, Part
from crmkit.domain.custom_values import check_custom_key
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Boolean, Day, Instant, Integer, Kind, Number, Text
from crmkit.domain.named_kinds import Identity, Option
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import DataClass
from crmkit.errors import InvalidValue, OutOfRange

CustomFieldId = NewType("CustomFieldId", UUID)


class FieldKind(StrEnum):
    """What a custom field holds."""

    TEXT = "text"
    NUMBER = "number"
    DECIMAL = "decimal"
    MONEY = "money"
    DATE = "date"
    INSTANT = "instant"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    REFERENCE = "reference"


@keeps()
@entity(
    "custom_field",
    unique=[Unique(("entity", "key"))],
    labels={"en": "Custom field", "zh": "自定义字段"},
)
@attrs.frozen(kw_only=True)
class CustomField(Aggregate):
    """One field that a tenant added to an entity.

    `minimum` and `maximum` bound numbers, decimals and money (in its own currency), or the length
    of text. `default` is the plain text form of a value; `labels` name the field by language.
    `data_class` says what a value tells about a person; when it says nothing, a value is erased
    with the person whose record it is on.
    """

    id: CustomFieldId
    entity: Annotated[str, Text(max_length=63)]
    key: Annotated[str, Text(max_length=63)]
    kind: FieldKind
    labels: Mapping[str, str] = attrs.field(factory=dict)
    required: bool = False
    unique: bool = False
    indexed: bool = False
    default: str | None = None
    options: tuple[str, ...] = ()
    target: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    data_class: DataClass | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a definition that contradicts itself."""
        super().__attrs_post_init__()
        check_custom_key(self.key, "key")
        chooses = self.kind in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE)
        if chooses != bool(self.options):
            raise InvalidValue(
                "options belong to choices, and every choice has some", path=f"{self.key}.options"
            )
        if (self.kind is FieldKind.REFERENCE) != bool(self.target):
            raise InvalidValue(
                "a target belongs to references, and every reference has one",
                path=f"{self.key}.target",
            )
        if self.unique and self.kind in (FieldKind.MULTI_CHOICE, FieldKind.BOOLEAN):
            raise InvalidValue("this kind cannot be unique", path=f"{self.key}.unique")
        if self.default is not None:
            self.default_value()

    @property
    def part(self) -> Part:
        """Return the field as filters see it."""
        return Part(name=self.key, kind=self._kind(), optional=True)

    def label(self, language: str) -> str:
        """Name the field in a language, in English when there is no other, else by its key."""
        return self.labels.get(language) or self.labels.get("en") or self.key

    def default_value(self) -> Any:
        """Return the default, None when there is none."""
        if self.default is None:
            return None
        return self.check(self._kind().read(self.default, f"custom.{self.key}"))

    def check(self, value: Any) -> Any:
        """Return `value` as it is kept, or raise `InvalidValue` naming the field."""
        path = f"custom.{self.key}"
        if value is None:
            if self.required:
                raise InvalidValue("a value is required", path=path, fix="give one")
            return None
        checked = self._kind().check(value, path)
        self._check_bounds(checked, path)
        return checked

    def _check_bounds(self, value: Any, path: str) -> None:
        match self.kind:
            case FieldKind.TEXT:
                measured: Any = len(value)
            case FieldKind.NUMBER | FieldKind.DECIMAL:
                measured = value
            case FieldKind.MONEY:
                measured = value.amount
            case _:
                return
        if self.minimum is not None and measured < self.minimum:
            raise OutOfRange(f"less than the minimum {self.minimum:f}", path=path)
        if self.maximum is not None and measured > self.maximum:
            raise OutOfRange(f"more than the maximum {self.maximum:f}", path=path)

    def _kind(self) -> Kind:
        match self.kind:
            case FieldKind.CHOICE:
                return Option(options=self.options)
            case FieldKind.MULTI_CHOICE:
                return Many(item=Option(options=self.options))
            case FieldKind.REFERENCE:
                return Identity(target=self.target or "")
            case _:
                return _KINDS[self.kind]


_KINDS: Mapping[FieldKind, Kind] = {
    FieldKind.TEXT: Text(),
    FieldKind.NUMBER: Integer(),
    FieldKind.DECIMAL: Number(),
    FieldKind.MONEY: Amount(),
    FieldKind.DATE: Day(),
    FieldKind.INSTANT: Instant(),
    FieldKind.BOOLEAN: Boolean(),
}
