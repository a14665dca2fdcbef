"""History, the past of a record, and undo."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from crmkit.crm import CRM
from crmkit.domain.changes import Operation
from crmkit.domain.custom_fields import CustomField, CustomFieldId, FieldKind
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import Customer
from crmkit.domain.sales.deal import Deal
from crmkit.errors import NotFound
from crmkit.services import parties, sales
from crmkit.services.history import as_of, history
from crmkit.services.undoing import Undone
from crmkit.work import UnitOfWork
from tests.services.stopped_clock import Ticking

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def crm(near_url: str) -> Iterator[CRM]:
    """Give a CRM on each store in turn."""
    with CRM.open(near_url, clock=Ticking(START), plugin_names=()) as crm:
        crm.schema.apply()
        yield crm


def work(crm: CRM, by: str = "li") -> UnitOfWork:
    """Open a unit of work."""
    return crm.work(by=by, tenant="acme")


def register(crm: CRM, name: str = "鲁西科技", **fields: object) -> Customer:
    """Register a customer."""
    with work(crm) as unit:
        return parties.register_customer(unit, name, **fields)


def change(crm: CRM, customer_id: UUID, *, by: str = "li", **fields: object) -> UUID:
    """Change a customer; return the changeset."""
    with work(crm, by) as unit:
        unit.customers.save(unit.customers.get(customer_id).evolve(**fields))
    return unit.changeset_id


def present(crm: CRM, customer_id: UUID) -> Customer:
    """Return a customer as it is now."""
    with work(crm) as unit:
        return unit.customers.get(customer_id, removed=True)


def undo(crm: CRM, changeset_id: UUID) -> Undone:
    """Undo a changeset as the boss."""
    return crm.undo(changeset_id, by="boss", tenant="acme")


@EVERYWHERE
def test_history_lists_every_change_oldest_first(crm: CRM) -> None:
    """The history holds creation, changes, removal and restoring, with who and what."""
    customer = register(crm, industry="software")
    change(crm, customer.id, by="wang", industry="制造")
    with work(crm) as unit:
        unit.customers.restore(unit.customers.remove(unit.customers.get(customer.id)))
        changes = history(unit, (Customer, customer.id))
    assert [change.operation for change in changes] == [
        Operation.CREATED,
        Operation.UPDATED,
        Operation.REMOVED,
        Operation.RESTORED,
    ]
    assert [change.record_version for change in changes] == [1, 2, 3, 4]
    assert (changes[1].by, changes[1].before, changes[1].after) == (
        "wang",
        {"industry": "software"},
        {"industry": "制造"},
    )


def test_history_of_an_unknown_record_is_not_found(crm: CRM) -> None:
    """What never was has no history."""
    with pytest.raises(NotFound), work(crm) as unit:
        history(unit, (Customer, unit.new_id()))


@EVERYWHERE
def test_every_past_version_comes_back_equal(crm: CRM) -> None:
    """At each moment the record is what it was then, to the last field."""
    versions = [register(crm, tags=("vip",), industry="software")]
    for fields in ({"industry": None}, {"tags": ()}, {"name": "鲁西集团", "industry": "化工"}):
        change(crm, versions[0].id, **fields)
        versions.append(present(crm, versions[0].id))
    with work(crm) as unit:
        for version in versions:
            assert version.updated_at is not None
            assert as_of(unit, Customer, version.id, version.updated_at) == version
        assert as_of(unit, Customer, versions[0].id, START) is None


def test_a_removed_record_is_not_there_as_of_then(crm: CRM) -> None:
    """While removed it is None, unless removed records are asked for."""
    customer = register(crm)
    with work(crm) as unit:
        gone = unit.customers.remove(unit.customers.get(customer.id))
        assert gone.updated_at is not None
        assert as_of(unit, Customer, customer.id, gone.updated_at) is None
        found = as_of(unit, Customer, customer.id, gone.updated_at, removed=True)
        assert found is not None
        assert found.deleted_at == gone.deleted_at


def test_undo_gives_back_what_a_changeset_changed(crm: CRM) -> None:
    """A changed field has its old value again, and the undo names it."""
    customer = register(crm, industry="software")
    done = undo(crm, change(crm, customer.id, industry="化工", tags=("vip",)))
    assert (present(crm, customer.id).industry, present(crm, customer.id).tags) == ("software", ())
    assert done.kept == ()
    assert [(item.operation, item.fields) for item in done.undone] == [
        (Operation.UPDATED, ("industry", "tags"))
    ]


def test_undo_keeps_what_others_changed_since_and_says_who(crm: CRM) -> None:
    """Only the field that nobody touched later is given back."""
    customer = register(crm, industry="software", notes=None)
    first = change(crm, customer.id, industry="化工", notes="a")
    change(crm, customer.id, by="wang", industry="制造")
    done = undo(crm, first)
    after = present(crm, customer.id)
    assert (after.industry, after.notes) == ("制造", None)
    assert [(kept.field, "wang" in kept.reason) for kept in done.kept] == [("industry", True)]


def test_undo_removes_what_was_created(crm: CRM) -> None:
    """A record that the changeset created leaves again."""
    with work(crm) as unit:
        customer = parties.register_customer(unit, "鲁西科技")
    done = undo(crm, unit.changeset_id)
    assert not present(crm, customer.id).is_live
    assert [item.operation for item in done.undone] == [Operation.REMOVED]


def test_undo_keeps_a_created_record_that_was_changed_since(crm: CRM) -> None:
    """Somebody has built on it: it stays, whole, with the reason."""
    with work(crm) as unit:
        customer = parties.register_customer(unit, "鲁西科技")
    change(crm, customer.id, by="wang", industry="化工")
    done = undo(crm, unit.changeset_id)
    assert present(crm, customer.id).is_live
    assert [(kept.field, kept.reason[:24]) for kept in done.kept] == [
        (None, "industry changed by wang")
    ]


def test_undo_removes_a_record_whose_later_change_was_undone(crm: CRM) -> None:
    """A change and its undo amount to nothing."""
    with work(crm) as unit:
        customer = parties.register_customer(unit, "鲁西科技")
    undo(crm, change(crm, customer.id, industry="化工"))
    undo(crm, unit.changeset_id)
    assert not present(crm, customer.id).is_live


@EVERYWHERE
def test_undo_keeps_a_record_that_others_refer_to(crm: CRM) -> None:
    """A customer with a deal of another changeset stays, so that the deal leads somewhere."""
    with work(crm) as unit:
        customer = parties.register_customer(unit, "鲁西科技")
        pipeline = sales.define_pipeline(unit, "Sales")
    with work(crm) as later:
        deal = sales.open_deal(later, name="CRM", pipeline=pipeline.id, customer=customer.id)
    done = undo(crm, unit.changeset_id)
    assert present(crm, customer.id).is_live
    assert {(kept.entity, kept.reason) for kept in done.kept} == {
        ("customer", f"deal {deal.id} refers to it"),
        ("pipeline", f"deal {deal.id} refers to it"),
    }


def test_undo_removes_records_that_only_refer_to_each_other(crm: CRM) -> None:
    """A whole changeset of customer, pipeline and deal leaves together."""
    with work(crm) as unit:
        customer = parties.register_customer(unit, "鲁西科技")
        pipeline = sales.define_pipeline(unit, "Sales")
        sales.open_deal(unit, name="CRM", pipeline=pipeline.id, customer=customer.id)
    done = undo(crm, unit.changeset_id)
    assert done.kept == ()
    assert len(done.undone) == 3


def test_undo_restores_what_was_removed(crm: CRM) -> None:
    """A removed record is live again with its values."""
    customer = register(crm, industry="化工")
    with work(crm) as unit:
        unit.customers.remove(unit.customers.get(customer.id))
    done = undo(crm, unit.changeset_id)
    assert present(crm, customer.id).is_live
    assert [item.operation for item in done.undone] == [Operation.RESTORED]


@EVERYWHERE
def test_undo_does_not_restore_into_a_place_that_is_taken(crm: CRM) -> None:
    """The number of a removed deal was given to another: it stays removed, with the reason."""
    with work(crm) as unit:
        pipeline = sales.define_pipeline(unit, "Sales")
        first = unit.deals.save(
            sales.open_deal(unit, name="a", pipeline=pipeline.id).evolve(number="N-1")
        )
    with work(crm) as unit:
        unit.deals.remove(unit.deals.get(first.id))
    with work(crm) as later:
        other = sales.open_deal(later, name="b", pipeline=pipeline.id)
        later.deals.save(other.evolve(number="N-1"))
    done = undo(crm, unit.changeset_id)
    assert [kept.reason for kept in done.kept] == ["another record has its number"]
    assert done.undone == ()


def test_undo_is_a_changeset_that_can_be_undone(crm: CRM) -> None:
    """Undoing the undo brings the change back, and each names its cause."""
    customer = register(crm, industry="software")
    changed = change(crm, customer.id, industry="化工")
    undo(crm, changed)
    with work(crm) as unit:
        second = history(unit, customer)[-1].changeset_id
    undo(crm, second)
    assert present(crm, customer.id).industry == "化工"
    undo(crm, changed)
    assert present(crm, customer.id).industry == "software"


def test_undo_of_an_undone_changeset_does_nothing(crm: CRM) -> None:
    """Twice is as once."""
    customer = register(crm, industry="software")
    changed = change(crm, customer.id, industry="化工")
    undo(crm, changed)
    again = undo(crm, changed)
    assert (again.undone, again.kept) == ((), ())
    assert present(crm, customer.id).version == 3


@EVERYWHERE
def test_undo_counts_custom_fields_one_by_one(crm: CRM) -> None:
    """A later change of another custom field does not stand in the way."""
    with work(crm) as unit:
        for key in ("region", "grade"):
            unit.field_definitions.add(
                CustomField(
                    id=CustomFieldId(unit.new_id()),
                    entity="customer",
                    key=key,
                    kind=FieldKind.TEXT,
                )
            )
    customer = register(crm, custom={"region": "山东"})
    changed = change(crm, customer.id, custom={"region": "河北", "grade": "A"})
    change(crm, customer.id, by="wang", custom={"region": "河北", "grade": "B"})
    done = undo(crm, changed)
    assert present(crm, customer.id).custom == {"region": "山东", "grade": "B"}
    assert [kept.field for kept in done.kept] == ["custom.grade"]


def test_undo_of_an_unknown_changeset_is_not_found(crm: CRM) -> None:
    """There is nothing to undo."""
    with pytest.raises(NotFound):
        undo(crm, crm.ids.next_id(START))


@EVERYWHERE
def test_undo_all_takes_back_an_import_of_several_works(crm: CRM) -> None:
    """All changesets of one cause leave, the newest first, and again changes nothing."""
    cause = crm.ids.next_id(START)
    for name in ("甲", "乙", "丙"):
        with crm.work(by="li", tenant="acme", cause_id=cause) as unit:
            first = unit.customers.first(unit.where(Customer).name.eq("甲"))
            parties.register_customer(unit, name, parent_id=first.id if first else None)
            if first:
                unit.customers.save(first.evolve(industry=name))
    undone = crm.undo_all(cause, by="boss", tenant="acme")
    assert [len(done.kept) for done in undone] == [0, 0, 0]
    with work(crm) as unit:
        assert unit.customers.count() == 0
    again = crm.undo_all(cause, by="boss", tenant="acme")
    assert all(done.undone == () for done in again)


@EVERYWHERE
def test_undo_gives_back_money_and_outcome_of_a_deal(crm: CRM) -> None:
    """Money, enumerations and instants come back exactly."""
    with work(crm) as unit:
        pipeline = sales.define_pipeline(unit, "Sales")
        value = Money("98000.50", "CNY")
        deal = sales.open_deal(unit, name="CRM", pipeline=pipeline.id, value=value)
    with work(crm) as unit:
        won = sales.win_deal(unit, deal.id)
        unit.deals.save(won.evolve(value=Money("1", "USD")))
    undo(crm, unit.changeset_id)
    with work(crm) as later:
        found = later.deals.get(deal.id)
    assert isinstance(found, Deal)
    assert (found.value, found.outcome, found.closed_at) == (deal.value, deal.outcome, None)
