"""How a department reaches the records of an entity."""

from abc import ABC, abstractmethod
from typing import TypeVar

from crmkit.domain.aggregate import Aggregate
from crmkit.work.collection import Collection

A = TypeVar("A", bound=Aggregate)


class Reaching(ABC):
    """Whatever has the collections of all entities."""

    @abstractmethod
    def of(self, cls: type[A]) -> Collection[A]:
        """Return the records of an entity."""
