"""Part H: every committed event reaches its subscribers, in order per record, nothing skipped."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from crmkit.crm import CRM
from crmkit.plugins.hookspecs import hookimpl
from crmkit.testing.sample import ENTITIES, Colour, Gadget
from crmkit.testing.storage.harness import Place, StorageHarness
from crmkit.work.parcels import SMALLEST

_NUMBERS = itertools.count(1)


class Listener:
    """A subscriber that keeps what it hears and fails when told to."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.heard: list[Any] = []
        self.failures = 0

    @hookimpl
    def after_commit(self, message: Any) -> None:
        """Hear a message, or fail a few times first."""
        if self.failures:
            self.failures -= 1
            raise RuntimeError("not now")
        self.heard.append(message)


@pytest.fixture
def listener() -> Listener:
    """Give a subscriber."""
    return Listener()


@pytest.fixture
def office(storage_harness: StorageHarness, listener: Listener) -> Iterator[Place]:
    """Give a tenant of a CRM whose events somebody hears."""
    with CRM(storage_harness.open(), entities=ENTITIES, plugins=[listener]) as made:
        made.schema.apply()
        yield Place(made, f"office-{next(_NUMBERS)}")


def test_committed_event_is_delivered(office: Place, listener: Listener) -> None:
    """What was committed is heard."""
    [gadget] = office.add(office.gadget())
    assert office.crm.deliver_due(tenant=office.tenant).delivered == 1
    assert listener.heard[0].topic == "RecordChanged"
    assert listener.heard[0].payload["record_id"] == str(gadget.id)


def test_domain_event_is_delivered_with_its_payload(office: Place, listener: Listener) -> None:
    """An event of the domain arrives by its name, with its fields."""
    [gadget] = office.add(office.gadget())
    with office.work() as work:
        work.of(Gadget).save(gadget.paint(Colour.RED))
    office.crm.deliver_due(tenant=office.tenant)
    painted = [message for message in listener.heard if message.topic == "GadgetPainted"]
    assert [message.payload["colour"] for message in painted] == ["red"]


def test_rolled_back_event_is_never_delivered(office: Place, listener: Listener) -> None:
    """What was not committed is not heard."""
    with pytest.raises(RuntimeError), office.work() as work:
        work.of(Gadget).add(office.gadget())
        raise RuntimeError
    assert office.crm.deliver_due(tenant=office.tenant).delivered == 0
    assert listener.heard == []


def test_delivered_message_is_not_delivered_again(office: Place, listener: Listener) -> None:
    """A second round has nothing to do."""
    office.add(office.gadget())
    office.crm.deliver_due(tenant=office.tenant)
    assert office.crm.deliver_due(tenant=office.tenant).delivered == 0
    assert len(listener.heard) == 1


def test_events_of_one_record_arrive_in_order(office: Place, listener: Listener) -> None:
    """Versions are heard as they were committed."""
    [gadget] = office.add(office.gadget(rank=0))
    for rank in range(1, 6):
        with office.work() as work:
            gadget = work.of(Gadget).save(work.of(Gadget).get(gadget.id).evolve(rank=rank))
    for _round in range(8):
        office.crm.deliver_due(tenant=office.tenant)
    heard = [message.payload["record_version"] for message in listener.heard]
    assert heard == [1, 2, 3, 4, 5, 6]


def test_failed_message_stays_due_and_keeps_its_error(office: Place, listener: Listener) -> None:
    """A failure is counted and kept; the message is not lost."""
    listener.failures = 1
    office.add(office.gadget())
    report = office.crm.deliver_due(tenant=office.tenant)
    assert (report.delivered, report.failed) == (0, 1)
    assert listener.heard == []


def test_failing_record_does_not_stop_others(office: Place, listener: Listener) -> None:
    """While one record's message fails, other records' are heard."""
    office.add(office.gadget(name="one"), office.gadget(name="two"), office.gadget(name="three"))
    listener.failures = 1
    report = office.crm.deliver_due(tenant=office.tenant)
    assert (report.delivered, report.failed) == (2, 1)


def test_outbox_row_leaves_with_a_conflict(office: Place, listener: Listener) -> None:
    """A work that was refused leaves no message behind."""
    office.add(office.gadget(code="x"))
    with pytest.raises(Exception, match="same code"):
        office.add(office.gadget(code="x"))
    office.crm.deliver_due(tenant=office.tenant)
    assert len(listener.heard) == 1


def test_bulk_is_told_record_by_record(office: Place, listener: Listener) -> None:
    """What a bulk write did to each record is heard once, however many there are."""
    made = _add_in_bulk(office, SMALLEST + 1)
    assert office.crm.deliver_due(tenant=office.tenant, limit=200).delivered == len(made)
    assert office.crm.deliver_due(tenant=office.tenant, limit=200).delivered == 0
    heard = sorted(message.payload["record_id"] for message in listener.heard)
    assert heard == sorted(str(gadget.id) for gadget in made)
    assert {message.topic for message in listener.heard} == {"RecordChanged"}


def test_bulk_and_later_events_of_one_record_arrive_in_order(
    office: Place, listener: Listener
) -> None:
    """A record that was written in bulk and then alone is heard in the order of its versions."""
    made = _add_in_bulk(office, SMALLEST)
    with office.work() as work:
        painted = work.of(Gadget).save(made[0].paint(Colour.RED))
    with office.work() as work:
        work.of(Gadget).save_many([g.evolve(rank=1) for g in (painted, *made[1:])])
    for _round in range(4):
        office.crm.deliver_due(tenant=office.tenant, limit=200)
    heard = [m for m in listener.heard if m.record_key == f"gadget:{made[0].id}"]
    versions = [message.payload.get("record_version") for message in heard]
    assert versions == [1, 2, None, 3]


def test_rolled_back_bulk_is_never_told(office: Place, listener: Listener) -> None:
    """Of a bulk that was not committed nothing is heard."""
    with pytest.raises(RuntimeError), office.work() as work:
        work.of(Gadget).insert_many(office.gadget() for _ in range(SMALLEST))
        raise RuntimeError
    assert office.crm.deliver_due(tenant=office.tenant).delivered == 0
    assert listener.heard == []


def _add_in_bulk(office: Place, count: int) -> list[Gadget]:
    with office.work() as work:
        return work.of(Gadget).insert_many(office.gadget(rank=0) for _ in range(count))
