"""Two CRMs on one store, a history of definitions, and a plain-Python model of what binds."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from crmkit.crm import CRM
from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.node import Node
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.approvals.telling import ApprovalRequired
from crmkit.domain.filters.where import where
from crmkit.domain.sales.deal import Deal, DealOutcome
from crmkit.domain.sales.stage import Stage
from crmkit.errors import InvalidValue
from crmkit.services import approvals, sales
from crmkit.work import UnitOfWork

NAMES = ("a", "b", "c")
BOSS = Node(name="boss", approvers=(Approvers.users(UserId(UUID(int=1))),))
CRMS = strategies.sampled_from([0, 1])
WAYS = strategies.sampled_from(["kept", "rehearsed", "refused"])
SETS = strategies.sets(strategies.sampled_from(NAMES))


class Definitions(RuleBasedStateMachine):
    """A pipeline gets stages and loses them, a flow comes and goes; either CRM goes by it."""

    crms: tuple[CRM, CRM]

    @initialize()
    def begin(self) -> None:
        """Begin with one stage and without a flow, for a tenant of its own."""
        self.tenant = f"t{uuid4().hex}"
        self.stages: set[str] = set()
        self.needs_boss, self.code = False, ""
        with self.crms[0].work(by="li", tenant=self.tenant) as work:
            self.pipeline = sales.define_pipeline(work, "usual", (Stage(name="first"),)).id

    @rule(at=CRMS, names=SETS, way=WAYS)
    def edit(self, at: int, names: set[str], way: str) -> None:
        """Give the pipeline other stages; whoever stands at one that goes stands at the first."""
        stages = (Stage(name="first"), *(Stage(name=name) for name in sorted(names)))
        gone = dict.fromkeys(self.stages - names, "first")

        def go(work: UnitOfWork) -> None:
            sales.edit_pipeline(work, self.pipeline, stages=stages, mapping=gone)

        if self._do(at, way, go):
            self.stages = names

    @rule(at=CRMS, way=WAYS)
    def turn(self, at: int, way: str) -> None:
        """Publish the flow, or retire it."""

        def go(work: UnitOfWork) -> None:
            if self.needs_boss:
                approvals.retire_flow(work, self.code)
            else:
                won = where(Deal).outcome.eq(DealOutcome.WON)
                self.code = f"won {uuid4().hex}"
                approvals.publish_flow(work, self.code, "deal", exit=won, nodes=(BOSS,))

        if self._do(at, way, go):
            self.needs_boss = not self.needs_boss

    @rule(at=CRMS, to=strategies.sampled_from(NAMES))
    def move(self, at: int, to: str) -> None:
        """Move a deal: it comes to a stage that is there, and to no other."""
        deal = self._open(at)
        moved = False
        with suppress(InvalidValue), self.crms[at].work(by="li", tenant=self.tenant) as work:
            moved = sales.move_deal(work, deal.id, to=to).stage == to
        assert moved is (to in self.stages)

    @rule(at=CRMS)
    def win(self, at: int) -> None:
        """Win a deal: without the flow it is won."""
        deal = self._open(at)
        won = False
        with suppress(ApprovalRequired), self.crms[at].work(by="li", tenant=self.tenant) as work:
            won = sales.win_deal(work, deal.id).outcome is DealOutcome.WON
        assert won is not self.needs_boss

    def _open(self, at: int) -> Deal:
        with self.crms[at].work(by="li", tenant=self.tenant) as work:
            return sales.open_deal(work, name="x", pipeline=self.pipeline)

    def _do(self, at: int, way: str, go: Callable[[UnitOfWork], Any]) -> bool:
        """Define something, and say whether it is kept."""
        crm = self.crms[at]
        if way == "rehearsed":
            with crm.rehearse(by="li", tenant=self.tenant) as work:
                go(work)
            return False
        with suppress(RuntimeError), crm.work(by="li", tenant=self.tenant) as work:
            go(work)
            if way == "refused":
                raise RuntimeError
        return way == "kept"


def test_definitions_bind_as_the_model_says(ready_url: str) -> None:
    """Whatever was defined, taken back or rehearsed, and by whom: both CRMs go by what holds."""
    with CRM.open(ready_url, plugin_names=()) as here:
        there = CRM(here.storage) if here.storage.name == "memory" else CRM.open(ready_url)
        with there:
            machine = type("OnThisStore", (Definitions,), {"crms": (here, there)})
            run_state_machine_as_test(machine, settings=settings(max_examples=15))  # type: ignore[no-untyped-call]
