"""Mappings: which column of a file becomes which field of a record, as data."""

from collections.abc import Mapping
from decimal import Decimal

import attrs

from crmkit.errors import InvalidSettings


@attrs.frozen(kw_only=True)
class Lookup:
    """Find a record by a text field; `create` makes a missing one of that field."""

    entity: str
    field: str
    create: bool = False
    also: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ColumnMapping:
    """One field of the record and where its value comes from.

    `values` replaces texts before they are read; a replacement listed in `corrections` is reported
    row by row, as is an empty cell when `report_blank` is set. `template` fills in other columns,
    such as `"{product} for {account}"`. Dates are read with `date_format` (as `strptime` takes it)
    in the mapping's time zone; a number may be multiplied, and is money with a `currency`.
    """

    field: str
    column: str | None = None
    constant: str | None = None
    template: str | None = None
    values: Mapping[str, str] = attrs.field(factory=dict)
    corrections: Mapping[str, str] = attrs.field(factory=dict)
    blank: tuple[str, ...] = ()
    report_blank: bool = False
    lookup: Lookup | None = None
    date_format: str | None = None
    currency: str | None = None
    multiply: Decimal | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a mapping with no source, or with two."""
        sources = [self.column, self.constant, self.template]
        if sum(source is not None for source in sources) != 1:
            raise InvalidSettings(
                "needs exactly one of column, constant and template", path=f"columns.{self.field}"
            )


@attrs.frozen(kw_only=True)
class FileMapping:
    """How one file becomes records of one entity, recognised again by the fields of `key`."""

    file: str
    entity: str
    key: tuple[str, ...]
    columns: tuple[ColumnMapping, ...]
    zone: str = "UTC"
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    escaped: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse a mapping without a key, or with a key that no column fills."""
        filled = {column.field for column in self.columns}
        if len(filled) != len(self.columns):
            raise InvalidSettings("two columns fill one field", path=f"files.{self.file}")
        if not self.key or not set(self.key) <= filled:
            raise InvalidSettings("every key field needs a column", path=f"files.{self.file}.key")


@attrs.frozen(kw_only=True)
class ImportMapping:
    """Several files that belong together, in the order in which they are imported."""

    name: str
    files: tuple[FileMapping, ...]
