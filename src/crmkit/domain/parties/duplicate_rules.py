"""Rules by which duplicates are found: what is compared, and how much it says.

The weights follow Fellegi and Sunter ("A Theory for Record Linkage", JASA 1969): agreement adds the
logarithm (base 2) of how much likelier it is within one party than between two by chance. The
chances are estimates for a CRM of some ten thousand records, tried on the FEBRL people.
"""

import math
import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

import attrs

from crmkit.errors import InvalidSettings, OutOfRange

_PART: Final = re.compile(r"[^:]+(?::[1-9]\d{0,2})?", re.ASCII)


class Likeness(Enum):
    """How two texts of a feature are compared."""

    SPELLING = "spelling"
    """Alike when spelt nearly alike."""
    NAME = "name"
    """As spelling, but with other numerals it is another name: 第一建筑 is not 第二建筑."""
    EXACT = "exact"
    """Alike when equal."""
    CONTAINED = "contained"
    """Alike when one begins with the other, as 山东聊城 with 山东."""


@attrs.frozen(kw_only=True)
class Weight:
    """How a feature speaks: how often it agrees within one party, and by chance between two."""

    same: float = 0.9
    chance: float = 0.01
    near: float = 0.88
    """From this likeness on (Jaro-Winkler, 0 to 1) two spellings agree in part."""
    likeness: Likeness = Likeness.SPELLING
    agreement: float = attrs.field(init=False)
    """What full agreement adds, in bits."""
    disagreement: float = attrs.field(init=False)
    """What disagreement takes away, in bits (a number below zero)."""

    def __attrs_post_init__(self) -> None:
        """Refuse what is no probability and derive both weights."""
        if not 0 < self.chance < self.same < 1 or not 0 <= self.near <= 1:
            raise OutOfRange(
                "0 < chance < same < 1 and 0 <= near <= 1 must hold", path="weight", fix="turn them"
            )
        object.__setattr__(self, "agreement", math.log2(self.same / self.chance))
        object.__setattr__(self, "disagreement", math.log2((1 - self.same) / (1 - self.chance)))


@attrs.frozen(kw_only=True)
class Rules:
    """How duplicates of one kind of party are found.

    A block is a tuple of feature names; `surname:3` takes the first three signs. `threshold` is the
    score in bits from which a pair is reported.
    """

    blocks: tuple[tuple[str, ...], ...]
    weights: Mapping[str, Weight]
    threshold: float
    cuts: tuple[tuple[str, tuple[tuple[str, int | None], ...]], ...] = attrs.field(init=False)
    """Each block's name, and its features with the number of signs to take, None for all."""

    def __attrs_post_init__(self) -> None:
        """Refuse a part of a block that is neither a name nor a name with a length."""
        for part in (part for block in self.blocks for part in block):
            if not _PART.fullmatch(part):
                raise InvalidSettings(f"{part!r} is no part", path="blocks", fix="write surname:3")
        cuts = tuple(("+".join(block), tuple(map(_cut, block))) for block in self.blocks)
        object.__setattr__(self, "cuts", cuts)


def _cut(part: str) -> tuple[str, int | None]:
    name, _, length = part.partition(":")
    return name, int(length) if length else None


PEOPLE: Final = Rules(
    blocks=(
        ("identifier",),
        ("email",),
        ("phone",),
        ("account",),
        ("birthday", "surname:2"),
        ("birthday", "given:2"),
        ("given:3", "surname:3"),
        ("birthday", "postal_code:2"),
        ("street:5", "postal_code"),
        ("name", "city"),
        ("birthday", "name:1"),
        ("name", "postal_code"),
    ),
    weights={
        "identifier": Weight(same=0.93, chance=0.0001, near=0.93),
        "email": Weight(same=0.8, chance=0.0001, likeness=Likeness.EXACT),
        "phone": Weight(same=0.8, chance=0.0005, likeness=Likeness.EXACT),
        "account": Weight(same=0.8, chance=0.0001, likeness=Likeness.EXACT),
        "name": Weight(same=0.9, chance=0.01, near=0.9),
        "given": Weight(same=0.9, chance=0.01),
        "surname": Weight(same=0.9, chance=0.005),
        "birthday": Weight(same=0.93, chance=0.0005, near=0.93),
        "street": Weight(same=0.85, chance=0.005),
        "place": Weight(same=0.85, chance=0.01),
        "city": Weight(same=0.9, chance=0.1, likeness=Likeness.CONTAINED),
        "postal_code": Weight(same=0.88, chance=0.01, near=0.95),
    },
    threshold=10.0,
)
"""People: `given` and `surname`, or `name` where they are one; a name and a city are not enough.

`place` is a suburb or village, `city` a city with its province in front, as 山东聊城.
"""

ORGANISATIONS: Final = Rules(
    blocks=(
        ("uscc",),
        ("vat",),
        ("number",),
        ("name",),
        ("phone",),
        ("email",),
        ("account",),
        ("domain",),
        ("name:6",),
        ("name:3", "place"),
    ),
    weights={
        "uscc": Weight(same=0.98, chance=0.0001, likeness=Likeness.EXACT),
        "vat": Weight(same=0.98, chance=0.0001, likeness=Likeness.EXACT),
        "number": Weight(same=0.5, chance=0.0001, likeness=Likeness.EXACT),
        "name": Weight(same=0.9, chance=0.0005, near=0.9, likeness=Likeness.NAME),
        "place": Weight(same=0.95, chance=0.05, likeness=Likeness.CONTAINED),
        "phone": Weight(same=0.7, chance=0.001, likeness=Likeness.EXACT),
        "email": Weight(same=0.6, chance=0.0005, likeness=Likeness.EXACT),
        "account": Weight(same=0.6, chance=0.0005, likeness=Likeness.EXACT),
        "domain": Weight(same=0.8, chance=0.002, likeness=Likeness.EXACT),
    },
    threshold=10.0,
)
"""Organisations: the core of the name, its place, registered numbers, phones and domains.

The same name is enough; not so in two cities, or with two 统一社会信用代码.
"""

LEADS: Final = Rules(
    blocks=(("email",), ("phone",), ("account",), ("name", "company")),
    weights={
        "email": PEOPLE.weights["email"],
        "phone": PEOPLE.weights["phone"],
        "account": PEOPLE.weights["account"],
        "name": PEOPLE.weights["name"],
        "company": Weight(same=0.8, chance=0.005, near=0.9, likeness=Likeness.NAME),
    },
    threshold=10.0,
)
"""Leads: a person of a company, or a person with a phone, an e-mail or an account."""
