"""Delivery of events: at least once, in order per record, whatever workers and plugins do."""

import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event as Signal
from threading import Lock
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.changes import DeliveryState, OutboxMessage
from crmkit.domain.parties.customer import Customer, CustomerRegistered
from crmkit.errors import OutOfRange, VersionConflict
from crmkit.plugins import hookimpl
from crmkit.services import parties
from crmkit.services.delivery import DeliveryReport, MessageNotDead
from crmkit.services.log_rows import transaction
from crmkit.services.outbox import MESSAGE, WAITING, Claimed, Retries, Terms, claim, settle
from crmkit.storage.memory import MemoryStorage
from crmkit.work import UnitOfWork

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)
AT_ONCE = Retries(attempts=5, first_rest=timedelta(0), longest_rest=timedelta(0))
LATER = Retries(attempts=5, first_rest=timedelta(hours=1))
LAST_ATTEMPT = Retries(attempts=1)
SHORT = timedelta(milliseconds=1)
SOAKED = 1_000 if os.environ.get("CRMKIT_FULL") else 30


class Observer:
    """Keeps what it receives; `fail` says by raising what it cannot take."""

    def __init__(self, name: str = "observer", topics: Any = (CustomerRegistered,)) -> None:
        self.name = name
        self.topics = topics
        self.received: list[OutboxMessage] = []
        self.fail: Callable[[OutboxMessage], None] = lambda _message: None

    @hookimpl
    def after_commit(self, message: OutboxMessage) -> None:
        """Receive or fail."""
        self.fail(message)
        self.received.append(message)

    @property
    def names(self) -> list[str]:
        """Return the names of the customers that it heard of."""
        return [message.payload["name"] for message in self.received]


@pytest.fixture
def observer() -> Observer:
    """Give an observer of registrations."""
    return Observer()


@pytest.fixture
def crm(near_url: str, observer: Observer) -> Iterator[CRM]:
    """Give a CRM that it observes, on each store in turn."""
    with CRM.open(near_url, plugins=[observer], plugin_names=()) as crm:
        crm.schema.apply()
        yield crm


@pytest.fixture
def quick(observer: Observer) -> CRM:
    """Give a CRM in memory that it observes."""
    return CRM(MemoryStorage(), plugins=[observer])


def register(crm: CRM, *names: str, tenant: str = "acme") -> list[Customer]:
    """Register customers in one work."""
    with crm.work(by="li", tenant=tenant) as work:
        return [parties.register_customer(work, name) for name in names]


def rename(crm: CRM, customer: Customer, name: str) -> None:
    """Change a customer and tell it once more."""
    with crm.work(by="li", tenant="acme") as work:
        found = work.customers.get(customer.id)
        work.customers.save(found.evolve(name=name).register())


def failing(*errors: Exception) -> Callable[[OutboxMessage], None]:
    """Fail with each of the errors in turn, then no more."""
    left = list(errors)

    def fail(_message: OutboxMessage) -> None:
        if left:
            raise left.pop(0)

    return fail


def failing_for(name: str) -> Callable[[OutboxMessage], None]:
    """Always fail for the customer of this name."""

    def fail(message: OutboxMessage) -> None:
        if message.payload["name"] == name:
            raise ValueError(name)

    return fail


def take(crm: CRM, worker: str, *, lease: timedelta = SHORT, attempts: int = 5) -> Claimed:
    """Claim as a worker that is then never heard of."""
    terms = Terms(worker=worker, lease=lease, retries=Retries(attempts=attempts))
    with transaction(crm.storage, "acme") as session:
        return claim(session, size=20, terms=terms)


def wait_for_lease(crm: CRM, claimed: Claimed) -> None:
    """Let the store's clock pass the end of a lease."""
    while True:
        with transaction(crm.storage, "acme") as session:
            if session.now() > claimed.until:
                return


