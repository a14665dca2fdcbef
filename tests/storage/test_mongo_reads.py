"""On MongoDB a work sees what earlier works of the same CRM have committed or seen."""

import threading

import pytest
from bson.binary import Binary
from pymongo import MongoClient
from pymongo.write_concern import WriteConcern

from crmkit.crm import CRM
from crmkit.domain.parties.customer import Customer
from crmkit.services import parties

ROUNDS = 20
W1 = WriteConcern(1)


@pytest.fixture
def client(failing_mongo):
    """Give the host's own client, on a server whose snapshots no other test waits for."""
    with MongoClient(failing_mongo.database("reads")) as client:
        yield client


@pytest.fixture
def crm(client):
    """Give an empty CRM on the host's client."""
    with CRM.open(client) as crm:
        crm.schema.apply()
        yield crm


@pytest.fixture
def lagging(client):
    """Hold the majority's snapshot back for a moment after the test asks for it."""
    point = {"configureFailPoint": "disableSnapshotting"}

    def go_on():
        client.admin.command({**point, "mode": "off"})
        client.get_default_database()["noise"].insert_one({})

    ends = threading.Timer(0.5, go_on)

    def lag():
        client.admin.command({**point, "mode": "alwaysOn"})
        ends.start()

    yield lag
    ends.join()


def customers(work):
    """Count the customers that a work sees."""
    return work.of(Customer).count()


def write_past(client):
    """Write one more customer as another program would, without waiting for the majority."""
    collection = client.get_default_database()["crm_customer"].with_options(write_concern=W1)
    known = collection.find_one()
    other = b"\1" * 16
    collection.insert_one(known | {"_id": b"t\0" + other, "id": Binary(other, 4)})


def test_what_was_committed_is_read(crm):
    """Each reading work sees every customer registered before it."""
    for at in range(ROUNDS):
        with crm.work(by="t", tenant="t") as work:
            parties.register_customer(work, f"客户 {at}")
        with crm.work(by="t", tenant="t", read_only=True) as work:
            assert customers(work) == at + 1


@pytest.mark.parametrize("ending", ["rollback", "commit"])
def test_what_was_seen_is_seen_again(crm, client, lagging, ending):
    """What a work has seen the next one sees, though the majority has it only later."""
    with crm.work(by="t", tenant="t") as work:
        parties.register_customer(work, "客户")
    lagging()
    write_past(client)
    work = crm.work(by="t", tenant="t")
    assert customers(work) == 2
    getattr(work, ending)()
    with crm.work(by="t", tenant="t", read_only=True) as work:
        assert customers(work) == 2


def test_what_the_host_committed_is_read(crm, client):
    """What the host committed in a session that a work joined, later works see."""
    for at in range(ROUNDS):
        with client.start_session() as session:
            session.start_transaction()
            with crm.work(by="t", tenant="t", join=session) as work:
                parties.register_customer(work, f"客户 {at}")
            session.commit_transaction()
        with crm.work(by="t", tenant="t", read_only=True) as work:
            assert customers(work) == at + 1
