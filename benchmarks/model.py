"""The typed objects of subjects that bring no classes of their own: frozen attrs values."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import attrs

from benchmarks.contact import ContactRow


class Stage(Enum):
    """How far a contact has come."""

    NEW = "new"
    QUALIFIED = "qualified"
    ACTIVE = "active"
    DORMANT = "dormant"


@attrs.frozen
class Money:
    """An exact amount of one currency."""

    amount: Decimal
    currency: str


@attrs.frozen
class Address:
    """Where somebody is found."""

    street: str
    city: str
    postcode: str
    country: str


@attrs.frozen
class Contact:
    """The contact of 21 fields."""

    id: UUID
    tenant: str
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None
    owner_id: UUID
    tags: tuple[str, ...]
    custom: Mapping[str, Any]
    name: str
    job_title: str
    email: str
    phone: str
    stage: Stage
    budget: Money
    score: int
    subscribed: bool
    birthday: date
    address: Address


def contact_of(row: ContactRow) -> Contact:
    """Make the typed contact of a neutral row."""
    values = row._asdict()
    values["stage"] = Stage(row.stage)
    values["budget"] = Money(*row.budget)
    values["address"] = Address(**row.address)
    return Contact(**values)


def row_of(contact: Any) -> ContactRow:
    """Make the neutral row of any contact that has these attributes."""
    values = {name: getattr(contact, name) for name in ContactRow._fields}
    values["stage"] = contact.stage.value
    values["budget"] = (contact.budget.amount, contact.budget.currency)
    values["address"] = {
        name: getattr(contact.address, name) for name in ("street", "city", "postcode", "country")
    }
    values["tags"] = tuple(contact.tags)
    values["custom"] = dict(contact.custom)
    return ContactRow(**values)