def test_each_subscriber_receives_each_event_once() -> None:
    """Two observers, three events: six deliveries, and then nothing is due."""
    first, second = Observer("first"), Observer("second")
    crm = CRM(MemoryStorage(), plugins=[first, second])
    register(crm, "甲", "乙", "丙")
    assert crm.deliver_due() == DeliveryReport(delivered=6)
    assert crm.deliver_due() == DeliveryReport()
    assert sorted(first.names) == sorted(second.names) == sorted(["甲", "乙", "丙"])


@EVERYWHERE
def test_a_message_tells_where_it_comes_from(crm: CRM, observer: Observer) -> None:
    """It carries tenant, topic, record, changeset and the plain fields of the event."""
    [customer] = register(crm, "鲁西科技")
    crm.deliver_due()
    [message] = observer.received
    assert (message.tenant, message.topic) == ("acme", "CustomerRegistered")
    assert message.record_key == f"customer:{customer.id}"
    assert message.payload == {"customer_id": str(customer.id), "name": "鲁西科技"}


def test_an_observer_without_topics_receives_every_change() -> None:
    """Also writes without an event of their own, as RecordChanged."""
    observer = Observer(topics=None)
    crm = CRM(MemoryStorage(), plugins=[observer])
    register(crm, "甲")
    crm.deliver_due()
    topics = [message.topic for message in observer.received]
    assert topics == ["RecordChanged", "CustomerRegistered"]


def test_nothing_is_delivered_of_a_work_that_was_rolled_back(crm: CRM, observer: Observer) -> None:
    """Events leave only with the commit."""
    with crm.work(by="li", tenant="acme") as work:
        parties.register_customer(work, "甲")
        work.rollback()
    assert crm.deliver_due() == DeliveryReport()


def test_a_failed_delivery_is_tried_again_with_its_error_kept(crm: CRM, observer: Observer) -> None:
    """Two failures, then it succeeds; the attempts are counted."""
    register(crm, "甲")
    observer.fail = failing(ValueError("first"), ValueError("second"))
    report = crm.deliver_due(retries=AT_ONCE)
    assert report == DeliveryReport(delivered=1, failed=2)
    [message] = observer.received
    assert (message.attempts, message.error) == (3, "ValueError: second")


def test_a_failed_delivery_rests_before_the_next_try(crm: CRM, observer: Observer) -> None:
    """Until the rest is over it is not due."""
    register(crm, "甲")
    observer.fail = failing(ValueError("once"))
    assert crm.deliver_due(retries=LATER) == DeliveryReport(failed=1)
    assert crm.deliver_due(retries=LATER) == DeliveryReport()


@EVERYWHERE
def test_after_the_last_attempt_a_message_is_dead_and_can_be_replayed(
    crm: CRM, observer: Observer
) -> None:
    """The dead letter has the error; replayed, it is delivered like new."""
    register(crm, "甲")
    observer.fail = failing(*[ValueError("broken")] * 5)
    assert crm.deliver_due(retries=AT_ONCE) == DeliveryReport(failed=4, dead=1)
    [letter] = crm.dead_letters("acme")
    assert (letter.state, letter.error) == (DeliveryState.DEAD, "ValueError: broken")
    crm.replay(letter)
    assert crm.deliver_due() == DeliveryReport(delivered=1)
    assert crm.dead_letters("acme") == ()
    with pytest.raises(VersionConflict):
        crm.replay(letter)


def test_only_dead_messages_are_replayed(quick: CRM, observer: Observer) -> None:
    """What was delivered stays delivered."""
    register(quick, "甲")
    quick.deliver_due()
    with pytest.raises(MessageNotDead):
        quick.replay(observer.received[0])


@EVERYWHERE
@pytest.mark.parametrize("text", ["nul \x00", "lone \ud800", "长" * 5000, ""], ids=ascii)
def test_any_error_text_is_kept(crm: CRM, observer: Observer, text: str) -> None:
    """An error that no store could keep as it is does not stop the outbox."""
    register(crm, "甲")
    observer.fail = failing(ValueError(text))
    assert crm.deliver_due(retries=LAST_ATTEMPT) == DeliveryReport(dead=1)
    [letter] = crm.dead_letters("acme")
    assert letter.error is not None
    assert letter.error.startswith("ValueError")


