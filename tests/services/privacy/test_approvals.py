"""Approvals of a person's records: what was submitted is handed out, and goes with the person."""

import json
from io import StringIO
from typing import Any

import pytest

from crmkit.domain.access.user import User, UserId
from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.case import ApprovalStatus
from crmkit.domain.approvals.content import content_hash
from crmkit.domain.approvals.node import Node
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.changes import Change
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.parties.contact_points import ContactKind, ContactPoint
from crmkit.domain.parties.customer import Customer, CustomerKind
from crmkit.domain.privacy.blanking import ERASED
from crmkit.domain.sales.deal import Deal, DealOutcome
from crmkit.services import approvals, parties, sales
from crmkit.services.privacy.erasing import delete_records, erase_person
from crmkit.services.privacy.exporting import write_person
from crmkit.services.privacy.verifying import verify_erased
from crmkit.testing.storage.harness import Place
from tests.services.privacy.test_erasing import raw

MAIL = "zykanara@kanarien.example"
TRACES = ("zykanara", "canarynote", "canarychange")
POINT = ContactPoint(kind=ContactKind.EMAIL, raw=MAIL)


@pytest.fixture
def asked(place: Place) -> Place:
    """Give a tenant in which notes on customers and won deals are approved by Wang."""
    with place.work() as work:
        for name in ("wang", "li"):
            work.users.add(User(id=UserId(work.new_id()), name=name, login=name))
        wang = work.users.first(where(User).login.eq("wang"))
        assert wang is not None
        nodes = (Node(name="wang", approvers=(Approvers.users(wang.id),)),)
        noted, deal = ~where(Customer).notes.is_none(), where(Deal)
        approvals.publish_flow(work, "notes", "customer", exit=noted, nodes=nodes)
        approvals.publish_flow(
            work, "won", "deal", exit=deal.outcome.eq(DealOutcome.WON), nodes=nodes
        )
    return place


def submitted(place: Place) -> tuple[Customer, Deal]:
    """Let changes, a new record and a deal about a person be submitted; one of them is approved."""
    with place.work(by="li") as work:
        kind = {"kind": CustomerKind.PERSON, "contact_points": (POINT,)}
        person = parties.register_customer(work, "Zykanara 卡娜莉", **kind)
        pipeline = sales.define_pipeline(work, "usual")
        value = Money("98000", "CNY")
        deal = sales.open_deal(
            work, name=f"For {MAIL}", pipeline=pipeline.id, value=value, customer=person.id
        )
    with place.work(by="li") as work:
        held = approvals.propose_change(work, person, "notes", notes="canarynote")
        approvals.propose_record(work, Customer, "notes", name="Twin", notes="canarychange", **kind)
        approvals.submit_for_approval(work, deal, "won")
    with place.work(by="wang") as work:
        approvals.approve(work, held.id, comment=f"wrote to {MAIL}")
    return person, deal


def cases(place: Place) -> dict[str, Approval]:
    """Return the approvals by what they are about: a person, a new one, a deal."""
    with place.work() as work:
        found = work.approvals.find()
    return {"new" if one.is_new else one.entity: one for one in found}


def test_what_was_submitted_about_a_person_is_erased_with_them(asked: Place) -> None:
    """Content, changes, base, comments and their history; that it was approved, by whom, stays."""
    person, _deal = submitted(asked)
    was = cases(asked)
    done = asked.run(erase_person, person, reason="asked")
    assert done.rows["approval"] == 3
    with asked.work() as work:
        assert verify_erased(work, done.links, done.traces) == ()
    dump = raw(asked)
    assert [trace for trace in TRACES if trace in dump and trace != "canarychange"] == []
    now = cases(asked)["customer"]
    assert now.content == {**was["customer"].content, **now.content}
    assert (now.content["name"], now.changes, now.base) == (
        ERASED,
        {"notes": None},
        {"notes": None},
    )
    assert now.content_hash == content_hash(now.content) != was["customer"].content_hash
    assert (now.status, now.granted_by) == (ApprovalStatus.APPROVED, was["customer"].granted_by)
    assert [line.did for line in now.log] == [line.did for line in was["customer"].log]


def test_a_case_that_only_names_the_person_loses_the_name_alone(asked: Place) -> None:
    """A deal's value stays under approval; what was proposed and never made loses the address."""
    person, deal = submitted(asked)
    asked.run(erase_person, person, reason="asked")
    now = cases(asked)
    assert MAIL not in json.dumps(now["deal"].content)
    assert now["deal"].content["value"] == {"amount": 9800000, "currency": "CNY"}
    assert now["new"].content["notes"] == "canarychange"
    assert MAIL not in json.dumps([now["new"].content, now["new"].changes])
    assert asked.read(deal).value == deal.value


def test_what_was_submitted_about_a_person_is_handed_out(asked: Place) -> None:
    """The export holds the case and its history."""
    person, _deal = submitted(asked)
    answer = StringIO()
    with asked.work(reason="asked") as work:
        write_person(work, person, answer)
    lines = [json.loads(line) for line in answer.getvalue().splitlines()]
    mine: list[Any] = [line["data"] for line in lines if line.get("entity") == "approval"]
    assert str(cases(asked)["customer"].id) in {one["id"] for one in mine}
    assert "canarynote" in json.dumps(mine)


def test_deleted_records_take_their_cases_with_them(asked: Place) -> None:
    """Neither the case nor a change of it is left; cases of other records stay."""
    person, _deal = submitted(asked)
    about = cases(asked)["customer"]
    with asked.work() as work:
        delete_records(work, work.registry[Customer], [person])
    assert "customer" not in cases(asked)
    assert {"new", "deal"} <= set(cases(asked))
    assert about.id not in {change.record_id for change in asked.rows(Change)}
