"""Every error crmkit raises, on one page.

::

    CrmkitError
    ├── InvalidInput (ValueError)        the call is wrong; change it
    │   ├── InvalidValue                 a value breaks the rule of its field
    │   │   ├── WrongType                a value of another type (also a TypeError)
    │   │   ├── OutOfRange               too long, too large, too many
    │   │   └── MixedCurrencies          two currencies in one sum
    │   ├── UnknownField                 no such field on the entity
    │   ├── UnknownEntity                no such entity in this CRM
    │   ├── InvalidFilter                a filter, order or summary that cannot be meant
    │   ├── InvalidCursor                a page cursor of another query, or a damaged one
    │   ├── InvalidSettings              a mapping, a plugin or a set-up that contradicts itself
    │   └── BrokenFile                   a file that cannot be read as what it claims to be
    ├── Refused                          certainly nothing was written
    │   ├── NotFound                     no such record for this reader
    │   ├── NotPermitted                 the actor may not do this
    │   ├── Vetoed                       a plugin or a rule said no
    │   ├── RuleBroken                   the business says no; every department derives its own
    │   ├── Duplicate                    a unique value is taken by a live record
    │   ├── AlreadyDone                  this idempotency key was used; carries the first result
    │   ├── IdempotencyMismatch          the key was used for another call
    │   └── Conflict                     somebody else was faster; open another work and repeat
    │       ├── VersionConflict          the saved record has moved on
    │       ├── GuardConflict            a record that was read for the decision has moved on
    │       └── TransactionConflict      the database chose another transaction
    ├── OutcomeUnknown                   the reply to the commit was lost
    ├── StoreError                       the database
    │   ├── StoreClosed                  the CRM or the work is over
    │   ├── StoreUnavailable             the database cannot be reached
    │   ├── CapabilityMissing            this database cannot do this
    │   └── SchemaError                  tables or documents do not fit this version of crmkit
    │       ├── SchemaMissing            nothing was set up yet
    │       ├── SchemaOutdated           steps are waiting to be applied
    │       ├── SchemaBlocked            records are in the way of a step
    │       └── SchemaTooNew             written by a newer crmkit
    ├── PluginError                      a plugin failed; names the plugin and the hook
    └── MissingExtra (ImportError)       an optional library is not installed
"""

from collections.abc import Sequence
from typing import Any


class CrmkitError(Exception):
    """The root of everything crmkit raises on purpose.

    `path` names the field or place at fault, `fix` says what to do about it.
    """

    def __init__(self, message: str, *, path: str = "", fix: str = "") -> None:
        """Keep the message, the place at fault and the remedy."""
        self.message = message
        self.path = path
        self.fix = fix
        super().__init__(message)

    def __str__(self) -> str:
        """Say place, fault and remedy in one line."""
        place = f"{self.path}: " if self.path else ""
        remedy = f" ({self.fix})" if self.fix else ""
        return f"{place}{self.message}{remedy}"

    def at(self, path: str) -> "CrmkitError":
        """Name the outer place, so that `city` becomes `address.city`."""
        self.path = f"{path}.{self.path}" if self.path else path
        return self


class InvalidInput(CrmkitError, ValueError):
    """The call cannot be meant as it stands; nothing was tried."""


class InvalidValue(InvalidInput):
    """A value breaks the rule of its field."""


class WrongType(InvalidValue, TypeError):
    """A value is of another type than its field; crmkit does not convert silently."""


class OutOfRange(InvalidValue):
    """A value is too long, too large or too many for every store alike."""


class MixedCurrencies(InvalidValue):
    """Two currencies met in one sum or comparison."""


class UnknownField(InvalidInput):
    """The entity has no such field."""


class UnknownEntity(InvalidInput):
    """No entity of this name or class is registered with this CRM."""


class InvalidFilter(InvalidInput):
    """A filter, order or summary that cannot be meant."""


class InvalidCursor(InvalidInput):
    """A page cursor that belongs to another query, or is damaged."""


class InvalidSettings(InvalidInput):
    """A mapping, a plugin or a set-up that contradicts itself."""


class BrokenFile(InvalidInput):
    """A file that cannot be read as what it claims to be."""


class Refused(CrmkitError):
    """The call was understood and refused; certainly nothing was written."""


class NotFound(Refused):
    """There is no such record, or none that this reader may know of."""


class NotPermitted(Refused):
    """The actor may not do this."""