@EVERYWHERE
def test_later_events_of_a_record_wait_for_the_failed_one(crm: CRM, observer: Observer) -> None:
    """Other records go on; order per record is kept over failures."""
    [first, _second] = register(crm, "甲", "乙")
    rename(crm, first, "甲 2")
    observer.fail = failing_for("甲")
    assert crm.deliver_due(retries=LATER) == DeliveryReport(delivered=1, failed=1)
    assert observer.names == ["乙"]


def test_a_dead_message_lets_the_next_of_its_record_pass(crm: CRM, observer: Observer) -> None:
    """It is written dead before it is passed over."""
    [first] = register(crm, "甲")
    rename(crm, first, "甲 2")
    observer.fail = failing_for("甲")
    assert crm.deliver_due(retries=LAST_ATTEMPT) == DeliveryReport(delivered=1, dead=1)
    assert observer.names == ["甲 2"]


def test_a_crowd_behind_a_failed_message_does_not_stop_others(
    quick: CRM, observer: Observer
) -> None:
    """Hundreds of held-back messages that are older are passed over to find the free one."""
    [hot] = register(quick, "甲")
    for number in range(250):
        rename(quick, hot, f"甲 {number}")
    observer.fail = failing_for("甲")
    assert quick.deliver_due(limit=1, retries=LATER) == DeliveryReport(failed=1)
    register(quick, "乙")
    assert quick.deliver_due(retries=LATER) == DeliveryReport(delivered=1)
    assert observer.names == ["乙"]


@EVERYWHERE
def test_what_a_dead_worker_held_is_taken_over(crm: CRM, observer: Observer) -> None:
    """While the lease lasts nobody else takes it; afterwards the next worker does."""
    register(crm, "甲", "乙")
    held = take(crm, "gone", lease=timedelta(hours=1))
    assert len(held.messages) == 2
    assert crm.deliver_due() == DeliveryReport()
    for message in held.messages:
        with transaction(crm.storage, "acme") as session:
            expired = message.available_at - timedelta(hours=2)
            freed = [_available(message, expired)]
            session.save_many(MESSAGE, freed, [message.version])
    assert crm.deliver_due() == DeliveryReport(delivered=2)
    assert {message.attempts for message in observer.received} == {2}


@EVERYWHERE
def test_a_worker_that_comes_back_too_late_is_refused(crm: CRM, observer: Observer) -> None:
    """Its acknowledgement does not count: the message was taken over meanwhile."""
    register(crm, "甲")
    stale = take(crm, "slow")
    wait_for_lease(crm, stale)
    assert crm.deliver_due() == DeliveryReport(delivered=1)
    with pytest.raises(VersionConflict), transaction(crm.storage, "acme") as session:
        settle(session, stale.messages[0], None, terms=Terms())


def test_a_delivery_that_outlasts_its_lease_is_reported_lost(crm: CRM, observer: Observer) -> None:
    """Another worker took the message while the plugin was at it; it is delivered again."""
    register(crm, "甲")

    def dawdle(message: OutboxMessage) -> None:
        if message.attempts == 1:
            wait_for_lease(crm, _until(message))
            take(crm, "other", lease=SHORT)

    observer.fail = dawdle
    assert crm.deliver_due(limit=1, lease=SHORT) == DeliveryReport(lost=1)
    wait_for_lease(crm, _until(observer.received[0], timedelta(seconds=1)))
    assert crm.deliver_due() == DeliveryReport(delivered=1)


def test_a_message_that_ends_workers_is_given_up(crm: CRM) -> None:
    """After its last attempt it is dead; what was claimed along with it is delivered."""
    register(crm, "poison", "乙")
    wait_for_lease(crm, take(crm, "w0", attempts=3))
    delivered: list[OutboxMessage] = []
    while (claimed := take(crm, "w1", attempts=3)).messages:
        for message in claimed.messages:
            if message.payload["name"] != "poison":
                with transaction(crm.storage, "acme") as session:
                    delivered.append(settle(session, message, None, terms=Terms()))
        wait_for_lease(crm, claimed)
    assert [message.attempts for message in delivered] == [2]
    [letter] = crm.dead_letters("acme")
    assert (letter.payload["name"], letter.attempts) == ("poison", 3)
    assert letter.error == "worker 'w1' never came back from attempt 3"


