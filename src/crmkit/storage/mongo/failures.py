"""From what pymongo raises to what crmkit promises."""

import re
from collections.abc import Mapping
from typing import Any, Final

from bson.errors import InvalidDocument
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    InvalidOperation,
    PyMongoError,
    WriteConcernError,
)

from crmkit.errors import (
    CrmkitError,
    Duplicate,
    OutcomeUnknown,
    OutOfRange,
    StoreClosed,
    StoreError,
    StoreUnavailable,
    TransactionConflict,
)

DUPLICATE: Final = 11000
_CONFLICTS: Final = frozenset({112, 251, 24, 46, 225})
"""Write conflict, no such transaction, lock timeout, lock busy, transaction too old."""
_ABSENCES: Final = frozenset({50, 262, 10107, 10058, 13435, 13436, 11600, 11602, 189, 91, 6, 7, 89})
"""Out of time, no primary, stepped down, shutting down, host or network unreachable."""
_TOO_LARGE: Final = frozenset({10334, 17419, 17420})
_UNKNOWN_COMMIT: Final = "UnknownTransactionCommitResult"
_INDEX: Final = re.compile(r"index: (\S+)")
_COLLECTION: Final = re.compile(r"collection: [^.]+\.(\S+)")
Unique = Mapping[str, tuple[str, tuple[str, ...]]]


class Failures:
    """Translates the errors of one store, whose unique indexes it knows by name."""

    def __init__(self, unique: Unique, entity_of_collection: Mapping[str, str]) -> None:
        """Know the indexes and collections."""
        self._unique = unique
        self._entities = entity_of_collection

    def translate(self, error: BaseException, *, entity: str = "") -> BaseException:
        """Return the error of crmkit for an error of the driver; others come back as they are."""
        if isinstance(error, CrmkitError) or not isinstance(error, PyMongoError | InvalidDocument):
            return error
        code, message = _details(error)
        if code == DUPLICATE:
            return self._duplicate(message)
        if isinstance(error, DocumentTooLarge) or code in _TOO_LARGE:
            return OutOfRange(
                f"a record of {entity or 'this entity'} is larger than the 16 MB of a document",
                path=entity or "store",
                fix="keep large contents elsewhere, and their place in the record",
            )
        if code in _ABSENCES or (isinstance(error, ConnectionFailure) and code is None):
            return StoreUnavailable(
                message, path="store", fix="check that the database runs and can be reached"
            )
        if code in _CONFLICTS or _has_label(error, "TransientTransactionError"):
            return TransactionConflict(message, path="store", fix="repeat the work")
        if isinstance(error, InvalidOperation):
            return StoreClosed(message, path="store", fix="open the CRM again")
        return StoreError(message, path="store")

    def after_commit(self, error: PyMongoError) -> BaseException:
        """Return the error for a commit that failed: whether it took effect must be known."""
        if is_unknown(error) or isinstance(error, WriteConcernError):
            return OutcomeUnknown(f"the commit was not confirmed: {error}")
        return self.translate(error)

    def _duplicate(self, message: str) -> Duplicate:
        index, collection = _INDEX.search(message), _COLLECTION.search(message)
        known = self._unique.get(index.group(1) if index else "")
        if known is not None:
            return Duplicate(*known)
        name = collection.group(1) if collection else ""
        return Duplicate(self._entities.get(name, name or "record"), ("id",))


def is_unknown(error: PyMongoError) -> bool:
    """Say whether a commit may have taken effect, so that asking again may tell."""
    return _has_label(error, _UNKNOWN_COMMIT)


def _has_label(error: BaseException, label: str) -> bool:
    return isinstance(error, PyMongoError) and error.has_error_label(label)


def _details(error: BaseException) -> tuple[int | None, str]:
    if isinstance(error, BulkWriteError):
        details: Any = error.details or {}
        for wrong in details.get("writeErrors", ()):
            return wrong.get("code"), str(wrong.get("errmsg", error))
    return getattr(error, "code", None), str(error)
