"""Attachments: how many and how large are taken, and names that lead nowhere."""

import re
import unicodedata
from typing import Final

import attrs

_LONGEST_NAME: Final = 120
_LONGEST_ENDING: Final = 12
_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*]')
_DEVICES: Final = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")
_INVISIBLE: Final = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@attrs.frozen(kw_only=True)
class Limits:
    """How much of a letter is taken; bytes. What is left out stays in the raw letter."""

    letter: int = 50_000_000
    attachment: int = 20_000_000
    attachments: int = 50
    together: int = 40_000_000


@attrs.frozen(kw_only=True)
class Attachment:
    """A file that came with a letter; a forwarded letter is one file and is not opened."""

    name: str
    media_type: str
    content: bytes = attrs.field(repr=False)
    content_id: str = ""


@attrs.frozen(kw_only=True)
class LeftOut:
    """A file that was not taken from the raw letter, and why."""

    name: str
    size: int
    why: str


def safe_name(name: str, *, otherwise: str = "attachment") -> str:
    """Make a file name without folders, devices, control, invisible and direction characters."""
    seen = "".join(one for one in name if unicodedata.category(one) not in _INVISIBLE)
    last = re.split(r"[/\\]", seen)[-1]
    plain = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", last)).strip(" .")
    if _DEVICES.match(plain):
        plain = f"_{plain}"
    return _shortened(plain) or otherwise


def take(
    found: list[Attachment], limits: Limits
) -> tuple[tuple[Attachment, ...], tuple[LeftOut, ...]]:
    """Part the files into those within the limits and those left out, in their order."""
    taken: list[Attachment] = []
    left: list[LeftOut] = []
    room = limits.together
    for one in found:
        size = len(one.content)
        if why := _too_much(size, taken=len(taken), room=room, limits=limits):
            left.append(LeftOut(name=one.name, size=size, why=why))
        else:
            taken.append(one)
            room -= size
    return tuple(taken), tuple(left)


def _too_much(size: int, *, taken: int, room: int, limits: Limits) -> str:
    if taken >= limits.attachments:
        return f"more than {limits.attachments} attachments"
    if size > limits.attachment:
        return f"larger than {limits.attachment} bytes"
    return f"together larger than {limits.together} bytes" if size > room else ""


def _shortened(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > _LONGEST_ENDING:
        return name[:_LONGEST_NAME].strip(" .")
    return f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}"
