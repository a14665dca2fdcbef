"""Units: the offices and departments of an organisation, as a tree that changes over time."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.span import check_end
from crmkit.errors import RuleBroken

UnitId = NewType("UnitId", UUID)


class UnitBelowItself(RuleBroken):
    """A unit cannot stand below itself."""


@keeps()
@entity(
    "unit",
    unique=[Unique("number")],
    indexes=[Index("parent_id"), Index("head_id")],
    labels={"en": "Unit", "zh": "部门"},
)
@attrs.frozen(kw_only=True)
class Unit(Aggregate):
    """An office or department; `from_on` and `until_on` are its first and its last day."""

    id: UnitId
    name: Annotated[str, Text(max_length=200, searchable=True)]
    number: Annotated[str, Text(max_length=100)] | None = None
    parent_id: UnitId | None = None
    head_id: UserId | None = None
    from_on: date | None = None
    until_on: date | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a unit that ends before it begins."""
        Aggregate.__attrs_post_init__(self)
        check_end(self.from_on, self.until_on, path="unit.until_on")

    def stands_on(self, day: date) -> bool:
        """Say whether the unit exists on a day."""
        begun = self.from_on is None or self.from_on <= day
        return begun and (self.until_on is None or day <= self.until_on)

    def move(self, below: "Unit | None", units: Iterable["Unit"]) -> Self:
        """Stand below another unit, or at the top; raises `UnitBelowItself`."""
        if below is not None and below.id in units_below([self.id], units):
            raise UnitBelowItself(
                f"{below.name} stands below {self.name}",
                path="unit.parent_id",
                fix="move that unit elsewhere first",
            )
        return self.evolve(parent_id=None if below is None else below.id)


def units_below(above: Iterable[UUID], units: Iterable[Unit]) -> frozenset[UUID]:
    """Return units and all that stand below them; a circle, should there be one, ends."""
    children: dict[UUID | None, list[UUID]] = {}
    for unit in units:
        children.setdefault(unit.parent_id, []).append(unit.id)
    found: set[UUID] = set()
    waiting = list(above)
    while waiting:
        unit_id = waiting.pop()
        if unit_id not in found:
            found.add(unit_id)
            waiting += children.get(unit_id, ())
    return frozenset(found)


def circles_in(units: Iterable[Unit]) -> tuple[UUID, ...]:
    """Return the units that stand below themselves; there should be none."""
    parents: Mapping[UUID, UUID | None] = {unit.id: unit.parent_id for unit in units}
    return tuple(sorted(unit_id for unit_id in parents if _leads_back(unit_id, parents)))


def _leads_back(start: UUID, parents: Mapping[UUID, UUID | None]) -> bool:
    seen: set[UUID] = set()
    above = parents[start]
    while above is not None and above not in seen:
        if above == start:
            return True
        seen.add(above)
        above = parents.get(above)
    return False
