"""Quotes through approval flows: no version goes out unless what it says was approved."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from crmkit.domain.approvals.case import ApprovalStatus
from crmkit.domain.approvals.node import Node
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.approvals.telling import ApprovalRequired
from crmkit.domain.filters.where import where
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.domain.sales.approval_requirement import Approved, NotYetApproved
from crmkit.domain.sales.quote import AcceptedOnly, Quote, QuoteOutcome
from crmkit.domain.sales.quote_version import (
    Acceptance,
    QuoteNotSent,
    QuoteVersion,
    StepsOnly,
    VersionIsImmutable,
    VersionIsOver,
    VersionStatus,
)
from crmkit.domain.sales.share_link import sign_share_link
from crmkit.errors import NotFound
from crmkit.services import approvals, sales
from crmkit.services.imports.running import ImportJob, run_import
from crmkit.services.tables.rows import Row
from crmkit.work import UnitOfWork
from tests.services.pricing.quote_office import QuoteOffice, publish, quoting

SECRET = b"0123456789abcdef0123456789abcdef"
WANG = Node(name="line", approvers=(Approvers.superior(),))


@pytest.fixture
def office(ready_url: str, tenant: str) -> Iterator[QuoteOffice]:
    """Give an office on each store in turn."""
    with quoting(ready_url, tenant) as office:
        yield office


def send(office: QuoteOffice, version: QuoteVersion) -> QuoteVersion:
    """Let Li send a version."""
    with office.work() as work:
        return sales.send_version(work, version.id)


def submit(office: QuoteOffice, version: QuoteVersion) -> Any:
    """Let Li submit a version to the one flow about it."""
    with office.work() as work:
        [case] = sales.submit_version(work, version.id)
        return case


def approve(office: QuoteOffice, by: str, case: Any) -> Any:
    """Let somebody approve a case."""
    with office.work(by) as work:
        return approvals.approve(work, case.id)


def test_a_discount_beyond_authority_goes_through_the_flow(office: QuoteOffice) -> None:
    """Submitted, granted by the head, sent: and the version keeps who granted it."""
    version = office.write(office.open(), 12)
    with pytest.raises(NotYetApproved):
        send(office, version)
    case = approve(office, "boss", submit(office, version))
    sent = send(office, version)
    assert (case.status, sent.status) == (ApprovalStatus.APPROVED, VersionStatus.SENT)
    assert sent.approval is not None
    assert sent.approval.by == str(office.people["boss"])
    assert sent.approval.content_hash == version.content_hash
    with office.work() as work:
        assert sales.submit_version(work, version.id) == []


def test_what_needs_nobody_goes_out_without_the_flow(office: QuoteOffice) -> None:
    """A small discount is sent at once, and no flow takes it."""
    version = office.write(office.open(), 10)
    with pytest.raises(NotFound), office.work() as work:
        sales.submit_version(work, version.id)
    assert send(office, version).status is VersionStatus.SENT


def test_the_word_of_the_head_alone_does_not_pass_by_the_flow(office: QuoteOffice) -> None:
    """Where a flow guards the exit, `approve_version` is not enough."""
    version = office.write(office.open(), 12)
    with office.work("boss") as work:
        sales.approve_version(work, version.id)
    with pytest.raises(ApprovalRequired):
        send(office, version)
    approve(office, "boss", submit(office, version))
    send(office, version)


def test_a_flow_in_which_nobody_plays_the_role_is_not_enough(ready_url: str, tenant: str) -> None:
    """Wang's yes lets the gate open, and the price still asks for the head."""
    with quoting(ready_url, tenant, WANG) as office:
        version = office.write(office.open(), 12)
        approve(office, "wang", submit(office, version))
        with pytest.raises(NotYetApproved) as caught:
            send(office, version)
        assert "ask head" in str(caught.value.fix)
        with office.work("boss") as work:
            sales.approve_version(work, version.id)
        send(office, version)


