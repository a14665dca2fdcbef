"""Custom fields that a plugin gives to every tenant."""

from typing import Any, Final
from uuid import UUID, uuid5

from crmkit.domain.custom_fields import CustomField, CustomFieldId, FieldKind

_SHARED: Final = UUID("1d1f5c0e-6a0b-5a57-8d5b-0f6f0c8f3b9d")


def shared_field(entity: str, key: str, kind: FieldKind, **options: Any) -> CustomField:
    """Define a custom field of every tenant, for `register_fields`.

    `options` are those of `CustomField`: labels, required, unique, default, options, target,
    minimum, maximum. A tenant's own field of the same key takes its place.
    """
    field_id = CustomFieldId(uuid5(_SHARED, f"{entity}/{key}"))
    return CustomField(id=field_id, entity=entity, key=key, kind=kind, **options)
