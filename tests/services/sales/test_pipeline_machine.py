"""A deal on its way through a strict pipeline, beside a plain model, on each store."""

import uuid
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crmkit.crm import CRM
from crmkit.domain.money import Money
from crmkit.domain.sales.pipeline import Move
from crmkit.domain.sales.stage import Stage, StageType
from crmkit.errors import CrmkitError
from crmkit.services import sales
from crmkit.work import UnitOfWork
from tests.machines import Length, run_machine
from tests.services.stopped_clock import Stopped

QUICK = Length(memory=(15, 25), others=(1, 15))
FULL = Length(memory=(200, 50), others=(15, 40))
STAGES = (
    Stage(name="new"),
    Stage(
        name="offer",
        requires=("expected_on",),
        entry={"field": "value", "op": "gt", "value": "1000 CNY"},
    ),
    Stage(name="won", type=StageType.WON),
    Stage(name="lost", type=StageType.LOST),
)
WAYS = {"new": {"offer", "lost"}, "offer": {"new", "won", "lost"}}
OUTCOMES = {"new": "open", "offer": "open", "won": "won", "lost": "lost"}
REASONS = ("价格", "交期")
NAMES = tuple(OUTCOMES)


class PipelineMachine(RuleBasedStateMachine):
    """Anything is tried with one deal; the model says what comes of it."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.clock = Stopped()
        self.crm = CRM.open(url, plugin_names=(), clock=self.clock)
        self.tenant = f"t{uuid.uuid4().hex}"
        moves = tuple(
            Move(from_stage=old, to_stage=new) for old, several in WAYS.items() for new in several
        )
        with self.work() as work:
            pipeline = sales.define_pipeline(
                work, "strict", STAGES, moves=moves, lost_reasons=REASONS
            )
            self.deal = sales.open_deal(work, name="车床", pipeline=pipeline.id)
        self.stage, self.outcome, self.since = "new", "open", self.clock.at
        self.begun, self.from_stage = self.clock.at, "new"
        self.value: int | None = None
        self.is_dated = False
        self.stays: list[tuple[str, str, datetime, datetime]] = []

    def work(self) -> UnitOfWork:
        """Open a work."""
        return self.crm.work(by="li", tenant=self.tenant)

    def teardown(self) -> None:
        """Close the CRM."""
        self.crm.close()

    @rule(minutes=st.integers(1, 10_000))
    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self.clock.go_on(minutes=minutes)

    @rule(value=st.sampled_from([None, 1000, 1001]), is_dated=st.booleans())
    def fill_in(self, value: int | None, is_dated: bool) -> None:
        """Say what the deal is worth, and when it is expected."""
        worth = None if value is None else Money(value, "CNY")
        day = date(2026, 12, 31) if is_dated else None
        assert self.tried(sales.update_deal, value=worth, expected_on=day)
        self.value, self.is_dated = value, is_dated

    @rule(to=st.sampled_from(NAMES))
    def move(self, to: str) -> None:
        """Move it: a stage for what is lost needs a reason, which a move does not give."""
        is_open, stays_here = self.outcome == "open", to == self.stage
        may = is_open and to != "lost" and (stays_here or self.may_go(to))
        assert self.tried(sales.move_deal, to=to) is may
        if may and not stays_here:
            self.stand(to)

    @rule()
    def win(self) -> None:
        """Win it: from an offer alone."""
        may = self.outcome == "open" and self.may_go("won")
        assert self.tried(sales.win_deal) is may
        if may:
            self.stand("won")

    @rule(reason=st.sampled_from([None, "x", *REASONS]))
    def lose(self, reason: str | None) -> None:
        """Lose it: for a reason that the pipeline lists."""
        may = self.outcome == "open" and reason in REASONS
        assert self.tried(sales.lose_deal, reason=reason) is may
        if may:
            self.stand("lost")

    @rule()
    def reopen(self) -> None:
        """Open it again, where it was closed from."""
        may = self.outcome != "open"
        assert self.tried(sales.reopen_deal) is may
        if may:
            self.stand(self.from_stage)

    @rule(to=st.sampled_from([*NAMES, "nowhere"]), outcome=st.sampled_from(["open", "won", "lost"]))
    def save(self, to: str, outcome: str) -> None:
        """Save it elsewhere beside the services: by the same rules, and with its stay."""
        belongs, stays_here = OUTCOMES.get(to) == outcome, to == self.stage
        is_reopened = self.outcome != "open" and outcome == "open"
        may = belongs and (stays_here or is_reopened or self.may_go(to))
        if outcome == "lost" and self.outcome != "lost":
            may = False
        assert self.tried(self.saved, to=to, outcome=outcome) is may
        if may and not stays_here:
            self.stand(to)

    def saved(self, work: UnitOfWork, deal_id: Any, *, to: str, outcome: str) -> None:
        """Write a deal at another stage; one that is open has neither an end nor a reason."""
        deal = work.deals.get(deal_id)
        marks = {"closed_at": deal.closed_at or work.now}
        if outcome == "open":
            marks = {"closed_at": None, "lost_reason": None}
        kind = type(deal.outcome)
        work.deals.save(deal.evolve(stage=to, outcome=kind(outcome), **marks))

    def may_go(self, to: str) -> bool:
        """Say whether the pipeline lets it go there."""
        fits = self.value is not None and self.value > 1000 and self.is_dated
        return to in WAYS.get(self.stage, ()) and (to != "offer" or fits)

    def stand(self, to: str) -> None:
        """Note the stay that is over, and the one that begins."""
        self.stays.append((self.stage, self.outcome, self.since, self.clock.at))
        if self.outcome == "open":
            self.from_stage = self.stage
        self.stage, self.outcome, self.since = to, OUTCOMES[to], self.clock.at

    def tried(self, service: Any, **said: Any) -> bool:
        """Say whether a service took effect."""
        try:
            with self.work() as work:
                service(work, self.deal.id, **said)
        except CrmkitError:
            return False
        return True

    @invariant()
    def stands_as_the_model_says(self) -> None:
        """Stage, outcome, stays and their sum are those of the model."""
        with self.work() as work:
            deal = work.deals.get(self.deal.id)
            stays = sales.stays_of(work, deal)
            spent = sum(sales.time_at_stages(work, deal).values(), timedelta(0))
        assert (deal.stage, str(deal.outcome), deal.stage_since) == (
            self.stage,
            self.outcome,
            self.since,
        )
        assert (deal.closed_at is None) is (self.outcome == "open")
        told = [(one.stage, str(one.outcome), one.entered_at, one.left_at) for one in stays]
        assert told == self.stays
        assert spent == self.clock.at - self.begun


def test_every_store_keeps_the_way_of_a_deal(ready_url: str) -> None:
    """Any history is allowed and refused as the model says, and its stays sum to the age."""
    run_machine(partial(PipelineMachine, ready_url), ready_url, quick=QUICK, full=FULL)
