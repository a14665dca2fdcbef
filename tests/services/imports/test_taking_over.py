"""What another system settled comes in as it stood, with who says so, and by no other way."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.access.user import User, UserId
from crmkit.domain.aggregate import NeverTakenOver
from crmkit.domain.approvals.node import Node, WhenOwn
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.approvals.telling import ApprovalRequired
from crmkit.domain.filters.where import where
from crmkit.domain.imports.attestation import AttestedOnly, Origin
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.domain.money import Money
from crmkit.domain.privacy.audit import AuditEntry, AuditKind
from crmkit.domain.sales.deal import Deal, DealId, DealOutcome
from crmkit.domain.sales.moving import MoveRefused
from crmkit.domain.sales.offer import Offer
from crmkit.domain.sales.pipeline import Pipeline
from crmkit.domain.sales.quote import AcceptedOnly, Quote, QuoteId, QuoteOutcome
from crmkit.domain.sales.quote_line import DraftLine
from crmkit.domain.sales.quote_version import VersionStatus
from crmkit.domain.sales.stage import Stage, StageType
from crmkit.errors import CrmkitError, InvalidValue, NotPermitted, RuleBroken
from crmkit.services import access, approvals, parties, sales
from crmkit.services.imports.running import ImportJob, run_import
from crmkit.services.imports.taking_over import attestation_of, take_over
from crmkit.services.tables.rows import Row
from crmkit.testing.storage.harness import Place, new_tenant
from crmkit.work.policies import Policies

OLD = Origin(system="金蝶 K3", said_by="赵会计", reason="2026 年切换系统")
THEN = datetime(2025, 3, 1, 8, tzinfo=UTC)
BIG = Money("380000", "CNY")
STAGES = (
    Stage(name="new"),
    Stage(name="won", type=StageType.WON, requires=("expected_on",)),
)


@attrs.frozen
class Firm:
    """A tenant in which a won deal needs a date and an approval, and so does an accepted quote."""

    place: Place
    pipeline: Pipeline

    def deal(self, **fields: Any) -> Deal:
        """Return a deal that was won elsewhere."""
        won = {"stage": "won", "outcome": DealOutcome.WON, "closed_at": THEN, "value": BIG}
        given = {"name": "车床", "pipeline_id": self.pipeline.id, **won, **fields}
        return Deal(id=DealId(self.place.new_id()), **given)


@pytest.fixture
def firm(ready_url: str) -> Iterator[Firm]:
    """Give a firm on each store in turn."""
    with CRM.open(ready_url, plugin_names=()) as crm:
        place = Place(crm, new_tenant(f"t{uuid4().hex}"))
        with place.work() as work:
            boss = User(id=UserId(work.new_id()), name="boss", login="boss")
            work.users.add(boss)
            pipeline = sales.define_pipeline(work, "usual", STAGES)
            nodes = (Node(name="boss", approvers=(Approvers.users(boss.id),), own=WhenOwn.ALLOW),)
            won = where(Deal).outcome.eq(DealOutcome.WON)
            approvals.publish_flow(work, "won", "deal", exit=won, nodes=nodes)
        yield Firm(place, pipeline)


def come_over(firm: Firm, *records: Any, origin: Origin = OLD) -> list[Any]:
    """Take records over."""
    kept: list[Any] = firm.place.run(take_over, records, origin)
    return kept


def test_a_won_deal_comes_over_as_it_stood(firm: Firm) -> None:
    """Without an approval and a date; it says who vouches for it, and so does the audit log."""
    with pytest.raises(RuleBroken), firm.place.work() as work:
        work.deals.add(firm.deal())
    [deal] = come_over(firm, firm.deal())
    with firm.place.work() as work:
        kept = work.deals.get(deal.id)
        said = attestation_of(work, kept)
    assert (kept.outcome, kept.closed_at, kept.value) == (DealOutcome.WON, THEN, BIG)
    assert said is not None
    assert (said.system, said.said_by, said.reason) == (OLD.system, OLD.said_by, OLD.reason)
    [entry] = [row for row in firm.place.rows(AuditEntry) if row.kind is AuditKind.TAKE_OVER]
    assert entry.subjects == (f"deal:{deal.id}",)
    assert entry.payload.value["said_by"] == OLD.said_by


def test_from_the_next_change_on_the_rules_hold(firm: Firm) -> None:
    """A bigger deal needs an approval; another note does not; reopened, it is won by the rules."""
    [deal] = come_over(firm, firm.deal())
    with firm.place.work() as work:
        work.deals.save(work.deals.get(deal.id).evolve(tags=("old",)))
    with pytest.raises(ApprovalRequired), firm.place.work() as work:
        work.deals.save(work.deals.get(deal.id).evolve(value=Money("390000", "CNY")))
    firm.place.run(sales.reopen_deal, deal.id)
    with pytest.raises((ApprovalRequired, MoveRefused)):
        firm.place.run(sales.win_deal, deal.id)


def test_nothing_that_is_here_is_changed_that_way(firm: Firm) -> None:
    """Only new records come over: no save in the same work passes by the rules."""
    with firm.place.work() as work:
        deal = sales.open_deal(work, name="n", pipeline=firm.pipeline.id, value=BIG)
    with pytest.raises(RuleBroken), firm.place.work() as work:
        take_over(work, [firm.deal()], OLD)
        sales.win_deal(work, deal.id)
    with firm.place.work() as work:
        assert (work.deals.count(), work.attestations.count()) == (1, 0)


def test_what_cannot_stand_is_refused_whole(firm: Firm) -> None:
    """No time of closing, no such stage, a won deal at an open stage, no reason: nothing comes."""
    cases: list[tuple[Any, Origin | dict[str, str], str]] = [
        (firm.deal(closed_at=None), OLD, "deal.closed_at"),
        (firm.deal(stage="nowhere"), OLD, "stage"),
        (firm.deal(stage="new"), OLD, "deal.outcome"),
        (firm.deal(pipeline_id=uuid4()), OLD, "pipeline"),
    ]
    for record, origin, path in cases:
        with pytest.raises(CrmkitError) as caught, firm.place.work() as work:
            take_over(work, [firm.deal(), record], origin)
        assert path in caught.value.path
    for missing in ("system", "said_by", "reason"):
        with pytest.raises(InvalidValue) as wrong:
            attrs.evolve(OLD, **{missing: " "})
        assert wrong.value.path == f"origin.{missing}"
    with firm.place.work() as work:
        assert (work.deals.count(), work.attestations.count()) == (0, 0)


def test_a_failure_within_leaves_nothing_that_nobody_vouches_for(firm: Firm) -> None:
    """Whoever swallows the error finds the work at its end."""
    with pytest.raises(CrmkitError), firm.place.work() as work:
        with pytest.raises(InvalidValue):
            take_over(work, [firm.deal(), firm.deal(closed_at=None)], OLD)
        work.deals.find()
    with firm.place.work() as work:
        assert work.deals.count() == 0


def test_neither_approvals_nor_attestations_come_over(firm: Firm) -> None:
    """They come about here alone; an attestation is neither forged nor changed."""
    [deal] = come_over(firm, firm.deal())
    with firm.place.work(by="boss") as work:
        said = attestation_of(work, deal)
        case = approvals.submit_for_approval(work, deal, "won")
    assert said is not None
    for forged in (said, case):
        with pytest.raises(NeverTakenOver):
            come_over(firm, forged.replaced(id=uuid4(), version=0))
    for evil in (said.replaced(id=uuid4(), version=0), said.evolve(said_by="somebody else")):
        with pytest.raises(AttestedOnly), firm.place.work() as work:
            work.attestations.save(evil) if evil.version else work.attestations.add(evil)


def test_an_accepted_quote_comes_over_with_what_was_accepted(firm: Firm) -> None:
    """Its lines at the price of then, sealed; an order is written from it like from any other."""
    with firm.place.work() as work:
        luxi = parties.register_customer(work, "鲁西机械")
        line = DraftLine(
            name="数控车床", quantity=Decimal(2), unit_price=Decimal(98000), currency="CNY",
            price_reason="K3", tax_percent=Decimal(13),
        )  # fmt: skip
        offer = Offer(lines=(line,), valid_until=date(2025, 3, 31))
        quote, version = sales.take_over_quote(
            work, offer, OLD, name="车床", number="K3-17", customer=luxi.id,
            accepted_at=THEN, accepted_by="王芳",
        )  # fmt: skip
    with firm.place.work() as work:
        kept = work.quote_versions.get(version.id)
        order = sales.order_quote(work, version.id)
        assert {attestation_of(work, one) is not None for one in (quote, kept)} == {True}
    assert (quote.outcome, quote.accepted_version_id) == (QuoteOutcome.ACCEPTED, version.id)
    assert (kept.status, kept.priced_on) == (VersionStatus.ACCEPTED, date(2025, 3, 1))
    assert kept.totals.gross == Money("221480", "CNY")
    assert order.gross == kept.totals.gross


def test_a_file_comes_over_when_it_says_whence(firm: Firm) -> None:
    """The same rows are refused without an origin; undone, they go with their attestations."""
    names = {
        "number": "no", "name": "name", "stage": "stage", "pipeline_id": "pipe",
        "outcome": "state", "closed_at": "closed",
    }  # fmt: skip
    listed = tuple(ColumnMapping(field=field, column=column) for field, column in names.items())
    mapping = FileMapping(file="k3.csv", entity="deal", key=("number",), columns=listed)
    row = {
        "name": "n", "stage": "won", "pipe": str(firm.pipeline.id), "state": "won",
        "closed": "2025-03-01T08:00:00+00:00",
    }  # fmt: skip
    rows = [
        Row(2, {**row, "no": "1"}),
        Row(3, {**row, "no": "2", "stage": "new"}),
        Row(4, {**row, "no": "3"}),
    ]
    job = ImportJob(mapping=mapping, header=tuple(names.values()), rows=rows, content="1")
    marks: dict[str, Any] = {"by": "li", "tenant": firm.place.tenant}
    refused = run_import(firm.place.crm, job, **marks)
    assert [note.line for note in refused.notes] == [2, 3, 4]
    taken = attrs.evolve(job, origin=OLD)
    dry = run_import(firm.place.crm, taken, dry=True, **marks)
    report = run_import(firm.place.crm, taken, **marks)
    assert [note.line for note in report.notes] == [note.line for note in dry.notes] == [3]
    with firm.place.work() as work:
        assert sorted(str(deal.number) for deal in work.deals.find()) == ["1", "3"]
        assert work.attestations.count() == 2
        [cause] = [run.id for run in work.imports.find() if run.created]
    firm.place.crm.undo_all(cause, **marks)
    with firm.place.work() as work:
        assert (work.deals.count(), work.attestations.count()) == (0, 0)


def test_who_may_import_may_not_take_over() -> None:
    """By the ready roles an administrator may; a sales manager, who imports, may not."""
    with CRM.open("memory:", plugin_names=()) as free:
        with free.work(by="setup", tenant="acme") as work:
            access.apply_policy(work, STANDARD)
            pipeline = sales.define_pipeline(work, "usual", STAGES)
            unit = work.units.add(Unit(id=UnitId(work.new_id()), name="all"))
            for name, role in (("chen", "sales_manager"), ("admin", "administrator")):
                named = {"name": name, "login": name, "roles": (role,)}
                work.users.add(User(id=UserId(work.new_id()), unit_id=unit.id, **named))
        deal = Deal(
            id=DealId(UUID(int=1)), name="n", stage="won", pipeline_id=pipeline.id,
            outcome=DealOutcome.WON, closed_at=THEN,
        )  # fmt: skip
        with CRM(free.storage, access=Policies()) as crm:
            with pytest.raises(NotPermitted):
                crm.run(take_over, [deal], OLD, by="chen", tenant="acme")
            crm.run(take_over, [deal], OLD, by="admin", tenant="acme")


def test_a_plain_import_accepts_no_quote_still(firm: Firm) -> None:
    """Without an origin the head of a quote is accepted by its steps alone."""
    quote = Quote(id=QuoteId(uuid4()), name="q", currency="CNY", outcome=QuoteOutcome.ACCEPTED)
    with pytest.raises(AcceptedOnly), firm.place.work() as work:
        work.quotes.add(quote)
    with pytest.raises(InvalidValue):
        come_over(firm, quote)
