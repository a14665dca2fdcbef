"""Rows: generated code between objects and tuples, one set of functions per entity and store.

`dump(objects)` brings tuples in column order, each when it is asked for; `load(rows)` makes objects
without their validators: what was checked when it was written is trusted when it is read.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

import attrs

from crmkit.domain.columns import Column, Role, columns_of
from crmkit.domain.composite_kinds import Many
from crmkit.domain.custom_values import CustomValues
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Form, Number, Text
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
class Forms:
    """How a store holds the forms: expressions over `v` and `{v}`, by form; JSON is always text."""

    dump: Mapping[Form, str]
    load: Mapping[Form, str]


TEXTUAL: Final = Forms(
    dump={
        Form.ID: "'%032x' % v.int",
        Form.INSTANT: "v.isoformat('T', 'milliseconds')",
        Form.DATE: "v.isoformat()",
        Form.BOOLEAN: "(1 if v else 0)",
    },
    load={
        Form.ID: "_uuid({v})",
        Form.INSTANT: "_instant({v})",
        Form.DATE: "_date({v})",
        Form.BOOLEAN: "({v} == 1)",
    },
)
"""Ids as hex, instants and dates as ISO 8601: SQLite and MySQL."""

NATIVE: Final = Forms(dump={}, load={})
"""Ids, instants, dates and booleans as the driver has them: PostgreSQL."""

Dump = Callable[[Iterable[Any]], Iterator[tuple[Any, ...]]]
Load = Callable[[Iterable[Sequence[Any]]], list[Any]]
Turn = Callable[[Any], Any]


@attrs.frozen(kw_only=True)
class RowCodec:
    """The generated functions of one entity, and the names of its columns."""

    columns: tuple[str, ...]
    dump: Dump
    load: Load
    scalar: Mapping[str, Turn]
    """What a query binds for a column: from the domain's scalar to the store's."""
    unscalar: Mapping[str, Turn]
    """The way back, for columns that are read without an object."""


def row_codec(spec: EntitySpec, forms: Forms) -> RowCodec:
    """Generate the codec of an entity for a store."""
    names = Names(**ROW_NAMES)
    columns = columns_of(spec)
    names.define(_dump_source(columns.values(), forms, names), f"dump of {spec.name}")
    names.define(_load_source(spec, forms, names), f"load of {spec.name}")
    dumped = {form: _function(forms.dump.get(form, "v")) for form in Form}
    loaded = {form: _function(forms.load.get(form, "{v}").format(v="v")) for form in Form}
    return RowCodec(
        columns=tuple(columns),
        dump=names.objects["dump"],
        load=names.objects["load"],
        scalar={name: dumped[column.form] for name, column in columns.items()},
        unscalar={name: loaded[column.form] for name, column in columns.items()},
    )


def row_dump(spec: EntitySpec, forms: Forms, fields: Collection[str]) -> Dump:
    """Generate the function that gives the columns of some fields only."""
    names = Names(**ROW_NAMES)
    columns = [column for column in columns_of(spec).values() if column.part.name in fields]
    names.define(_dump_source(columns, forms, names), f"dump of {', '.join(fields)}")
    made: Dump = names.objects["dump"]
    return made


class Dumped(NamedTuple):
    """Generated lines: what stands before the loop, what works out the cells of `o`, the cells."""

    begin: list[str]
    lines: list[str]
    cells: list[str]


def dumped_cells(columns: Iterable[Column], forms: Forms, names: Names) -> Dumped:
    """Write the lines that work out the cells of the object `o`, and the cells themselves."""
    dumped = Dumped(["last = text = None"], [], [])
    for at, column in enumerate(columns):
        place, expression = f"o.{column.part.name}", dump_cell(column, forms, names)
        if expression == "v":
            dumped.cells.append(place)
            continue
        cell = f"c{at}"
        dumped.cells.append(cell)
        dumped.lines.extend(_worked_out(cell, place, expression, column))
        if _is_reference(column):
            dumped.begin.append(f"last_{cell} = {cell} = None")
    return dumped


def _is_reference(column: Column) -> bool:
    return column.form is Form.ID and column.name != "id"


def _worked_out(cell: str, place: str, expression: str, column: Column) -> list[str]:
    """Work out one cell; what is mostly the same in one batch is kept from the last record."""
    if column.form is Form.INSTANT:
        return [
            f"v = {place}",
            f"if v is None: {cell} = None",
            f"elif v is last: {cell} = text",
            f"else: last = v; text = {cell} = {expression}",
        ]
    value = f"None if v is None else {expression}" if column.optional else expression
    if _is_reference(column):
        last = f"last_{cell}"
        return [f"v = {place}", f"if v is not {last}: {last} = v; {cell} = {value}"]
    return [f"v = {place}", f"{cell} = {value}"]


def dump_cell(column: Column, forms: Forms, names: Names) -> str:
    """Return the expression for what a column holds of `v`, which is not None."""
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
    if type(kind) is Choice:
        return member_value(names, kind.enum, "v")
    if type(kind) is Number:
        return f"int(v.scaleb({kind.scale}))"
    if column.form in (Form.JSON, Form.TEXTS):
        return _dump_json(kind, names)
    if column.form in (Form.TEXT, Form.INTEGER) and type(kind).scalar is not _AS_IT_IS:
        return f"{names.add('scalar', kind.scalar)}(v)"
    return forms.dump.get(column.form, "v")


def _dump_json(kind: Any, names: Names) -> str:
    expression = dump_expression(names, kind, "v")
    if isinstance(kind, Many):
        return f"(_json({expression}) if v else '[]')"
    if isinstance(kind, CustomValues):
        return f"(_json({expression}) if v else '{{}}')"
    return f"_json({expression})"


def _dump_source(columns: Iterable[Column], forms: Forms, names: Names) -> str:
    dumped = dumped_cells(columns, forms, names)
    lines = ["def dump(objects):", *(f"  {line}" for line in dumped.begin)]
    lines += ["  for o in objects:", *(f"    {line}" for line in dumped.lines)]
    lines += [f"    yield ({', '.join(dumped.cells)},)", ""]
    return "\n".join(lines)


def _load_source(spec: EntitySpec, forms: Forms, names: Names) -> str:
    columns = list(columns_of(spec).values())
    making = Making(names, spec.cls, "o")
    variables = ", ".join(f"x{at}" for at in range(len(columns)))
    lines = ["def load(rows):", "  objects = []", "  add = objects.append", "  last = at = None"]
    lines += ["  known = {}", f"  for {variables}, in rows:", f"    {making.begin()}"]
    for at, column in enumerate(columns):
        if column.role in (Role.VALUE, Role.AMOUNT):
            prepared, value = _load_cell(column, f"x{at}", forms, names)
            lines += [f"    {line}" for line in prepared]
            lines.append(f"    {making.put(column.part.name, value)}")
    lines += [f"    {line}" for line in making.end()] + ["    add(o)", "  return objects", ""]
    return "\n".join(lines)


def _load_cell(column: Column, cell: str, forms: Forms, names: Names) -> tuple[list[str], str]:
    """Return the lines that prepare the value of a cell, and the expression for it."""
    made = f"y{cell[1:]}"
    if column.role is Role.AMOUNT:
        money = {"minor": cell, "currency": f"x{int(cell[1:]) + 1}"}
        return _unless_none(column, cell, made, _make(names, Money, money, made)), made
    if column.form is Form.ID and Form.ID in forms.load:
        return _load_id(column, cell, made, names), made
    if column.form is Form.INSTANT and Form.INSTANT in forms.load:
        turned = forms.load[Form.INSTANT].format(v=cell)
        return [
            f"if {cell} is None: {made} = None",
            f"elif {cell} == last: {made} = at",
            f"else: last = {cell}; at = {made} = {turned}",
        ], made
    value = _loaded(column, cell, forms, names)
    if column.optional and value != cell:
        value = f"None if {cell} is None else {value}"
    return [], value


def _loaded(column: Column, cell: str, forms: Forms, names: Names) -> str:
    kind = column.part.kind
    if type(kind) is Choice:
        return f"{members(names, kind.enum)}[{cell}]"
    if type(kind) is Number:
        return f"_Decimal({cell}).scaleb({-kind.scale})"
    if column.form in (Form.JSON, Form.TEXTS):
        return _load_json(kind, cell, names)
    if column.form in (Form.TEXT, Form.INTEGER) and type(kind).scalar is not _AS_IT_IS:
        return f"{names.add('parse', kind.parse)}({cell})"
    return forms.load.get(column.form, "{v}").format(v=cell)


def _load_json(kind: Any, cell: str, names: Names) -> str:
    value = load_expression(names, kind, f"_unjson({cell})")
    if isinstance(kind, Many):
        return f"(() if {cell} == '[]' else {value})"
    if isinstance(kind, CustomValues):
        return f"({{}} if {cell} == '{{}}' else {value})"
    return value


def _load_id(column: Column, cell: str, made: str, names: Names) -> list[str]:
    """Make an id; those that refer to others come again and again, so a batch keeps them."""
    number = {"int": f"int({cell}, 16)", "is_safe": names.add("safe", UUID(int=0).is_safe)}
    making = _make(names, UUID, number, made)
    if column.name == "id":
        return making
    new = [f"  {line}" for line in (*making, f"known[{cell}] = {made}")]
    return [f"{made} = known.get({cell})", f"if {made} is None and {cell} is not None:", *new]


def _make(names: Names, cls: type[Any], values: Mapping[str, str], into: str) -> list[str]:
    making = Making(names, cls, into)
    puts = [making.put(name, value) for name, value in values.items()]
    return [making.begin(), *puts, *making.end()]


def _unless_none(column: Column, cell: str, made: str, lines: list[str]) -> list[str]:
    if not column.optional:
        return lines
    return [f"if {cell} is None: {made} = None", "else:", *(f"  {line}" for line in lines)]


def _function(expression: str) -> Turn:
    source = f"lambda v: None if v is None else {expression}"
    made: Turn = eval(source, {**ROW_NAMES, "_uuid": _uuid})  # noqa: S307 - our own text
    return made


_AS_IT_IS: Final = Text.scalar


def _uuid(text: str) -> UUID:
    return UUID(int=int(text, 16))


ROW_NAMES: Final[Mapping[str, Any]] = {
    **PLAIN_NAMES,
    "_new": object.__new__,
    "_instant": datetime.fromisoformat,
    "_date": date.fromisoformat,
    "_json": to_json,
    "_unjson": from_json,
    "_Decimal": Decimal,
}
