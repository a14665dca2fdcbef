"""Merging: a page of what a few people own, each of them read in order by an index.

To look the records of ten owners up is to read and sort all they own; to walk all records in their
order is to read a hundred for each that fits. An index by owner and order has the records of each
owner in order already, and the database merges them, reading little more than the page.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import attrs

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import All, Any_, Check, Linked, Lowered, Opposite, SortKey, Test
from crmkit.domain.kinds import Form
from crmkit.ports import BATCH, Ask
from crmkit.storage.sql.dialects import POSTGRES, SQLITE, is_cut, quoted
from crmkit.storage.sql.indexes import is_listed

MOST: Final = {SQLITE: 64, POSTGRES: 32}
"""Of how many values the records are merged; planning as many parts takes PostgreSQL a millisecond,
and other databases do not merge by indexes."""
MAX_LENGTH: Final = 200_000
"""How many characters the parts of one statement may have together."""


@attrs.frozen
class Merge:
    """A question in parts of which no two find the same record."""

    each: Ask
    """The question for the first of the values, which is the last that is asked of a record."""
    values: tuple[object, ...]
    leaf: Leaf
    besides: Ask | None
    """The question for records listed by id, which none of the others finds."""


def merge_of(kind: str, spec: EntitySpec, ask: Ask) -> Merge | None:
    """Return how a page is merged, None where it is better asked as it is."""
    if ask.limit is None or ask.limit > BATCH or ask.skip_locked or not _one_way(ask):
        return None
    parts = tuple(_parts(ask.where))
    if any(map(_reaches, parts)):
        return None
    for at, part in enumerate(parts):
        listed, by_id = _listed(part)
        if listed is not None and _is_merged(kind, spec, ask, listed):
            return _merge(ask, (*parts[:at], *parts[at + 1 :]), listed, by_id)
    return None


def merged_text(kind: str, parts: Sequence[str], ask: Ask) -> str:
    """Return the text that merges parts, each in the order that is asked for.

    The limit is no parameter: PostgreSQL plans anew each time what may bring any number of rows.
    """
    order = ", ".join([_key(kind, key) for key in ask.order])
    return _text(kind, parts[0], len(parts), parts[-1], f" ORDER BY {order} LIMIT {ask.limit}")


@lru_cache(maxsize=512)
def _text(kind: str, part: str, count: int, last: str, end: str) -> str:
    each = "({})" if kind == POSTGRES else "SELECT * FROM ({})"
    parts = [part] * (count - 1) + [last]
    return " UNION ALL ".join(map(each.format, parts)) + end


def _key(kind: str, key: SortKey) -> str:
    place = quoted(kind, key.leaf.column) + (" DESC" if key.descending else "")
    if kind == POSTGRES and key.leaf.optional:
        place += " NULLS LAST" if key.descending else " NULLS FIRST"
    return place


def _merge(ask: Ask, rest: Sequence[Lowered], listed: Check, by_id: Check | None) -> Merge:
    first = Check(listed.leaf, Test.EQ, listed.value[0])
    besides = None
    if by_id is not None:
        besides = _part(ask, (*rest, by_id, Opposite(listed)))
    return Merge(_part(ask, (*rest, first)), listed.value, listed.leaf, besides)


def _part(ask: Ask, parts: tuple[Lowered, ...]) -> Ask:
    return Ask(where=All(parts), order=ask.order, after=ask.after)


def _parts(where: Lowered) -> Iterator[Lowered]:
    if isinstance(where, All):
        for part in where.parts:
            yield from _parts(part)
    else:
        yield where


def _listed(part: Lowered) -> tuple[Check | None, Check | None]:
    """Return a list of values, and the ids of records that are found besides."""
    match part:
        case Check(_, Test.IN):
            return part, None
        case Any_((Check(_, Test.IN) as one, Check(_, Test.IN) as other)):
            if one.leaf.column == "id":
                one, other = other, one
            return (one, other) if other.leaf.column == "id" else (None, None)
        case _:
            return None, None


def _is_merged(kind: str, spec: EntitySpec, ask: Ask, listed: Check) -> bool:
    leaves = (listed.leaf, *(key.leaf for key in ask.order))
    return (
        1 < len(listed.value) <= MOST.get(kind, 0)
        and listed.leaf.form is Form.ID
        and not any(is_cut(kind, spec, leaf) for leaf in leaves)
        and is_listed(spec, leaves)
    )


def _one_way(ask: Ask) -> bool:
    return len({key.descending for key in ask.order}) == 1


def _reaches(part: Lowered) -> bool:
    """Say whether other records are asked for; each part of a statement would ask for them."""
    match part:
        case Linked():
            return True
        case All(parts) | Any_(parts):
            return any(map(_reaches, parts))
        case Opposite(inner):
            return _reaches(inner)
        case _:
            return False
