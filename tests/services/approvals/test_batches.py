"""Many cases in one call: each decided by itself, none lost, and none twice."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from crmkit.domain.approvals import telling
from crmkit.domain.approvals.case import ApprovalStatus
from crmkit.domain.approvals.node import Node
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.approvals.step import Verdict
from crmkit.errors import CrmkitError, NotFound
from crmkit.services import approvals
from tests.services.approvals.office import FLOW, Office, opened

WANG = Node(name="wang", approvers=(Approvers.superior(),))


@pytest.fixture
def office(ready_url: str, tenant: str) -> Iterator[Office]:
    """Give an office, on each store in turn, in which Wang decides."""
    with opened(ready_url, tenant, WANG) as office:
        yield office


def decide(office: Office, ids: list[Any], verdict: Verdict = Verdict.YES, **said: Any) -> Any:
    """Let Wang decide on cases."""
    marks = {"by": "wang", "tenant": office.tenant}
    return approvals.decide_many(office.crm, ids, verdict, **marks, **said)


def test_each_case_has_an_outcome_of_its_own(office: Office) -> None:
    """One changed, one decided before, one unknown: told beside those that were approved."""
    sound, moved, decided, held = (office.open_deal() for _ in range(4))
    cases = [office.submit(deal) for deal in (sound, moved, decided)]
    cases.append(office.run("li", approvals.propose_change, held, FLOW, name="ERP"))
    office.run("wang", approvals.approve, cases[2].id)
    with office.work("li") as work:
        work.deals.save(work.deals.get(moved.id).evolve(name="MES"))
    unknown = telling.ApprovalId(uuid4())
    outcomes = decide(office, [one.id for one in cases] + [unknown, cases[0].id], comment="同意")
    refusals = [type(one.refusal) for one in outcomes]
    assert refusals == [
        type(None), telling.ContentHasChanged, telling.ApprovalOver, type(None), NotFound,
    ]  # fmt: skip
    assert [one.approval_id for one in outcomes] == [*(one.id for one in cases), unknown]
    with office.work("li") as work:
        statuses = [work.approvals.get(one.id).status for one in cases]
        log = work.approvals.get(cases[0].id).log
    yes, open_ = ApprovalStatus.APPROVED, ApprovalStatus.PENDING
    assert statuses == [yes, open_, yes, yes]
    assert (log[-1].comment, office.deal(held).name) == ("同意", "ERP")


def test_no_says_why_for_each(office: Office) -> None:
    """Without a reason every case is refused and stays open; with one all are rejected."""
    ids = [office.submit(office.open_deal()).id for _ in range(2)]
    assert {type(one.refusal) for one in decide(office, ids, Verdict.NO)} == {
        telling.CommentMissing
    }
    done = decide(office, ids, Verdict.NO, comment="太便宜")
    assert {one.approval.status for one in done} == {ApprovalStatus.REJECTED}


def test_a_batch_that_is_repeated_gives_the_same_outcomes(office: Office) -> None:
    """Under a key nothing is decided twice, and what was refused is tried again."""
    first, second = (office.submit(office.open_deal()) for _ in range(2))
    once = decide(office, [first.id], idempotency_key="monday")
    again = decide(office, [first.id, second.id], idempotency_key="monday")
    assert [one.refusal for one in again] == [None, None]
    assert once[0].approval == again[0].approval
    assert all(not isinstance(one.refusal, CrmkitError) for one in again)
