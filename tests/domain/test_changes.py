"""What the change log tells of a record."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.changes import BOOKKEEPING, created_values, differences, plain_record
from crmkit.domain.entity import spec_of
from crmkit.domain.money import Money
from crmkit.testing.sample import Box, Colour, Gadget

_TEXTS = st.sampled_from(["", "阀门", "Valve", "VALVE"])
_CUSTOM = {
    "size": _TEXTS,
    "score": st.integers(0, 3),
    "ratio": st.sampled_from([Decimal("1.5"), Decimal(-2)]),
    "due": st.just(date(2026, 2, 3)),
    "areas": st.lists(_TEXTS).map(tuple),
}
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "tags": st.lists(_TEXTS, max_size=2).map(tuple),
    "colour": st.none() | st.sampled_from(Colour),
    "price": st.none() | st.builds(Money, st.integers(0, 2), st.sampled_from(["CNY", "JPY"])),
    "made_on": st.none() | st.just(date(2026, 1, 2)),
    "made_at": st.none() | st.just(datetime(2026, 1, 2, 3, 4, 5, 6000, UTC)),
    "box": st.none() | st.builds(Box, city=_TEXTS, floor=st.none() | st.integers(0, 2)),
    "custom": st.fixed_dictionaries({}, optional=_CUSTOM),
}
GADGETS = st.fixed_dictionaries({"name": _TEXTS}, optional=_FIELDS).map(
    lambda values: Gadget(id=UUID(int=7), **values)
)
SPEC = spec_of(Gadget)
LOGGED = [name for name in SPEC.parts if name not in BOOKKEEPING]


@given(GADGETS)
def test_a_created_record_tells_what_differs_from_its_defaults(gadget: Gadget) -> None:
    """Generated code says the same as the kinds, value for value and type for type."""
    plain = plain_record(SPEC, gadget)
    told = {
        name: plain[name]
        for name in LOGGED
        if (value := getattr(gadget, name)) is not None and value != SPEC.parts[name].default
    }
    assert repr(created_values(SPEC, gadget)) == repr(told)


@given(GADGETS, GADGETS)
def test_two_versions_tell_exactly_the_fields_that_differ(old: Gadget, new: Gadget) -> None:
    """Before and after, as plain JSON; what is equal is not repeated."""
    was, now = plain_record(SPEC, old), plain_record(SPEC, new)
    moved = [name for name in LOGGED if getattr(old, name) != getattr(new, name)]
    assert differences(SPEC, old, new) == (
        {name: was[name] for name in moved},
        {name: now[name] for name in moved},
    )
