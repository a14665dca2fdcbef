"""Whatever MongoDB answers to a command, a work is told truly and leaves all or nothing."""

import contextlib
import itertools
import os

import pytest
from pymongo import MongoClient

from crmkit.crm import CRM
from crmkit.domain.changes import Change, Changeset, IdempotencyRecord, OutboxMessage
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.summary import Summary, count
from crmkit.domain.parties.customer import Customer
from crmkit.errors import AlreadyDone, Conflict, OutcomeUnknown, StoreUnavailable
from crmkit.plugins.hookspecs import hookimpl
from crmkit.ports import Ask
from crmkit.services import parties

FULL = os.environ.get("CRMKIT_FULL") == "1"
LOGS = (Changeset, Change, OutboxMessage, IdempotencyRecord)
APP = f"faults{os.getpid()}"
COMMANDS = ("find", "insert", "update", "delete", "aggregate")
TRANSIENT = {"errorLabels": ["TransientTransactionError"]}
REFUSALS = {
    "write conflict": ({"errorCode": 112}, Conflict),
    "no such transaction": ({"errorCode": 251}, Conflict),
    "lock timeout": ({"errorCode": 24}, Conflict),
    "not primary": ({"errorCode": 10107}, StoreUnavailable),
    "shutting down": ({"errorCode": 91}, StoreUnavailable),
    "out of time": ({"errorCode": 50}, StoreUnavailable),
    "connection closed": ({"closeConnection": True}, StoreUnavailable),
}
MAJORITY = {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}}
COMMITS = {
    "write conflict": ({"errorCode": 112, **TRANSIENT}, 1, Conflict),
    "no such transaction": ({"errorCode": 251, **TRANSIENT}, 1, Conflict),
    "not primary once": ({"errorCode": 10107}, 1, None),
    "shutting down once": ({"errorCode": 91}, 1, None),
    "out of time once": ({"errorCode": 50}, 1, None),
    "connection closed once": ({"closeConnection": True}, 1, None),
    "connection closed": ({"closeConnection": True}, 0, OutcomeUnknown),
    "not primary": ({"errorCode": 10107}, 0, OutcomeUnknown),
    "out of time": ({"errorCode": 50}, 0, OutcomeUnknown),
    "majority late once": (MAJORITY, 1, None),
    "majority late": (MAJORITY, 0, OutcomeUnknown),
    "majority impossible": (
        {"writeConcernError": {"code": 100, "errmsg": "not enough data-bearing nodes"}},
        0,
        OutcomeUnknown,
    ),
}
SLOW = {"shutting down", "shutting down once"}
QUICK = {"write conflict", "not primary", "connection closed"}


class Subscriber:
    """Wants every event, so that the outbox is written."""

    @hookimpl
    def after_commit(self, message):
        """Hear nothing; it is not delivered here."""


@pytest.fixture(scope="module")
def client(failing_mongo):
    """Give a client with an empty database; what it leaves open on the server is ended."""
    with MongoClient(failing_mongo.database("faults"), appname=APP) as client:
        yield client
        end_lost_transactions(client)


@pytest.fixture(scope="module")
def crm(client):
    """Give a CRM whose outbox is written."""
    with CRM.open(client, plugins=[Subscriber()]) as crm:
        crm.schema.apply()
        yield crm


@pytest.fixture
def tenant(request):
    """Give a tenant for which nothing was written."""
    return f"t{abs(hash(request.node.name))}"


@pytest.fixture
def fail(client):
    """Let a command fail a number of times, 0 for always, after some that pass."""
    point = {"configureFailPoint": "failCommand"}

    def failing(command, fault, *, times=1, passing=0):
        mode = {"times": times} if times else "alwaysOn"
        mode = {"skip": passing} if passing else mode
        client.admin.command({**point, "mode": mode, "data": {"failCommands": [command], **fault}})

    yield failing
    client.admin.command({**point, "mode": "off"})


def end_lost_transactions(client):
    """Have the server forget the transactions whose end it was never told."""
    asked = [{"$currentOp": {"idleSessions": True}}, {"$match": {"appName": APP}}]
    for found in list(client.admin.aggregate(asked)):
        if found["type"] == "idleSession":
            client.admin.command("killSessions", [{"id": found["lsid"]["id"]}])


def work_through(crm, tenant):
    """Read, summarise, write, save and delete in one work, under a key."""
    with crm.work(by="t", tenant=tenant, idempotency_key="once") as work:
        customers = work.of(Customer)
        customers.summarise(Summary(spec=spec_of(Customer), measures={"n": count()}))
        kept = customers.find()[0]
        parties.register_customer(work, "鲁西科技")
        customers.save(kept.evolve(tags=("changed",)))
        with work.storing() as session:
            session.delete_many(spec_of(IdempotencyRecord), [work.new_id()])


