"""What a bulk write tells travels as one parcel, until somebody delivers it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from crmkit.crm import CRM
from crmkit.domain.changes import Operation, OutboxMessage, OutboxParcel
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.lowered import All
from crmkit.domain.parties.customer import Customer
from crmkit.plugins import hookimpl
from crmkit.services.history import history
from crmkit.services.log_rows import reading, rows, transaction
from crmkit.storage.memory import MemoryStorage
from crmkit.work.parcels import SMALLEST, open_parcel

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)


class Ear:
    """Hears every change."""

    def __init__(self) -> None:
        self.heard: list[OutboxMessage] = []

    @hookimpl
    def after_commit(self, message: OutboxMessage) -> None:
        """Hear it."""
        self.heard.append(message)


class Watchman:
    """Sees every event before the commit."""

    def __init__(self) -> None:
        self.seen = 0

    @hookimpl
    def before_commit(self) -> None:
        """See it."""
        self.seen += 1


@pytest.fixture
def ear() -> Ear:
    """Give a subscriber."""
    return Ear()


@pytest.fixture
def crm(near_url: str, ear: Ear) -> Iterator[CRM]:
    """Give a CRM that it hears, on each store in turn."""
    with CRM.open(near_url, plugins=[ear], plugin_names=()) as crm:
        crm.schema.apply()
        yield crm


@pytest.fixture
def quick(ear: Ear) -> CRM:
    """Give a CRM in memory that it hears."""
    return CRM(MemoryStorage(), plugins=[ear])


def add_many(crm: CRM, count: int) -> list[Customer]:
    """Write customers in one go, without events of their own."""
    with crm.work(by="li", tenant="acme", reason="from the old system") as work:
        new = (Customer(id=work.new_id(), name=f"Customer {at}") for at in range(count))
        return work.customers.insert_many(new)


def kept(crm: CRM, kind: type[OutboxMessage | OutboxParcel]) -> list[OutboxMessage | OutboxParcel]:
    """Return the rows of a kind in the store."""
    with reading(crm.storage, "acme") as session:
        return rows(session, spec_of(kind), All())


def test_bulk_leaves_one_parcel_and_few_records_leave_messages(quick: CRM) -> None:
    """From a number on, one row stands for all."""
    add_many(quick, SMALLEST - 1)
    assert (len(kept(quick, OutboxMessage)), len(kept(quick, OutboxParcel))) == (SMALLEST - 1, 0)
    add_many(quick, SMALLEST)
    [parcel] = kept(quick, OutboxParcel)
    assert len(kept(quick, OutboxMessage)) == SMALLEST - 1
    assert isinstance(parcel, OutboxParcel)
    assert (parcel.entity, parcel.operation) == ("customer", Operation.CREATED)
    assert parcel.subscribers == ["Ear"]


@EVERYWHERE
def test_messages_of_a_parcel_say_what_messages_of_single_records_say(crm: CRM, ear: Ear) -> None:
    """Topic, key, position, payload, changeset and time are as if each were written alone."""
    [single] = add_many(crm, 1)
    many = add_many(crm, SMALLEST)
    assert crm.deliver_due(tenant="acme", limit=100).delivered == len(many) + 1
    told = {message.payload["record_id"]: message for message in ear.heard}
    alone, packed = told[str(single.id)], told[str(many[-1].id)]
    assert packed.record_key == f"customer:{many[-1].id}"
    assert (packed.topic, packed.position) == (alone.topic, alone.position)
    assert packed.payload == {**alone.payload, "record_id": str(many[-1].id)}
    assert (packed.created_at, packed.changeset_id) == (many[-1].created_at, changeset(crm, many))
    assert len({message.id for message in ear.heard}) == len(many) + 1


@EVERYWHERE
def test_workers_who_open_the_same_parcel_tell_each_record_once(crm: CRM, ear: Ear) -> None:
    """Five at once, three parcels."""
    made = [customer for _ in range(3) for customer in add_many(crm, SMALLEST)]

    def deliver(worker: int) -> int:
        done = 0
        for _round in range(20):
            done += crm.deliver_due(tenant="acme", worker=f"w{worker}", limit=100).delivered
        return done

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(deliver, range(5))) == len(made)
    heard = sorted(message.payload["record_id"] for message in ear.heard)
    assert heard == sorted(str(customer.id) for customer in made)


@EVERYWHERE
def test_opening_that_does_not_commit_leaves_the_parcel_closed(crm: CRM) -> None:
    """A worker that dies while it opens a parcel loses nothing."""
    add_many(crm, SMALLEST)
    with pytest.raises(ZeroDivisionError), transaction(crm.storage, "acme") as session:
        assert open_parcel(session, crm.ids)
        raise ZeroDivisionError
    assert (len(kept(crm, OutboxMessage)), len(kept(crm, OutboxParcel))) == (0, 1)


def test_nobody_subscribes_so_nothing_is_packed() -> None:
    """Without subscribers there is neither parcel nor message."""
    crm = CRM(MemoryStorage(), plugins=[])
    add_many(crm, SMALLEST)
    assert kept(crm, OutboxParcel) == kept(crm, OutboxMessage) == []


def test_who_listens_before_the_commit_sees_each_record_of_a_bulk() -> None:
    """A hook that may veto is not passed over."""
    watchman = Watchman()
    crm = CRM(MemoryStorage(), plugins=[watchman])
    add_many(crm, SMALLEST)
    assert watchman.seen == SMALLEST


def test_rehearsal_shows_the_messages_of_a_bulk(quick: CRM) -> None:
    """What would be delivered is told message by message."""
    with quick.rehearse(by="li", tenant="acme") as work:
        new = (Customer(id=work.new_id(), name=f"Customer {at}") for at in range(SMALLEST))
        work.customers.insert_many(new)
        work.commit()
    assert len(work.messages) == len(work.events) == SMALLEST
    assert kept(quick, OutboxParcel) == []


def test_work_knows_the_events_of_a_bulk(quick: CRM) -> None:
    """Also where they travel as a parcel."""
    with quick.work(by="li", tenant="acme") as work:
        new = (Customer(id=work.new_id(), name=f"Customer {at}") for at in range(SMALLEST))
        work.customers.insert_many(new)
        assert len(work.events) == SMALLEST


def test_events_of_their_own_travel_as_messages(quick: CRM, ear: Ear) -> None:
    """A bulk whose records have more to tell is told message by message."""
    with quick.work(by="li", tenant="acme") as work:
        new = (Customer(id=work.new_id(), name=f"C {at}").register() for at in range(SMALLEST))
        work.customers.insert_many(new)
    assert kept(quick, OutboxParcel) == []
    assert quick.deliver_due(tenant="acme", limit=200).delivered == 2 * SMALLEST
    assert {message.topic for message in ear.heard} == {"RecordChanged", "CustomerRegistered"}


def changeset(crm: CRM, made: list[Customer]) -> object:
    """Return the changeset of a record's only change."""
    with crm.work(by="li", tenant="acme", read_only=True) as work:
        [change] = history(work, made[-1])
        return change.changeset_id