def test_an_interrupted_worker_leaves_its_message_to_the_next(crm: CRM, observer: Observer) -> None:
    """An interrupt ends the worker, not the message."""
    register(crm, "甲")

    def interrupt(_message: OutboxMessage) -> None:
        raise KeyboardInterrupt

    observer.fail = interrupt
    with pytest.raises(KeyboardInterrupt):
        crm.deliver_due(lease=SHORT)
    observer.fail = failing()
    while (report := crm.deliver_due()) == DeliveryReport():
        pass
    assert report == DeliveryReport(delivered=1)


@EVERYWHERE
def test_an_effect_in_the_same_crm_is_exactly_once(near_url: str) -> None:
    """The plugin fails after its own commit; delivered again, its work is not done twice."""

    class WelcomesCustomers:
        topics = (CustomerRegistered,)
        failures = 1

        @hookimpl
        def after_commit(self, message: OutboxMessage, crm: CRM) -> None:
            crm.run(
                welcome,
                message.payload["name"],
                by="welcome",
                tenant=message.tenant,
                idempotency_key=str(message.id),
                cause_id=message.changeset_id,
            )
            if self.failures:
                self.failures -= 1
                raise ConnectionError

    def welcome(work: UnitOfWork, name: str) -> None:
        [customer] = work.customers.find(work.where(Customer).name.eq(name))
        parties.follow_up(work, customer, f"welcome {name}")

    with CRM.open(near_url, plugins=[WelcomesCustomers], plugin_names=()) as crm:
        crm.schema.apply()
        register(crm, "甲")
        assert crm.deliver_due(retries=AT_ONCE) == DeliveryReport(delivered=1, failed=1)
        with crm.work(by="li", tenant="acme") as work:
            assert work.activities.count() == 1


def test_a_message_to_a_plugin_that_is_gone_is_not_lost() -> None:
    """It fails, naming the plugin, and is delivered when the plugin is back."""
    storage, observer = MemoryStorage(), Observer()
    register(CRM(storage, plugins=[observer]), "甲")
    without = CRM(storage)
    assert without.deliver_due(retries=AT_ONCE).dead == 1
    [letter] = without.dead_letters("acme")
    assert "observer" in (letter.error or "")
    without.replay(letter)
    assert CRM(storage, plugins=[observer]).deliver_due() == DeliveryReport(delivered=1)


@EVERYWHERE
def test_one_tenant_or_all_in_turn(crm: CRM, observer: Observer) -> None:
    """A round serves every tenant; with a tenant only its messages are delivered."""
    for tenant in ("a", "b", "c"):
        register(crm, tenant, tenant=tenant)
    assert crm.deliver_due(tenant="b") == DeliveryReport(delivered=1)
    assert crm.deliver_due() == DeliveryReport(delivered=2)
    assert sorted(observer.names) == ["a", "b", "c"]


def test_a_busy_tenant_does_not_starve_the_others(quick: CRM, observer: Observer) -> None:
    """Small rounds begin after the tenant that was served last."""
    for tenant in ("a", "b", "c"):
        register(quick, *(f"{tenant} {number}" for number in range(9)), tenant=tenant)
    for _round in range(3):
        quick.deliver_due(limit=1)
    assert [name[0] for name in observer.names] == ["a", "b", "c"]


@EVERYWHERE
def test_what_was_delivered_long_ago_is_purged(crm: CRM, observer: Observer) -> None:
    """Delivered messages and old keys leave; what waits or is dead stays."""
    register(crm, "甲", "乙", "丙")
    observer.fail = failing(ValueError("x"))
    crm.deliver_due(limit=2, retries=LAST_ATTEMPT)
    crm.run(parties.register_customer, "丁", by="li", tenant="acme", idempotency_key="k")
    assert crm.purge("acme").messages == 0
    purged = crm.purge("acme", older_than=timedelta(days=-1))
    assert (purged.messages, purged.keys) == (1, 1)
    assert len(crm.dead_letters("acme")) == 1
    assert crm.deliver_due() == DeliveryReport(delivered=2)


