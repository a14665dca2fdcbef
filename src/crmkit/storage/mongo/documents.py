"""Documents: generated code between objects and what MongoDB holds, one pair per entity.

A document has the columns of the entity as its fields. `_id` is the tenant and the id together, so
two tenants may hold the same id. Ids are UUIDs, instants are dates of BSON, dates are ISO text,
JSON of free shape is kept as text, because its keys may be anything.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import attrs

from crmkit.domain.columns import Column, Role, columns_of
from crmkit.domain.composite_kinds import AnyJson, Labels, Many
from crmkit.domain.custom_values import CustomValues
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Form, Number, Text
from crmkit.domain.money import Money
from crmkit.domain.named_kinds import Choice
from crmkit.domain.text import search_key
from crmkit.storage.codec.rows import from_json, setter_of, to_json


@attrs.frozen(kw_only=True)
class DocumentCodec:
    """The two generated functions of one entity."""

    columns: tuple[str, ...]
    dump: Callable[[Iterable[Any]], list[dict[str, Any]]]
    load: Callable[[Iterable[Mapping[str, Any]]], list[Any]]


def document_codec(spec: EntitySpec) -> DocumentCodec:
    """Generate the codec of an entity."""
    names: dict[str, Any] = dict(_NAMES)
    source = _dump_source(spec, names) + _load_source(spec, names)
    exec(compile(source, f"<documents of {spec.name}>", "exec"), names)  # noqa: S102 - our own text
    return DocumentCodec(columns=tuple(columns_of(spec)), dump=names["dump"], load=names["load"])


def document_id(tenant: str, record_id: UUID) -> bytes:
    """Return the `_id` of a record."""
    return tenant.encode() + b"\0" + record_id.bytes


def _dump_source(spec: EntitySpec, names: dict[str, Any]) -> str:
    lines = ["def dump(objects):", "  documents = []", "  add = documents.append"]
    lines += ["  for o in objects:"]
    cells = ["'_id': _id(o.tenant, o.id)"]
    for at, column in enumerate(columns_of(spec).values()):
        value = f"o.{column.part.name}"
        cell = _dump_cell(column, names, at)
        if cell == "v":
            cells.append(f"{column.name!r}: {value}")
            continue
        lines.append(f"    v = {value}")
        lines.append(f"    c{at} = {f'None if v is None else {cell}' if column.optional else cell}")
        cells.append(f"{column.name!r}: c{at}")
    lines += [f"    add({{{', '.join(cells)}}})", "  return documents", ""]
    return "\n".join(lines) + "\n"


def _dump_cell(column: Column, names: dict[str, Any], at: int) -> str:
    kind = column.part.kind
    match column.role:
        case Role.AMOUNT:
            return "v.minor"
        case Role.CURRENCY:
            return "v.currency"
        case Role.KEY:
            return "_key(v)"
        case Role.VALUE:
            pass
    if isinstance(kind, Choice):
        names[f"e{at}"] = {member: str(member.value) for member in kind.enum}
        return f"e{at}[v]"
    if isinstance(kind, Number):
        return f"int(v.scaleb({kind.scale}))"
    if isinstance(kind, AnyJson | Labels):
        return "_json(v)"
    if isinstance(kind, Many) and isinstance(kind.item, Text):
        return "list(v)"
    if column.form in (Form.JSON, Form.TEXTS):
        names[f"p{at}"] = kind.plain
        return f"p{at}(v) if v else {{}}" if isinstance(kind, CustomValues) else f"p{at}(v)"
    return "v.isoformat()" if column.form is Form.DATE else "v"


def _load_source(spec: EntitySpec, names: dict[str, Any]) -> str:
    names["_cls"] = spec.cls
    lines = ["def load(documents):", "  objects = []", "  add = objects.append"]
    lines += ["  for d in documents:", "    o = _new(_cls)"]
    if "events" in {field.name for field in attrs.fields(spec.cls)}:
        names["s_events"] = setter_of(spec.cls, "events")
        lines.append("    s_events(o, ())")
    for at, column in enumerate(columns_of(spec).values()):
        if column.role in (Role.CURRENCY, Role.KEY):
            continue
        names[f"s{at}"] = setter_of(spec.cls, column.part.name)
        cell = _load_cell(column, names, at)
        if cell == "v":
            lines.append(f"    s{at}(o, d[{column.name!r}])")
            continue
        lines.append(f"    v = d[{column.name!r}]")
        value = f"None if v is None else {cell}" if column.optional else cell
        lines.append(f"    s{at}(o, {value})")
    lines += ["    add(o)", "  return objects", ""]
    return "\n".join(lines) + "\n"


def _load_cell(column: Column, names: dict[str, Any], at: int) -> str:
    kind = column.part.kind
    if column.role is Role.AMOUNT:
        return f"_money(int(v), d[{column.part.name + '_currency'!r}])"
    if isinstance(kind, Choice):
        names[f"d{at}"] = {str(member.value): member for member in kind.enum}
        return f"d{at}[v]"
    if isinstance(kind, Number):
        return f"_Decimal(v).scaleb({-kind.scale})"
    if isinstance(kind, AnyJson | Labels):
        return "_unjson(v)"
    if isinstance(kind, Many) and isinstance(kind.item, Text):
        return "tuple(v)"
    if column.form in (Form.JSON, Form.TEXTS):
        names[f"q{at}"] = kind.parse
        return f"q{at}(v) if v else {{}}" if isinstance(kind, CustomValues) else f"q{at}(v)"
    if column.form is Form.DATE:
        names[f"q{at}"] = kind.parse
        return f"q{at}(v)"
    if column.form is Form.INTEGER:
        return "int(v)"
    return "v.replace(tzinfo=_UTC)" if column.form is Form.INSTANT else "v"


_NAMES: Final[Mapping[str, Any]] = {
    "_new": object.__new__,
    "_id": document_id,
    "_UTC": UTC,
    "_money": Money.from_minor,
    "_key": search_key,
    "_json": to_json,
    "_unjson": from_json,
    "_Decimal": Decimal,
}
