"""The unit of work: whole or not at all, honest about its end."""

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import Changeset, Operation
from crmkit.domain.entity import entity, spec_of
from crmkit.domain.parties.customer import Customer, CustomerRegistered
from crmkit.errors import (
    AlreadyDone,
    Duplicate,
    GuardConflict,
    IdempotencyMismatch,
    InvalidValue,
    NotFound,
    Refused,
    StoreClosed,
    UnknownEntity,
    VersionConflict,
    WrongType,
)
from crmkit.plugins import hookimpl
from crmkit.ports import Ask
from crmkit.services import parties
from crmkit.services.history import history
from crmkit.storage.memory import MemoryStorage
from crmkit.work import UnitOfWork

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)


class Observes:
    """Subscribes to registrations."""

    topics = (CustomerRegistered,)

    @hookimpl
    def after_commit(self, message):
        """Receive."""


@pytest.fixture
def crm(near_url: str) -> Iterator[CRM]:
    """Give a CRM with a subscriber, on each store in turn."""
    with CRM.open(near_url, plugins=[Observes], plugin_names=()) as crm:
        crm.schema.apply()
        yield crm


@pytest.fixture
def quick() -> CRM:
    """Give a CRM in memory."""
    return CRM(MemoryStorage())


def work(crm: CRM, **marks: Any) -> UnitOfWork:
    """Open a unit of work."""
    return crm.work(**{"by": "li", "tenant": "acme", **marks})


def register(crm: CRM, name: str = "鲁西科技", **fields: Any) -> Customer:
    """Register a customer."""
    with work(crm) as unit:
        return parties.register_customer(unit, name, **fields)


def names(crm: CRM) -> list[str]:
    """Name the customers that are there."""
    with work(crm) as unit:
        return sorted(customer.name for customer in unit.customers.find())


def rows(crm: CRM, cls: type[Any]) -> list[Any]:
    """Return crmkit's own log rows."""
    with work(crm) as unit, unit.storing() as session:
        return [row for batch in session.find(spec_of(cls), Ask()) for row in batch]


def test_what_is_written_is_there_after_the_block(crm: CRM) -> None:
    """And bears who wrote it, and when."""
    with work(crm, by="wang") as unit:
        made = parties.register_customer(unit, "鲁西科技")
    with work(crm) as later:
        found = later.customers.get(made.id)
    assert (found.version, found.created_by, found.created_at) == (1, "wang", unit.now)
    assert found == made


def test_an_exception_writes_nothing(crm: CRM) -> None:
    """Neither records nor log nor messages."""

    def fail() -> None:
        with work(crm) as unit:
            parties.register_customer(unit, "鲁西科技")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names(crm) == []
    assert rows(crm, Changeset) == []
    assert crm.deliver_due().delivered == 0


@EVERYWHERE
def test_a_changeset_tells_who_when_why_and_whence(crm: CRM) -> None:
    """One changeset per work, whatever it writes; none for a work that only reads."""
    cause = crm.ids.next_id(crm.clock.now())
    with work(crm, reason="搬迁", cause_id=cause) as unit:
        for name in ("甲", "乙"):
            parties.register_customer(unit, name)
    with work(crm) as reading:
        reading.customers.find()
    [changeset] = rows(crm, Changeset)
    assert changeset == Changeset(
        id=unit.changeset_id,
        tenant="acme",
        at=unit.now,
        by="li",
        reason="搬迁",
        cause_id=cause,
    )


@EVERYWHERE
def test_a_save_from_an_old_version_is_refused(crm: CRM) -> None:
    """The slower of two loses, and its work with it."""
    made = register(crm)
    with work(crm) as unit:
        unit.customers.save(unit.customers.get(made.id).evolve(industry="化工"))
    with pytest.raises(VersionConflict), work(crm) as unit:
        unit.customers.save(made.evolve(industry="制造"))
    with work(crm) as unit:
        assert unit.customers.get(made.id).industry == "化工"


@EVERYWHERE
def test_a_decision_on_a_record_that_moved_is_refused(crm: CRM) -> None:
    """What was read for a decision is checked at the commit, and held until then."""
    first, second = register(crm, "甲"), register(crm, "乙")
    with work(crm) as unit:
        unit.customers.save(unit.customers.get(first.id).evolve(industry="化工"))

    def rely_on_the_old_version() -> None:
        with work(crm) as unit:
            unit.guard(first)
            unit.customers.save(unit.customers.get(second.id).evolve(industry="化工"))

    with pytest.raises(GuardConflict):
        rely_on_the_old_version()
    with work(crm) as unit:
        assert unit.customers.get(second.id).industry is None