def test_another_version_needs_another_approval(office: QuoteOffice) -> None:
    """What was granted is this content: neither the next version nor a requote goes with it."""
    quote = office.open()
    version = office.write(quote, 12)
    approve(office, "boss", submit(office, version))
    dearer = office.write(quote, 13)
    with office.work() as work:
        again = sales.requote(work, dearer.id)
    for one in (dearer, again):
        with pytest.raises((NotYetApproved, VersionIsOver)):
            send(office, one)


def test_a_voided_approval_sends_nothing(office: QuoteOffice) -> None:
    """Voided before it is sent, it stands for nothing."""
    version = office.write(office.open(), 12)
    case = approve(office, "boss", submit(office, version))
    with office.work("boss") as work:
        approvals.void_approval(work, case.id)
    with pytest.raises(NotYetApproved):
        send(office, version)


def test_accepting_may_need_an_approval_of_its_own(office: QuoteOffice) -> None:
    """A flow on the acceptance stops a version that was sent, until it is granted."""
    with office.work("boss") as work:
        everything = {"all": []}
        exit_ = ~where(QuoteVersion).acceptance.is_none()
        head = Node(name="head", approvers=(Approvers.in_role("head"),))
        publish(work, head, code="orders", exit=exit_, when=everything)
    version = office.write(office.open(), 5)
    send(office, version)
    with pytest.raises(ApprovalRequired), office.work() as work:
        sales.accept_version(work, version.id, by="王芳")
    approve(office, "boss", submit(office, version))
    with office.work() as work:
        head_of = sales.accept_version(work, version.id, by="王芳")
    assert head_of.outcome is QuoteOutcome.ACCEPTED


def test_no_save_copy_or_upsert_sends_or_accepts(office: QuoteOffice) -> None:
    """Whatever is written beside the steps is refused, and the version stays a draft."""
    quote = office.open()
    version = office.write(quote, 12)
    now = version.created_at
    assert now is not None
    given = Approved(by="boss", at=now, content_hash=version.content_hash)
    taken = Acceptance(by="王芳", at=now, content_hash=version.content_hash)
    copied = {"id": uuid4(), "version": 0, "number": 2}
    ways: list[tuple[type[Exception], Callable[[UnitOfWork], object]]] = [
        (StepsOnly, lambda work: work.quote_versions.save(version.evolve(sent_at=now))),
        (StepsOnly, lambda work: work.quote_versions.save(version.evolve(approval=given))),
        (StepsOnly, lambda work: work.quote_versions.save(version.evolve(acceptance=taken))),
        (
            VersionIsImmutable,
            lambda work: work.quote_versions.save(
                version.evolve(requirements=(), approver_roles=())
            ),
        ),
        (VersionIsImmutable, lambda work: work.quote_versions.add(version.replaced(**copied))),
        (
            StepsOnly,
            lambda work: work.quote_versions.add(
                version.replaced(**copied, requirements=(), content_hash="").evolve()
            ),
        ),
        (
            VersionIsImmutable,
            lambda work: work.quote_versions.upsert_many(
                [version.replaced(id=uuid4(), version=0, requirements=(), sent_at=now)],
                key=[where(QuoteVersion).quote_id, where(QuoteVersion).number],
            ),
        ),
        (
            AcceptedOnly,
            lambda work: work.quotes.save(
                work.quotes.get(quote.id).evolve(
                    outcome=QuoteOutcome.ACCEPTED, accepted_version_id=version.id
                )
            ),
        ),
    ]
    for refusal, way in ways:
        with pytest.raises(refusal), office.work("boss") as work:
            way(work)
    with office.work() as work:
        assert [one.status for one in sales.versions_of(work, quote.id)] == [VersionStatus.DRAFT]
        assert work.quotes.get(quote.id).outcome is QuoteOutcome.OPEN


