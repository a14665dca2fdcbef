"""Rows: generated code between objects and tuples, one pair of functions per entity and store.

`dump(objects)` gives tuples in column order; `load(rows)` makes objects without their validators:
what was checked when it was written is trusted when it is read.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import attrs

from crmkit.domain.columns import Column, Role, columns_of
from crmkit.domain.composite_kinds import AnyJson, Many
from crmkit.domain.custom_values import CustomValues
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Choice, Form, Number, Text
from crmkit.domain.money import Money
from crmkit.domain.text import search_key

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]

_SAFE: Final = UUID(int=0).is_safe


@attrs.frozen(kw_only=True)
class Forms:
    """How a store holds the forms: expressions over `v`, by form; JSON text is always text."""

    dump: Mapping[Form, str]
    load: Mapping[Form, str]


TEXTUAL: Final = Forms(
    dump={
        Form.ID: "v.hex",
        Form.INSTANT: "v.isoformat(timespec='milliseconds')",
        Form.DATE: "v.isoformat()",
        Form.BOOLEAN: "(1 if v else 0)",
    },
    load={
        Form.ID: "_uuid(v)",
        Form.INSTANT: "_instant(v)",
        Form.DATE: "_date(v)",
        Form.BOOLEAN: "(v == 1)",
    },
)
"""Ids as hex, instants and dates as ISO 8601: SQLite and MySQL."""

NATIVE: Final = Forms(dump={}, load={Form.INSTANT: "v.astimezone(_UTC)"})
"""Ids, instants, dates and booleans as the driver has them: PostgreSQL."""


@attrs.frozen(kw_only=True)
class RowCodec:
    """The two generated functions of one entity, and the names of its columns."""

    columns: tuple[str, ...]
    dump: Callable[[Iterable[Any]], list[tuple[Any, ...]]]
    load: Callable[[Iterable[tuple[Any, ...]]], list[Any]]
    scalar: Mapping[str, Callable[[Any], Any]]
    """What a query binds for a column: from the domain's scalar to the store's."""
    unscalar: Mapping[str, Callable[[Any], Any]]
    """The way back, for columns that are read without an object."""


def row_codec(spec: EntitySpec, forms: Forms) -> RowCodec:
    """Generate the codec of an entity for a store."""
    columns = columns_of(spec)
    names: dict[str, Any] = dict(_NAMES)
    dump = _dump_source(spec, forms, names)
    load = _load_source(spec, forms, names)
    exec(compile(dump + load, f"<codec of {spec.name}>", "exec"), names)  # noqa: S102 - our own text
    return RowCodec(
        columns=tuple(columns),
        dump=names["dump"],
        load=names["load"],
        scalar={
            name: _function(forms.dump.get(column.form, "v")) for name, column in columns.items()
        },
        unscalar={
            name: _function(forms.load.get(column.form, "v")) for name, column in columns.items()
        },
    )


def to_json(plain: Any) -> str:
    """Write JSON text, by orjson where it is installed."""
    if orjson is not None:
        try:
            return orjson.dumps(plain).decode()
        except TypeError:
            return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Any:
    """Read JSON text, by orjson where it is installed."""
    return json.loads(text) if orjson is None else orjson.loads(text)


def _function(expression: str) -> Callable[[Any], Any]:
    source = f"lambda v: None if v is None else {expression}"
    made: Callable[[Any], Any] = eval(source, dict(_NAMES))  # noqa: S307 - our own text
    return made


def _dump_source(spec: EntitySpec, forms: Forms, names: dict[str, Any]) -> str:
    lines = ["def dump(objects):", "  rows = []", "  add = rows.append", "  for o in objects:"]
    cells: list[str] = []
    for at, column in enumerate(columns_of(spec).values()):
        value = f"o.{column.part.name}"
        cell = _dump_cell(column, forms, names, at)
        if cell == "v":
            cells.append(value)
            continue
        lines.append(f"    v = {value}")
        lines.append(
            f"    c{at} = {cell if not column.optional else f'None if v is None else {cell}'}"
        )
        cells.append(f"c{at}")
    lines += [f"    add(({', '.join(cells)},))", "  return rows", ""]
    return "\n".join(lines) + "\n"


def _dump_cell(column: Column, forms: Forms, names: dict[str, Any], at: int) -> str:
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
    if column.form in (Form.JSON, Form.TEXTS):
        return _dump_json(kind, names, at)
    return forms.dump.get(column.form, "v")


def _dump_json(kind: Any, names: dict[str, Any], at: int) -> str:
    if isinstance(kind, Many) and isinstance(kind.item, Text):
        return "_json(v) if v else '[]'"
    if isinstance(kind, AnyJson):
        return "_json(v)"
    names[f"p{at}"] = kind.plain
    if isinstance(kind, CustomValues):
        return f"_json(p{at}(v)) if v else '{{}}'"
    return f"_json(p{at}(v))"


def _load_source(spec: EntitySpec, forms: Forms, names: dict[str, Any]) -> str:
    columns = list(columns_of(spec).values())
    names["_cls"] = spec.cls
    variables = [f"x{at}" for at in range(len(columns))]
    lines = [
        "def load(rows):",
        "  objects = []",
        "  add = objects.append",
        f"  for {', '.join(variables)}, in rows:",
        "    o = _new(_cls)",
    ]
    if "events" in {field.name for field in attrs.fields(spec.cls)}:
        names["s_events"] = setter_of(spec.cls, "events")
        lines.append("    s_events(o, ())")
    for at, column in enumerate(columns):
        name = column.part.name
        if column.role in (Role.CURRENCY, Role.KEY):
            continue
        names[f"s{at}"] = setter_of(spec.cls, name)
        value = _load_cell(column, forms, names, at)
        if column.optional and value != f"x{at}":
            value = f"None if x{at} is None else {value}"
        lines.append(f"    s{at}(o, {value})")
    lines += ["    add(o)", "  return objects", ""]
    return "\n".join(lines) + "\n"


def _load_cell(column: Column, forms: Forms, names: dict[str, Any], at: int) -> str:
    kind, cell = column.part.kind, f"x{at}"
    if column.role is Role.AMOUNT:
        return f"_money({cell}, x{at + 1})"
    if isinstance(kind, Choice):
        names[f"d{at}"] = {str(member.value): member for member in kind.enum}
        return f"d{at}[{cell}]"
    if isinstance(kind, Number):
        return f"_Decimal({cell}).scaleb({-kind.scale})"
    if column.form in (Form.JSON, Form.TEXTS):
        return _load_json(kind, names, at)
    expression = forms.load.get(column.form, "v")
    if expression == "_uuid(v)":
        return f"_uuid({cell})"
    return (
        cell
        if expression == "v"
        else expression.replace("(v", f"({cell}").replace("v.", f"{cell}.")
    )


def _load_json(kind: Any, names: dict[str, Any], at: int) -> str:
    cell = f"x{at}"
    if isinstance(kind, Many) and isinstance(kind.item, Text):
        return f"() if {cell} == '[]' else tuple(_unjson({cell}))"
    if isinstance(kind, AnyJson):
        return f"_unjson({cell})"
    names[f"q{at}"] = kind.parse
    if isinstance(kind, CustomValues):
        return f"{{}} if {cell} == '{{}}' else q{at}(_unjson({cell}))"
    return f"q{at}(_unjson({cell}))"


def setter_of(cls: type[Any], name: str) -> Callable[[Any, Any], None]:
    """Return the slot's own setter, which a frozen class does not hide."""
    for base in cls.__mro__:
        slot = base.__dict__.get(name)
        if slot is not None and hasattr(slot, "__set__"):
            setter: Callable[[Any, Any], None] = slot.__set__
            return setter
    return lambda made, value: object.__setattr__(made, name, value)


_set_int = UUID.__dict__["int"].__set__
_set_safe = UUID.__dict__["is_safe"].__set__


def _uuid(text: str, _new: Any = object.__new__) -> UUID:
    made: UUID = _new(UUID)
    _set_int(made, int(text, 16))
    _set_safe(made, _SAFE)
    return made


_NAMES: Final[Mapping[str, Any]] = {
    "_new": object.__new__,
    "_uuid": _uuid,
    "_instant": datetime.fromisoformat,
    "_date": date.fromisoformat,
    "_UTC": UTC,
    "_money": Money.from_minor,
    "_key": search_key,
    "_json": to_json,
    "_unjson": from_json,
    "_Decimal": Decimal,
}
