"""Definitions are read once and are never old: neither for another CRM, nor after a rollback."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import attrs
import pytest
from sqlalchemy import create_engine

from crmkit.crm import CRM
from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.node import Node
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.approvals.telling import ApprovalRequired
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.definitions import DefinitionMark
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.where import where
from crmkit.domain.sales.deal import Deal, DealOutcome
from crmkit.domain.sales.moving import MoveRefused
from crmkit.domain.sales.pipeline import Pipeline
from crmkit.domain.sales.stage import Stage
from crmkit.errors import Conflict, InvalidValue, NotFound, UnknownField
from crmkit.ports import Ask
from crmkit.services import approvals, sales
from crmkit.services.custom_fields import define_field
from crmkit.work import UnitOfWork

STAGES = (Stage(name="new"), Stage(name="offer"))
MORE = (*STAGES, Stage(name="contract"))
DEFINED = {"definition_mark", "pipeline", "approval_flow", "custom_field"}
BOSS = Node(name="boss", approvers=(Approvers.users(UserId(UUID(int=1))),))


@attrs.frozen
class Desk:
    """Two CRMs on one store, as in two processes; each has read the definitions."""

    here: CRM
    there: CRM
    tenant: str
    pipeline: Pipeline

    def work(self, crm: CRM | None = None, **marks: Any) -> UnitOfWork:
        """Open a work, here unless it is said where."""
        return (crm or self.here).work(by="li", tenant=self.tenant, **marks)

    def deal(self, crm: CRM | None = None) -> Deal:
        """Open a deal at the first stage."""
        with self.work(crm) as work:
            return sales.open_deal(work, name="数控机床", pipeline=self.pipeline.id)

    def move(self, to: str, crm: CRM | None = None) -> Deal:
        """Move a new deal."""
        deal = self.deal(crm)
        with self.work(crm) as work:
            return sales.move_deal(work, deal.id, to=to)

    def edit(self, stages: tuple[Stage, ...], crm: CRM) -> None:
        """Give the pipeline other stages."""
        with self.work(crm) as work:
            sales.edit_pipeline(work, self.pipeline.id, stages=stages)

    def publish(self, work: UnitOfWork) -> None:
        """Let every deal that is won need the boss."""
        won = where(Deal).outcome.eq(DealOutcome.WON)
        approvals.publish_flow(work, "won", "deal", exit=won, nodes=(BOSS,))


@pytest.fixture
def desk(ready_url: str, tenant: str) -> Iterator[Desk]:
    """Give a desk on each store in turn."""
    with CRM.open(ready_url, plugin_names=()) as here:
        there = CRM(here.storage) if here.storage.name == "memory" else CRM.open(ready_url)
        with there, here.work(by="li", tenant=tenant) as work:
            pipeline = sales.define_pipeline(work, "usual", STAGES)
            work.commit()
            desk = Desk(here, there, tenant, pipeline)
            for crm in (here, there):
                desk.move("offer", crm)
            yield desk


def overlapping(desk: Desk) -> None:
    """Skip where two writing works cannot overlap."""
    with desk.work() as work:
        if work.is_alone:
            pytest.skip("writers are one after another")


def test_another_crm_sees_a_stage_at_once(desk: Desk) -> None:
    """A stage that one CRM brings is there for the other, and one that it takes is gone."""
    desk.edit(MORE, desk.there)
    assert desk.move("contract").stage == "contract"
    with desk.work() as work:
        sales.edit_pipeline(work, desk.pipeline.id, stages=STAGES, mapping={"contract": "offer"})
    with pytest.raises(InvalidValue):
        desk.move("contract", desk.there)


def test_another_crm_sees_criteria_at_once(desk: Desk) -> None:
    """What a stage asks for binds the other CRM with its next work."""
    asks = {"not": {"field": "value", "op": "is_none", "value": None}}
    desk.edit((Stage(name="new"), Stage(name="offer", entry=asks)), desk.there)
    with pytest.raises(MoveRefused):
        desk.move("offer")
    desk.edit(STAGES, desk.here)
    assert desk.move("offer", desk.there).stage == "offer"


def test_another_crm_sees_a_flow_at_once(desk: Desk) -> None:
    """A flow that one CRM publishes or retires binds, or frees, the other."""
    deal = desk.deal()
    with desk.work(desk.there) as work:
        desk.publish(work)
    with pytest.raises(ApprovalRequired), desk.work() as work:
        sales.win_deal(work, deal.id)
    with desk.work(desk.there) as work:
        approvals.retire_flow(work, "won")
    with desk.work() as work:
        assert sales.win_deal(work, deal.id).outcome is DealOutcome.WON


def test_another_crm_sees_a_field_at_once(desk: Desk) -> None:
    """A tenant's own field is known to the other CRM as soon as it is defined."""
    deal = desk.deal()
    with pytest.raises(UnknownField), desk.work() as work:
        work.deals.save(deal.evolve(custom={"colour": "red"}))
    with desk.work(desk.there) as work:
        define_field(work, "deal", "colour", FieldKind.TEXT)
    with desk.work() as work:
        assert work.deals.save(deal.evolve(custom={"colour": "red"})).custom == {"colour": "red"}


