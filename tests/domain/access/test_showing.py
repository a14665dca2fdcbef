"""Changes, events and messages as somebody may see them, and what stands in place of values."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from crmkit.domain.access.showing import (
    shown_changes,
    shown_event,
    shown_message,
    shown_values,
)
from crmkit.domain.access.veils import Hidden, Level, Masked, Veil, masked
from crmkit.domain.changes import Change, Operation, OutboxMessage
from crmkit.errors import NotPermitted
from tests.domain.access.test_unveiling import Noted, sight

AT = datetime(2026, 3, 1, tzinfo=UTC)


def change(**given: Any) -> Change:
    """Return a change of the record."""
    fields = {
        "operation": Operation.UPDATED,
        "before": {"name": "Li", "phone": "1"},
        "after": {"name": "Li Wei", "phone": "2"},
    }
    return Change(
        id=uuid4(),
        tenant="t",
        changeset_id=uuid4(),
        entity="veiled",
        record_id=uuid4(),
        record_version=2,
        at=AT,
        by="li",
        **fields | given,
    )


def test_changes_are_shown_without_what_is_not_read() -> None:
    """One that changed nothing else is left out, unless it tells that a record came or went."""
    seen = sight(phone=Level.MASKED)
    [shown] = shown_changes(seen, [change()])
    assert (shown.before, shown.after) == ({"name": "Li"}, {"name": "Li Wei"})
    hidden = change(before={"phone": "1"}, after={"phone": "2"})
    created = change(before=None, after={"phone": "2"}, operation=Operation.CREATED)
    silent = change(before={}, after={})
    shown_ones = list(shown_changes(seen, [hidden, created, silent]))
    assert [(one.before, one.after) for one in shown_ones] == [(None, {}), ({}, {})]
    whole = [change(), hidden]
    assert list(shown_changes(None, whole)) == whole


def test_values_of_own_fields_are_shown_by_their_keys() -> None:
    """However they are stored; what is no list of them stays as it is."""
    seen = sight(custom__pet=Level.HIDDEN, phone=Level.HIDDEN, size=Level.READ)
    values = {"custom": {"pet:text": "cat", "shoe:text": "42"}, "phone": "1", "size": 4}
    assert shown_values(seen, values) == {"custom": {"shoe:text": "42"}, "size": 4}
    assert shown_values(seen, {"custom": None}) == {"custom": None}


def test_events_and_messages_are_shown_without_what_is_not_read() -> None:
    """By the names of the fields; whoever sees everything is shown the same object."""
    seen = sight(phone=Level.MASKED)
    event = Noted(phone="1", name="n", pet="cat")
    assert shown_event(seen, event) == Noted(phone=Hidden("veiled.phone"), name="n", pet="cat")
    assert shown_event(sight(size=Level.HIDDEN), event) is event
    for whole in (None, sight()):
        assert shown_event(whole, event) is event
    message = OutboxMessage(
        id=uuid4(),
        tenant="t",
        subscriber="s",
        topic="noted",
        record_key="r",
        position=1,
        payload={"name": "n", "phone": "1"},
        changeset_id=uuid4(),
        created_at=AT,
        available_at=AT,
    )
    assert shown_message(seen, message).payload == {"name": "n"}
    for whole in (None, sight()):
        assert shown_message(whole, message) is message


def test_a_veil_is_equal_to_its_like_and_says_nothing() -> None:
    """Whatever depends on the value is refused, naming the field and what to do."""
    veil = Masked("veiled.phone", "138****8000")
    assert (repr(veil), str(veil)) == ("<138****8000>", "138****8000")
    assert veil == Masked("veiled.phone", "138****8000")
    assert veil not in (Masked("veiled.name", "138****8000"), Masked("veiled.phone", "1"))
    assert Hidden("x") != Veil("x", "hidden")
    assert len({veil, Masked("veiled.phone", "138****8000"), Hidden("x"), Hidden("x")}) == 2
    refusal = (
        "veiled.phone: the value of this field is not for you to see (ask for a role that reads it)"
    )
    for use in (bool, len, list, lambda one: one < 1, lambda one: one + 1, lambda one: one.real):
        with pytest.raises(NotPermitted) as raised:
            use(veil)
        assert str(raised.value) == refusal
    assert not hasattr(veil, "__html__")
    assert (str(masked("f", None)), str(masked("f", "")), str(masked("f", 3))) == ("***", "", "***")
