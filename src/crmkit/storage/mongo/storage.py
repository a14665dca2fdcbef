"""The MongoDB store: a client, the collections of the registered entities, transactions."""

from typing import Any

from bson.codec_options import CodecOptions
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import ConfigurationError, InvalidURI, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from crmkit.domain.entity import EntitySpec, Registry
from crmkit.domain.filters.lowered import Lowered
from crmkit.errors import CapabilityMissing, InvalidSettings, StoreClosed
from crmkit.ports import Capability, Session
from crmkit.storage.mongo.entities import Entities, unique_name
from crmkit.storage.mongo.failures import Failures
from crmkit.storage.mongo.filters import filter_of
from crmkit.storage.mongo.schema import MongoSchema
from crmkit.storage.mongo.seen import Seen
from crmkit.storage.mongo.session import MongoSession

DEFAULT_DATABASE = "crmkit"
_UUID_STANDARD = 4


class MongoStorage:
    """Keeps records in MongoDB; needs a replica set or a sharded cluster."""

    name = "mongodb"
    capabilities = frozenset(
        {
            Capability.ATOMIC,
            Capability.DURABLE,
            Capability.JOIN,
            Capability.TIME_ZONES,
            Capability.DEFINITION_INDEXES,
        }
    )

    def __init__(
        self,
        target: "str | MongoClient[dict[str, Any]]",
        *,
        database: str | None = None,
        prefix: str = "crm_",
    ) -> None:
        """Take a URL, or the caller's client, which is then not closed here."""
        self._owned = isinstance(target, str)
        self._client = client_of(target) if isinstance(target, str) else target
        found = self._client.get_default_database(database or DEFAULT_DATABASE)
        options: CodecOptions[dict[str, Any]] = CodecOptions(
            tz_aware=False, uuid_representation=_UUID_STANDARD
        )
        name = database or found.name
        self._database = self._client.get_database(
            name, codec_options=options, read_preference=ReadPreference.PRIMARY
        )
        self._seen = Seen(self._database[f"{prefix}schema"])
        self._prefix = prefix
        self._entities = Entities(self._database, prefix)
        self._failures = Failures({}, {})
        self._closed = False
        self._is_checked = False
        self.schema = MongoSchema(self._database, self._entities, prefix, self._ready)

    def bind(self, registry: Registry) -> None:
        """Derive collections and codecs."""
        unique: dict[str, tuple[str, tuple[str, ...]]] = {}
        collections: dict[str, str] = {}
        for spec in registry:
            self._entities.add(spec)
            collections[self._prefix + spec.name] = spec.name
            for at, rule in enumerate(spec.unique):
                unique[unique_name(spec, self._prefix, at)] = (spec.name, rule.fields)
        self._failures = Failures(unique, collections)

    def session(self, tenant: str, *, read_only: bool = False, join: object = None) -> Session:
        """Begin a transaction, or work inside the caller's client session."""
        self._ready()
        joined = join is not None
        try:
            session = self._joined(join) if joined else self._begin(read_only=read_only)
        except PyMongoError as error:
            raise self._failures.translate(error) from error
        return MongoSession(
            tenant,
            session,
            self._entities,
            self._failures,
            seen=self._seen,
            read_only=read_only,
            joined=joined,
        )

    def tenants_with(self, spec: EntitySpec, where: Lowered) -> list[str]:
        """Name the tenants that have a committed record that fits, sorted."""
        self._ready()
        try:
            collection = self._entities[spec].collection
            return sorted(collection.distinct("tenant", filter_of(where, lambda _linked: [])))
        except PyMongoError as error:
            raise self._failures.translate(error) from error

    def close(self) -> None:
        """Close the client, if it was opened here."""
        self._closed = True
        if self._owned:
            self._client.close()

    def _begin(self, *, read_only: bool) -> ClientSession:
        if read_only:
            self._seen.catch_up()
            return self._client.start_session(snapshot=True)
        session = self._client.start_session()
        session.start_transaction(
            read_concern=ReadConcern("snapshot"),
            write_concern=WriteConcern("majority"),
            read_preference=ReadPreference.PRIMARY,
        )
        return session

    def _joined(self, join: Any) -> ClientSession:
        if not isinstance(join, ClientSession):
            raise InvalidSettings("is not a session of pymongo", path="join")
        if not join.in_transaction:
            raise InvalidSettings(
                "the session has no transaction", path="join", fix="call start_transaction() first"
            )
        self._seen.follow(join)
        return join

    def _ready(self) -> None:
        """Refuse a closed store, and a server that has no transactions."""
        if self._closed:
            raise StoreClosed("the store is closed", path="store", fix="open the CRM again")
        if self._is_checked:
            return
        try:
            hello = self._client.admin.command("hello")
        except PyMongoError as error:
            raise self._failures.translate(error) from error
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            raise CapabilityMissing(
                "this MongoDB server stands alone and has no transactions",
                path="store",
                fix="start it with --replSet and call rs.initiate(), one member is enough",
            )
        self._is_checked = True


def client_of(url: str) -> "MongoClient[dict[str, Any]]":
    """Open a client, or raise `InvalidSettings`."""
    try:
        return MongoClient(url, uuidRepresentation="standard", serverSelectionTimeoutMS=10_000)
    except (InvalidURI, ConfigurationError, ValueError) as wrong:
        raise InvalidSettings(
            str(wrong), path="url", fix="write mongodb://host:port/name"
        ) from None
