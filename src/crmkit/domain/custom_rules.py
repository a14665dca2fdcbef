"""A tenant's own fields of one entity, made ready to check record after record."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.composite_kinds import Part
from crmkit.domain.custom_fields import CustomField
from crmkit.domain.entity import EntitySpec
from crmkit.errors import UnknownField


class CustomRules:
    """What the definitions of one entity ask of the custom values of its records."""

    def __init__(self, spec: EntitySpec, fields: Mapping[str, CustomField]) -> None:
        """Work out once what is the same for every record."""
        self.fields = MappingProxyType(dict(fields))
        self.parts: Mapping[str, Part] = MappingProxyType(
            {key: field.part for key, field in fields.items()}
        )
        """The fields as filters see them."""
        self.unique = tuple(key for key, field in fields.items() if field.unique)
        self._entity = spec.name
        self._checks = {key: _check_of(field) for key, field in fields.items()}
        self._required = [field for field in fields.values() if field.required]
        defaults = {key: field.default_value() for key, field in fields.items()}
        self._defaults = {key: value for key, value in defaults.items() if value is not None}

    def check(self, record: Aggregate, was: Aggregate | None) -> Mapping[str, Any]:
        """Return the custom values as they are kept, a new record's with defaults, or raise."""
        if was is None:
            return self._checked({**self._defaults, **record.custom})
        if was.custom == record.custom:
            return record.custom
        retired = self._retired(record.custom, was.custom)
        given = {key: value for key, value in record.custom.items() if key not in retired}
        return {**self._checked(given), **retired}

    def _checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        try:
            checked = {key: self._checks[key](value) for key, value in values.items()}
        except KeyError:
            raise self._unknown(values) from None
        for field in self._required:
            if field.key not in checked:
                field.check(None)
        return checked

    def _retired(self, values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of retired fields that a record still has and that nobody touched."""
        return {
            key: value
            for key, value in before.items()
            if key not in self.fields and key in values and values[key] == value
        }

    def _unknown(self, values: Mapping[str, Any]) -> UnknownField:
        key = next(key for key in values if key not in self.fields)
        return UnknownField(
            f"{self._entity} has no custom field {key!r}",
            path=f"custom.{key}",
            fix=f"define it first; there are {', '.join(self.fields) or 'none'}",
        )


def _check_of(field: CustomField) -> Callable[[Any], Any]:
    if field.minimum is not None or field.maximum is not None:
        return field.check
    return partial(field.part.kind.check, path=f"custom.{field.key}")
