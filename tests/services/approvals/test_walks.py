"""Random walks over all that people do never reach a way out that was not approved."""

import os
import uuid
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.domain.approvals.node import Node
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.filters.where import where
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal, DealId, DealOutcome
from crmkit.errors import CrmkitError
from crmkit.services import approvals, parties, sales
from crmkit.services.imports.running import ImportJob, run_import
from crmkit.services.tables.rows import Row
from tests.services.approvals.deeds import Deeds
from tests.services.approvals.office import FLOW, LIMIT, LINE, Office, opened

FULL = os.environ.get("CRMKIT_FULL") == "1"
WALKS, STEPS = (400, 60) if FULL else (25, 25)
FINANCE = Node(name="finance", approvers=(Approvers.in_role("finance"),))
PEOPLE = ("li", "wang", "boss", "sun")
VALUES = [None, Money("1", "CNY"), LIMIT, Money("100000.01", "CNY"), Money("900000", "CNY")]

DEEDS = [
    "open", "add", "copy", "upsert", "value", "name", "win", "lose", "reopen",
    "force", "submit", "propose", "new", "approve", "approve", "reject", "back", "resubmit",
    "take_back", "void", "remove", "restore", "undo", "merge", "part", "tag", "granted", "granted",
    "import", "import", "bulk",
]  # fmt: skip
Step = tuple[str, int, str, Any]
steps = st.lists(
    st.tuples(
        st.sampled_from(DEEDS),
        st.integers(0, 20),
        st.sampled_from(PEOPLE),
        st.sampled_from(VALUES),
    ),
    min_size=STEPS // 2,
    max_size=STEPS,
)


