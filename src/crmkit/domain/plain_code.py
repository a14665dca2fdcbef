"""Code that turns values into plain JSON and back, for each kind; what `Kind.plain` and `parse` do.

Expressions for kinds that are exactly crmkit's own; a derived kind is asked itself.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any
from uuid import UUID

from crmkit.domain.composite_kinds import (
    KEY_SUFFIX,
    Amount,
    AnyJson,
    Document,
    Documents,
    Labels,
    Many,
    Part,
)
from crmkit.domain.ids import id_text
from crmkit.domain.kinds import Boolean, Day, Instant, Integer, Json, Kind, Number, Text
from crmkit.domain.making import Making, Names
from crmkit.domain.money import Money
from crmkit.domain.named_kinds import Choice, Identity, Option
from crmkit.domain.text import search_key

_AS_THEY_ARE = (Text, Option, Integer, Boolean, AnyJson)


def plain_function(title: str, parts: Iterable[Part]) -> Callable[[Any], dict[str, Json]]:
    """Generate the function that tells what an object says beyond its defaults, as plain JSON."""
    names = Names(**PLAIN_NAMES)
    lines = ["def tell(o):", "  plain = {}"]
    for part in parts:
        lines.append(f"  if {_is_told(names, part)}:")
        lines.append(f"    plain[{part.name!r}] = {dump_expression(names, part.kind, 'v')}")
    names.define("\n".join([*lines, "  return plain", ""]), f"what {title} says")
    made: Callable[[Any], dict[str, Json]] = names.objects["tell"]
    return made


def whole_function(title: str, parts: Iterable[Part]) -> Callable[[Any], dict[str, Json]]:
    """Generate the function that tells all fields of an object as plain JSON."""
    names = Names(**PLAIN_NAMES)
    cells = [f"{part.name!r}: {_plain_part(names, part)}" for part in parts]
    names.define(f"def tell(o):\n  return {{{', '.join(cells)}}}\n", f"all that {title} says")
    made: Callable[[Any], dict[str, Json]] = names.objects["tell"]
    return made


def value_function(kind: Kind) -> Callable[[Any], Json] | None:
    """Generate the function that turns one value into plain JSON, None where it is plain itself."""
    names = Names(**PLAIN_NAMES)
    plain = dump_expression(names, kind, "v")
    if plain == "v":
        return None
    names.define(f"def tell(v):\n  return {plain}\n", f"value of {type(kind).__name__}")
    made: Callable[[Any], Json] = names.objects["tell"]
    return made


def _is_told(names: Names, part: Part) -> str:
    if part.default is None:
        return f"(v := o.{part.name}) is not None"
    default = names.add("default", part.default)
    return f"(v := o.{part.name}) is not None and v != {default}"


def dump_expression(names: Names, kind: Kind, value: str) -> str:
    """Return the expression for the plain JSON of the variable `value`, which is not None."""
    exact = type(kind)
    if exact in _AS_THEY_ARE:
        return value
    if isinstance(kind, Number) and exact is Number:
        return f"int({value}.scaleb({kind.scale}))"
    if isinstance(kind, Choice) and exact is Choice:
        return member_value(names, kind.enum, value)
    if isinstance(kind, Many) and exact is Many:
        item = dump_expression(names, kind.item, "item")
        return f"[*{value}]" if item == "item" else f"[{item} for item in {value}]"
    if isinstance(kind, Document) and exact is Document:
        return f"{_document_dump(names, kind)}({value})"
    if isinstance(kind, Documents) and exact is Documents:
        return f"[{_document_dump(names, kind.item)}(item) for item in {value}]"
    written = _DUMPED.get(exact)
    return written.format(v=value) if written else f"{names.add('plain', kind.plain)}({value})"


def load_expression(names: Names, kind: Kind, value: str) -> str:
    """Return the expression for the value of the plain JSON in the variable `value`, not None."""
    exact = type(kind)
    if exact in _AS_THEY_ARE:
        return value
    if isinstance(kind, Number) and exact is Number:
        return f"_Decimal({value}).scaleb({-kind.scale})"
    if isinstance(kind, Choice) and exact is Choice:
        return f"{members(names, kind.enum)}[{value}]"
    if isinstance(kind, Many) and exact is Many:
        item = load_expression(names, kind.item, "item")
        return f"tuple({value})" if item == "item" else f"tuple([{item} for item in {value}])"
    if isinstance(kind, Document) and exact is Document:
        return f"{_document_load(names, kind)}({value})"
    if isinstance(kind, Documents) and exact is Documents:
        return f"tuple([{_document_load(names, kind.item)}(item) for item in {value}])"
    written = _LOADED.get(exact)
    return written.format(v=value) if written else f"{names.add('parse', kind.parse)}({value})"


def member_value(names: Names, enum: type[Enum], value: str) -> str:
    """Return the expression for the text of a member."""
    if all(type(member.value) is str for member in enum):
        return f"{value}._value_"
    return f"{names.add('texts', {member: str(member.value) for member in enum})}[{value}]"


def members(names: Names, enum: type[Enum]) -> str:
    """Return the name of the members by their text."""
    return names.add("members", {str(member.value): member for member in enum})


def _document_dump(names: Names, kind: Document) -> str:
    name = names.functions.get(("dump", kind.cls))
    if name is None:
        name = names.functions["dump", kind.cls] = names.add("document", None)
        cells = [cell for part in kind.parts.values() for cell in _dumped_part(names, part)]
        source = f"def {name}(o):\n  return {{{', '.join(cells)}}}\n"
        names.define(source, f"dump of {kind.cls.__name__}")
    return name


def _dumped_part(names: Names, part: Part) -> list[str]:
    cells = [f"{part.name!r}: {_plain_part(names, part)}"]
    if isinstance(part.kind, Text) and part.kind.searchable:
        key = _unless_none("_key(v)", f"o.{part.name}")
        cells.append(f"{part.name + KEY_SUFFIX!r}: {key}")
    return cells


def _plain_part(names: Names, part: Part) -> str:
    """Return the expression for the plain JSON of a field of `o`."""
    place, plain = f"o.{part.name}", dump_expression(names, part.kind, "v")
    return place if plain == "v" else _unless_none(plain, place)


def _document_load(names: Names, kind: Document) -> str:
    name = names.functions.get(("load", kind.cls))
    if name is None:
        name = names.functions["load", kind.cls] = names.add("document", None)
        making, parts = Making(names, kind.cls, "o"), kind.parts.values()
        missing = {part.name: None if part.optional else part.plain(part.default) for part in parts}
        unless = names.add("missing", missing)
        lines = [f"def {name}(plain):", f"  {making.begin()}", "  try:"]
        lines += [f"    {_loaded_part(names, making, part)}" for part in parts] or ["    pass"]
        lines += ["  except KeyError:", f"    if {unless}.keys() <= plain.keys(): raise"]
        lines += [f"    return {name}({{**{unless}, **plain}})"]
        lines += [f"  {line}" for line in making.end()] + ["  return o", ""]
        names.define("\n".join(lines), f"load of {kind.cls.__name__}")
    return name


def _loaded_part(names: Names, making: Making, part: Part) -> str:
    place, value = f"plain[{part.name!r}]", load_expression(names, part.kind, "v")
    return making.put(part.name, place if value == "v" else _unless_none(value, place))


def _unless_none(expression: str, place: str) -> str:
    return f"None if (v := {place}) is None else {expression}"


_DUMPED: Mapping[type[Kind], str] = {
    Day: "{v}.isoformat()",
    Instant: "{v}.isoformat('T', 'milliseconds')",
    Identity: "_id_text({v})",
    Amount: "{{'amount': {v}.minor, 'currency': {v}.currency}}",
    Labels: "dict({v})",
}
_LOADED: Mapping[type[Kind], str] = {
    Day: "_date({v})",
    Instant: "_instant({v})",
    Identity: "_UUID({v})",
    Amount: "_money(int({v}['amount']), {v}['currency'])",
    Labels: "{v}",
}
PLAIN_NAMES = {
    "_id_text": id_text,
    "_UUID": UUID,
    "_money": Money.from_minor,
    "_key": search_key,
}
"""What the expressions refer to, besides `_Decimal`, `_date`, `_instant` and `_new`."""
