"""From the texts of a row to the values of a record."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from crmkit.domain.composite_kinds import Amount, Part
from crmkit.domain.custom_fields import CustomField
from crmkit.domain.entity import EntitySpec
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.domain.instants import as_instant
from crmkit.domain.kinds import Day, Instant, Integer, Kind
from crmkit.domain.money import Money
from crmkit.errors import CrmkitError, InvalidSettings, InvalidValue
from crmkit.services.imports.report import Note, NoteKind

CUSTOM_PREFIX = "custom."
Look = Callable[[ColumnMapping, str], Any]
Tell = Callable[[Note], None]


@attrs.frozen(kw_only=True)
class Draft:
    """The values that one row gives, by field name; custom and nested ones are dotted."""

    line: int
    values: Mapping[str, Any]
    is_sound: bool


class RowReader:
    """Reads rows of one mapped file; what is wrong with a cell is told, not raised."""

    def __init__(
        self, mapping: FileMapping, spec: EntitySpec, custom: Mapping[str, CustomField]
    ) -> None:
        """Check that every mapped field exists."""
        self._mapping = mapping
        self._zone = ZoneInfo(mapping.zone)
        self._kinds = {
            column.field: _kind_of(spec, column.field, custom) for column in mapping.columns
        }

    def check_header(self, header: tuple[str, ...]) -> None:
        """Raise `InvalidSettings` when the file lacks a mapped column."""
        for column in self._mapping.columns:
            if column.column is not None and column.column not in header:
                raise InvalidSettings(
                    f"{self._mapping.file} has no column {column.column!r}",
                    path=f"columns.{column.field}",
                    fix=f"one of {', '.join(header)}",
                )

    def read(self, line: int, texts: Mapping[str, str], look: Look, tell: Tell) -> Draft:
        """Turn the texts of one row into values."""
        values: dict[str, Any] = {}
        sound = True
        for column in self._mapping.columns:
            text = self._text(column, texts, line, tell)
            try:
                values[column.field] = self._value(column, text, look)
            except CrmkitError as wrong:
                sound = False
                tell(_error(line, column, text or "", wrong))
        return Draft(line=line, values=values, is_sound=sound)

    def _text(
        self, column: ColumnMapping, texts: Mapping[str, str], line: int, tell: Tell
    ) -> str | None:
        name = column.column or column.field
        if column.template is not None:
            return column.template.format_map(_Blanks(texts)).strip()
        text = column.constant if column.column is None else texts.get(column.column, "")
        if text is None or not text.strip() or text in column.blank:
            if column.report_blank:
                tell(Note(line, name, text or "", NoteKind.BLANK, f"{name} is empty"))
            return None
        corrected = column.corrections.get(text)
        if corrected is not None:
            message = f"{text!r} read as {corrected!r}"
            tell(Note(line, name, text, NoteKind.CORRECTED, message))
            text = corrected
        return column.values.get(text, text) or None

    def _value(self, column: ColumnMapping, text: str | None, look: Look) -> Any:
        if text is None:
            return None
        kind = self._kinds[column.field]
        if column.lookup is not None:
            return look(column, text)
        if column.date_format is not None:
            return self._moment(kind, text, column)
        if column.multiply is not None or column.currency is not None:
            return _number(kind, text, column)
        if isinstance(kind, Instant) and len(text) == len("2026-11-24"):
            day = Day().read(text, column.field)
            return as_instant(datetime(day.year, day.month, day.day, tzinfo=self._zone))
        return kind.read(text, column.field)

    def _moment(self, kind: Kind, text: str, column: ColumnMapping) -> Any:
        try:
            moment = datetime.strptime(text, column.date_format or "").replace(tzinfo=self._zone)
        except ValueError:
            raise InvalidValue(
                f"{text!r} is not written as {column.date_format}", path=column.field
            ) from None
        return moment.date() if isinstance(kind, Day) else as_instant(moment)


class _Blanks(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _number(kind: Kind, text: str, column: ColumnMapping) -> Any:
    try:
        number = Decimal(text.replace(",", "").strip()) * (column.multiply or 1)
    except InvalidOperation:
        raise InvalidValue(f"{text!r} is not a number", path=column.field) from None
    if isinstance(kind, Amount):
        return Money(number, column.currency or "")
    if isinstance(kind, Integer) and number == number.to_integral_value():
        return int(number)
    return kind.check(number, column.field)


def _error(line: int, column: ColumnMapping, text: str, wrong: CrmkitError) -> Note:
    return Note(line, column.column or column.field, text, NoteKind.ERROR, str(wrong))


def _kind_of(spec: EntitySpec, field: str, custom: Mapping[str, CustomField]) -> Kind:
    if field.startswith(CUSTOM_PREFIX):
        key = field.removeprefix(CUSTOM_PREFIX)
        if key not in custom:
            raise InvalidSettings(f"{spec.name} has no custom field {key!r}", path=field)
        return custom[key].part.kind
    first, _, rest = field.partition(".")
    part = spec.part(first)
    return _nested(part, rest) if rest else part.kind


def _nested(part: Part, name: str) -> Kind:
    parts: Mapping[str, Part] = getattr(part.kind, "parts", {})
    if name not in parts:
        raise InvalidSettings(f"{part.name} has no field {name!r}", path=f"{part.name}.{name}")
    return parts[name].kind
