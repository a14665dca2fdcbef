"""Documents: generated code between objects and what MongoDB holds, one pair per entity.

A document has the columns of the entity as its fields. `_id` is the tenant and the id together, so
two tenants may hold the same id. Ids are UUIDs, instants are dates of BSON, dates are ISO text,
JSON of free shape is kept as text, because its keys may be anything.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import attrs
from bson.binary import UUID_SUBTYPE, Binary
from bson.int64 import Int64

from crmkit.domain.columns import Column, Role, columns_of
from crmkit.domain.composite_kinds import AnyJson, Document, Documents, Labels, Many
from crmkit.domain.custom_values import CustomValues
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Form, Integer, Kind, Number, Text
from crmkit.domain.making import Making, Names
from crmkit.domain.money import Money
from crmkit.domain.named_kinds import Choice
from crmkit.domain.plain_code import (
    PLAIN_NAMES,
    dump_expression,
    load_expression,
    member_value,
    members,
)
from crmkit.storage.codec.json_text import from_json, to_json


@attrs.frozen(kw_only=True)
class DocumentCodec:
    """The two generated functions of one entity."""

    columns: tuple[str, ...]
    dump: Callable[[Iterable[Any]], list[dict[str, Any]]]
    load: Callable[[Iterable[Mapping[str, Any]]], list[Any]]


def document_codec(spec: EntitySpec) -> DocumentCodec:
    """Generate the codec of an entity."""
    names = Names(**_NAMES)
    names.define(_dump_source(spec, names), f"dump of {spec.name} documents")
    names.define(_load_source(spec, names), f"load of {spec.name} documents")
    return DocumentCodec(
        columns=tuple(columns_of(spec)), dump=names.objects["dump"], load=names.objects["load"]
    )


def document_id(tenant: str, record_id: UUID) -> bytes:
    """Return the `_id` of a record."""
    return tenant.encode() + b"\0" + record_id.bytes


def _dump_source(spec: EntitySpec, names: Names) -> str:
    lines = ["def dump(objects):", "  documents = []", "  add = documents.append", "  known = {}"]
    lines += ["  tenant = prefix = last = at = None", "  for o in objects:"]
    lines += ["    if o.tenant is not tenant:", "      tenant = o.tenant"]
    lines += ["      prefix = tenant.encode() + b'\\0'", "    key = o.id.bytes"]
    cells = ["'_id': prefix + key"]
    for number, column in enumerate(columns_of(spec).values()):
        place, expression = f"o.{column.part.name}", _dump_cell(column, names)
        if expression == "v":
            cells.append(f"{column.name!r}: {place}")
            continue
        cells.append(f"{column.name!r}: c{number}")
        lines += [f"    {line}" for line in _worked_out(column, f"c{number}", place, expression)]
    lines += [f"    add({{{', '.join(cells)}}})", "  return documents", ""]
    return "\n".join(lines)


def _worked_out(column: Column, cell: str, place: str, expression: str) -> list[str]:
    """Work out one cell; instants and references come again and again, so they are kept."""
    if column.name == "id":
        return [f"{cell} = {expression}"]
    if column.form is Form.INSTANT:
        return [
            f"v = {place}",
            f"if v is None: {cell} = None",
            f"elif v is last: {cell} = at",
            f"else: last = v; at = {cell} = {expression}",
        ]
    if column.form is Form.ID:
        return [
            f"v = {place}",
            f"{cell} = known.get(v)",
            f"if {cell} is None and v is not None: {cell} = known[v] = {expression}",
        ]
    if column.optional:
        return [f"{cell} = None if (v := {place}) is None else {expression}"]
    return [f"v = {place}", f"{cell} = {expression}"]


def _dump_cell(column: Column, names: Names) -> str:
    kind = column.part.kind
    if column.role in _OF_ROLES:
        return _OF_ROLES[column.role]
    if column.name == "id":
        return "_Binary(key, _UUID_SUBTYPE)"
    if type(kind) is Choice:
        return member_value(names, kind.enum, "v")
    if type(kind) is Number:
        return f"int(v.scaleb({kind.scale}))"
    if isinstance(kind, AnyJson | Labels):
        return "_json(v)"
    if column.form in (Form.JSON, Form.TEXTS):
        expression = dump_expression(names, kind, "v")
        return f"({expression} if v else {{}})" if isinstance(kind, CustomValues) else expression
    if column.form in (Form.TEXT, Form.INTEGER) and type(kind).scalar is not _AS_IT_IS:
        return f"{names.add('scalar', kind.scalar)}(v)"
    return _DUMPED.get(column.form, "v")


def _load_source(spec: EntitySpec, names: Names) -> str:
    making = Making(names, spec.cls, "o")
    lines = ["def load(documents):", "  objects = []", "  add = objects.append"]
    lines += ["  last = at = None", "  for d in documents:", f"    {making.begin()}"]
    for number, column in enumerate(columns_of(spec).values()):
        if column.role in (Role.VALUE, Role.AMOUNT):
            prepared, value = _load_cell(column, f"x{number}", names)
            lines += [f"    {line}" for line in prepared]
            lines.append(f"    {making.put(column.part.name, value)}")
    lines += [f"    {line}" for line in making.end()] + ["    add(o)", "  return objects", ""]
    return "\n".join(lines)


def _load_cell(column: Column, cell: str, names: Names) -> tuple[list[str], str]:
    """Return the lines that prepare a value, and the expression for it."""
    place = f"d[{column.name!r}]"
    if column.role is Role.AMOUNT:
        return _load_money(column, cell, names), cell
    expression = _loaded(column, "v", names)
    if expression == "v":
        return [], place
    if column.form is Form.INSTANT:
        return [
            f"v = {place}",
            f"if v is None: {cell} = None",
            f"elif v == last: {cell} = at",
            f"else: last = v; at = {cell} = {expression}",
        ], cell
    kind = column.part.kind
    nested = isinstance(kind, Many | Document | Documents) and _holds_numbers(kind)
    lines = [f"v = _plain({place})" if nested else f"v = {place}"]
    return lines, f"None if v is None else {expression}" if column.optional else expression


def _load_money(column: Column, cell: str, names: Names) -> list[str]:
    making = Making(names, Money, cell)
    puts = [making.put("minor", "int(v)")]
    puts.append(making.put("currency", f"d[{column.part.name + '_currency'!r}]"))
    made = [making.begin(), *puts, *making.end()]
    lines = [f"v = d[{column.name!r}]"]
    if not column.optional:
        return lines + made
    return [*lines, f"if v is None: {cell} = None", "else:", *(f"  {line}" for line in made)]


def _loaded(column: Column, value: str, names: Names) -> str:
    kind = column.part.kind
    if type(kind) is Choice:
        return f"{members(names, kind.enum)}[{value}]"
    if type(kind) is Number:
        return f"_Decimal({value}).scaleb({-kind.scale})"
    if isinstance(kind, AnyJson | Labels):
        return f"_unjson({value})"
    if column.form in (Form.JSON, Form.TEXTS):
        expression = load_expression(names, kind, value)
        if isinstance(kind, Many):
            return f"({expression} if {value} else ())"
        return (
            f"({expression} if {value} else {{}})" if isinstance(kind, CustomValues) else expression
        )
    if column.form in (Form.TEXT, Form.INTEGER) and type(kind).scalar is not _AS_IT_IS:
        return f"{names.add('parse', kind.parse)}({value})"
    return _LOADED.get(column.form, "{v}").format(v=value)


def _holds_numbers(kind: Kind) -> bool:
    """Say whether JSON of this kind has whole numbers that its code takes as they come."""
    if isinstance(kind, Many | Documents):
        return _holds_numbers(kind.item)
    if isinstance(kind, Document):
        return any(_holds_numbers(part.kind) for part in kind.parts.values())
    return isinstance(kind, Integer | AnyJson)


def _plain(value: Any) -> Any:
    """Turn the driver's own class for large whole numbers into `int`, however deep they lie."""
    match value:
        case Int64():
            return int(value)
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case _:
            return value


_OF_ROLES: Final = {Role.AMOUNT: "v.minor", Role.CURRENCY: "v.currency", Role.KEY: "_key(v)"}
_AS_IT_IS: Final = Text.scalar
_DUMPED: Final[Mapping[Form, str]] = {
    Form.ID: "_Binary(v.bytes, _UUID_SUBTYPE)",
    Form.INSTANT: "v.replace(tzinfo=None)",
    Form.DATE: "v.isoformat()",
}
_LOADED: Final[Mapping[Form, str]] = {
    Form.INSTANT: "{v}.replace(tzinfo=_UTC)",
    Form.DATE: "_date({v})",
    Form.INTEGER: "int({v})",
}
_NAMES: Final[Mapping[str, Any]] = {
    **PLAIN_NAMES,
    "_new": object.__new__,
    "_plain": _plain,
    "_Binary": Binary,
    "_UUID_SUBTYPE": UUID_SUBTYPE,
    "_UTC": UTC,
    "_date": date.fromisoformat,
    "_instant": datetime.fromisoformat,
    "_json": to_json,
    "_unjson": from_json,
    "_Decimal": Decimal,
}
