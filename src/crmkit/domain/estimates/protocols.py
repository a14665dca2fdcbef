"""What a second method of estimation is: something that sizes functions, or foretells hours."""

from decimal import Decimal
from typing import Protocol

from crmkit.domain.estimates.sizes import FunctionCount
from crmkit.domain.estimates.sizing import SizedScope
from crmkit.domain.estimates.words import Label


class Published(Protocol):
    """Something that has names, and a source to cite."""

    @property
    def name(self) -> str:
        """Name the method or model, as `nesma-indicative` or `cocomo-2`."""
        ...

    @property
    def label(self) -> Label:
        """Name it for people."""
        ...

    @property
    def source(self) -> str:
        """Cite who published it, with the page."""
        ...


class SizingMethod(Published, Protocol):
    """A way to make function points of counted functions."""

    def size(self, functions: FunctionCount) -> Decimal:
        """Return the function points."""
        ...


class EffortModel(Published, Protocol):
    """A way to foretell the hours of building a scope, whose size is known part by part."""

    def hours(self, sized: SizedScope) -> Decimal:
        """Return the hours of work from the first requirement to acceptance."""
        ...