def test_a_work_that_failed_refuses_every_further_call(quick: CRM) -> None:
    """After a duplicate that was caught nothing passes, not even the commit."""
    register(quick, number="N-1")

    def hide() -> None:
        with work(quick) as unit:
            with pytest.raises(Duplicate):
                parties.register_customer(unit, "b", number="N-1")
            with pytest.raises(Refused, match="has failed"):
                unit.customers.find()

    with pytest.raises(Refused, match="has failed"):
        hide()


def test_a_work_that_is_over_refuses_every_call(quick: CRM) -> None:
    """Committed, rolled back or rehearsed."""
    with work(quick) as committed:
        pass
    with work(quick) as rolled_back:
        rolled_back.rollback()
    with quick.rehearse(by="li", tenant="acme") as rehearsed:
        pass
    for unit in (committed, rolled_back, rehearsed):
        with pytest.raises(StoreClosed):
            unit.customers.find()
        with pytest.raises(StoreClosed):
            unit.commit()


def test_a_work_may_commit_before_the_end_of_its_block(quick: CRM) -> None:
    """What was committed stays, whatever happens in the rest of the block."""

    def fail_late() -> None:
        with work(quick) as unit:
            parties.register_customer(unit, "甲")
            unit.commit()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_late()
    assert names(quick) == ["甲"]


def test_rolling_back_does_not_take_back_a_commit(quick: CRM) -> None:
    """It is over; the call does nothing."""
    with work(quick) as unit:
        parties.register_customer(unit, "甲")
        unit.commit()
        unit.rollback()
    assert names(quick) == ["甲"]


@EVERYWHERE
def test_a_rehearsal_tells_everything_and_leaves_nothing(crm: CRM) -> None:
    """The difference, the events and the messages; afterwards the store is as before."""
    made = register(crm)
    before = (names(crm), len(rows(crm, Changeset)))
    with crm.rehearse(by="li", tenant="acme") as unit:
        unit.customers.save(unit.customers.get(made.id).evolve(industry="化工"))
        parties.register_customer(unit, "乙")
    assert [(change.operation, change.after.get("industry")) for change in unit.changes] == [
        (Operation.UPDATED, "化工"),
        (Operation.CREATED, None),
    ]
    assert [type(event).__name__ for event in unit.events].count("CustomerRegistered") == 1
    assert [message.topic for message in unit.messages] == ["CustomerRegistered"]
    assert (names(crm), len(rows(crm, Changeset))) == before
    assert crm.deliver_due().delivered == 1


def test_a_rehearsal_cannot_commit(quick: CRM) -> None:
    """Not even when it is told to."""
    with quick.rehearse(by="li", tenant="acme") as unit:
        parties.register_customer(unit, "甲")
        unit.commit()
    assert len(unit.changes) == 1
    assert names(quick) == []


def test_a_rehearsal_meets_the_same_refusals(quick: CRM) -> None:
    """It goes the whole way, guards and plugins included."""
    made = register(quick)
    register(quick, "乙", number="N-1")
    with pytest.raises(Duplicate), quick.rehearse(by="li", tenant="acme") as unit:
        unit.customers.save(unit.customers.get(made.id).evolve(number="N-1"))


@EVERYWHERE
def test_a_key_lets_a_work_take_effect_once(crm: CRM) -> None:
    """Entering again gives the first result and writes nothing."""
    with work(crm, idempotency_key="k", payload={"name": "甲"}) as unit:
        unit.result = str(parties.register_customer(unit, "甲").id)
    with pytest.raises(AlreadyDone) as done, work(crm, idempotency_key="k", payload={"name": "甲"}):
        pass
    assert done.value.result == unit.result
    assert names(crm) == ["甲"]
    with pytest.raises(IdempotencyMismatch), work(crm, idempotency_key="k", payload={}):
        pass


def test_a_key_is_not_kept_by_a_work_that_failed(crm: CRM) -> None:
    """The next try is as the first."""
    with work(crm, idempotency_key="k") as unit:
        unit.rollback()
    with work(crm, idempotency_key="k") as unit:
        parties.register_customer(unit, "甲")
    assert names(crm) == ["甲"]


