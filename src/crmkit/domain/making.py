"""Generated code: the names that it refers to, and the lines that make an object."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import attrs

from crmkit.domain.blanks import blank_of, setter_of

C = TypeVar("C")


class Names:
    """The objects that generated code refers to, each under a name of its own."""

    def __init__(self, **known: Any) -> None:
        """Begin with names that the code spells out."""
        self.objects: dict[str, Any] = dict(known)
        self.functions: dict[tuple[str, type[Any]], str] = {}

    def add(self, hint: str, value: Any) -> str:
        """Return the name of `value` in the code."""
        name = f"{hint}{len(self.objects)}"
        self.objects[name] = value
        return name

    def define(self, source: str, title: str) -> None:
        """Define the functions of `source` among these names."""
        exec(compile(source, f"<{title}>", "exec"), self.objects)  # noqa: S102 - our own text


class Making:
    """Writes the lines that make one object; `into` is the variable that holds it."""

    def __init__(self, names: Names, cls: type[Any], into: str) -> None:
        """Choose between a blank and setters."""
        self._names, self._cls, self._into = names, cls, into
        self._blank = blank_of(cls)

    def begin(self) -> str:
        """Write the line that makes the empty object."""
        made = self._names.add("blank", self._blank or self._cls)
        return f"{self._into} = _new({made})"

    def put(self, name: str, value: str) -> str:
        """Write the line that fills a field."""
        if self._blank is not None and name.isidentifier():
            return f"{self._into}.{name} = {value}"
        setter = self._names.add("set", setter_of(self._cls, name))
        return f"{setter}({self._into}, {value})"

    def end(self) -> list[str]:
        """Write what makes it whole."""
        lines = [self.put(name, "()") for name in _unkept(self._cls)]
        if self._blank is not None:
            lines.append(f"{self._into}.__class__ = {self._names.add('cls', self._cls)}")
        return lines


def maker_of(cls: type[C]) -> Callable[..., C]:
    """Generate what makes an object of values, by name, that are known to be right, unchecked.

    A field that has no default, or a default that is made anew for each object, must be given.
    """
    names = Names(_new=object.__new__)
    making = Making(names, cls, "o")
    fields: tuple[Any, ...] = attrs.fields(cast("Any", cls))
    given = ", ".join(_parameter(names, field) for field in fields)
    lines = [f"def make(*, {given}):", f"  {making.begin()}"]
    lines += [f"  {making.put(field.name, field.name)}" for field in fields]
    lines += [f"  {line}" for line in making.end()] + ["  return o", ""]
    names.define("\n".join(lines), f"make {cls.__name__}")
    made: Callable[..., C] = names.objects["make"]
    return made


def _parameter(names: Names, field: Any) -> str:
    if field.default is attrs.NOTHING or isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]
        return str(field.name)
    return f"{field.name}={names.add('default', field.default)}"


def _unkept(cls: type[Any]) -> list[str]:
    """Name the fields of an entity that are never stored."""
    return (
        [field.name for field in attrs.fields(cls) if field.name == "events"]
        if attrs.has(cls)
        else []
    )