@pytest.mark.parametrize(
    "terms", [{"limit": 0}, {"lease": timedelta(0)}, {"retries": Retries(attempts=0)}], ids=str
)
def test_terms_under_which_nothing_is_delivered_are_refused(
    quick: CRM, terms: dict[str, Any]
) -> None:
    """No limit, no lease or no attempts cannot be meant."""
    with pytest.raises(OutOfRange):
        quick.deliver_due(**terms)


@EVERYWHERE
@pytest.mark.deep
def test_workers_plugins_and_crashes_lose_nothing(near_url: str) -> None:
    """Four workers, one that dies holding messages, a plugin that often fails, a poison message.

    Every message but the poison reaches each plugin exactly once, in order per record.
    """
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance, lock = random.Random(seed), Lock()
    ledger: dict[str, list[OutboxMessage]] = defaultdict(list)

    class Soaked:
        topics = (CustomerRegistered,)

        def __init__(self, name: str, fails: Callable[[OutboxMessage], bool]) -> None:
            self.name = name
            self.fails = fails

        @hookimpl
        def after_commit(self, message: OutboxMessage) -> None:
            with lock:
                if self.fails(message):
                    raise ConnectionError(self.name)
                ledger[self.name].append(message)

    plugins = [
        Soaked("steady", lambda _message: False),
        Soaked("flaky", lambda _message: chance.random() < 0.2),
        Soaked("poisoned", lambda message: message.payload["name"] == "customer 7"),
    ]
    with CRM.open(near_url, plugins=plugins, plugin_names=()) as crm:
        crm.schema.apply()
        customers = register(crm, *(f"customer {number}" for number in range(SOAKED)))
        for customer in customers:
            for number in range(2):
                rename(crm, customer, f"{customer.name} {number}")
        _soak(crm)
        [letter] = crm.dead_letters("acme")
        assert letter.payload["name"] == "customer 7"
    for name, received in ledger.items():
        expected = 3 * SOAKED - (name == "poisoned")
        assert len(received) == expected, (seed, name)
        assert len({message.id for message in received}) == expected, (seed, name)
        _check_order(received)


def _soak(crm: CRM) -> None:
    """Let workers deliver until nothing waits, while another claims and never delivers."""
    stop = Signal()
    retries = Retries(attempts=40, first_rest=timedelta(0), longest_rest=timedelta(milliseconds=2))

    def work_off(worker: int) -> Counter[str]:
        lost: Counter[str] = Counter()
        while not stop.is_set():
            report = crm.deliver_due(
                limit=10, worker=f"w{worker}", lease=timedelta(minutes=1), retries=retries
            )
            lost["lost"] += report.lost
            if not crm.storage.tenants_with(MESSAGE, WAITING):
                stop.set()
        return lost

    def die() -> None:
        for _death in range(5):
            try:
                take(crm, "dying", attempts=40)
            except Exception:  # noqa: BLE001 - whatever: it is dying
                continue

    with ThreadPoolExecutor(5) as pool:
        dying = pool.submit(die)
        lost = list(pool.map(work_off, range(4)))
        dying.result()
    assert sum(counter["lost"] for counter in lost) == 0


def _check_order(received: list[OutboxMessage]) -> None:
    positions: dict[str, list[int]] = defaultdict(list)
    for message in received:
        positions[message.record_key].append(message.position)
    for seen in positions.values():
        assert seen == sorted(seen)


def _available(message: OutboxMessage, at: datetime) -> OutboxMessage:
    return attrs.evolve(message, available_at=at, version=message.version + 1)


def _until(message: OutboxMessage, more: timedelta = timedelta(0)) -> Claimed:
    until = message.available_at + more
    return Claimed(messages=(), given_up=0, at=until, until=until)
