"""Intakes on every store: forms and programs open tickets once, and every refusal has a reason."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import attrs
import pytest

from crmkit.domain.support.intake import Intake, IntakeForm, IntakeRecord, IntakeState
from crmkit.errors import IdempotencyMismatch, InvalidValue, NotFound, OutOfRange
from crmkit.services.support import intakes
from tests.services.support.conftest import Desk

LEAK = Intake(
    key="f-1",
    subject="液压泵漏油",
    text="三号压力机",
    name="王芳",
    email="Wang@LC-machines.example",
    source="203.0.113.9",
    fields={"serial": "YB32-315"},
)


def a_form(desk: Desk, name: str = "网站报修", **fields: Any) -> IntakeForm:
    """Define a form of the queue."""
    return desk.run(intakes.define_intake_form, name, queue_id=desk.queue.id, **fields)


def take(desk: Desk, form: IntakeForm, intake: Intake = LEAK, **changes: Any) -> IntakeRecord:
    """Take in a message."""
    return desk.run(intakes.take_in, form.id, attrs.evolve(intake, **changes))


def test_a_message_opens_a_ticket_of_its_writer(desk: Desk) -> None:
    """Words, channel and queue are the ticket's; all that was filled in is kept."""
    record = take(desk, a_form(desk))
    with desk.work() as unit:
        ticket = unit.tickets.get(record.ticket_id)
        contact = unit.contacts.get(record.contact_id)
        assert unit.intake_records.get(record.id) == record
    assert (ticket.subject, ticket.description, ticket.channel) == (
        "液压泵漏油",
        "三号压力机",
        "web",
    )
    assert (ticket.queue_id, ticket.requester_id) == (desk.queue.id, contact.id)
    assert [one.key for one in contact.contact_points] == ["wang@lc-machines.example"]
    assert record.told["serial"] == "YB32-315"


def test_the_same_message_at_once_opens_one_ticket(desk: Desk) -> None:
    """Of five calls with one key one opens it; another message under the key is refused."""
    form = a_form(desk)
    with ThreadPoolExecutor(5) as threads:
        calls = [threads.submit(take, desk, form) for _ in range(5)]
    assert len({call.result().id for call in calls}) == 1
    with desk.work() as unit:
        assert (unit.tickets.count(), unit.contacts.count()) == (1, 1)
    with pytest.raises(IdempotencyMismatch):
        take(desk, form, text="else")


def test_every_refusal_is_kept_with_its_reason(desk: Desk) -> None:
    """What is missing, a trap that was filled in, and too many of one source open nothing."""
    form = a_form(desk, required=("subject", "serial"), trap="website", most=3, minutes=60)
    trapped = take(desk, form, key="a", fields={"website": "http://x", "serial": "1"})
    empty = take(desk, form, key="b", fields={})
    fine = take(desk, form, key="c")
    often = take(desk, form, key="d")
    other = take(desk, form, key="e", source="203.0.113.10")
    assert [one.reason for one in (trapped, empty, fine, often, other)] == [
        "a program filled in the trap",
        "not filled in: serial",
        "",
        "3 messages of this source within 1:00:00",
        "",
    ]
    desk.clock.at += timedelta(hours=2)
    assert take(desk, form, key="f").state is IntakeState.ACCEPTED
    with desk.work() as unit:
        assert (unit.tickets.count(), unit.intake_records.count()) == (3, 6)


def test_who_gives_no_address_gets_a_ticket_without_a_contact(near_desk: Desk) -> None:
    """An address that is none is kept as it was written."""
    record = take(near_desk, a_form(near_desk), email="not an address")
    assert (record.state, record.contact_id) == (IntakeState.ACCEPTED, None)
    assert record.told["email"] == "not an address"


def test_wrong_forms_name_the_field(near_desk: Desk) -> None:
    """Rates, traps and forms that are none are refused by name."""
    desk, form = near_desk, a_form(near_desk)
    for call, error, path in [
        (lambda: a_form(desk, "a", most=0), OutOfRange, "intake_form.most"),
        (lambda: a_form(desk, "b", trap="subject"), InvalidValue, "intake_form.trap"),
        (lambda: desk.run(intakes.take_in, desk.queue.id, LEAK), NotFound, "intake_form.id"),
        (lambda: take(desk, form, key="x" * 201), InvalidValue, "key"),
    ]:
        with pytest.raises(error) as caught:
            call()
        assert caught.value.path == path