@EVERYWHERE
def test_tenants_do_not_see_each_other(crm: CRM) -> None:
    """Nor can one write or refer to a record of another."""
    made = register(crm)
    with work(crm, tenant="other") as unit:
        assert unit.customers.count() == 0
        with pytest.raises(NotFound):
            unit.customers.get(made.id)
    with pytest.raises(InvalidValue), work(crm, tenant="other") as unit:
        unit.customers.save(made.evolve(industry="化工"))
    with pytest.raises(NotFound), work(crm, tenant="other") as unit:
        parties.register_customer(unit, "乙", parent_id=made.id)


def test_a_reference_must_lead_to_a_live_record(crm: CRM) -> None:
    """A removed one is as one that never was; one of the same work is fine."""
    made = register(crm)
    with work(crm) as unit:
        unit.customers.remove(unit.customers.get(made.id))
    with pytest.raises(NotFound, match=r"customer\.parent_id"):
        register(crm, "乙", parent_id=made.id)
    with work(crm) as unit:
        parent = parties.register_customer(unit, "甲")
        parties.register_customer(unit, "乙", parent_id=parent.id)


@EVERYWHERE
def test_a_removed_record_frees_its_unique_values_and_can_come_back(crm: CRM) -> None:
    """Unless its place is taken then."""
    made = register(crm, number="N-1")
    with work(crm) as unit:
        removed = unit.customers.remove(unit.customers.get(made.id))
        assert unit.customers.remove(removed) == removed
    taker = register(crm, "乙", number="N-1")
    with pytest.raises(Duplicate), work(crm) as unit:
        unit.customers.restore(unit.customers.get(made.id, removed=True))
    with work(crm) as unit:
        unit.customers.remove(unit.customers.get(taker.id))
        unit.customers.restore(unit.customers.get(made.id, removed=True))
    assert names(crm) == ["鲁西科技"]


def test_many_are_removed_and_restored_in_batches(quick: CRM) -> None:
    """Each with its own line in the log."""
    with work(quick) as unit:
        made = [parties.register_customer(unit, str(number)) for number in range(1_200)]
    with work(quick) as unit:
        removed = unit.customers.remove_many(made)
        assert unit.customers.count() == 0
        unit.customers.restore_many(removed)
        assert unit.customers.count() == 1_200
        assert [change.operation for change in history(unit, made[7])] == [
            Operation.CREATED,
            Operation.REMOVED,
            Operation.RESTORED,
        ]


def test_a_save_without_a_difference_writes_nothing(crm: CRM) -> None:
    """The version stays, and there is no changeset."""
    made = register(crm)
    with work(crm) as unit:
        assert unit.customers.save(unit.customers.get(made.id)).version == 1
    assert len(rows(crm, Changeset)) == 1


@EVERYWHERE
def test_a_read_only_work_cannot_write(crm: CRM) -> None:
    """It is refused, and nothing was written."""
    with pytest.raises(Refused), work(crm, read_only=True) as unit:
        parties.register_customer(unit, "甲")
    assert names(crm) == []


@pytest.mark.parametrize(
    ("marks", "error"),
    [
        ({"by": ""}, InvalidValue),
        ({"by": 7}, WrongType),
        ({"tenant": " "}, InvalidValue),
        ({"tenant": None}, WrongType),
        ({"tenant": "x" * 64}, InvalidValue),
        ({"reason": "nul \x00"}, InvalidValue),
        ({"idempotency_key": "x" * 201}, InvalidValue),
    ],
    ids=repr,
)
def test_marks_are_checked_before_anything_is_tried(
    quick: CRM, marks: dict[str, Any], error: type[Exception]
) -> None:
    """Who, for whom, why and under which key."""
    with pytest.raises(error):
        work(quick, **marks)


def test_a_closed_crm_opens_no_work(quick: CRM) -> None:
    """Nor does it deliver."""
    quick.close()
    for call in (lambda: work(quick), quick.deliver_due, lambda: quick.dead_letters("acme")):
        with pytest.raises(StoreClosed):
            call()


def test_an_entity_that_is_not_registered_is_named(quick: CRM) -> None:
    """It has to be given to the CRM first."""
    with work(quick) as unit, pytest.raises(UnknownEntity):
        unit.of(Spaceship)


@entity("spaceship")
@attrs.frozen(kw_only=True)
class Spaceship(Aggregate):
    """Not registered anywhere."""
