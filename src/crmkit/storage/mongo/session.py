"""One transaction on MongoDB."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from pymongo import ReplaceOne, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import Linked, Lowered
from crmkit.domain.filters.tally import Tally
from crmkit.domain.instants import as_instant
from crmkit.errors import (
    GuardConflict,
    OutOfRange,
    Refused,
    StoreClosed,
    VersionConflict,
)
from crmkit.ports import BATCH, Ask
from crmkit.storage.mongo.documents import document_id
from crmkit.storage.mongo.entities import Entities, Entity
from crmkit.storage.mongo.failures import Failures, is_unknown
from crmkit.storage.mongo.filters import Document, field_of, filter_of, sort_of
from crmkit.storage.mongo.pipelines import is_exact, pipeline_of, read_scalar, rows_of
from crmkit.storage.mongo.seen import Seen

COMMIT_ATTEMPTS: Final = 5
WRITTEN: Final = 2_000
"""How many documents are made and sent at a time."""
MAX_REACHED: Final = 200_000
GUARD: Final = "_guard"


class MongoSession:
    """A transaction; `tenant` is part of every command, and after an error it only rolls back."""

    is_alone: bool = False

    def __init__(
        self,
        tenant: str,
        session: "ClientSession",
        entities: Entities,
        failures: Failures,
        *,
        seen: Seen,
        read_only: bool,
        joined: bool,
    ) -> None:
        """Take a client session whose transaction has begun."""
        self.tenant = tenant
        self._session = session
        self._entities = entities
        self._failures = failures
        self._seen = seen
        self._read_only = read_only
        self._joined = joined
        self._over = False

    def now(self) -> datetime:
        """Return the server's clock."""
        with self._running():
            hello = self._session.client.admin.command("hello")
            return as_instant(hello["localTime"].replace(tzinfo=UTC))

    def get_many(self, spec: EntitySpec, ids: Sequence[UUID]) -> list[Any]:
        """Return the records that exist among `ids`."""
        entity = self._entities[spec]
        wanted = self._among(ids)
        with self._running():
            if len(ids) == 1:
                one = entity.collection.find_one(wanted, session=self._session)
                return entity.codec.load([one]) if one is not None else []
            return entity.codec.load(entity.collection.find(wanted, session=self._session))

    def insert_many(self, spec: EntitySpec, records: Sequence[Any]) -> None:
        """Write new records."""
        entity = self._writing(spec)
        with self._running(spec.name):
            for start in range(0, len(records), WRITTEN):
                documents = entity.codec.dump(records[start : start + WRITTEN])
                if len(documents) == 1:
                    entity.collection.insert_one(documents[0], session=self._session)
                else:
                    entity.collection.insert_many(documents, session=self._session)

    def save_many(self, spec: EntitySpec, records: Sequence[Any], expected: Sequence[int]) -> None:
        """Replace records that are still at the expected versions."""
        entity = self._writing(spec)
        replaced = 0
        with self._running(spec.name):
            pairs = list(zip(entity.codec.dump(records), expected, strict=True))
            if len(pairs) == 1:
                document, version = pairs[0]
                filter_ = {"_id": document["_id"], "version": version}
                done = entity.collection.replace_one(filter_, document, session=self._session)
                replaced = done.matched_count
            elif pairs:
                requests = [
                    ReplaceOne({"_id": document["_id"], "version": version}, document)
                    for document, version in pairs
                ]
                result = entity.collection.bulk_write(requests, session=self._session)
                replaced = result.matched_count
        if replaced != len(records):
            versions = {one.id: at for one, at in zip(records, expected, strict=True)}
            moved = self._moved_id(spec, versions)
            raise VersionConflict(spec.name, moved, versions[moved])

    def delete_many(self, spec: EntitySpec, ids: Sequence[UUID]) -> int:
        """Erase records for good."""
        entity = self._writing(spec)
        with self._running():
            done = entity.collection.delete_many(self._among(ids), session=self._session)
            return done.deleted_count

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        """Bring the records in batches."""
        load = self._entities[spec].codec.load
        for documents in self._batches(spec, ask, None):
            yield load(documents)

    def select(
        self, spec: EntitySpec, leaves: Sequence[Leaf], ask: Ask
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Bring only some leaves."""
        wanted = {field_of(leaf): 1 for leaf in leaves} | {"_id": 0}
        for documents in self._batches(spec, ask, wanted):
            yield [tuple(_at(document, leaf) for leaf in leaves) for document in documents]

    def count(self, spec: EntitySpec, where: Lowered) -> int:
        """Count the records."""
        stages: list[Document] = [{"$match": self._filter(where)}, {"$count": "n"}]
        found = self._figures(spec, where, stages)
        return int(found[0]["n"]) if found else 0

    def tally(self, spec: EntitySpec, tally: Tally) -> list[tuple[Any, ...]]:
        """Answer a summary in one command; sums that leave 64 bits are asked for again, exactly."""
        match = self._filter(tally.where)
        found = self._figures(spec, tally.where, pipeline_of(spec, tally, match))
        if not is_exact(tally, found):
            exactly = pipeline_of(spec, tally, match, exact=True)
            found = self._figures(spec, tally.where, exactly)
        return rows_of(tally, found)

    def guard(self, spec: EntitySpec, versions: Mapping[UUID, int]) -> None:
        """Take the right to write these records, without moving their versions."""
        collection = self._entities[spec].collection
        holds = [
            UpdateOne(
                {"_id": document_id(self.tenant, record_id), "version": versions[record_id]},
                {"$inc": {GUARD: 1}},
            )
            for record_id in sorted(versions)
        ]
        for start in range(0, len(holds), BATCH):
            batch = holds[start : start + BATCH]
            with self._running(spec.name):
                done = collection.bulk_write(batch, session=self._session)
            if done.matched_count != len(batch):
                raise GuardConflict(spec.name, self._moved_id(spec, versions))

    def confirm(self, spec: EntitySpec, versions: Mapping[UUID, int]) -> None:
        """Look outside of the transaction, which would not see later changes."""
        ids = {document_id(self.tenant, record_id): record_id for record_id in versions}
        collection = self._entities[spec].collection
        with self._running(spec.name):
            cursor = collection.find({"_id": {"$in": list(ids)}}, {"version": 1})
            found = {ids[one["_id"]]: one["version"] for one in cursor}
        for record_id, version in versions.items():
            if found.get(record_id) != version:
                raise GuardConflict(spec.name, record_id)

    def hold(self, spec: EntitySpec, record_id: UUID, version: int) -> None:
        """Take the right to write one record now; a twin meets a write conflict."""
        self.guard(spec, {record_id: version})

    def commit(self) -> None:
        """Make everything lasting; an unknown result is asked for again a few times."""
        if self._over:
            raise StoreClosed("the transaction is over", path="session", fix="open another work")
        self._over = True
        if self._joined:
            return
        try:
            if self._session.in_transaction:
                self._commit()
        finally:
            self._session.end_session()

    def rollback(self) -> None:
        """Forget everything."""
        self._over = True
        if self._joined:
            return
        if not self._read_only:
            self._seen.note(self._session)
        try:
            if self._session.in_transaction:
                self._session.abort_transaction()
        except PyMongoError:  # the server forgets it by itself
            return
        finally:
            self._session.end_session()

    def _commit(self) -> None:
        for attempt in range(1, COMMIT_ATTEMPTS + 1):
            try:
                self._session.commit_transaction()
            except PyMongoError as error:
                if attempt == COMMIT_ATTEMPTS or not is_unknown(error):
                    raise self._failures.after_commit(error) from error
            else:
                return

    def _batches(
        self, spec: EntitySpec, ask: Ask, wanted: Document | None
    ) -> Iterator[list[Document]]:
        filter_, entity = self._filter(ask.condition), self._entities[spec]
        order = sort_of(ask.order)
        how = {"batch_size": BATCH, "limit": ask.limit or 0}
        with self._running():
            hint = entity.walks.hint(self.tenant, ask)
            cursor = entity.collection.find(
                filter_, wanted, session=self._session, hint=hint, **how
            )
            with cursor.sort(order) if order else cursor:
                while batch := cursor.to_list(BATCH):
                    yield batch

    def _figures(self, spec: EntitySpec, where: Lowered, stages: list[Document]) -> list[Document]:
        entity = self._entities[spec]
        with self._running():
            hint = entity.scans.hint(self.tenant, where, self._session)
            how = {"hint": hint} if hint else {}
            return list(entity.collection.aggregate(stages, session=self._session, **how))

    def _filter(self, where: Lowered) -> Document:
        inner = filter_of(where, self._reach)
        return {"$and": [{"tenant": self.tenant}, inner]} if inner else {"tenant": self.tenant}

    def _among(self, ids: Sequence[UUID]) -> Document:
        keys = [document_id(self.tenant, record_id) for record_id in ids]
        return {"_id": keys[0] if len(keys) == 1 else {"$in": keys}}

    def _reach(self, linked: Linked) -> list[Any]:
        """Bring the linked values first; the filter then asks for them."""
        field = field_of(linked.remote)
        stages: list[Document] = [
            {"$match": self._filter(linked.where)},
            {"$group": {"_id": f"${field}"}},
            {"$limit": MAX_REACHED + 1},
        ]
        with self._running():
            collection = self._entities[linked.target].collection
            found = list(collection.aggregate(stages, session=self._session))
        if len(found) > MAX_REACHED:
            raise OutOfRange(
                f"more than {MAX_REACHED} related records fit", path="filter", fix="narrow it"
            )
        return [row["_id"] for row in found if row["_id"] is not None]

    def _moved_id(self, spec: EntitySpec, versions: Mapping[UUID, int]) -> UUID:
        """Find the first record that is not at its version any more."""
        at = {record.id: record.version for record in self.get_many(spec, list(versions))}
        moved = (id_ for id_, version in versions.items() if at.get(id_) != version)
        return next(moved, next(iter(versions)))

    def _writing(self, spec: EntitySpec) -> Entity:
        if self._read_only:
            raise Refused("the work only reads", path="read_only", fix="open a writing work")
        return self._entities[spec]

    @contextmanager
    def _running(self, entity: str = "") -> Generator[None]:
        if self._over:
            raise StoreClosed("the transaction is over", path="session", fix="open another work")
        try:
            yield
        except GeneratorExit:
            raise
        except Exception as error:
            translated = self._failures.translate(error, entity=entity)
            if translated is error:
                raise
            raise translated from error


def _at(document: Document, leaf: Leaf) -> Any:
    value: Any = document.get(leaf.column)
    for key in leaf.keys:
        value = value.get(key) if isinstance(value, dict) else None
    return read_scalar(leaf, value)
