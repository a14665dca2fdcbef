"""pymongo: prepared documents in, bare documents out, in transactions where there is a commit."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Final
from uuid import UUID

from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from pymongo import MongoClient

from benchmarks.contact import CURRENCY, TENANT, ContactRow, DealRow
from benchmarks.subject import FILTER_STAGE, PAGE_SIZE, Group, Subject, Walked, changed_title

_OPTIONS: Final[CodecOptions[dict[str, Any]]] = CodecOptions(
    tz_aware=True, tzinfo=UTC, uuid_representation=UuidRepresentation.STANDARD
)
_LIVE: Final = {"tenant": TENANT, "deleted_at": None}


class RawMongo(Subject):
    """The driver on a replica set, majority writes as the server defaults."""

    def setup(self) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(self.place)
        self._client.drop_database("bench_raw")
        database = self._client.get_database("bench_raw", codec_options=_OPTIONS)
        self._contacts, self._deals = database["contact"], database["deal"]
        self.empty()

    def empty(self) -> None:
        self._contacts.drop()
        self._contacts.create_index([("tenant", 1), ("stage", 1), ("score", 1), ("_id", 1)])

    def prepare(self, rows: Iterable[ContactRow]) -> list[Any]:
        return [_document(row) for row in rows]

    def insert(self, objects: list[Any]) -> None:
        with self._client.start_session() as session, session.start_transaction():
            self._contacts.insert_many(objects, session=session)

    def stream(self) -> int:
        count = 0
        for _found in self._contacts.find(_LIVE):
            count += 1
        return count

    def keys(self, ids: Sequence[UUID]) -> list[Any]:
        return list(ids)

    def get(self, keys: Sequence[Any]) -> int:
        return sum(self._contacts.find_one({"_id": key, **_LIVE}) is not None for key in keys)

    def pages(self, count: int) -> Walked:
        seen, last = 0, ""
        asked = _LIVE | {"stage": FILTER_STAGE, "subscribed": True}
        page = self._page(asked)
        for _page in range(count):
            seen += len(page)
            score, end = page[-1]["score"], page[-1]["_id"]
            last = end.hex
            beyond = [{"score": {"$gt": score}}, {"score": score, "_id": {"$gt": end}}]
            page = self._page(asked | {"score": {"$gte": score}, "$or": beyond})
            if not page:
                break
        return Walked(seen, last)

    def _page(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        return list(self._contacts.find(asked).sort([("score", 1), ("_id", 1)]).limit(PAGE_SIZE))

    def save(self, keys: Sequence[Any]) -> None:
        with self._client.start_session() as session:
            for key in keys:
                with session.start_transaction():
                    found = self._contacts.find_one({"_id": key, **_LIVE}, session=session)
                    version = found["version"] if found else 0
                    change = {"$set": {"job_title": changed_title(version)}, "$inc": {"version": 1}}
                    guarded = {"_id": key, "version": version}
                    done = self._contacts.update_one(guarded, change, session=session)
                    if done.matched_count != 1:
                        raise RuntimeError("the version moved")

    def fetch(self, key: Any) -> ContactRow:
        found = self._contacts.find_one({"_id": key})
        assert found is not None
        values: dict[str, Any] = {name: found.get(name) for name in ContactRow._fields}
        values["id"] = found["_id"]
        values["tags"] = tuple(found["tags"])
        values["budget"] = _amount(**found["budget"])
        values["birthday"] = date.fromisoformat(found["birthday"])
        return ContactRow(**values)

    def load_deals(self, rows: Iterable[DealRow]) -> None:
        documents = map(_deal, rows)
        while batch := list(islice(documents, 10_000)):
            self._deals.insert_many(batch)

    def totals(self) -> list[Group]:
        group = {
            "_id": {"stage": "$stage", "owner": "$owner_id"},
            "count": {"$sum": 1},
            "total": {"$sum": "$value.amount"},
        }
        found = self._deals.aggregate(
            [{"$match": _LIVE}, {"$group": group}, {"$sort": {"_id.stage": 1, "_id.owner": 1}}]
        )
        return [
            (row["_id"]["stage"], row["_id"]["owner"].hex, row["count"], row["total"])
            for row in found
        ]

    def settle(self) -> None:
        """MongoDB keeps no statistics."""

    def close(self) -> None:
        self._client.close()


def _amount(amount: int, currency: str) -> tuple[Decimal, str]:
    return Decimal(amount).scaleb(-2), currency


def _document(row: ContactRow) -> dict[str, Any]:
    document = row._asdict()
    amount, currency = row.budget
    document["_id"] = document.pop("id")
    document["tags"] = list(row.tags)
    document["budget"] = {"amount": int(amount.scaleb(2)), "currency": currency}
    document["birthday"] = row.birthday.isoformat()
    return document


def _deal(row: DealRow) -> dict[str, Any]:
    at: datetime = row.at
    return {
        "_id": row.id,
        "tenant": TENANT,
        "version": 1,
        "created_at": at,
        "created_by": "bench",
        "updated_at": at,
        "updated_by": "bench",
        "deleted_at": None,
        "owner_id": row.owner_id,
        "tags": [],
        "custom": {},
        "name": row.name,
        "stage": row.stage,
        "value": {"amount": row.value, "currency": CURRENCY},
    }
