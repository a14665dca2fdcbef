"""What a field may hold: one class per kind, the same for declared and for custom fields.

Each kind checks a value, turns it into plain JSON and back (how stores and the change log keep it),
and into text and back (how people, files and saved filters write it).
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Context, Decimal, InvalidOperation
from enum import Enum
from typing import Any, ClassVar, Final, TypeAlias

import attrs

from crmkit.domain.instants import as_instant
from crmkit.domain.text import check_text
from crmkit.errors import InvalidValue, OutOfRange, WrongType

Json: TypeAlias = Any
"""None, bool, int, str, list or dict of these; never a float."""

MAX_INTEGER: Final = 2**63 - 1
MIN_INTEGER: Final = -(2**63)
_EXACT: Final = Context(prec=64, traps=[InvalidOperation])
_WITH_COMMAS: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})*(\.\d*)?")


class Form(Enum):
    """How one scalar lies in a store."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    ID = "id"
    TEXTS = "texts"
    JSON = "json"


@attrs.frozen(kw_only=True)
class Kind:
    """What a field may hold; the shared part of all kinds."""

    form: ClassVar[Form] = Form.TEXT
    letter: ClassVar[str] = ""
    ordered: ClassVar[bool] = True

    def check(self, value: Any, path: str) -> Any:
        """Return `value` as the domain keeps it, or raise `InvalidValue` naming `path`."""
        return value

    def plain(self, value: Any) -> Json:
        """Turn a checked value into JSON that sorts and compares like the value."""
        return value

    def parse(self, plain: Json) -> Any:
        """Turn stored JSON back into the value, without checking it again."""
        return plain

    def revive(self, plain: Json, path: str) -> Any:
        """Make a checked value of JSON that somebody may have written."""
        return self.check(self.parse(plain), path)

    def scalar(self, value: Any) -> Any:
        """Turn a checked value into what its column holds (a `Form`)."""
        return value

    def text(self, value: Any) -> str:
        """Write a checked value as people and files write it."""
        return str(value)

    def read(self, text: str, path: str) -> Any:
        """Read what `text` wrote, or raise `InvalidValue` naming `path`."""
        return self.check(text, path)


@attrs.frozen(kw_only=True)
class Text(Kind):
    """Text; `searchable` keeps a folded key, so it can be searched by its parts."""

    max_length: int = 100_000
    searchable: bool = False

    def check(self, value: Any, path: str) -> str:
        """Refuse other types, NUL, lone surrogates and text that is too long."""
        return check_text(value, path=path, max_length=self.max_length)


@attrs.frozen(kw_only=True)
class Integer(Kind):
    """A whole number of 64 bits."""

    form: ClassVar[Form] = Form.INTEGER
    letter: ClassVar[str] = "i"

    def check(self, value: Any, path: str) -> int:
        """Refuse other types, booleans and more than 64 bits."""
        if type(value) is not int:
            raise WrongType(f"expected a whole number, got {type(value).__name__}", path=path)
        return check_integer(value, path)

    def parse(self, plain: Json) -> int:
        """Return a plain number, whatever kind of int a driver brought."""
        return int(plain)

    def revive(self, plain: Json, path: str) -> int:
        """Take a whole number, nothing that could become one."""
        return self.check(plain, path)

    def read(self, text: str, path: str) -> int:
        """Read a whole number."""
        try:
            return self.check(int(without_commas(text, path)), path)
        except ValueError as wrong:
            if isinstance(wrong, InvalidValue):
                raise
            raise InvalidValue(f"{text!r} is not a whole number", path=path) from None


@attrs.frozen(kw_only=True)
class Number(Kind):
    """An exact decimal with at most `scale` places, kept as a scaled 64-bit integer."""

    form: ClassVar[Form] = Form.INTEGER
    letter: ClassVar[str] = "d"
    scale: int = 6

    def check(self, value: Any, path: str) -> Decimal:
        """Refuse floats, NaN, infinities, more places than `scale` and more than 64 bits."""
        if type(value) is int:
            value = Decimal(value)
        if not isinstance(value, Decimal):
            raise WrongType(
                f"expected a Decimal, got {type(value).__name__}",
                path=path,
                fix="write Decimal('1.5'), never a float",
            )
        return self._fit(value, path)

    def plain(self, value: Decimal) -> int:
        """Count units of 10 ** -scale."""
        return int(value.scaleb(self.scale, _EXACT))

    def parse(self, plain: int) -> Decimal:
        """Turn the count of units back into a Decimal with `scale` places."""
        return Decimal(plain).scaleb(-self.scale, _EXACT)

    def revive(self, plain: Json, path: str) -> Decimal:
        """Take a count of units, nothing that could become one."""
        return self.parse(Integer().check(plain, path))

    scalar = plain

    def text(self, value: Decimal) -> str:
        """Write without an exponent and without trailing zeros."""
        written = f"{value:f}"
        return written.rstrip("0").rstrip(".") if "." in written else written

    def read(self, text: str, path: str) -> Decimal:
        """Read a decimal number; thousands may be set off by commas."""
        try:
            return self._fit(Decimal(without_commas(text, path)), path)
        except InvalidOperation:
            raise InvalidValue(f"{text!r} is not a decimal number", path=path) from None

    def _fit(self, value: Decimal, path: str) -> Decimal:
        if not value.is_finite():
            raise InvalidValue("NaN and infinities are not kept", path=path)
        if value and value.adjusted() > 20:
            raise OutOfRange("the number is too large", path=path)
        fitted = value.quantize(Decimal((0, (1,), -self.scale)), context=_EXACT)
        if fitted != value:
            raise InvalidValue(
                f"more than {self.scale} decimal places", path=path, fix="round it first"
            )
        check_integer(self.plain(fitted), path)
        return fitted or fitted.copy_abs()


