"""From what pymongo raises to what crmkit promises."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    InvalidOperation,
    PyMongoError,
)

from crmkit.errors import (
    CrmkitError,
    Duplicate,
    StoreClosed,
    StoreError,
    StoreUnavailable,
    TransactionConflict,
)

DUPLICATE: Final = 11000
_CONFLICTS: Final = frozenset({112, 251, 24, 46, 50, 225, 262})
_INDEX: Final = re.compile(r"index: (\S+)")
_COLLECTION: Final = re.compile(r"collection: [^.]+\.(\S+)")
Unique = Mapping[str, tuple[str, tuple[str, ...]]]


class Failures:
    """Translates the errors of one store, whose unique indexes it knows by name."""

    def __init__(self, unique: Unique, entity_of_collection: Mapping[str, str]) -> None:
        """Know the indexes and collections."""
        self._unique = unique
        self._entities = entity_of_collection

    def translate(self, error: BaseException) -> BaseException:
        """Return the error of crmkit for an error of the driver; others come back as they are."""
        if isinstance(error, CrmkitError) or not isinstance(error, PyMongoError):
            return error
        code, message = _details(error)
        if code == DUPLICATE:
            return self._duplicate(message)
        if isinstance(error, ConnectionFailure) and code is None:
            return StoreUnavailable(
                message, path="store", fix="check that the database runs and can be reached"
            )
        if error.has_error_label("TransientTransactionError") or code in _CONFLICTS:
            return TransactionConflict(message, path="store", fix="repeat the work")
        if isinstance(error, ConnectionFailure):
            return StoreUnavailable(message, path="store", fix="check that the database runs")
        if isinstance(error, InvalidOperation):
            return StoreClosed(message, path="store", fix="open the CRM again")
        return StoreError(message, path="store")

    def _duplicate(self, message: str) -> Duplicate:
        index, collection = _INDEX.search(message), _COLLECTION.search(message)
        known = self._unique.get(index.group(1) if index else "")
        if known is not None:
            return Duplicate(*known)
        name = collection.group(1) if collection else ""
        return Duplicate(self._entities.get(name, name or "record"), ("id",))


def _details(error: PyMongoError) -> tuple[int | None, str]:
    if isinstance(error, BulkWriteError):
        details: Any = error.details or {}
        for wrong in details.get("writeErrors", ()):
            return wrong.get("code"), str(wrong.get("errmsg", error))
    return getattr(error, "code", None), str(error)
