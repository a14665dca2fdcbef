"""Order and pages: several keys, None first, ids last, and the cursor that continues a page."""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

import attrs

from crmkit.domain.composite_kinds import Amount
from crmkit.domain.filters.paths import Path
from crmkit.errors import InvalidCursor, InvalidFilter

R = TypeVar("R")
MAX_ORDER: Final = 8
_CURSOR_VERSION: Final = 1


@attrs.frozen
class Order:
    """Sort by one field; None is lowest, text sorts by code point, money by currency first."""

    path: Path
    descending: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse what has no order."""
        if not self.path.kind.ordered:
            raise InvalidFilter(
                "cannot be sorted by", path=f"{self.path.spec.name}.{self.path.name}"
            )


@attrs.frozen(kw_only=True)
class Page(Generic[R]):
    """Some records and the cursor of the page that follows, None at the end."""

    items: tuple[R, ...]
    next: str | None = None


def write_cursor(values: Sequence[Any], fingerprint: str) -> str:
    """Pack the sort values of the last record, as plain JSON, into a cursor."""
    packed = json.dumps([_CURSOR_VERSION, fingerprint, *values], ensure_ascii=True)
    return base64.urlsafe_b64encode(packed.encode("ascii")).decode("ascii").rstrip("=")


def read_cursor(cursor: str, fingerprint: str) -> list[Any]:
    """Unpack a cursor of the same query, or raise `InvalidCursor`."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        unpacked = json.loads(base64.urlsafe_b64decode(padded))
        version, owner = unpacked[0], unpacked[1]
        values: list[Any] = list(unpacked[2:])
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        raise InvalidCursor(
            "this is not a cursor", path="after", fix="start again from the first page"
        ) from None
    if version != _CURSOR_VERSION or owner != fingerprint:
        raise InvalidCursor(
            "the cursor belongs to another query", path="after", fix="start from the first page"
        )
    return values


def fingerprint_of(*parts: str) -> str:
    """Name a query by its filter and order, so that a cursor cannot change hands."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8")).hexdigest()[:16]


def sort_values(order: Sequence[Order], record: Any) -> list[Any]:
    """Return the plain values of `record` by which it was sorted, one per sort leaf."""
    values: list[Any] = []
    for key in order:
        value = key.path.value_of(record)
        if isinstance(key.path.kind, Amount):
            values += [None, None] if value is None else [value.currency, value.minor]
        else:
            values.append(None if value is None else key.path.kind.plain(value))
    return values
