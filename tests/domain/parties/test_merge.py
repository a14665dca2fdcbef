"""What a merge makes of two values, and how it is taken out again."""

from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.parties.contact_points import ContactKind, ContactPoint
from crmkit.domain.parties.merge import joined, taken_back, turned, turned_back

POINTS = st.lists(
    st.builds(
        ContactPoint,
        kind=st.sampled_from([ContactKind.MOBILE, ContactKind.PHONE]),
        raw=st.sampled_from(["138 0013 8000", "13800138000", "139 0013 9000"]),
        is_primary=st.booleans(),
    ),
    unique_by=lambda point: (point.kind, point.key),
).map(tuple)
ITEMS = st.lists(st.sampled_from("abcdef"), unique=True).map(tuple)
BY_KEY = st.dictionaries(st.sampled_from("xyz"), st.integers(0, 3))
VALUES = st.one_of(
    st.tuples(ITEMS, ITEMS),
    st.tuples(BY_KEY, BY_KEY),
    st.tuples(POINTS, POINTS),
    st.tuples(st.none() | st.integers(0, 3), st.none() | st.integers(0, 3)),
)


@given(values=VALUES)
def test_a_joined_value_loses_nothing_and_is_taken_back_whole(values: tuple[Any, Any]) -> None:
    """What both had is there; without later edits the value is what it was."""
    ours, theirs = values
    after = joined(ours, theirs)
    assert taken_back(ours, after, after) == ours
    assert joined(after, theirs) == after
    if isinstance(ours, tuple):
        assert after[: len(ours)] == ours
        assert {same(item) for item in after} == {same(item) for item in (*ours, *theirs)}
    elif isinstance(ours, dict):
        assert after == {**theirs, **ours}
    else:
        assert after == (theirs if ours is None else ours)


def same(item: Any) -> Any:
    """Return by what an item of a list is told."""
    return (item.kind, item.key) if isinstance(item, ContactPoint) else item


@given(ours=POINTS, theirs=POINTS)
def test_the_primary_address_of_the_winner_stays_primary(ours: Any, theirs: Any) -> None:
    """Joining adds no second primary address of a kind that has one."""
    after = joined(ours, theirs)
    for kind in (ContactKind.MOBILE, ContactKind.PHONE):
        had = [point for point in ours if point.kind is kind and point.is_primary]
        if had:
            assert [point for point in after if point.kind is kind and point.is_primary] == had


@given(ours=ITEMS, theirs=ITEMS, added=ITEMS, removed=ITEMS)
def test_later_edits_of_a_list_stay(ours: Any, theirs: Any, added: Any, removed: Any) -> None:
    """Items that people added stay, those they removed stay away, the merge's own go."""
    after = joined(ours, theirs)
    new = tuple(item for item in added if item not in after)
    now = (*(item for item in after if item not in removed), *new)
    back = set(taken_back(ours, after, now))
    assert back == (set(ours) - set(removed)) | set(new) or now == after


@given(ours=BY_KEY, theirs=BY_KEY, edits=BY_KEY)
def test_later_edits_of_values_by_key_stay(ours: Any, theirs: Any, edits: Any) -> None:
    """A key that was changed later keeps its value, any other has the one of before."""
    after = joined(ours, theirs)
    changed = {key: value for key, value in edits.items() if after.get(key) != value}
    assert taken_back(ours, after, {**after, **changed}) == {**ours, **changed}


@given(links=ITEMS)
def test_a_turned_list_turns_back(links: Any) -> None:
    """A reference that was turned from one record to another comes back to its place."""
    value, *position = turned(links, "a", "b")
    assert "a" not in value
    assert ("b" in value) is bool({"a", "b"} & set(links))
    if "a" in links:
        assert turned_back(value, "b", "a", position[0] if position else None) == links


def test_a_reference_that_went_elsewhere_is_not_turned_back() -> None:
    """Neither a single reference nor one in a list comes back from a third record."""
    assert turned("a", "a", "b") == ("b",)
    assert turned_back("b", "b", "a", None) == "a"
    assert turned_back("c", "b", "a", None) == "c"
    assert turned_back(("c",), "b", "a", 0) == ("c",)
    assert turned_back(("a", "b"), "b", "a", 0) == ("a", "b")


def test_the_same_address_written_in_two_ways_stays_once() -> None:
    """A phone number that both have stays as the winner wrote it."""
    ours = ContactPoint(kind="mobile", raw="138 0013 8000")
    theirs = attrs.evolve(ours, raw="+86-13800138000", label="office")
    assert joined((ours,), (theirs,)) == (ours,)