def test_a_removed_pipeline_is_gone(desk: Desk) -> None:
    """What was read of a pipeline does not outlive it, and comes back with it."""
    deal = desk.deal()
    with desk.work(desk.there) as work:
        work.pipelines.remove(work.pipelines.get(desk.pipeline.id))
    with pytest.raises(NotFound), desk.work() as work:
        sales.move_deal(work, deal.id, to="offer")
    with desk.work(desk.there) as work:
        work.pipelines.restore(work.pipelines.get(desk.pipeline.id, removed=True))
    with desk.work() as work:
        assert sales.move_deal(work, deal.id, to="offer").stage == "offer"


def test_an_undone_definition_is_gone(desk: Desk) -> None:
    """The undo of a definition is a change of it like any other."""
    with desk.work(desk.there) as work:
        sales.edit_pipeline(work, desk.pipeline.id, stages=MORE)
        changeset = work.changeset_id
    assert desk.move("offer").stage == "offer"
    desk.there.undo(changeset, by="li", tenant=desk.tenant)
    with pytest.raises(InvalidValue):
        desk.move("contract")


def test_a_pipeline_that_moves_meanwhile_refuses_the_commit(desk: Desk) -> None:
    """A work that rests on a pipeline known before does not outrun its change."""
    overlapping(desk)
    deal = desk.deal()
    with pytest.raises(Conflict), desk.work() as work:
        sales.move_deal(work, deal.id, to="offer")
        desk.edit(MORE, desk.there)
    with desk.work() as work:
        assert work.deals.get(deal.id).stage == "new"


def test_a_flow_that_moves_meanwhile_refuses_the_commit(desk: Desk) -> None:
    """A work whose record was judged by a flow does not outrun a change of the flow."""
    overlapping(desk)
    with desk.work() as work:
        desk.publish(work)
    deal = desk.deal()
    with pytest.raises(Conflict), desk.work() as work:
        sales.move_deal(work, deal.id, to="offer")
        with desk.work(desk.there) as other:
            approvals.revise_flow(other, "won", valid_days=3)
    with desk.work() as work:
        assert sales.move_deal(work, deal.id, to="offer").stage == "offer"


def test_a_work_sees_what_it_defined_itself(desk: Desk) -> None:
    """A stage that a work brings is there for the rest of it, a flow binds it, a field is known."""
    deal = desk.deal()
    with desk.work() as work:
        sales.edit_pipeline(work, desk.pipeline.id, stages=MORE)
        assert sales.move_deal(work, deal.id, to="contract").stage == "contract"
        define_field(work, "deal", "colour", FieldKind.TEXT)
        work.deals.save(work.deals.get(deal.id).evolve(custom={"colour": "red"}))
        desk.publish(work)
        with pytest.raises(ApprovalRequired):
            sales.win_deal(work, deal.id)


