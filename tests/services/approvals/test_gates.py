"""No way round: whoever writes a record, it takes no step that needs approval without one."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from crmkit.domain.approvals.flow import Gate
from crmkit.domain.approvals.telling import ApprovalRequired, DecisionsOnly
from crmkit.domain.filters.where import where
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal, DealId, DealOutcome
from crmkit.errors import Conflict
from crmkit.services import approvals, merging, parties, sales
from crmkit.services.imports.running import ImportJob, run_import
from crmkit.services.tables.rows import Row
from crmkit.work import UnitOfWork
from tests.services.approvals.office import BIG, FLOW, LINE, Office, opened, publish


@pytest.fixture
def office(ready_url: str, tenant: str) -> Iterator[Office]:
    """Give an office on each store in turn."""
    with opened(ready_url, tenant) as office:
        yield office


def approved(office: Office, deal: Deal) -> Any:
    """Let Wang and Boss approve a deal."""
    approval = office.submit(deal)
    office.run("wang", approvals.approve, approval.id)
    return office.run("boss", approvals.approve, approval.id)


def test_no_exit_passes_unapproved(office: Office) -> None:
    """A service, a save, a new record, a copy, an upsert: all are refused, and nothing is kept."""
    deal = office.open_deal()
    approved(office, office.open_deal())
    won = {"outcome": DealOutcome.WON, "number": "D1"}
    ways: list[Callable[[UnitOfWork], object]] = [
        lambda work: sales.win_deal(work, deal.id),
        lambda work: work.deals.save(deal.evolve(**won)),
        lambda work: work.deals.save_many([deal.evolve(**won)]),
        lambda work: work.deals.add(_new(**won)),
        lambda work: work.deals.upsert_many([_new(**won)], key=[where(Deal).number]),
    ]
    for way in ways:
        with pytest.raises(ApprovalRequired) as caught, office.work("boss") as work:
            way(work)
        assert (caught.value.path, bool(caught.value.fix)) == ("deal", True)
    with office.work("li") as work:
        assert work.deals.count(where(Deal).outcome.eq(DealOutcome.WON)) == 0


def test_an_approved_deal_is_won_and_a_small_one_needs_nothing(office: Office) -> None:
    """The gate is open for what was approved, and for what it does not concern."""
    deal = office.open_deal()
    approved(office, deal)
    assert office.run("li", sales.win_deal, deal.id).outcome is DealOutcome.WON
    small = office.open_deal(Money("100000", "CNY"))
    assert office.run("li", sales.win_deal, small.id).outcome is DealOutcome.WON


def test_what_was_approved_is_bound_to_what_the_record_says(office: Office) -> None:
    """One more yuan, or another name, and it needs another approval; a tag changes nothing."""
    deal = office.open_deal()
    approved(office, deal)
    for change in ({"value": Money("200001", "CNY")}, {"name": "ERP"}):
        with pytest.raises(ApprovalRequired), office.work("li") as work:
            work.deals.save(work.deals.get(deal.id).evolve(**change))
            sales.win_deal(work, deal.id)
    with office.work("li") as work:
        work.deals.save(work.deals.get(deal.id).evolve(tags=("vip",)))
    assert office.run("li", sales.win_deal, deal.id).outcome is DealOutcome.WON


def test_a_won_deal_does_not_grow_behind_the_gate(office: Office) -> None:
    """Winning it small and making it big afterwards is refused too, but it may be lost."""
    deal = office.open_deal(Money("1", "CNY"))
    office.run("li", sales.win_deal, deal.id)
    with pytest.raises(ApprovalRequired), office.work("li") as work:
        work.deals.save(work.deals.get(deal.id).evolve(value=BIG))
    office.run("li", sales.reopen_deal, deal.id)


def test_an_import_is_refused_row_by_row(office: Office) -> None:
    """The row of the deal that needs approval is told, the other rows are taken."""
    columns = {"number": "no", "name": "name", "stage": "stage", "outcome": "state"}
    listed = [ColumnMapping(field=field, column=column) for field, column in columns.items()]
    money = ColumnMapping(field="value", column="value", currency="CNY")
    mapping = FileMapping(file="x", entity="deal", key=("number",), columns=(*listed, money))
    rows = [
        Row(2, {"no": "1", "name": "a", "stage": "s", "state": "won", "value": "200000"}),
        Row(3, {"no": "2", "name": "b", "stage": "s", "state": "won", "value": "100"}),
    ]
    header = (*columns.values(), "value")
    job = ImportJob(mapping=mapping, header=header, rows=rows, content="1")
    report = run_import(office.crm, job, by="li", tenant=office.tenant)
    with office.work("li") as work:
        assert [deal.number for deal in work.deals.find()] == ["2"]
    assert [note.line for note in report.notes] == [2]


def test_an_undo_does_not_bring_back_a_way_out(office: Office) -> None:
    """A small deal is won, reopened and made big: undoing the reopening is refused."""
    deal = office.open_deal(Money("1", "CNY"))
    office.run("li", sales.win_deal, deal.id)
    with office.work("li") as work:
        sales.reopen_deal(work, deal.id)
    with office.work("li") as later:
        later.deals.save(later.deals.get(deal.id).evolve(value=BIG))
    with pytest.raises(ApprovalRequired):
        office.crm.undo(work.changeset_id, by="boss", tenant=office.tenant)


def test_an_approval_is_neither_written_nor_undone(office: Office) -> None:
    """No save, new record, removal or undo makes one say yes."""
    deal = office.open_deal()
    approval = office.submit(deal)
    with office.work("wang") as first:
        approvals.approve(first, approval.id)
    with office.work("boss") as second:
        granted = approvals.approve(second, approval.id)
    ways: list[Callable[[UnitOfWork], object]] = [
        lambda work: work.approvals.save(granted.evolve(content_hash="f" * 64)),
        lambda work: work.approvals.add(granted.replaced(id=uuid4(), version=0, events=())),
        lambda work: work.approvals.remove(granted),
    ]
    for way in ways:
        with pytest.raises(DecisionsOnly), office.work("boss") as work:
            way(work)
    with pytest.raises(DecisionsOnly):
        office.crm.undo(second.changeset_id, by="li", tenant=office.tenant)


def test_a_voided_approval_lets_nothing_pass(office: Office) -> None:
    """What was approved counts no more, and the step needs another one."""
    deal = office.open_deal()
    approval = approved(office, deal)
    office.run("boss", approvals.void_approval, approval.id)
    with pytest.raises(ApprovalRequired):
        office.run("li", sales.win_deal, deal.id)


@pytest.mark.parametrize("ready_url", ["memory", "postgresql"], indirect=True)
def test_an_approval_is_relied_on_until_the_commit(ready_url: str, tenant: str) -> None:
    """Voided between the step and its commit, it lets nothing pass."""
    with opened(ready_url, tenant) as office:
        deal = office.open_deal()
        approval = approved(office, deal)
        with pytest.raises(Conflict), office.work("li") as work:
            sales.win_deal(work, deal.id)
            office.run("boss", approvals.void_approval, approval.id)
        assert office.deal(deal).outcome is DealOutcome.OPEN


def test_a_merge_of_customers_voids_nothing(office: Office) -> None:
    """A won deal follows the customer that lives on, and comes back when they part."""
    with office.work("li") as work:
        keep, double = (parties.register_customer(work, "鲁西科技") for _ in range(2))
    deal = office.open_deal()
    with office.work("li") as work:
        deal = work.deals.save(deal.evolve(customer_id=double.id))
    approved(office, deal)
    office.run("li", sales.win_deal, deal.id)
    office.run("li", merging.merge_customers, keep.id, double.id)
    assert office.deal(deal).customer_id == keep.id
    with office.work("li") as work:
        merge = merging.merges_of(work, keep)[0]
        merging.unmerge(work, merge.id)
    assert office.deal(deal).customer_id == double.id
    with pytest.raises(ApprovalRequired), office.work("li") as work:
        work.deals.save(work.deals.get(deal.id).evolve(customer_id=keep.id))


def test_removing_may_need_approval_too(office: Office) -> None:
    """A flow for removals lets a big deal go only when it was approved."""
    with office.work("boss") as work:
        everything = {"all": []}
        publish(work, LINE, code="removals", gate=Gate.REMOVE, exit=everything, when=everything)
    deal = office.open_deal()
    with pytest.raises(ApprovalRequired), office.work("li") as work:
        work.deals.remove(work.deals.get(deal.id))
    approval = office.run("li", approvals.submit_removal, deal, "removals")
    office.run("wang", approvals.approve, approval.id)
    office.run("boss", approvals.approve, approval.id)
    with office.work("li") as work:
        work.deals.remove(work.deals.get(deal.id))
    with pytest.raises(ApprovalRequired):
        office.run("li", sales.win_deal, office.open_deal().id)


def test_an_approval_holds_as_long_as_the_flow_says(office: Office) -> None:
    """After that the same content needs another one."""
    with office.work("boss") as work:
        approvals.revise_flow(work, FLOW, valid_days=30)
    deal, other = office.open_deal(), office.open_deal()
    for one in (deal, other):
        approved(office, one)
    office.clock.go_on(days=29)
    office.run("li", sales.win_deal, deal.id)
    office.clock.go_on(days=1)
    with pytest.raises(ApprovalRequired):
        office.run("li", sales.win_deal, other.id)


def test_another_tenant_has_its_own_flows(office: Office) -> None:
    """A flow of one tenant stops nobody else."""
    with office.crm.work(by="li", tenant="nobody") as work:
        pipeline = sales.define_pipeline(work, "usual")
        deal = sales.open_deal(work, name="CRM", pipeline=pipeline.id, value=BIG)
        assert sales.win_deal(work, deal.id).outcome is DealOutcome.WON


def _new(**fields: Any) -> Deal:
    return Deal(id=DealId(uuid4()), name="copy", stage="s", value=BIG, **fields)
