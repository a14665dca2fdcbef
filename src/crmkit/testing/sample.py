"""The entities on which a store proves itself: made as a vendor would make their own."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Number, Text
from crmkit.domain.money import Money

MakerId = NewType("MakerId", UUID)
GadgetId = NewType("GadgetId", UUID)


class Colour(StrEnum):
    """A choice."""

    RED = "red"
    BLUE = "blue"
    GREEN = "green"


@attrs.frozen(kw_only=True)
class Box:
    """A nested value."""

    city: Annotated[str, Text(searchable=True)]
    floor: int | None = None
    weight: Decimal | None = None
    opened: date | None = None
    fragile: bool = False


@attrs.frozen(kw_only=True)
class GadgetPainted(Event):
    """A gadget got another colour."""

    gadget_id: GadgetId
    colour: Colour


@entity("maker", unique=[Unique("name", folded=True)], labels={"en": "Maker", "zh": "厂商"})
@attrs.frozen(kw_only=True)
class Maker(Aggregate):
    """Whoever makes gadgets."""

    id: MakerId
    name: Annotated[str, Text(max_length=200, searchable=True)]
    country: str | None = None


@entity(
    "gadget",
    unique=[Unique("code"), Unique(("series", "rank"))],
    indexes=[Index("name"), Index("price"), Index("parts"), Index(("colour", "made_at"))],
    labels={"en": "Gadget", "zh": "器件"},
    events=(GadgetPainted,),
)
@attrs.frozen(kw_only=True)
class Gadget(Aggregate):
    """One field of every kind, most of them optional."""

    id: GadgetId
    name: Annotated[str, Text(max_length=2000, searchable=True)]
    code: Annotated[str, Text(max_length=200)] | None = None
    series: Annotated[str, Text(max_length=200)] | None = None
    rank: int | None = None
    share: Annotated[Decimal, Number(scale=4)] | None = None
    price: Money | None = None
    colour: Colour | None = None
    made_on: date | None = None
    sold_on: date | None = None
    made_at: datetime | None = None
    sold_at: datetime | None = None
    ready: bool | None = None
    twin_id: UUID | None = None
    maker_id: MakerId | None = None
    parts: tuple[str, ...] = ()
    box: Box | None = None
    boxes: tuple[Box, ...] = ()
    labels: Mapping[str, str] = attrs.field(factory=dict)

    def paint(self, colour: Colour) -> Self:
        """Give it another colour."""
        painted = GadgetPainted(gadget_id=self.id, colour=colour)
        return self.evolve(colour=colour).recording(painted)


ENTITIES = (Maker, Gadget)
