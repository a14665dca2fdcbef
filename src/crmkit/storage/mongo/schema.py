"""The schema of a MongoDB store: collections, indexes and fields, planned, applied and stamped."""

import hashlib
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError, PyMongoError

from crmkit.domain.columns import Column, Leaf, Role, columns_of
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Form
from crmkit.domain.text import search_key
from crmkit.errors import (
    OutOfRange,
    SchemaBlocked,
    SchemaMissing,
    SchemaOutdated,
    SchemaTooNew,
    StoreUnavailable,
    TransactionConflict,
)
from crmkit.ports import BATCH, Drift, Step
from crmkit.storage.mongo.entities import Entities, Entity
from crmkit.storage.mongo.filters import encode, field_of

COMPONENT: Final = "crmkit"
REVISION: Final = 1
MAX_CUSTOM_INDEXES: Final = 32
LOCK_SECONDS: Final = 60
_FIX: Final = "crm.schema.apply(), or: crmkit check --apply"


class MongoSchema:
    """Plans, applies and verifies collections, indexes and the fields of older records."""

    def __init__(
        self, database: Any, entities: Entities, prefix: str, ready: Callable[[], None]
    ) -> None:
        """Belong to a store; `ready` refuses a server that cannot be used."""
        self._database = database
        self._entities = entities
        self._stamps = database[f"{prefix}schema"]
        self._ready = ready

    def plan(self) -> tuple[Step, ...]:
        """Return the steps that would be taken."""
        with self._talking():
            return tuple(step for step, _take in self._steps())

    def apply(self) -> tuple[Step, ...]:
        """Take the steps one by one; a step that was taken before is not taken again."""
        taken: list[Step] = []
        with self._talking(), self._locked():
            self._check_not_newer()
            for step, take in self._steps():
                self._take(step, take)
                taken.append(step)
            self._stamp()
        return tuple(taken)

    def verify(self) -> tuple[Drift, ...]:
        """Compare the database with the classes."""
        return tuple(
            Drift(place=step.revision, problem=step.summary, fix=_FIX) for step in self.plan()
        )

    def check(self) -> None:
        """Raise unless the stamp fits the registered classes."""
        with self._talking():
            stamp = self._check_not_newer()
        if stamp is None:
            raise SchemaMissing("this database is not set up", path="schema", fix=_FIX)
        if stamp["checksum"] != self._checksum():
            raise SchemaOutdated("schema steps are waiting", path="schema", fix=_FIX)

    def index_custom(self, spec: EntitySpec, leaf: Leaf) -> None:
        """Index a place inside a document, at most 32 per entity."""
        collection = self._entities[spec].collection
        digest = hashlib.sha256(field_of(leaf).encode()).hexdigest()[:12]
        name = f"cx_{digest}"
        with self._talking(), self._locked():
            present = set(collection.index_information())
            if name in present:
                return
            if sum(known.startswith("cx_") for known in present) >= MAX_CUSTOM_INDEXES:
                raise OutOfRange(
                    f"{spec.name} has {MAX_CUSTOM_INDEXES} indexes on custom fields",
                    path=field_of(leaf),
                    fix="drop one that is not needed",
                )
            collection.create_index([("tenant", 1), (field_of(leaf), 1), ("id", 1)], name=name)

    def _steps(self) -> Iterator[tuple[Step, Callable[[], object]]]:
        present = set(self._database.list_collection_names())
        stamp = self._stamps.find_one({"_id": COMPONENT}) or {}
        known_fields: dict[str, list[str]] = stamp.get("fields", {})
        for entity in self._entities:
            name, collection = entity.collection.name, entity.collection
            if name not in present:
                step = _step(name, f"create collection {name}")
                yield step, partial(self._database.create_collection, name)
            indexed = set(collection.index_information()) if name in present else set()
            for index in entity.indexes:
                named = index.document["name"]
                if named not in indexed:
                    yield (
                        _step(f"{name}.{named}", f"create index {named}"),
                        partial(collection.create_indexes, [index]),
                    )
            older = known_fields.get(name)
            for column in entity.codec.columns if older is not None else ():
                if column not in (older or ()):
                    yield (
                        _step(f"{name}.{column}", f"fill field {column} of {name}"),
                        partial(_fill, entity, column),
                    )

    @staticmethod
    def _take(step: Step, take: Callable[[], object]) -> None:
        try:
            take()
        except DuplicateKeyError as error:
            raise SchemaBlocked(
                f"cannot {step.summary}: {error}",
                path=step.revision,
                fix="mend the records, then apply again",
            ) from error

    def _stamp(self) -> None:
        fields = {e.collection.name: list(e.codec.columns) for e in self._entities}
        self._stamps.replace_one(
            {"_id": COMPONENT},
            {
                "revision": REVISION,
                "checksum": self._checksum(),
                "fields": fields,
                "applied_at": datetime.now(UTC),
            },
            upsert=True,
        )

    def _check_not_newer(self) -> Any:
        stamp = self._stamps.find_one({"_id": COMPONENT})
        if stamp is not None and stamp["revision"] > REVISION:
            raise SchemaTooNew(
                f"the data is at revision {stamp['revision']}, this crmkit knows {REVISION}",
                path="schema",
                fix="upgrade crmkit",
            )
        return stamp

    def _checksum(self) -> str:
        told = [
            (e.collection.name, e.codec.columns, [str(dict(i.document)) for i in e.indexes])
            for e in self._entities
        ]
        return hashlib.sha256(repr(told).encode()).hexdigest()

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Let one process at a time change the schema; a lock that was left behind runs out."""
        end = time.monotonic() + LOCK_SECONDS * 2
        while not self._take_lock():
            if time.monotonic() > end:
                raise TransactionConflict(
                    "another process changes the schema", path="schema", fix="try again later"
                )
            time.sleep(0.2)
        try:
            yield
        finally:
            self._stamps.delete_one({"_id": "lock"})

    def _take_lock(self) -> bool:
        now = datetime.now(UTC).replace(tzinfo=None)
        free = {"_id": "lock", "until": {"$lt": now}}
        held = {"$set": {"until": now + timedelta(seconds=LOCK_SECONDS)}}
        try:
            self._stamps.update_one(free, held, upsert=True)
        except DuplicateKeyError:
            return False
        return True

    @contextmanager
    def _talking(self) -> Generator[None]:
        self._ready()
        try:
            yield
        except PyMongoError as error:
            raise StoreUnavailable(str(error), path="schema", fix="check the database") from error


def _step(revision: str, summary: str) -> Step:
    return Step(component=COMPONENT, revision=revision, summary=summary)


def _fill(entity: Entity, name: str) -> None:
    """Write a new field into older records: its default, or the folded key of its text."""
    column = columns_of(entity.spec)[name]
    lacking = {name: {"$exists": False}}
    if column.role is Role.KEY:
        _fill_keys(entity, column)
    entity.collection.update_many(lacking, {"$set": {name: _default(column)}})


def _fill_keys(entity: Entity, column: Column) -> None:
    """Fold the texts that are there, batch by batch; what was written is not found again."""
    field = column.part.name
    texts = {column.name: {"$exists": False}, field: {"$type": "string"}}
    while batch := list(entity.collection.find(texts, {field: 1}, limit=BATCH)):
        entity.collection.bulk_write(
            [
                UpdateOne(
                    {"_id": found["_id"], field: found[field]},
                    {"$set": {column.name: search_key(found[field])}},
                )
                for found in batch
            ],
            ordered=False,
        )


def _default(column: Column) -> Any:
    default = column.part.default
    if default is None:
        return None if column.optional else ("" if column.form is Form.TEXT else 0)
    match column.role:
        case Role.KEY:
            return search_key(default)
        case Role.AMOUNT:
            return default.minor
        case Role.CURRENCY:
            return default.currency
        case Role.VALUE:
            pass
    if column.form in (Form.JSON, Form.TEXTS):
        return column.part.kind.plain(default)
    leaf = Leaf(column=column.name, form=column.form, optional=column.optional)
    return encode(leaf, column.part.kind.scalar(default))
