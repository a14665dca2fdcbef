"""The change log tells exactly what differs, and a record is rebuilt from it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.changes import (
    BOOKKEEPING,
    LONGEST_CLAIM,
    Change,
    Operation,
    claim_value,
    created_values,
    differences,
    plain_record,
    record_at,
)
from crmkit.domain.entity import spec_of
from crmkit.domain.money import Money
from crmkit.testing.sample import Box, Colour, Gadget, GadgetId

SPEC = spec_of(Gadget)
AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
LAMP = Gadget(id=GadgetId(UUID(int=1)), tenant="acme", version=1, name="lamp")
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["a", "b"]),
        "rank": st.none() | st.integers(0, 3),
        "price": st.none() | st.integers(0, 2).map(lambda n: Money(n, "CNY")),
        "share": st.none() | st.integers(0, 2).map(lambda n: Decimal(n) / 2),
        "parts": st.sampled_from([(), ("a",), ("a", "b")]),
        "box": st.none() | st.sampled_from([Box(city="x"), Box(city="y", floor=1)]),
        "custom": st.sampled_from([{}, {"size": "L"}, {"size": "L", "score": 1}]),
        "colour": st.none() | st.sampled_from(Colour),
    },
)


def log(operation: Operation, version: int, before: Any, after: Any) -> Change:
    """Return a row of the log."""
    return Change(
        id=UUID(int=version),
        tenant="acme",
        changeset_id=UUID(int=100 + version),
        entity="gadget",
        record_id=LAMP.id,
        record_version=version,
        operation=operation,
        at=AT + timedelta(minutes=version),
        by=f"user {version}",
        before=before,
        after=after,
    )


@given(first=CHANGES, steps=st.lists(CHANGES, max_size=4))
def test_record_is_rebuilt_from_its_changes(
    first: dict[str, Any], steps: list[dict[str, Any]]
) -> None:
    """At every version, every field is as it was; the bookkeeping follows from the log."""
    record = LAMP.evolve(**first)
    rows, states = [log(Operation.CREATED, 1, None, created_values(SPEC, record))], [record]
    for version, step in enumerate(steps, start=2):
        changed = record.evolve(**step)
        rows.append(log(Operation.UPDATED, version, *differences(SPEC, record, changed)))
        states.append(changed)
        record = changed
    for version, state in enumerate(states, start=1):
        rebuilt = record_at(SPEC, rows[:version])
        assert rebuilt == state.replaced(
            version=version,
            created_at=AT + timedelta(minutes=1),
            created_by="user 1",
            updated_at=AT + timedelta(minutes=version),
            updated_by=f"user {version}",
        )
        assert rebuilt.events == ()


@given(first=CHANGES, step=CHANGES)
def test_differences_are_exactly_what_differs(first: dict[str, Any], step: dict[str, Any]) -> None:
    """Each field whose value changed, before and after, as plain JSON; nothing else."""
    before = LAMP.evolve(**first)
    after = before.evolve(**step)
    old, new = differences(SPEC, before, after)
    differing = {name for name in step if getattr(before, name) != getattr(after, name)}
    assert set(old) == set(new) == differing
    for name in differing:
        part = SPEC.parts[name]
        assert (part.parse(old[name]), part.parse(new[name])) == (
            getattr(before, name),
            getattr(after, name),
        )


def test_bookkeeping_is_not_repeated() -> None:
    """It follows from the log itself."""
    moved = LAMP.replaced(version=2, updated_at=AT, updated_by="li", tenant="other")
    assert differences(SPEC, LAMP, moved) == ({}, {})
    assert not BOOKKEEPING & set(plain_record(SPEC, LAMP))
    assert "deleted_at" in plain_record(SPEC, LAMP)


def test_new_record_tells_what_is_beyond_its_defaults() -> None:
    """What is None or the default is left out."""
    assert created_values(SPEC, LAMP) == {"name": "lamp"}
    assert created_values(SPEC, LAMP.evolve(parts=("a",), rank=0)) == {
        "name": "lamp",
        "parts": ["a"],
        "rank": 0,
    }


def test_plain_record_tells_every_field() -> None:
    """Also those that are None."""
    plain = plain_record(SPEC, LAMP.evolve(price=Money("1", "CNY")))
    assert set(plain) == set(SPEC.parts) - BOOKKEEPING
    assert plain["price"] == {"amount": 100, "currency": "CNY"}
    assert plain["rank"] is None


def test_nothing_is_rebuilt_from_nothing() -> None:
    """A record without changes was never there."""
    assert record_at(SPEC, []) is None


def test_fields_that_are_gone_are_passed_over() -> None:
    """A log written by an older class is still read."""
    rebuilt: Any = record_at(SPEC, [log(Operation.CREATED, 1, None, {"name": "a", "gone": 5})])
    assert rebuilt.name == "a"


@pytest.mark.parametrize("length", [0, 1, LONGEST_CLAIM])
def test_short_claims_are_kept(length: int) -> None:
    """The text itself, to its longest."""
    assert claim_value("聊" * length) == "聊" * length


def test_long_claims_are_digests() -> None:
    """Different texts have different ones, of one length."""
    one, two = claim_value("a" * 201), claim_value("a" * 202)
    assert one != two
    assert one.startswith("sha256:")
    assert len(one) == len(two) == 71