@attrs.frozen(kw_only=True)
class Day(Kind):
    """A calendar date without a time."""

    form: ClassVar[Form] = Form.DATE
    letter: ClassVar[str] = "day"

    def check(self, value: Any, path: str) -> date:
        """Refuse other types; a datetime is not a date."""
        if type(value) is not date:
            raise WrongType(f"expected a date, got {type(value).__name__}", path=path)
        return value

    def plain(self, value: date) -> str:
        """Write ISO 8601."""
        return value.isoformat()

    def parse(self, plain: str) -> date:
        """Read ISO 8601."""
        return date.fromisoformat(plain)

    text = plain

    def read(self, text: str, path: str) -> date:
        """Read ISO 8601."""
        try:
            return date.fromisoformat(text.strip())
        except ValueError:
            raise InvalidValue(
                f"{text!r} is not a date", path=path, fix="write 2026-11-24"
            ) from None


@attrs.frozen(kw_only=True)
class Instant(Kind):
    """A moment: aware, UTC, milliseconds."""

    form: ClassVar[Form] = Form.INSTANT
    letter: ClassVar[str] = "at"

    def check(self, value: Any, path: str) -> datetime:
        """Refuse other types and naive datetimes; cut to the millisecond."""
        return as_instant(value, path=path)

    def plain(self, value: datetime) -> str:
        """Write ISO 8601 of fixed width, so that text order is time order."""
        return value.isoformat(timespec="milliseconds")

    def parse(self, plain: str) -> datetime:
        """Read ISO 8601."""
        return datetime.fromisoformat(plain)

    text = plain

    def read(self, text: str, path: str) -> datetime:
        """Read ISO 8601 with an offset."""
        try:
            return as_instant(datetime.fromisoformat(text.strip()), path=path)
        except ValueError as wrong:
            if isinstance(wrong, InvalidValue):
                raise
            raise InvalidValue(
                f"{text!r} is not an instant", path=path, fix="write 2026-11-24T09:00:00+08:00"
            ) from None


@attrs.frozen(kw_only=True)
class Boolean(Kind):
    """True or false."""

    form: ClassVar[Form] = Form.BOOLEAN
    letter: ClassVar[str] = "b"
    words: ClassVar[Mapping[str, bool]] = {
        **dict.fromkeys(("true", "yes", "y", "1", "是", "真"), True),
        **dict.fromkeys(("false", "no", "n", "0", "否", "假"), False),
    }

    def check(self, value: Any, path: str) -> bool:
        """Refuse other types; 0 and 1 are not booleans."""
        if type(value) is not bool:
            raise WrongType(f"expected true or false, got {type(value).__name__}", path=path)
        return value

    def text(self, value: Any) -> str:
        """Write true or false."""
        return "true" if value else "false"

    def read(self, text: str, path: str) -> bool:
        """Read true/false, yes/no, 是/否."""
        known = self.words.get(text.strip().lower())
        if known is None:
            raise InvalidValue(f"{text!r} is neither true nor false", path=path)
        return known


def check_integer(value: int, path: str) -> int:
    """Return `value` when it fits 64 bits with a sign."""
    if MIN_INTEGER <= value <= MAX_INTEGER:
        return value
    raise OutOfRange("more than 64 bits", path=path, fix="use a smaller number")


def without_commas(text: str, path: str) -> str:
    """Take the commas that set off thousands out of a number; a comma elsewhere is refused."""
    number = text.strip()
    if "," in number and not _WITH_COMMAS.fullmatch(number):
        raise InvalidValue(
            f"{text!r} has commas where no thousands end", path=path, fix="write 1234.5 or 1,234.5"
        )
    return number.replace(",", "")
