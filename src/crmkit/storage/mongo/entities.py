"""The entities of one MongoDB database: their collections, codecs and indexes."""

from collections.abc import Iterator
from typing import Any

import attrs
from pymongo import IndexModel
from pymongo.collection import Collection

from crmkit.domain.columns import Role, columns_of
from crmkit.domain.entity import EntitySpec, Unique
from crmkit.domain.kinds import Form
from crmkit.storage.mongo.documents import DocumentCodec, document_codec
from crmkit.storage.mongo.scans import Scans
from crmkit.storage.mongo.walks import Walks

_TYPES = {
    Form.TEXT: {"$gte": ""},
    Form.ID: {"$type": "binData"},
    Form.INTEGER: {"$type": "number"},
    Form.BOOLEAN: {"$type": "bool"},
    Form.DATE: {"$gte": ""},
    Form.INSTANT: {"$type": "date"},
}


@attrs.frozen
class Entity:
    """One entity: its collection, codec and the indexes it needs."""

    spec: EntitySpec
    collection: "Collection[dict[str, Any]]"
    codec: DocumentCodec
    indexes: tuple[IndexModel, ...]
    scans: Scans
    walks: Walks


class Entities:
    """The entities by name."""

    def __init__(self, database: Any, prefix: str) -> None:
        """Belong to a database."""
        self._database = database
        self._prefix = prefix
        self._known: dict[str, Entity] = {}

    def add(self, spec: EntitySpec) -> None:
        """Derive the collection, codec and indexes of an entity."""
        name = self._prefix + spec.name
        indexes = tuple(_indexes(spec, self._prefix))
        collection = self._database[name]
        leads = frozenset(list(index.document["key"])[1] for index in indexes)
        self._known[spec.name] = Entity(
            spec,
            collection,
            document_codec(spec),
            indexes,
            Scans(collection, leads),
            Walks(collection, indexes),
        )

    def __getitem__(self, spec: EntitySpec) -> Entity:
        """Return an entity."""
        return self._known[spec.name]

    def __iter__(self) -> Iterator[Entity]:
        """Walk the entities."""
        return iter(self._known.values())


def unique_name(spec: EntitySpec, prefix: str, at: int) -> str:
    """Name a unique index."""
    return f"uq_{prefix}{spec.name}_{at}"


def _indexes(spec: EntitySpec, prefix: str) -> Iterator[IndexModel]:
    yield IndexModel([("tenant", 1), ("id", 1)], name=f"id_{prefix}{spec.name}")
    for at, rule in enumerate(spec.unique):
        yield _unique(spec, rule, unique_name(spec, prefix, at))
    for at, index in enumerate(spec.indexes):
        columns = [name for field in index.fields for name in _columns(spec, field)]
        keys = [("tenant", 1), *((name, 1) for name in columns)]
        if "id" not in columns:
            keys.append(("id", 1))
        yield IndexModel(keys, name=f"ix_{prefix}{spec.name}_{at}")


def _unique(spec: EntitySpec, rule: Unique, name: str) -> IndexModel:
    """Keep apart the live records in which no unique field is missing."""
    columns = [f"{field}_key" if rule.folded else field for field in rule.fields]
    declared = columns_of(spec)
    present: dict[str, Any] = {
        column: _TYPES[declared[column].form] for column in columns if declared[column].optional
    }
    if spec.soft:
        present["deleted_at"] = None
    keys = [("tenant", 1), *((column, 1) for column in columns)]
    if not present:
        return IndexModel(keys, name=name, unique=True)
    return IndexModel(keys, name=name, unique=True, partialFilterExpression=present)


def _columns(spec: EntitySpec, field: str) -> list[str]:
    plain = [
        name
        for name, column in columns_of(spec).items()
        if column.part.name == field and column.role is not Role.KEY
    ]
    return sorted(plain, reverse=True)