def test_an_import_accepts_no_quote(office: QuoteOffice) -> None:
    """The row that says accepted is told, the open one is taken."""
    names = {"number": "no", "name": "name", "currency": "cur", "outcome": "state"}
    listed = tuple(ColumnMapping(field=field, column=column) for field, column in names.items())
    mapping = FileMapping(file="x", entity="quote", key=("number",), columns=listed)
    rows = [
        Row(2, {"no": "Q1", "name": "a", "cur": "CNY", "state": "accepted"}),
        Row(3, {"no": "Q2", "name": "b", "cur": "CNY", "state": "open"}),
    ]
    job = ImportJob(mapping=mapping, header=tuple(names.values()), rows=rows, content="1")
    report = run_import(office.crm, job, by="boss", tenant=office.tenant)
    with office.work() as work:
        assert [quote.number for quote in work.quotes.find(where(Quote).name.in_(["a", "b"]))] == [
            "Q2"
        ]
    assert [note.line for note in report.notes] == [2]


def test_a_link_shows_nothing_that_never_went_out(office: QuoteOffice) -> None:
    """A link that was signed beside the service shows no draft."""
    version = office.write(office.open(), 12)
    with office.work() as work:
        until = work.now + timedelta(1)
        link = sign_share_link(version.id, until=until, tenant=work.tenant, secret=SECRET)
        with pytest.raises(QuoteNotSent):
            sales.open_shared(work, link, secret=SECRET)


def test_an_undo_of_an_undo_does_not_bring_an_approval_back(office: QuoteOffice) -> None:
    """What was taken back is given again by those who may, and by no journal."""
    version = office.write(office.open(), 12)
    with office.work("boss") as work:
        sales.approve_version(work, version.id)
    undone = office.crm.undo(work.changeset_id, by="boss", tenant=office.tenant)
    assert undone.undone
    with office.work() as later:
        assert not later.quote_versions.get(version.id).is_approved


def test_evidence_is_wiped_by_no_save(office: QuoteOffice) -> None:
    """What was sent and accepted stays so, whoever writes; an undo alone takes it back."""
    version = office.write(office.open(), 5)
    send(office, version)
    with office.work() as work:
        head = sales.accept_version(work, version.id, by="王芳")
    ways: list[tuple[type[Exception], Callable[[UnitOfWork], object]]] = [
        (StepsOnly, lambda w: w.quote_versions.save(_now(w, version).evolve(acceptance=None))),
        (StepsOnly, lambda w: w.quote_versions.save(_now(w, version).evolve(sent_at=None))),
        (AcceptedOnly, lambda w: w.quotes.save(w.quotes.get(head.id).evolve(outcome=_OPEN))),
    ]
    for refusal, way in ways:
        with pytest.raises(refusal), office.work("boss") as other:
            way(other)
    undone = office.crm.undo(work.changeset_id, by="boss", tenant=office.tenant)
    assert undone.kept == ()
    with office.work() as later:
        assert _now(later, version).status is VersionStatus.SENT
        assert later.quotes.get(head.id).outcome is QuoteOutcome.OPEN


def test_an_acceptance_that_was_ordered_is_not_undone(office: QuoteOffice) -> None:
    """The order rests on it, and is named; once the order is gone it is undone."""
    version = office.write(office.open(), 5)
    send(office, version)
    with office.work() as work:
        head = sales.accept_version(work, version.id, by="王芳")
    with office.work() as other:
        order = sales.order_quote(other, version.id)
    marks = {"by": "boss", "tenant": office.tenant}
    kept = office.crm.undo(work.changeset_id, **marks).kept
    assert {(one.entity, one.field) for one in kept} >= {
        ("quote_version", "acceptance"),
        ("quote", "outcome"),
    }
    assert all(f"order {order.id}" in one.reason for one in kept)
    with office.work() as later:
        assert _now(later, version).status is VersionStatus.ACCEPTED
        assert later.quotes.get(head.id) == head
        later.orders.remove(later.orders.get(order.id))
    assert office.crm.undo(work.changeset_id, **marks).kept == ()
    with office.work() as last:
        assert last.quotes.get(head.id).outcome is QuoteOutcome.OPEN


_OPEN = QuoteOutcome.OPEN


def _now(work: UnitOfWork, version: QuoteVersion) -> QuoteVersion:
    return work.quote_versions.get(version.id)
