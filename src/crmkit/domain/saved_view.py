"""Saved views: a filter, an order and columns under a name."""

from collections.abc import Mapping
from typing import Annotated, Any, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps

SavedViewId = NewType("SavedViewId", UUID)


@keeps()
@entity(
    "saved_view",
    unique=[Unique(("entity", "name"))],
    labels={"en": "Saved view", "zh": "已存视图"},
)
@attrs.frozen(kw_only=True)
class SavedView(Aggregate):
    """A list of one entity as somebody wants to see it again; filter and order are JSON."""

    id: SavedViewId
    entity: Annotated[str, Text(max_length=63)]
    name: Annotated[str, Text(max_length=200)]
    filter: Mapping[str, Any] = attrs.field(factory=lambda: {"all": []})
    order: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