class Vetoed(Refused):
    """A plugin or a configured rule said no."""


class RuleBroken(Refused):
    """A rule of the business says no; each department derives its own refusals."""


class Duplicate(Refused):
    """A unique value is already taken by a live record."""

    def __init__(self, entity: str, fields: Sequence[str]) -> None:
        """Name the entity and the unique fields; never the other record."""
        self.entity = entity
        self.fields = tuple(fields)
        super().__init__(
            f"another live {entity} has the same {', '.join(fields) or 'unique value'}",
            path=f"{entity}.{fields[0]}" if fields else entity,
            fix="choose another value, or change the existing record",
        )


class AlreadyDone(Refused):
    """The idempotency key was used for this call before; `result` is what it gave."""

    def __init__(self, key: str, result: Any) -> None:
        """Carry the stored first result."""
        self.key = key
        self.result = result
        super().__init__(f"the call with key {key!r} was already done", path="idempotency_key")


class IdempotencyMismatch(Refused):
    """The idempotency key was used for a call with another payload."""

    def __init__(self, key: str) -> None:
        """Name the key."""
        self.key = key
        super().__init__(
            f"the key {key!r} was used for another call",
            path="idempotency_key",
            fix="use a new key for a new call",
        )


class Conflict(Refused):
    """Somebody else was faster; open another work and repeat."""


class VersionConflict(Conflict):
    """The record was changed or removed since it was read."""

    def __init__(self, entity: str, record_id: object = None, expected: int | None = None) -> None:
        """Name the record and the version that was expected."""
        self.entity = entity
        self.record_id = record_id
        self.expected = expected
        super().__init__(
            f"{entity} {record_id} is no longer at version {expected}",
            path=entity,
            fix="read it again and repeat the change in another work",
        )


class GuardConflict(Conflict):
    """A record that was read for the decision was changed before the commit."""

    def __init__(self, entity: str, record_id: object = None) -> None:
        """Name the record that moved."""
        self.entity = entity
        self.record_id = record_id
        super().__init__(
            f"{entity} {record_id} was changed while this work relied on it",
            path=entity,
            fix="repeat the decision in another work",
        )


class TransactionConflict(Conflict):
    """The database let another transaction win (deadlock, serialisation failure)."""


class OutcomeUnknown(CrmkitError):
    """The reply to the commit was lost: it may or may not have happened.

    Repeat the call with the same `idempotency_key`; it takes effect exactly once.
    """

    def __init__(self, message: str, *, idempotency_key: str | None = None) -> None:
        """Carry the key that makes a repeat safe, when the work had one."""
        self.idempotency_key = idempotency_key
        fix = (
            f"repeat with idempotency_key={idempotency_key!r}"
            if idempotency_key
            else "read the records before repeating; next time give an idempotency_key"
        )
        super().__init__(message, path="commit", fix=fix)


class StoreError(CrmkitError):
    """Something about the database, not about the call."""


class StoreClosed(StoreError):
    """The CRM, or this unit of work, is over."""


class StoreUnavailable(StoreError):
    """The database cannot be reached; nothing was written."""


class CapabilityMissing(StoreError):
    """This database cannot do what was asked, and crmkit does not pretend."""


class SchemaError(StoreError):
    """Tables or documents do not fit this version of crmkit."""


class SchemaMissing(SchemaError):
    """Nothing was set up in this database yet."""


class SchemaOutdated(SchemaError):
    """Schema steps are waiting to be applied."""


class SchemaBlocked(SchemaError):
    """Records that are there are in the way of a schema step; mended, the steps go on."""


class SchemaTooNew(SchemaError):
    """The data was written by a newer crmkit; it is refused, not truncated."""


class PluginError(CrmkitError):
    """A plugin failed; `plugin` and `hook` say where, the cause says why."""

    def __init__(self, plugin: str, hook: str, reason: str) -> None:
        """Name the plugin and the hook."""
        self.plugin = plugin
        self.hook = hook
        super().__init__(f"plugin {plugin!r} failed in {hook}: {reason}", path=f"plugins.{plugin}")


class MissingExtra(CrmkitError, ImportError):  # type: ignore[misc]
    """An optional library is needed and not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        """Name what was wanted and the extra that brings it."""
        self.feature = feature
        self.extra = extra
        super().__init__(
            f"{feature} needs an optional library",
            fix=f"pip install 'crmkit[{extra}]'",
        )
