"""Veils: what stands in a record in place of a value that the reader may not see."""

from enum import IntEnum
from typing import Any, NoReturn

from crmkit.domain.privacy.masking import HIDDEN, mask
from crmkit.domain.privacy.terms import DataClass
from crmkit.errors import NotPermitted


class Level(IntEnum):
    """What one may do with a field; each level includes those before it."""

    HIDDEN = 0
    MASKED = 1
    READ = 2
    EDIT = 3


class Veil:
    """A value that is there, or missing, and not to be seen; it is equal only to itself.

    Whatever would depend on the value - order, sums, parts, truth - raises `NotPermitted`.
    """

    __slots__ = ("field", "shown")
    field: str
    shown: str

    def __init__(self, field: str, shown: str) -> None:
        """Stand for a field, showing this text in its place."""
        self.field = field
        self.shown = shown

    def __repr__(self) -> str:
        """Show what everybody may see."""
        return f"<{self.shown}>"

    def __str__(self) -> str:
        """Show what everybody may see."""
        return self.shown

    def __eq__(self, other: object) -> bool:
        """Equal a veil of the same field that shows the same."""
        return type(other) is type(self) and (other.field, other.shown) == (self.field, self.shown)

    def __hash__(self) -> int:
        """Go with equality."""
        return hash((type(self), self.field, self.shown))

    def _refuse(self, *_other: object) -> NoReturn:
        raise NotPermitted(
            "the value of this field is not for you to see",
            path=self.field,
            fix="ask for a role that reads it",
        )

    def __getattr__(self, name: str) -> Any:
        """Refuse the parts of the value."""
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    __bool__ = __iter__ = __len__ = __getitem__ = __contains__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _refuse


class Hidden(Veil):
    """Stands for a hidden field: nothing is known of its value, not even whether there is one."""

    __slots__ = ()

    def __init__(self, field: str) -> None:
        """Stand for a field."""
        super().__init__(field, "hidden")


class Masked(Veil):
    """Stands for a masked field: only a hint of its value is shown."""

    __slots__ = ()


def masked(field: str, value: Any) -> Masked:
    """Mask a value: of a text or a date a hint is shown, of all else, and of none, nothing."""
    return Masked(field, str(mask(value, DataClass.PERSONAL)) if value is not None else HIDDEN)


def must_be_seen(value: object) -> NoReturn:
    """Refuse a veil where JSON is made of a value; give it to `json.dumps` as `default`."""
    if isinstance(value, Veil):
        len(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
