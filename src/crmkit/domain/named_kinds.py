"""Kinds whose values are names: members of an enumeration, listed options, ids."""

from enum import Enum
from typing import Any, ClassVar
from uuid import UUID

import attrs

from crmkit.domain.kinds import Form, Kind
from crmkit.domain.text import check_text
from crmkit.errors import InvalidValue, WrongType


@attrs.frozen(kw_only=True)
class Choice(Kind):
    """One of the members of an enumeration with text values."""

    enum: type[Enum]

    def check(self, value: Any, path: str) -> Enum:
        """Refuse everything that is not a member."""
        if type(value) is not self.enum:
            raise WrongType(
                f"expected {self.enum.__name__}, got {type(value).__name__}",
                path=path,
                fix=f"one of {self._names()}",
            )
        return value

    def plain(self, value: Enum) -> str:
        """Keep the member's value."""
        return str(value.value)

    def parse(self, plain: str) -> Enum:
        """Find the member by its value."""
        return self.enum(plain)

    scalar = plain
    text = plain

    def read(self, text: str, path: str) -> Enum:
        """Find the member by its value."""
        try:
            return self.enum(text)
        except ValueError:
            raise InvalidValue(
                f"{text!r} is not one of {self._names()}", path=path, fix="choose one of them"
            ) from None

    def _names(self) -> str:
        return ", ".join(str(member.value) for member in self.enum)


@attrs.frozen(kw_only=True)
class Option(Kind):
    """One of the listed texts; the kind of custom choice fields."""

    options: tuple[str, ...]

    def check(self, value: Any, path: str) -> str:
        """Refuse what is not listed."""
        text = check_text(value, path=path)
        if text not in self.options:
            raise InvalidValue(
                f"{text!r} is not one of {', '.join(self.options)}",
                path=path,
                fix="choose one of them or add it to the field's options",
            )
        return text


@attrs.frozen(kw_only=True)
class Identity(Kind):
    """The id of a record; `target` names the entity it refers to, empty for any."""

    form: ClassVar[Form] = Form.ID
    letter: ClassVar[str] = "r"
    target: str = ""

    def check(self, value: Any, path: str) -> UUID:
        """Refuse other types; text is not an id."""
        if not isinstance(value, UUID):
            raise WrongType(f"expected an id (UUID), got {type(value).__name__}", path=path)
        return value

    def plain(self, value: UUID) -> str:
        """Write the usual 36 characters."""
        return str(value)

    def parse(self, plain: str) -> UUID:
        """Read the usual 36 characters."""
        return UUID(plain)

    text = plain

    def read(self, text: str, path: str) -> UUID:
        """Read the usual 36 characters."""
        try:
            return UUID(text)
        except ValueError:
            raise InvalidValue(f"{text!r} is not an id", path=path) from None
