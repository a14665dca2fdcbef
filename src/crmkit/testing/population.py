"""A varied population of gadgets: every field missing, least, greatest, odd and ordinary."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.domain.custom_fields import CustomField, CustomFieldId, FieldKind
from crmkit.domain.money import Money
from crmkit.testing.sample import Box, Colour, Gadget, GadgetId, Maker, MakerId

NAMES = (
    *("Alpha", "alpha", "ALPHA beta", "Äpfel", "äpfel", "zebra", "Zebra", "50% off", "under_score"),
    *(
        "back\\slash",
        "quote'quote",
        'double"quote',
        "聊城市鲁西科技有限公司",
        "鲁西科技",
        "ｆｕｌｌ",
        "full",
    ),
    *(
        "",
        " ",
        "line\nbreak",
        "line",
        "😀 smile",
        "e\u0301",
        "\u00e9",
        "straße",
        "STRASSE",
        "İstanbul",
    ),
    *("ﬁne", "fine", "\U0010ffff", "a.b$c", "^anchor$", "(group)", "[set]", "x*y+z?"),
    *("blank", "blank ", " blank", "zebra "),
)
_START = datetime(2026, 1, 31, 22, 30, tzinfo=UTC)
CUSTOM: tuple[tuple[str, FieldKind, dict[str, Any]], ...] = (
    ("size", FieldKind.TEXT, {}),
    ("score", FieldKind.NUMBER, {}),
    ("ratio", FieldKind.DECIMAL, {}),
    ("deposit", FieldKind.MONEY, {}),
    ("due", FieldKind.DATE, {}),
    ("seen", FieldKind.INSTANT, {}),
    ("vip", FieldKind.BOOLEAN, {}),
    ("level", FieldKind.CHOICE, {"options": ("low", "mid", "high")}),
    ("areas", FieldKind.MULTI_CHOICE, {"options": ("east", "west", "north")}),
    ("maker", FieldKind.REFERENCE, {"target": "maker"}),
)


def populate(open_work: Callable[[], Any]) -> None:
    """Write three makers, ten custom fields and a gadget per odd name."""
    with open_work() as work:
        define(work)
        makers = work.of(Maker).insert_many(
            Maker(id=MakerId(work.new_id()), name=name, country=country)
            for name, country in (("Ada", "CN"), ("Ben", None), ("Cy", "DE"))
        )
    with open_work() as work:
        gone = work.of(Maker).get(makers[2].id)
        work.of(Maker).remove(gone)
    with open_work() as work:
        gadgets = [varied_gadget(work, at, name, makers) for at, name in enumerate(NAMES)]
        written = work.of(Gadget).insert_many(gadgets)
        work.of(Gadget).remove(written[5])


def define(work: Any) -> None:
    """Define one custom field of each kind."""
    for key, kind, more in CUSTOM:
        work.field_definitions.add(
            CustomField(
                id=CustomFieldId(work.new_id()), entity="gadget", key=key, kind=kind, **more
            )
        )


def varied_gadget(work: Any, at: int, name: str, makers: list[Maker]) -> Gadget:
    """Return the gadget of a number: which of its values are missing follows from the number."""
    sparse = at % 4 == 0
    price = Money(at * 7 - 20, "CNY" if at % 3 else "JPY")
    day = date(2026, 1, 1) + timedelta(days=at * 11)
    moment = _START + timedelta(hours=at * 37, milliseconds=at)
    return Gadget(
        id=GadgetId(work.new_id()),
        name=name,
        code=None if sparse else f"code {at}",
        series="s" if at % 2 else None,
        rank=None if sparse else (at * 5) % 13 * 1000 + at,
        share=None if at % 5 == 0 else Decimal(at * 31 - 300) / 100,
        price=None if sparse else price,
        colour=(None, Colour.RED, Colour.BLUE)[at % 3],
        made_on=None if at % 5 == 1 else day,
        sold_on=day if at % 2 else None,
        made_at=None if at % 6 == 2 else moment,
        sold_at=moment if at % 3 else None,
        ready=(None, True, False)[at % 3],
        twin_id=(None, UUID(int=5), UUID(int=2**127 + at))[at % 3],
        maker_id=(None, makers[0].id, makers[1].id)[at % 3],
        tags=("hot",) if at % 4 == 1 else (),
        parts=(("a", "b"), ("b", "c", "ä"), ())[at % 3],
        box=None if sparse else _box(at),
        custom={} if at % 7 == 3 else _custom(at, makers),
    )


def _box(at: int) -> Box:
    return Box(
        city=("聊城", "Berlin", "berlin", "Äbc")[at % 4],
        floor=None if at % 3 else at - 9,
        weight=None if at % 5 else Decimal(at) / 8,
        opened=None if at % 2 else date(2025, 12, 1) + timedelta(days=at),
        fragile=bool(at % 2),
    )


def _custom(at: int, makers: list[Maker]) -> dict[str, Any]:
    given: dict[str, Any] = {
        "size": ("large", "Large", "聊城", "", "large ")[at % 5],
        "score": at - 10,
        "ratio": Decimal(at - 7) / 4,
        "deposit": Money(at * 3, "CNY"),
        "due": date(2026, 6, 1) + timedelta(days=at % 9),
        "seen": _START + timedelta(minutes=at % 8),
        "vip": bool(at % 2),
        "level": ("low", "mid", "high")[at % 3],
        "areas": (("east",), ("east", "west"), ("north",))[at % 3],
        "maker": makers[at % 2].id,
    }
    return {key: value for place, (key, value) in enumerate(given.items()) if (at + place) % 6}
