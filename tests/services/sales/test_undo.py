"""Whatever a unit of work did to deals and quotes, undoing it leaves them as they were."""

import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.crm import CRM
from crmkit.domain.access.user import User, UserId
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import BOOKKEEPING, plain_record
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal
from crmkit.domain.sales.deal_parts import Competitor
from crmkit.domain.sales.quote_line import item
from crmkit.errors import CrmkitError
from crmkit.services import leads, parties, sales
from crmkit.testing.storage.harness import Place
from crmkit.work import UnitOfWork

FULL = os.environ.get("CRMKIT_FULL") == "1"
DEEDS = [
    "value", "move", "win", "lose", "reopen", "split", "judge", "plan", "compete", "involve",
    "remove", "open", "convert", "quote", "save_stage",
]  # fmt: skip
deeds = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 5)), min_size=1, max_size=12)


class Shop:
    """Three deals, a lead and some people, and all that one work may do to them."""

    def __init__(self, crm: CRM) -> None:
        """Begin in a tenant of its own."""
        self.place = Place(crm, f"t{uuid.uuid4().hex}")
        with self.place.work() as work:
            people = [User(id=UserId(work.new_id()), name=name, login=name) for name in "ab"]
            self.users = [user.id for user in work.users.insert_many(people)]
            pipeline = sales.define_pipeline(work, "usual")
            self.pipeline, self.stages = pipeline.id, pipeline.names
            self.lathe = sales.add_product(work, "车床", list_price=Money(98000, "CNY"))
            self.person = parties.add_contact(work, "王芳")
            self.lead = parties.capture_lead(work, "李雷", company="鲁西机械")
            for name in "123":
                deal = sales.open_deal(work, name=name, pipeline=self.pipeline)
                sales.plan_deal(work, deal.id, [item(self.lathe.id)])

    def do(self, path: list[tuple[str, int]]) -> Any:
        """Do all of it in one work, but for what is refused; return its changeset."""
        with self.place.work() as work:
            for name, pick in path:
                with suppress(CrmkitError):
                    self.one(work, name, pick)
        return work.changeset_id

    def one(self, work: UnitOfWork, name: str, pick: int) -> None:
        """Do one thing to one deal, where there is one."""
        deals = work.deals.find(order=[where(Deal).name.asc(), where(Deal).id.asc()])
        if deals:
            self.ways(work, deals[pick % len(deals)], pick)[name]()

    def ways(self, work: UnitOfWork, deal: Deal, pick: int) -> dict[str, Callable[[], Any]]:
        """Return everything that may be done."""
        shares = {self.users[0]: Decimal(99 - pick), self.users[1]: Decimal(pick + 1)}
        lines = [item(self.lathe.id, pick + 1)] * (pick % 3)
        forged = deal.evolve(stage=self.stages[-1], expected_on=date(2026, 12, 1))
        plan = leads.DealPlan(pipeline=self.pipeline)
        stage = self.stages[pick % len(self.stages)]
        return {
            "value": lambda: sales.update_deal(work, deal.id, value=Money(pick, "CNY")),
            "move": lambda: sales.move_deal(work, deal.id, to=stage),
            "win": lambda: sales.win_deal(work, deal.id),
            "lose": lambda: sales.lose_deal(work, deal.id, reason="x"),
            "reopen": lambda: sales.reopen_deal(work, deal.id),
            "split": lambda: sales.split_deal(work, deal.id, shares),
            "judge": lambda: sales.judge_deal(work, deal.id, 10 * pick, reason="x"),
            "plan": lambda: sales.plan_deal(work, deal.id, lines),
            "compete": lambda: sales.name_competitors(work, deal.id, Competitor(name=f"c{pick}")),
            "involve": lambda: sales.involve(work, deal.id, self.person.id),
            "remove": lambda: work.deals.remove(deal),
            "open": lambda: sales.open_deal(work, name="new", pipeline=self.pipeline),
            "convert": lambda: leads.convert(work, self.lead.id, deal=plan),
            "quote": lambda: sales.quote_deal(work, deal.id),
            "save_stage": lambda: work.deals.save(forged),
        }

    def all(self) -> dict[Any, Any]:
        """Return what the live records say, by id."""
        with self.place.work() as work:
            return {
                record.id: _said(work, cls, record)
                for cls in [spec.cls for spec in work.registry if issubclass(spec.cls, Aggregate)]
                for record in work.of(cls).find()
            }


def _said(work: UnitOfWork, cls: Any, record: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in plain_record(work.registry[cls], record).items()
        if name not in BOOKKEEPING
    }


@pytest.fixture(scope="module")
def near() -> CRM:
    """Give a CRM in memory."""
    return CRM.open("memory:", plugin_names=())


@settings(max_examples=300 if FULL else 30)
@given(path=deeds)
def test_undoing_leaves_everything_as_it_was(near: CRM, path: list[tuple[str, int]]) -> None:
    """Values, stages, stays, shares, people, lines: what was there is there again, nothing else."""
    undoes(near, path)


@pytest.mark.parametrize("ready_url", ["sqlite", "postgresql", "mongodb"], indirect=True)
@settings(max_examples=20 if FULL else 1)
@given(path=deeds)
def test_undoing_does_on_any_store(ready_url: str, path: list[tuple[str, int]]) -> None:
    """The same on each store, some of the works."""
    with CRM.open(ready_url, plugin_names=()) as crm:
        undoes(crm, path)


def undoes(crm: CRM, path: list[tuple[str, int]]) -> None:
    """Do it, undo it, and look."""
    shop = Shop(crm)
    before = shop.all()
    changeset = shop.do(path)
    after = shop.all()
    if after == before:
        return
    undone = crm.undo(changeset, by="li", tenant=shop.place.tenant)
    assert undone.kept == ()
    assert shop.all() == before