class Walk(Deeds):
    """An office in which anything is tried, and a watch over who got out and by which approval."""

    def __init__(self, office: Office) -> None:
        """Begin with two customers and one deal."""
        super().__init__(office)
        self.granted: set[tuple[Any, ...]] = set()
        self.out: dict[Any, tuple[Any, ...]] = {}
        with office.work("li") as work:
            customers = [parties.register_customer(work, name) for name in ("鲁西", "光岳")]
            self.customers = [customer.id for customer in customers]
        office.open_deal()

    def go(self, step: Step) -> None:
        """Try one step, whatever it comes to, then look who is out."""
        name, pick, by, value = step
        with suppress(CrmkitError):
            if name in ("undo", "granted"):
                getattr(self, f"_{name}")(pick)
            elif name == "import":
                self._import(pick, value)
            else:
                with self.office.work(by) as work:
                    getattr(self, f"_{name}")(work, pick, value)
                self.changesets.append(work.changeset_id)
        self.look()

    def look(self) -> None:
        """Every big deal that is won now was so before, or was approved as it is."""
        with self.office.work("li") as work:
            for approval in work.approvals.find():
                if approval.status == "approved":
                    self.granted.add((approval.record_id, approval.content_hash))
            deals = work.deals.find()
        now: dict[Any, tuple[Any, ...]] = {}
        for deal in deals:
            big = deal.value is not None and deal.value > LIMIT
            if big and deal.outcome is DealOutcome.WON:
                said = (deal.name, deal.value, deal.stage, deal.number)
                now[deal.id] = said
                if self.out.get(deal.id) != said:
                    assert (deal.id, self.hash_of(deal)) in self.granted
        self.out = now

    def hash_of(self, deal: Deal) -> str:
        """Return the hash of what a deal says."""
        with self.office.work("li") as work:
            return approvals.flows_of(work, "deal")[0].hash_of(work.deals.spec, deal)

    def _deal(self, work: Any, pick: int) -> Deal:
        deals = work.deals.find(removed=True, order=[where(Deal).id.asc()])
        found: Deal = self._one_of(deals, pick)
        return found

    def _open(self, work: Any, pick: int, value: Any) -> None:
        customer = self.customers[pick % 2]
        pipeline = work.pipelines.first().id
        sales.open_deal(work, name="n", pipeline=pipeline, customer=customer, value=value)

    def _add(self, work: Any, pick: int, value: Any) -> None:
        won = {"outcome": DealOutcome.WON, "stage": "s", "name": "n"}
        work.deals.add(Deal(id=DealId(work.new_id()), value=value, **won))

    def _copy(self, work: Any, pick: int, value: Any) -> None:
        copied = {"id": work.new_id(), "version": 0, "deleted_at": None, "number": None}
        work.deals.add(self._deal(work, pick).replaced(**copied))

    def _upsert(self, work: Any, pick: int, value: Any) -> None:
        deal = self._deal(work, pick)
        numbered = work.deals.save(deal.evolve(number=deal.number or f"D{pick}"))
        new = {"id": work.new_id(), "version": 0, "outcome": DealOutcome.WON, "value": value}
        work.deals.upsert_many([numbered.replaced(**new)], key=[where(Deal).number])

    def _import(self, pick: int, value: Any) -> None:
        """Import deals as won: one that is there already, and a new one."""
        with self.office.work("li") as work:
            deal = self._deal(work, pick)
            if deal.number is None and deal.deleted_at is None:
                deal = work.deals.save(deal.evolve(number=f"I{uuid.uuid4().hex}"))
        names = ("number", "name", "stage", "outcome", "value")
        listed = [ColumnMapping(field=name, column=name) for name in names[:-1]]
        money = ColumnMapping(field="value", column="value", currency="CNY")
        worth = "" if value is None else str(value.amount)
        rows = [
            Row(at, dict(zip(names, (number, "n", deal.stage, "won", worth), strict=True)))
            for at, number in enumerate((str(deal.number), f"N{pick}"), 2)
        ]
        file = uuid.uuid4().hex
        mapping = FileMapping(file=file, entity="deal", key=("number",), columns=(*listed, money))
        job = ImportJob(mapping=mapping, header=names, rows=rows, content="1")
        run_import(self.office.crm, job, by="boss", tenant=self.office.tenant)

    def _bulk(self, work: Any, pick: int, value: Any) -> None:
        won = [one.evolve(outcome=DealOutcome.WON) for one in work.deals.find()]
        work.deals.save_many(won[pick % 2 :])

    def _value(self, work: Any, pick: int, value: Any) -> None:
        work.deals.save(self._deal(work, pick).evolve(value=value))

    def _name(self, work: Any, pick: int, value: Any) -> None:
        work.deals.save(self._deal(work, pick).evolve(name=f"n{pick}"))

    def _tag(self, work: Any, pick: int, value: Any) -> None:
        work.deals.save(self._deal(work, pick).evolve(tags=(str(value),)))

    def _win(self, work: Any, pick: int, value: Any) -> None:
        sales.win_deal(work, self._deal(work, pick).id)

    def _lose(self, work: Any, pick: int, value: Any) -> None:
        sales.lose_deal(work, self._deal(work, pick).id)

    def _reopen(self, work: Any, pick: int, value: Any) -> None:
        sales.reopen_deal(work, self._deal(work, pick).id)

    def _force(self, work: Any, pick: int, value: Any) -> None:
        work.deals.save(self._deal(work, pick).evolve(outcome=DealOutcome.WON, value=value))

    def _submit(self, work: Any, pick: int, value: Any) -> None:
        approvals.submit_for_approval(work, self._deal(work, pick), FLOW)

    def _propose(self, work: Any, pick: int, value: Any) -> None:
        approvals.propose_change(work, self._deal(work, pick), FLOW, value=value)

    def _new(self, work: Any, pick: int, value: Any) -> None:
        won = {"outcome": DealOutcome.WON, "stage": "s", "name": "n"}
        approvals.propose_record(work, Deal, FLOW, value=value, **won)

    def _void(self, work: Any, pick: int, value: Any) -> None:
        super()._void(work, pick, value)
        self.granted.clear()

    def _remove(self, work: Any, pick: int, value: Any) -> None:
        work.deals.remove(self._deal(work, pick))

    def _restore(self, work: Any, pick: int, value: Any) -> None:
        work.deals.restore(self._deal(work, pick))

    def _granted(self, pick: int) -> None:
        """Let a deal be approved by all who are asked."""
        with self.office.work("li") as work:
            case = approvals.submit_for_approval(work, self._deal(work, pick), FLOW)
        for name in ("wang", "boss", "sun"):
            self.office.run(name, approvals.approve, case.id)


def walk(url: str, path: list[Step]) -> int:
    """Walk once, in a tenant of its own; return how many got out."""
    with opened(url, f"t{uuid.uuid4().hex}", LINE, FINANCE) as office:
        tried = Walk(office)
        for step in path:
            tried.go(step)
        return len(tried.out)


@settings(max_examples=WALKS)
@given(path=steps)
def test_no_walk_reaches_a_way_out_without_approval(path: list[Step]) -> None:
    """Of all that people and programs do to deals, customers and approvals, in any order."""
    walk("memory:", path)


@pytest.mark.parametrize("ready_url", ["sqlite", "postgresql", "mongodb"], indirect=True)
@settings(max_examples=20 if FULL else 1)
@given(path=steps)
def test_no_walk_does_on_any_store(ready_url: str, path: list[Step]) -> None:
    """The same on each store, some of the walks."""
    walk(ready_url, path)


def test_the_walk_itself_can_get_out() -> None:
    """One that submits, is approved by all and wins does, so that the walks mean something."""
    path: list[Step] = [("submit", 0, "li", None)]
    path += [("approve", 0, by, None) for by in ("wang", "boss", "sun")]
    assert walk("memory:", [*path, ("win", 0, "li", None)]) == 1
