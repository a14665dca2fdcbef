"""Pipeline rules bind whoever writes: services, plain saves, new records, upserts, imports."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.filters.where import where
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal, DealId, DealOutcome
from crmkit.domain.sales.moving import MoveRefused
from crmkit.domain.sales.pipeline import Move, Pipeline, Reopening
from crmkit.domain.sales.stage import Stage, StageType
from crmkit.errors import InvalidValue
from crmkit.services import sales
from crmkit.services.imports.running import ImportJob, run_import
from crmkit.services.tables.rows import Row
from crmkit.work import UnitOfWork
from tests.services.stopped_clock import Stopped

STAGES = (
    Stage(name="new", probability=10),
    Stage(
        name="offer",
        requires=("expected_on",),
        entry={"field": "value", "op": "gt", "value": "1000 CNY"},
    ),
    Stage(name="won", probability=100, type=StageType.WON, requires=("number",)),
    Stage(name="lost", probability=0, type=StageType.LOST),
)
MOVES = tuple(
    Move(from_stage=old, to_stage=new)
    for old, new in (("new", "offer"), ("offer", "won"), ("new", "lost"), ("offer", "lost"))
)
BIG = Money("380000", "CNY")


@attrs.frozen
class Desk:
    """A CRM with one strict pipeline."""

    crm: CRM
    tenant: str
    pipeline: Pipeline

    def work(self) -> UnitOfWork:
        """Open a work."""
        return self.crm.work(by="li", tenant=self.tenant)

    def deal(self, **fields: Any) -> Deal:
        """Open a deal."""
        with self.work() as work:
            deal = sales.open_deal(work, name="数控机床", pipeline=self.pipeline.id)
            return work.deals.save(deal.evolve(**fields)) if fields else deal

    def new(self, **fields: Any) -> Deal:
        """Return a deal that was never written."""
        given = {"name": "龙门铣", "pipeline_id": self.pipeline.id, "stage": "new", **fields}
        return Deal(id=DealId(uuid4()), **given)


@pytest.fixture
def desk(ready_url: str, tenant: str) -> Iterator[Desk]:
    """Give a desk on each store in turn."""
    with CRM.open(ready_url, plugin_names=(), clock=Stopped()) as crm:
        with crm.work(by="li", tenant=tenant) as work:
            pipeline = sales.define_pipeline(
                work,
                "机床销售",
                STAGES,
                moves=MOVES,
                reopening=Reopening.NEVER,
                lost_reasons=("价格", "交期"),
            )
        yield Desk(crm, tenant, pipeline)


def refused(desk: Desk, way: Callable[[UnitOfWork], object]) -> list[tuple[str, str]]:
    """Return all reasons for which a way is refused."""
    with pytest.raises(MoveRefused) as caught, desk.work() as work:
        way(work)
    return [(found.path, found.reason) for found in caught.value.obstacles]


def test_a_plain_save_is_refused_with_every_reason_at_once(desk: Desk) -> None:
    """The same reasons that the service gives, all of them, and nothing is kept."""
    deal = desk.deal()
    with pytest.raises(MoveRefused) as caught, desk.work() as work:
        sales.move_deal(work, deal.id, to="offer")
    said = [(found.path, found.reason) for found in caught.value.obstacles]
    assert refused(desk, lambda work: work.deals.save(deal.evolve(stage="offer"))) == said
    assert [path for path, _reason in said] == ["deal.expected_on", "deal.stage"]
    ready = {"expected_on": date(2026, 12, 31), "value": BIG}
    with desk.work() as work:
        moved = work.deals.save(work.deals.get(deal.id).evolve(stage="offer", **ready))
    assert moved.stage == "offer"


def test_an_illegal_move_is_refused_whoever_makes_it(desk: Desk) -> None:
    """Not allowed, to a stage that is not there, or back: refused by saves as by services."""
    deal = desk.deal(number="D1")
    won = {"stage": "won", "outcome": DealOutcome.WON}
    assert refused(desk, lambda work: work.deals.save(deal.evolve(**won))) == [
        ("deal.stage", "new does not lead to won")
    ]
    with pytest.raises(InvalidValue, match="no stage 'gone'"), desk.work() as work:
        work.deals.save(deal.evolve(stage="gone"))


def test_an_outcome_goes_with_the_stage_for_it(desk: Desk) -> None:
    """Nobody is won at an open stage, nor open at a stage for what is won or lost."""
    deal = desk.deal()
    for change in ({"outcome": DealOutcome.WON}, {"stage": "lost"}):
        paths = [
            path for path, _ in refused(desk, lambda w, c=change: w.deals.save(deal.evolve(**c)))
        ]
        assert "deal.outcome" in paths


def test_closing_gives_a_listed_reason_and_is_not_taken_back(desk: Desk) -> None:
    """A plain save says why too, and what is closed for good stays closed."""
    deal = desk.deal()
    lost = {"stage": "lost", "outcome": DealOutcome.LOST}
    said = refused(desk, lambda work: work.deals.save(deal.evolve(**lost, lost_reason="其他")))
    assert said == [("deal.lost_reason", "is one of 价格, 交期")]
    with desk.work() as work:
        closed = work.deals.save(deal.evolve(**lost, lost_reason="价格"))
    opened = {"stage": "new", "outcome": DealOutcome.OPEN}
    assert refused(desk, lambda work: work.deals.save(closed.evolve(**opened))) == [
        ("deal.outcome", "机床销售 opens nothing again")
    ]


def test_a_new_record_and_an_upsert_enter_by_the_same_rules(desk: Desk) -> None:
    """What it takes to stand at a stage is asked of records that begin there."""
    desk.deal(number="D7")
    forged = {"number": "D7", "stage": "won", "outcome": DealOutcome.WON}
    ways: list[tuple[str, Callable[[UnitOfWork], object]]] = [
        ("deal.expected_on", lambda work: work.deals.add(desk.new(stage="offer"))),
        (
            "deal.number",
            lambda work: work.deals.add(desk.new(stage="won", outcome=DealOutcome.WON)),
        ),
        (
            "deal.stage",
            lambda work: work.deals.upsert_many([desk.new(**forged)], key=[where(Deal).number]),
        ),
    ]
    for path, way in ways:
        assert path in [found for found, _reason in refused(desk, way)]


def test_an_import_is_refused_row_by_row_with_the_reason(desk: Desk) -> None:
    """The row that lacks what its stage asks is told, the other is taken."""
    names = {"number": "no", "name": "name", "stage": "stage", "pipeline_id": "pipe"}
    listed = tuple(ColumnMapping(field=field, column=column) for field, column in names.items())
    mapping = FileMapping(file="x", entity="deal", key=("number",), columns=listed)
    pipe = str(desk.pipeline.id)
    rows = [
        Row(2, {"no": "1", "name": "a", "stage": "offer", "pipe": pipe}),
        Row(3, {"no": "2", "name": "b", "stage": "new", "pipe": pipe}),
    ]
    job = ImportJob(mapping=mapping, header=tuple(names.values()), rows=rows, content="1")
    report = run_import(desk.crm, job, by="li", tenant=desk.tenant)
    with desk.work() as work:
        assert [deal.number for deal in work.deals.find()] == ["2"]
    assert [(note.line, "expected_on" in str(note)) for note in report.notes] == [(2, True)]


def test_an_undo_goes_back_where_no_move_leads(desk: Desk) -> None:
    """What was moved in error is undone, though nobody may move that way."""
    deal = desk.deal(expected_on=date(2026, 12, 31), value=BIG)
    with desk.work() as work:
        sales.move_deal(work, deal.id, to="offer")
    desk.crm.undo(work.changeset_id, by="li", tenant=desk.tenant)
    with desk.work() as later:
        assert later.deals.get(deal.id).stage == "new"


def test_what_stays_where_it_stands_is_saved_as_ever(desk: Desk) -> None:
    """A rule that came later holds nobody who stands there already."""
    deal = desk.deal()
    with desk.work() as work:
        first = attrs.evolve(STAGES[0], requires=("next_step",))
        sales.edit_pipeline(work, desk.pipeline.id, stages=(first, *STAGES[1:]))
    with desk.work() as work:
        assert work.deals.save(deal.evolve(name="铣床")).name == "铣床"
