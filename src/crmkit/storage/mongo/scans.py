"""When to read a collection as it lies instead of going through an index to each record.

A figure over all records of a tenant needs every one of them. Where the collection holds no other
tenant, reading it from one end to the other costs two thirds of finding each through an index.
"""

import time
from collections.abc import Collection as Names
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from crmkit.domain.columns import Leaf
from crmkit.domain.filters.lowered import All, Any_, Check, Linked, Lowered, Opposite, Pair

SECONDS: Final = 60
AS_IT_LIES: Final[Mapping[str, int]] = {"$natural": 1}


class Scans:
    """Knows of one collection whose records it holds; what it knows is old after a minute."""

    def __init__(self, collection: "Collection[dict[str, Any]]", leads: Names[str]) -> None:
        """`leads` are the fields that the collection's indexes have after the tenant."""
        self._collection = collection
        self._leads = leads
        self._only: str | None = None
        self._until = 0.0

    def hint(self, tenant: str, where: Lowered, session: ClientSession) -> Mapping[str, int] | None:
        """Return how to read what fits, None to let the server choose among the indexes."""
        if any(_helps(test, self._leads) for test in _tests(where)):
            return None
        if time.monotonic() > self._until:
            first, last = (self._tenant_at(end, session) for end in (1, -1))
            self._only = first if first == last else None
            self._until = time.monotonic() + SECONDS
        return AS_IT_LIES if self._only == tenant else None

    def _tenant_at(self, end: int, session: ClientSession) -> str | None:
        found = self._collection.find_one(
            {}, {"_id": 0, "tenant": 1}, sort=[("tenant", end), ("id", end)], session=session
        )
        return found["tenant"] if found else None


def _tests(where: Lowered) -> Iterator[Check | Pair | Linked]:
    match where:
        case All(parts) | Any_(parts):
            for part in parts:
                yield from _tests(part)
        case Opposite(part):
            yield from _tests(part)
        case _:
            yield where


def _helps(test: Check | Pair | Linked, leads: Names[str]) -> bool:
    """Say whether an index may find what passes a test."""
    match test:
        case Check(leaf) | Linked(leaf):
            return _is_indexed(leaf, leads)
        case _:
            return False


def _is_indexed(leaf: Leaf, leads: Names[str]) -> bool:
    """Places inside a document are indexed on demand, by whoever asked for it."""
    return bool(leaf.keys) or leaf.column in leads