@pytest.mark.parametrize("way", ["refused", "rehearsed"])
def test_a_definition_that_was_not_kept_is_not_known(desk: Desk, way: str) -> None:
    """What a failed work or a rehearsal defined is known to no other work."""

    def go(work: UnitOfWork) -> None:
        sales.edit_pipeline(work, desk.pipeline.id, stages=MORE)
        deal = sales.open_deal(work, name="x", pipeline=desk.pipeline.id)
        assert sales.move_deal(work, deal.id, to="contract").stage == "contract"
        desk.publish(work)

    if way == "rehearsed":
        with desk.here.rehearse(by="li", tenant=desk.tenant) as work:
            go(work)
    else:
        with pytest.raises(RuntimeError), desk.work() as work:
            go(work)
            raise RuntimeError
    for crm in (desk.here, desk.there):
        with pytest.raises(InvalidValue):
            desk.move("contract", crm)
        deal = desk.deal(crm)
        with desk.work(crm) as work:
            assert sales.win_deal(work, deal.id).outcome is DealOutcome.WON


def test_tenants_are_apart(desk: Desk) -> None:
    """What one tenant defines is nothing to another, and its pipeline is not there."""
    other = Desk(desk.here, desk.there, f"{desk.tenant}-b", desk.pipeline)
    with other.work() as work:
        other.publish(work)
    deal = desk.deal()
    with desk.work() as work:
        assert sales.win_deal(work, deal.id).outcome is DealOutcome.WON
    with pytest.raises(NotFound):
        other.deal()
    with pytest.raises(NotFound), other.work() as work:
        work.definitions.pipeline(desk.pipeline.id)


def test_two_first_definitions_at_once_do_not_meet_as_twins(desk: Desk) -> None:
    """Who defines a tenant's first at the same time as another is at most told to repeat."""
    overlapping(desk)
    tenant = f"{desk.tenant}-new"
    with suppress(Conflict), desk.here.work(by="li", tenant=tenant) as work:
        sales.define_pipeline(work, "one")
        with desk.there.work(by="wang", tenant=tenant) as other:
            sales.define_pipeline(other, "two")
    with desk.here.work(by="li", tenant=tenant) as work:
        named = {one.name for one in work.pipelines.find()}
        sales.define_pipeline(work, "three")
    assert named - {"one"} == {"two"}


def test_definitions_are_read_once(desk: Desk) -> None:
    """A work that finds the mark as it was reads neither pipeline nor flows again."""
    deal = desk.deal()
    asked: list[str] = []
    with desk.work() as work:
        session = work._session  # pyright: ignore[reportPrivateUsage] - looks at what is asked
        for name in ("get_many", "find"):
            _listen(session, name, asked)
        sales.move_deal(work, deal.id, to="offer")
    read = [one for one in asked if one.split()[1] in DEFINED]
    assert read == ["get_many definition_mark"]


def _listen(session: Any, name: str, asked: list[str]) -> None:
    call = getattr(session, name)

    def noted(spec: Any, *given: Any) -> Any:
        asked.append(f"{name} {spec.name}")
        return call(spec, *given)

    setattr(session, name, noted)


def test_each_change_leaves_one_mark(desk: Desk) -> None:
    """A tenant has one mark; it names the changeset that last defined something."""
    with desk.work() as work:
        sales.edit_pipeline(work, desk.pipeline.id, stages=MORE)
        define_field(work, "deal", "colour", FieldKind.TEXT)
        changeset = work.changeset_id
    desk.deal()
    with desk.work() as work, work.storing() as session:
        found = [one for rows in session.find(spec_of(DefinitionMark), Ask()) for one in rows]
    assert [(mark.version, mark.changeset_id) for mark in found] == [(2, changeset)]


def test_a_joined_definition_that_the_host_takes_back_is_not_known(ready_sqlite: str) -> None:
    """What is read inside a host's transaction is not given to works outside of it."""
    engine = create_engine(ready_sqlite)
    with CRM.open(ready_sqlite, plugin_names=()) as crm:
        with crm.work(by="li", tenant="t") as work:
            pipeline = sales.define_pipeline(work, "usual", STAGES)
            deal = sales.open_deal(work, name="x", pipeline=pipeline.id)
        with engine.connect() as connection:
            with crm.work(by="li", tenant="t", join=connection) as work:
                sales.edit_pipeline(work, pipeline.id, stages=MORE)
            with crm.work(by="li", tenant="t", join=connection) as work:
                assert sales.move_deal(work, deal.id, to="contract").stage == "contract"
            connection.rollback()
        with pytest.raises(InvalidValue), crm.work(by="li", tenant="t") as work:
            sales.move_deal(work, deal.id, to="contract")
    engine.dispose()
