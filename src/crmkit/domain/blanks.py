"""Blank objects: instances of frozen classes made without `__init__`, their fields simply set.

Setting a slot through its descriptor costs a call. A blank is an instance of a subclass that is not
frozen, whose fields take plain assignments; given its true class at the end, it is a whole object.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar

import attrs

C = TypeVar("C")
_BLANKS: dict[type[Any], type[Any] | None] = {}
_COPIERS: dict[type[Any], Callable[[Any, Mapping[str, Any]], Any]] = {}


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


def values_of(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return the function that reads these fields off an object, as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda read: tuple([getattr(read, name) for name in names])


def copier_of(cls: type[C]) -> Callable[[C, Mapping[str, Any]], C]:
    """Return the function that copies an object with some fields replaced, unchecked."""
    if cls not in _COPIERS:
        _COPIERS[cls] = _copier(cls)
    return _COPIERS[cls]


def _copier(cls: type[Any]) -> Callable[[Any, Mapping[str, Any]], Any]:
    names = [field.name for field in attrs.fields(cls)]
    blank = blank_of(cls)
    if blank is None or not all(map(str.isidentifier, names)):
        return _slow_copier(cls, names)
    lines = ["def copy(old, changes):", "  new = make(blank)"]
    lines += [f"  new.{name} = old.{name}" for name in names]
    lines += ["  for name, value in changes.items(): setattr(new, name, value)"]
    lines += ["  new.__class__ = cls", "  return new", ""]
    known: dict[str, Any] = {"make": object.__new__, "blank": blank, "cls": cls}
    exec(compile("\n".join(lines), f"<copy of {cls.__name__}>", "exec"), known)  # noqa: S102 - our own text
    made: Callable[[Any, Mapping[str, Any]], Any] = known["copy"]
    return made


def _slow_copier(cls: type[Any], names: list[str]) -> Callable[[Any, Mapping[str, Any]], Any]:
    def copy(old: Any, changes: Mapping[str, Any]) -> Any:
        new = object.__new__(cls)
        for name in names:
            object.__setattr__(new, name, changes[name] if name in changes else getattr(old, name))
        return new

    return copy


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