def prepare(crm, tenant):
    """Write one customer, to be changed."""
    with crm.work(by="t", tenant=tenant) as work:
        parties.register_customer(work, "客户")


def state(crm, tenant):
    """Count what there is: customers, changed ones, rows of each log."""
    session = crm.storage.session(tenant, read_only=True)
    try:
        rows = {
            cls: [one for batch in session.find(spec_of(cls), Ask()) for one in batch]
            for cls in (Customer, *LOGS)
        }
    finally:
        session.rollback()
    changed = sum(bool(one.tags) for one in rows[Customer])
    return (len(rows[Customer]), changed, *(len(rows[cls]) for cls in LOGS))


def is_whole(found, before):
    """Say whether the work is there as a whole: one more customer, one changed, all logs."""
    return found[:2] == (before[0] + 1, 1) and all(
        now > then for now, then in zip(found[2:], before[2:], strict=True)
    )


def chosen(cases):
    """Take every case in the full run, the telling ones in the quick run."""
    return [case for case in cases if FULL or case in QUICK]


@pytest.mark.parametrize(
    ("command", "refusal"), list(itertools.product(COMMANDS, chosen(REFUSALS)))
)
def test_refused_command_leaves_nothing(crm, tenant, fail, command, refusal):
    """A command that fails ends the work with nothing written; the repeat takes effect once."""
    fault, told = REFUSALS[refusal]
    prepare(crm, tenant)
    before = state(crm, tenant)
    fail(command, fault)
    with pytest.raises(told) as caught:
        work_through(crm, tenant)
    assert caught.value.path
    assert caught.value.fix
    assert state(crm, tenant) == before
    work_through(crm, tenant)
    assert is_whole(state(crm, tenant), before)


@pytest.mark.parametrize("passing", range(1, 9))
@pytest.mark.parametrize("refusal", chosen(REFUSALS))
def test_any_insert_may_be_the_one_that_fails(crm, tenant, fail, refusal, passing):
    """However many inserts have passed before one fails, nothing is half there."""
    fault, told = REFUSALS[refusal]
    prepare(crm, tenant)
    before = state(crm, tenant)
    fail("insert", fault, passing=passing)
    try:
        work_through(crm, tenant)
    except told:
        fail("insert", fault)
        with contextlib.suppress(told):
            work_through(crm, tenant)
        assert state(crm, tenant) == before
    else:
        assert is_whole(state(crm, tenant), before)


@pytest.mark.parametrize("case", [case for case in COMMITS if FULL or case not in SLOW])
def test_commit_is_told_truly(crm, tenant, fail, client, case):
    """A commit is done, refused with nothing written, or unknown and safe to repeat."""
    fault, times, told = COMMITS[case]
    prepare(crm, tenant)
    before = state(crm, tenant)
    fail("commitTransaction", fault, times=times)
    if told is None:
        work_through(crm, tenant)
        assert is_whole(state(crm, tenant), before)
    else:
        with pytest.raises(told) as caught:
            work_through(crm, tenant)
        client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
        if told is Conflict:
            assert state(crm, tenant) == before
        else:
            assert caught.value.idempotency_key == "once"
            assert state(crm, tenant) == before or is_whole(state(crm, tenant), before)
    end_lost_transactions(client)
    with contextlib.suppress(AlreadyDone):
        work_through(crm, tenant)
    assert is_whole(state(crm, tenant), before)


@pytest.mark.parametrize("refusal", chosen(REFUSALS))
def test_failing_rollback_leaves_nothing(crm, tenant, fail, refusal):
    """When even the end without a commit fails, the first error is told and nothing is written."""
    fault, _told = REFUSALS[refusal]
    prepare(crm, tenant)
    before = state(crm, tenant)
    fail("abortTransaction", fault)
    with pytest.raises(LookupError), crm.work(by="t", tenant=tenant) as work:
        parties.register_customer(work, "鲁西科技")
        raise LookupError
    assert state(crm, tenant) == before


@pytest.mark.parametrize("refusal", chosen(REFUSALS))
@pytest.mark.parametrize("command", ["find", "aggregate"])
def test_reading_work_is_told_truly(crm, tenant, fail, command, refusal):
    """A reading work that fails says why, or asks again by itself and answers."""
    fault, told = REFUSALS[refusal]
    prepare(crm, tenant)
    fail(command, fault)
    with contextlib.suppress(told), crm.work(by="t", tenant=tenant, read_only=True) as work:
        assert work.of(Customer).count() == 1
        assert len(work.of(Customer).find()) == 1
    with crm.work(by="t", tenant=tenant, read_only=True) as work:
        assert work.of(Customer).count() == 1
