"""Which index to walk for a page of what many people own; `storage.walks` says when.

MongoDB by itself tries several ways for as many people, anew each time.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from pymongo import IndexModel
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from crmkit.domain.columns import Leaf
from crmkit.domain.filters.lowered import Check
from crmkit.ports import Ask
from crmkit.storage import walks
from crmkit.storage.mongo.filters import Document, field_of, listed, sort_of


class Walks:
    """Knows the indexes of one collection."""

    def __init__(
        self, collection: "Collection[dict[str, Any]]", indexes: Sequence[IndexModel]
    ) -> None:
        """Take the indexes that the collection has."""
        self._collection = collection
        self._indexes = {
            str(index.document["name"]): list(index.document["key"])
            for index in indexes
            if "partialFilterExpression" not in index.document
        }
        self._walks = walks.Walks()

    def hint(self, tenant: str, ask: Ask) -> str | None:
        """Return the index to walk, None to let the server choose."""
        check = walks.wide_in(ask)
        if check is None:
            return None
        index = self._index([key.leaf for key in ask.order], check.leaf)
        if index is None:
            return None
        place = (tenant, index, ask.order[0].descending)
        look = partial(self._look, tenant, ask, check, index)
        return index if self._walks.pays(place, check, look) else None

    def _index(self, order: Sequence[Leaf], leaf: Leaf) -> str | None:
        """Return the index in this order, rather one that has the leaf as well."""
        keys = ["tenant", *map(field_of, order)]
        fitting = [name for name, fields in self._indexes.items() if fields[: len(keys)] == keys]
        with_leaf = (name for name in fitting if field_of(leaf) in self._indexes[name])
        return next(with_leaf, fitting[0] if fitting else None)

    def _look(self, tenant: str, ask: Ask, check: Check, index: str) -> bool:
        """Look at the beginning, outside of the transaction, which an error would end."""
        stages: list[Document] = [
            {"$match": {"tenant": tenant}},
            {"$sort": dict(sort_of(ask.order))},
            {"$limit": walks.AHEAD},
            {"$match": {field_of(check.leaf): {"$in": listed(check)}}},
            {"$limit": walks.ENOUGH},
            {"$count": "n"},
        ]
        try:
            found = list(self._collection.aggregate(stages, hint=index))
        except PyMongoError:
            return False
        return bool(found) and found[0]["n"] >= walks.ENOUGH
