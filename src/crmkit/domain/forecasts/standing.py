"""What stands once it is written: only who owns it, its tags and its removal may change."""

from typing import Final

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.errors import RuleBroken

_BY_ALL: Final = {field.name for field in attrs.fields(Aggregate)}


def must_stand(record: Aggregate, before: Aggregate | None, refused: type[RuleBroken]) -> None:
    """Refuse a change of any field that the class itself declares."""
    if before is None:
        return
    for field in attrs.fields(type(record)):
        name: str = field.name
        if name not in _BY_ALL and getattr(record, name) != getattr(before, name):
            raise refused("stays as it was written", path=name, fix="write another one")
