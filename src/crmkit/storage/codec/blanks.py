"""Blank objects: instances of frozen classes made without `__init__`, their fields simply set.

Setting a slot through its descriptor costs a call. A blank is an instance of a subclass that is not
frozen, whose fields take plain assignments; given its true class at the end, it is a whole object.
"""

from collections.abc import Callable
from typing import Any

import attrs

_BLANKS: dict[type[Any], type[Any] | None] = {}


def blank_of(cls: type[Any]) -> type[Any] | None:
    """Return the class of blanks, None where deriving from `cls` could do more than derive."""
    if cls not in _BLANKS:
        _BLANKS[cls] = _derived(cls)
    return _BLANKS[cls]


def setter_of(cls: type[Any], name: str) -> Callable[[Any, Any], None]:
    """Return the slot's own setter, which a frozen class does not hide."""
    for base in cls.__mro__:
        slot = base.__dict__.get(name)
        if slot is not None and hasattr(slot, "__set__"):
            setter: Callable[[Any, Any], None] = slot.__set__
            return setter
    return lambda made, value: object.__setattr__(made, name, value)


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


def _unkept(cls: type[Any]) -> list[str]:
    """Name the fields of an entity that are never stored."""
    return (
        [field.name for field in attrs.fields(cls) if field.name == "events"]
        if attrs.has(cls)
        else []
    )


def _derived(cls: Any) -> type[Any] | None:
    hooked = any("__init_subclass__" in base.__dict__ for base in cls.__mro__[:-1])
    if hooked or type(cls) is not type:
        return None
    plain = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    blank = type(cls.__name__, (cls,), {"__slots__": (), "__module__": __name__, **plain})
    try:
        setattr(object.__new__(blank), "__class__", cls)  # noqa: B010 - a class is assigned on purpose
    except TypeError:
        return None
    return blank
