"""The collections that crmkit itself brings, by the names that people use for them."""

from abc import ABC, abstractmethod
from typing import TypeVar

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.custom_fields import CustomField
from crmkit.work.collection import Collection

A = TypeVar("A", bound=Aggregate)


class Departments(ABC):
    """One property per entity of crmkit; a vendor's own are reached with `of`."""

    @abstractmethod
    def of(self, cls: type[A]) -> Collection[A]:
        """Return the records of an entity."""

    @property
    def field_definitions(self) -> Collection[CustomField]:
        """Return the tenant's own field definitions."""
        return self.of(CustomField)
